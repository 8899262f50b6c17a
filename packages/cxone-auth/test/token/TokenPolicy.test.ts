import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  type AccessToken,
  Credentials,
  CxoneAuth,
  CxoneEnvironment,
  CxoneHttpClient,
  TokenPolicy,
  type TokenPolicyOptions
} from "cxone-auth"
import { Cause, Chunk, Duration, Effect, Either, Exit, Fiber, Layer, Random, Redacted, TestClock } from "effect"
import { answers, json, type Play, scripted } from "../support/ScriptedHttpClient.js"

const credentials = Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("s3cr3t") })
const environment = CxoneEnvironment.region("us")
const noNetwork = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make(() => Effect.die("nothing is to be sent"))
)

// What plain JavaScript may pass, regardless of the types.
const options = (policy: unknown): { readonly policy: TokenPolicyOptions } => Object.assign({ policy: {} }, { policy })

const wrong: ReadonlyArray<readonly [policy: object, message: RegExp]> = [
  [{ margin: -5 }, /^TokenPolicy: margin is -5; expected a duration from 1ms to 24d$/],
  [{ margin: Number.NaN }, /margin is NaN; expected a duration/],
  [{ margin: "-30 seconds" }, /margin is -30 seconds/],
  [{ margin: "soon" }, /margin is soon/],
  [{ margin: 0 }, /margin is 0/],
  [{ margin: null, refreshWindow: false }, /refreshWindow is false/],
  [{ attemptTimeout: Duration.infinity }, /attemptTimeout is/],
  [{ attemptTimeout: "25 days" }, /attemptTimeout is 25 days; expected a duration from 1ms to 24d/],
  [{ attemptTimeout: [-1, 0] }, /attemptTimeout is -1,0/],
  [{ attemptTimeout: -1n }, /attemptTimeout is -1/],
  [{ maxWait: -1 }, /maxWait is -1; expected a duration from 0 to 24d/],
  [{ maxWait: Number.NaN }, /maxWait is NaN/],
  [{ maxWait: "-1 seconds" }, /maxWait is -1 seconds/],
  [{ maxWait: -1n }, /maxWait is -1/],
  [{ maxWait: [-1, 0] }, /maxWait is -1,0/],
  [{ defaultLifetime: 999 }, /defaultLifetime is 999; expected a duration from 1s/],
  [{ margin: "6 minutes" }, /margin \(6m\) is larger than refreshWindow \(5m\)/],
  [{ refreshWindow: "10 seconds" }, /margin \(30s\) is larger than refreshWindow \(10s\)/],
  [{ marginFraction: 0.3 }, /marginFraction \(0.3\) is larger than refreshFraction \(0.2\)/],
  [{ marginFraction: 0 }, /marginFraction is 0; expected a number from 0.001 to 0.9/],
  [{ marginFraction: "a tenth" }, /marginFraction is a tenth/],
  [{ refreshFraction: Number.NaN }, /refreshFraction is NaN/],
  [{ refreshFraction: 0.7 }, /is above 0.9: renewals would have no pause/],
  [{ refreshJitter: 1.5 }, /refreshJitter is 1.5; expected a number from 0 to 1/],
  [{ retries: 1.5 }, /retries is 1.5; expected a whole number from 0 to 100/],
  [{ retries: -1 }, /retries is -1/],
  [{ retryFactor: 0.5 }, /retryFactor is 0.5; expected a number from 1 to 100/],
  [{ retryDelay: "1 minute" }, /retryDelay \(1m\) is larger than maxRetryDelay \(30s\)/],
  [{ rateLimitDelay: "2 hours" }, /rateLimitDelay \(2h\) is larger than maxRateLimit \(1h\)/],
  [{ refusalMemory: "6 minutes" }, /refusalMemory \(6m\) is larger than maxRefusalMemory \(5m\)/],
  [{ maxAnswerBytes: 0 }, /maxAnswerBytes is 0; expected a whole number from 1 to/],
  [{ margn: "30 seconds" }, /there is no margn; the fields are margin, marginFraction, /]
]

