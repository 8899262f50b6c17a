import { describe, expect, it } from "@effect/vitest"
import { CallPolicy, type CallPolicyOptions, CxoneHttpClient } from "cxone-auth"
import { Duration, Effect, Either, Fiber, Random, TestClock } from "effect"
import { after, notYet, world } from "../support/ClientWorld.js"
import { json } from "../support/ScriptedHttpClient.js"

// What plain JavaScript may pass, regardless of the types.
const options = (policy: unknown): { readonly policy: CallPolicyOptions } => Object.assign({ policy: {} }, { policy })

const wrong: ReadonlyArray<readonly [policy: object, message: RegExp]> = [
  [
    { discardTimeout: -1 },
    /^CallPolicy: discardTimeout is -1; expected a duration from 1ms to 20d, such as "5 seconds"$/
  ],
  [{ maxWaitingCalls: 0 }, /^CallPolicy: maxWaitingCalls is 0; expected a whole number from 1 to 1000000$/],
  [{ maxErrorBytes: 1.5 }, /^CallPolicy: maxErrorBytes is 1.5; expected a whole number/],
  [{ maxDiscardBytes: "all" }, /^CallPolicy: maxDiscardBytes is "all"/],
  [{ renewalPause: "2 minutes" }, /^CallPolicy: renewalPause \(2m\) is larger than maxRenewalPause \(1m\)$/],
  [{ defaultRetryAfter: "2 hours" }, /^CallPolicy: defaultRetryAfter \(2h\) is larger than maxRetryAfter \(1h\)$/],
  [{ maxRetries: 1 }, /^CallPolicy: there is no maxRetries; the fields are defaultRetryAfter, maxRetryAfter, /]
]

describe("CallPolicy", () => {
  it("has these defaults", () => {
    expect(CallPolicy.defaults).toEqual({
      defaultRetryAfter: Duration.seconds(1),
      maxRetryAfter: Duration.hours(1),
      maxWaitingCalls: 1_000,
      tokenArrival: Duration.seconds(2),
      renewalPause: Duration.seconds(1),
      maxRenewalPause: Duration.minutes(1),
      maxRenewals: 8,
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

  /** Calls of one path after the other, `every` so long, to an API that refuses every token. */
  const refused = (
    policy: CallPolicyOptions,
    calls: number,
    every: Duration.DurationInput,
    path = (_: number) => "/x"
  ) =>
    Effect.gen(function* () {
      const { apiCalls, client, exchanges } = yield* world({
        api: () => new Response("", { status: 401 }),
        options: { policy }
      })
      const errors = yield* Effect.forEach(Array.from({ length: calls }).keys(), (n) =>
        Effect.gen(function* () {
          const call = yield* Effect.fork(Effect.flip(client.get(path(n))))
          yield* TestClock.adjust(every)
          return yield* Fiber.join(call)
        })
      )
      return { errors, sent: (yield* apiCalls).length, renewals: (yield* exchanges) - 1 }
    })

  it.scoped("tokenArrival has its effect", () =>
    Effect.gen(function* () {
      expect((yield* refused({ tokenArrival: "2 seconds" }, 1, "1 hour")).sent).toBe(5)
      expect((yield* refused({ tokenArrival: "200 millis" }, 1, "1 hour")).sent).toBe(4)
      expect((yield* refused({ tokenArrival: 0 }, 1, "1 hour")).sent).toBe(2)
    })
  )

  it.scoped("renewalPause and maxRenewalPause have their effect", () =>
    Effect.gen(function* () {
      expect((yield* refused({}, 10, "500 millis")).renewals).toBe(3)
      expect((yield* refused({ renewalPause: "100 millis" }, 10, "500 millis")).renewals).toBe(6)
      const paced = { maxRenewalPause: "1 second", maxRenewals: 100 } as const
      expect((yield* refused(paced, 10, "1 second")).renewals).toBe(10)
    })
  )

  it.scoped("maxRenewals has its effect", () =>
    Effect.gen(function* () {
      const each = (n: number) => `/${"abcdefghijklmnopqrst".slice(0, n + 1)}`
      expect((yield* refused({}, 20, "1 second", each)).renewals).toBe(6)
      const { errors, renewals } = yield* refused({ maxRenewals: 4 }, 20, "1 second", each)
      expect(renewals).toBe(3)
      expect(errors[3]).toMatchObject({ reason: "too_many_renewals", retryAfter: Duration.seconds(57) })
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
