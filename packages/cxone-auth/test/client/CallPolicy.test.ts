import { describe, expect, it } from "@effect/vitest"
import {
  CallPolicy,
  type CallPolicyOptions,
  Credentials,
  CxoneAuth,
  CxoneEnvironment,
  CxoneHttpClient
} from "cxone-auth"
import { Duration, Effect, Layer, Redacted, TestClock } from "effect"
import { json, scripted } from "../support/ScriptedHttpClient.js"

const credentials = Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("s3cr3t") })
const environment = CxoneEnvironment.region("us")

// What plain JavaScript may pass, regardless of the types.
const options = (policy: unknown): { readonly policy: CallPolicyOptions } => Object.assign({ policy: {} }, { policy })

const wrong: ReadonlyArray<readonly [policy: object, message: RegExp]> = [
  [{ discardTimeout: -1 }, /^CallPolicy: discardTimeout is -1; expected a duration from 1ms to 24d$/],
  [{ maxWaitingCalls: 0 }, /^CallPolicy: maxWaitingCalls is 0; expected a whole number from 1 to 1000000$/],
  [{ maxErrorBytes: 1.5 }, /^CallPolicy: maxErrorBytes is 1.5; expected a whole number/],
  [{ maxDiscardBytes: "all" }, /^CallPolicy: maxDiscardBytes is all/],
  [{ defaultRetryAfter: "2 hours" }, /^CallPolicy: defaultRetryAfter \(2h\) is larger than maxRetryAfter \(1h\)$/],
  [{ maxRetries: 1 }, /^CallPolicy: there is no maxRetries; the fields are defaultRetryAfter, maxRetryAfter, /]
]

describe("CallPolicy", () => {
  it("has these defaults", () => {
    expect(CallPolicy.defaults).toEqual({
      defaultRetryAfter: Duration.seconds(1),
      maxRetryAfter: Duration.hours(1),
      maxWaitingCalls: 1_000,
      refusedTokenMemory: Duration.minutes(1),
      maxErrorBytes: 8 * 1024,
      discardTimeout: Duration.seconds(1),
      maxDiscardBytes: 64 * 1024
    })
    expect(CallPolicy.make({ maxWaitingCalls: undefined })).toEqual(CallPolicy.defaults)
  })

  it.each<[CallPolicyOptions]>([
    [{ maxErrorBytes: 16 * 1024 * 1024, maxDiscardBytes: 1 }],
    [{ defaultRetryAfter: "1 hour" }]
  ])("accepts numbers at their bounds: %o", (policy) => {
    expect(() => CallPolicy.make(policy)).not.toThrow()
  })

  it.each(wrong)("refuses %o, and so do the client's layers where they are called", (policy, message) => {
    expect(() => CallPolicy.make(options(policy).policy)).toThrow(TypeError)
    expect(() => CallPolicy.make(options(policy).policy)).toThrow(message)
    expect(() => CxoneHttpClient.layer(options(policy))).toThrow(message)
    expect(() => CxoneHttpClient.layerHttpClient(options(policy))).toThrow(message)
    expect(() => CxoneHttpClient.make(options(policy))).toThrow(message)
  })

  it.effect("refusedTokenMemory has its effect", () =>
    Effect.gen(function* () {
      const { layer, sent } = yield* scripted(({ url }, index) =>
        Effect.sync(() =>
          url.endsWith("/oauth/token") ? json({ access_token: `t${index}` }) : new Response("", { status: 401 })
        )
      )
      const client = CxoneHttpClient.layer({ policy: { refusedTokenMemory: "10 minutes" } })
      yield* Effect.gen(function* () {
        const cxone = yield* CxoneHttpClient
        yield* Effect.flip(cxone.get("/x"))
        yield* TestClock.adjust("9 minutes")
        yield* Effect.flip(cxone.get("/x"))
      }).pipe(
        Effect.provide(client.pipe(Layer.provide(CxoneAuth.layer({ credentials, environment })), Layer.provide(layer)))
      )
      const exchanges = (yield* sent).filter(({ url }) => url.endsWith("/oauth/token"))
      expect(exchanges).toHaveLength(2)
    })
  )
})