describe("TokenPolicy", () => {
  it("has these defaults", () => {
    const { attemptTimeout, defaultLifetime, margin, retries, retryDelay, retryFactor } = TokenPolicy.defaults
    expect({
      margin: Duration.toSeconds(margin),
      defaultLifetime: Duration.toSeconds(defaultLifetime),
      attemptTimeout: Duration.toSeconds(attemptTimeout),
      retries,
      retryDelay: Duration.toSeconds(retryDelay),
      retryFactor
    }).toEqual({ margin: 30, defaultLifetime: 3600, attemptTimeout: 10, retries: 3, retryDelay: 1, retryFactor: 2 })
  })

  it("can be changed in part, with durations in any notation, or as a whole", () => {
    const partly = TokenPolicy.make({ margin: "2 seconds", refreshWindow: "1 minute", maxWait: 0, retries: 0 })
    expect(partly).toEqual({
      ...TokenPolicy.defaults,
      margin: Duration.seconds(2),
      refreshWindow: Duration.minutes(1),
      maxWait: Duration.zero,
      retries: 0
    })
    expect(TokenPolicy.make(partly)).toEqual(partly)
    for (const margin of [2_000, 2_000_000_000n, [2, 0], "2 seconds", Duration.seconds(2)] as const) {
      expect(Duration.toMillis(TokenPolicy.make({ margin }).margin)).toBe(2_000)
    }
  })

  it.each<TokenPolicyOptions>([
    { retries: 100, retryFactor: 1 },
    { retryFactor: 100, maxAnswerBytes: 1, maxErrorBytes: 16 * 1024 * 1024 },
    { refreshJitter: 1 },
    { refreshFraction: 0.8, refreshJitter: 0 },
    { marginFraction: 0.2 },
    { margin: "5 minutes" }
  ])("accepts numbers at their bounds: %o", (options) => {
    expect(() => TokenPolicy.make(options)).not.toThrow()
  })

  it.each(wrong)("refuses %o", (policy, message) => {
    expect(() => TokenPolicy.make(options(policy).policy)).toThrow(TypeError)
    expect(() => TokenPolicy.make(options(policy).policy)).toThrow(message)
  })

  it.effect.each(wrong)("CxoneAuth's layer refuses %o when it is built, and sends nothing", ([policy, message]) =>
    Effect.gen(function* () {
      const layer = Layer.provide(CxoneAuth.layer({ credentials, environment, ...options(policy) }), noNetwork)
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(layer)))
      const defects = Exit.isFailure(exit) ? Chunk.toReadonlyArray(Cause.defects(exit.cause)) : []
      expect(defects).toHaveLength(1)
      expect(defects[0]).toBeInstanceOf(TypeError)
      expect(String(defects[0])).toMatch(new RegExp(message.source.replace(/^\^/, "")))
    })
  )

  it("CxoneHttpClient.layer throws where it is called", () => {
    expect(() => CxoneHttpClient.layer(options({ discardTimeout: -1 }))).toThrow(/discardTimeout is -1/)
  })

  it("CxoneHttpClient.layer takes the numbers that it uses, and no others", () => {
    expect(() => CxoneHttpClient.layer(options({ maxWaitingCalls: 10, maxRateLimit: "1 minute" }))).not.toThrow()
    expect(() => CxoneHttpClient.layer(options({ retries: 1 }))).toThrow(
      /^TokenPolicy: retries has no effect here; the fields are refusedTokenMemory, discardTimeout, /
    )
  })

  describe("each number has its effect", () => {
    const token = (fields: object = {}) => json({ access_token: "t0k3n", ...fields })

    /** The result of the first call, how long it took, and when each request was sent, in seconds. */
    const firstCall = (policy: TokenPolicyOptions, play: Play) =>
      Effect.gen(function* () {
        const { layer, sent } = yield* scripted(play)
        const auth = Layer.provide(CxoneAuth.layer({ credentials, environment, policy }), layer)
        const call = Effect.flatMap(CxoneAuth, ({ accessToken }) => Effect.timed(Effect.either(accessToken)))
        const fiber = yield* Effect.fork(Effect.withRandom(Effect.provide(call, auth), Random.fixed([0.5])))
        yield* TestClock.adjust("1 hour")
        const [took, result] = yield* Fiber.join(fiber)
        const times = (yield* sent).map(({ at }) => Math.round(at / 100) / 10)
        return { result, took: Duration.toSeconds(took), times }
      })

    const lifetimeOf = (result: Either.Either<AccessToken, unknown>) =>
      Either.match(result, {
        onLeft: () => Number.NaN,
        onRight: ({ expiresAt, obtainedAt }) => (expiresAt - obtainedAt) / 1000
      })

    it.effect.each([
      [{ defaultLifetime: "7 minutes" }, {}, 420],
      [{ maxLifetime: "5 minutes" }, { expires_in: 3600 }, 300]
    ] as const)("%o", ([policy, fields, expected]) =>
      Effect.gen(function* () {
        const { result } = yield* firstCall(
          policy,
          answers(() => token(fields))
        )
        expect(lifetimeOf(result)).toBe(expected)
      })
    )

    it.effect("retries, retryDelay, retryFactor and maxRetryDelay", () =>
      Effect.gen(function* () {
        const policy = { retries: 4, retryDelay: "2 seconds", retryFactor: 3, maxRetryDelay: "10 seconds" } as const
        const { times } = yield* firstCall(
          policy,
          answers(() => new Response("", { status: 503 }))
        )
        expect(times).toEqual([0, 2, 8, 18, 28])
      })
    )

    it.effect("attemptTimeout", () =>
      Effect.gen(function* () {
        const { result, took } = yield* firstCall({ attemptTimeout: "3 seconds", retries: 0 }, () => Effect.never)
        expect(result).toMatchObject(Either.left({ reason: "timeout" }))
        expect(took).toBe(3)
      })
    )

    it.effect("maxAnswerBytes", () =>
      Effect.gen(function* () {
        const { result } = yield* firstCall({ maxAnswerBytes: 10 }, answers(token))
        expect(result).toMatchObject(Either.left({ reason: "too_large" }))
      })
    )

    it.effect("maxWait, rateLimitDelay and maxRateLimit", () =>
      Effect.gen(function* () {
        const limited = (retryAfter?: string) => () =>
          new Response("", { status: 429, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } })
        const waits = yield* firstCall({ maxWait: "2 minutes" }, answers(limited("100"), token))
        expect(waits.times).toEqual([0, 110])
        const delays = yield* firstCall({ rateLimitDelay: "5 seconds" }, answers(limited(), token))
        expect(delays.times).toEqual([3600, 3605.5])
        const capped = yield* firstCall({ maxRateLimit: "30 seconds" }, answers(limited("9999"), token))
        expect(capped.times).toEqual([7200, 7233])
      })
    )

    it.effect("refusalMemory and maxRefusalMemory", () =>
      Effect.gen(function* () {
        const { layer, sent } = yield* scripted(answers(() => json({ error: "invalid_client" }, { status: 401 })))
        const policy = { refusalMemory: "10 seconds", maxRefusalMemory: "15 seconds" } as const
        yield* Effect.gen(function* () {
          const { accessToken } = yield* CxoneAuth
          for (let second = 0; second < 60; second++) {
            yield* Effect.flip(accessToken)
            yield* TestClock.adjust("1 second")
          }
        }).pipe(Effect.provide(Layer.provide(CxoneAuth.layer({ credentials, environment, policy }), layer)))
        expect((yield* sent).map(({ at }) => at / 1000)).toEqual([0, 10, 25, 40, 55])
      })
    )

    it.effect("refusedTokenMemory, of the client", () =>
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
          Effect.provide(
            client.pipe(Layer.provide(CxoneAuth.layer({ credentials, environment })), Layer.provide(layer))
          )
        )
        const exchanges = (yield* sent).filter(({ url }) => url.endsWith("/oauth/token"))
        expect(exchanges).toHaveLength(2)
      })
    )
  })
})
