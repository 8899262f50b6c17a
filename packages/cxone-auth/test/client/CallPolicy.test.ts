import { describe, expect, it } from "@effect/vitest"
import {
  CallPolicy,
  type CallPolicyOptions,
  Credentials,
  CxoneAuth,
  CxoneEnvironment,
  CxoneHttpClient
} from "cxone-auth"
import { Duration, Effect, Either, Fiber, Layer, Random, Redacted, TestClock } from "effect"
import { after, notYet, world } from "../support/ClientWorld.js"
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

  /** One call to an API that answers so, with this policy, up to an hour by the clock. */
  const called = (policy: CallPolicyOptions, api: () => Response) =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: after(api), options: { policy, ...patient } })
      const [took, result] = yield* Effect.gen(function* () {
        const fiber = yield* Effect.fork(Effect.timed(Effect.either(client.get("/x"))))
        yield* TestClock.adjust("2 hours")
        return yield* Fiber.join(fiber)
      })
      return { result, took: Duration.toMillis(took), calls: (yield* apiCalls).length }
    }).pipe(Effect.withRandom(Random.fixed([0])))

  const patient = { onRateLimited: { wait: "2 hours" } } as const

  it.scoped("defaultRetryAfter and maxRetryAfter have their effect", () =>
    Effect.gen(function* () {
      expect((yield* called({ defaultRetryAfter: "7 seconds" }, () => notYet())).took).toBe(7_000)
      expect((yield* called({ maxRetryAfter: "1 minute" }, () => notYet("1800"))).took).toBe(60_000)
      const { client } = yield* world({ api: () => notYet("1800"), options: { policy: { maxRetryAfter: "1 minute" } } })
      expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ retryAfter: Duration.minutes(1) })
    })
  )

  /** A 403 that asks for a scope behind this many bytes. */
  const lacking = (bytes: number) => () =>
    json(
      { padding: "x".repeat(bytes), error: "insufficient_scope" },
      { status: 403, headers: { "content-type": "application/json" } }
    )

  it.scoped("maxErrorBytes has its effect", () =>
    Effect.gen(function* () {
      const tagOf = (policy: CallPolicyOptions) =>
        Effect.map(called(policy, lacking(2_000)), ({ result }) =>
          Either.isLeft(result) ? result.left._tag : "response"
        )
      expect(yield* tagOf({})).toBe("InsufficientScope")
      expect(yield* tagOf({ maxErrorBytes: 1_000 })).toBe("response")
    })
  )

  /** A body of pieces of 100 bytes, one each 100 ms, and how many were taken from it. */
  const trickle = () => {
    let taken = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        taken += 1
        controller.enqueue(new Uint8Array(100))
      }
    })
    return { body, taken: () => taken }
  }

  it.scoped("maxDiscardBytes has its effect", () =>
    Effect.gen(function* () {
      const { body, taken } = trickle()
      yield* called({ maxDiscardBytes: 1_000 }, () => new Response(body, { status: 429 }))
      expect(taken()).toBeGreaterThanOrEqual(10)
      expect(taken()).toBeLessThan(20)
    })
  )

  it.scoped("discardTimeout has its effect", () =>
    Effect.gen(function* () {
      const endless = () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), { status: 429 })
      const { took } = yield* called({ discardTimeout: "5 seconds", defaultRetryAfter: "1 millis" }, endless)
      expect(took).toBeGreaterThanOrEqual(5_000)
      expect(took).toBeLessThan(5_100)
    })
  )
})
