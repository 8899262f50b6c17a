import { describe, expect, it } from "@effect/vitest"
import {
  type AccessToken,
  Credentials,
  CxoneAuth,
  CxoneEnvironment,
  TokenPolicy,
  type TokenPolicyOptions
} from "cxone-auth"
import { Duration, Effect, Either, Fiber, Layer, Random, Redacted, TestClock } from "effect"
import { answers, json, type Play, scripted } from "../support/ScriptedHttpClient.js"

const credentials = Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("s3cr3t") })
const environment = CxoneEnvironment.region("us")
// What plain JavaScript may pass, regardless of the types.
const options = (policy: unknown): { readonly policy: TokenPolicyOptions } => Object.assign({ policy: {} }, { policy })

const wrong: ReadonlyArray<readonly [policy: object, message: RegExp]> = [
  [{ expiryMargin: -5 }, /^TokenPolicy: expiryMargin is -5; expected a duration from 1ms to 20d, such as "5 seconds"$/],
  [{ expiryMargin: Number.NaN }, /expiryMargin is NaN; expected a duration/],
  [{ expiryMargin: "-30 seconds" }, /expiryMargin is -30 seconds/],
  [{ expiryMargin: "soon" }, /expiryMargin is soon/],
  [{ expiryMargin: 0 }, /expiryMargin is 0/],
  [{ refreshAhead: false }, /refreshAhead is false/],
  [{ attemptTimeout: Duration.infinity }, /attemptTimeout is/],
  [{ attemptTimeout: "21 days" }, /attemptTimeout is 21 days; expected a duration from 1ms to 20d/],
  [{ attemptTimeout: [-1, 0] }, /attemptTimeout is -1,0/],
  [{ attemptTimeout: -1n }, /attemptTimeout is -1/],
  [{ maxWait: -1 }, /maxWait is -1; expected a duration from 0 to 20d/],
  [{ maxWait: Number.NaN }, /maxWait is NaN/],
  [{ maxWait: "-1 seconds" }, /maxWait is -1 seconds/],
  [{ maxWait: -1n }, /maxWait is -1/],
  [{ maxWait: [-1, 0] }, /maxWait is -1,0/],
  [{ defaultLifetime: 999 }, /defaultLifetime is 999; expected a duration from 1s/],
  [{ expiryMargin: "6 minutes" }, /expiryMargin \(6m\) is larger than refreshAhead \(5m\)/],
  [{ refreshAhead: "10 seconds" }, /expiryMargin \(30s\) is larger than refreshAhead \(10s\)/],
  [
    { expiryMarginFraction: 0.3 },
    /^TokenPolicy: expiryMarginFraction \(0.3\) is larger than refreshAheadFraction \(0.2\)$/
  ],
  [{ expiryMarginFraction: 0 }, /expiryMarginFraction is 0; expected a number from 0.001 to 0.9/],
  [{ expiryMarginFraction: "a tenth" }, /expiryMarginFraction is "a tenth"/],
  [{ refreshAheadFraction: Number.NaN }, /refreshAheadFraction is NaN/],
  [
    { refreshAheadFraction: 0.7 },
    /^TokenPolicy: expiryMarginFraction \+ refreshAheadFraction \* \(1 \+ refreshAheadJitter\) is above 0.9: renewals would have no pause$/
  ],
  [{ refreshAheadJitter: 1.5 }, /refreshAheadJitter is 1.5; expected a number from 0 to 1/],
  [{ maxRetries: 1.5 }, /maxRetries is 1.5; expected a whole number from 0 to 100/],
  [{ maxRetries: -1 }, /maxRetries is -1/],
  [{ retryDelayFactor: 0.5 }, /retryDelayFactor is 0.5; expected a number from 1 to 100/],
  [{ retryDelay: "1 minute" }, /retryDelay \(1m\) is larger than maxRetryDelay \(30s\)/],
  [{ expiryMargin: null }, /^TokenPolicy: expiryMargin is null; expected a duration/],
  [{ maxRetries: null }, /^TokenPolicy: maxRetries is null; expected a whole number/],
  [{ refusalPause: "6 minutes" }, /refusalPause \(6m\) is larger than maxRefusalPause \(5m\)/],
  [{ maxResponseBytes: 0 }, /maxResponseBytes is 0; expected a whole number from 1 to/],
  [{ margn: "30 seconds" }, /there is no margn; the fields are expiryMargin, expiryMarginFraction, /]
]

describe("TokenPolicy", () => {
  it("has these defaults", () => {
    const { attemptTimeout, defaultLifetime, expiryMargin, maxRetries, retryDelay, retryDelayFactor } =
      TokenPolicy.defaults
    expect({
      expiryMargin: Duration.toSeconds(expiryMargin),
      defaultLifetime: Duration.toSeconds(defaultLifetime),
      attemptTimeout: Duration.toSeconds(attemptTimeout),
      maxRetries,
      retryDelay: Duration.toSeconds(retryDelay),
      retryDelayFactor
    }).toEqual({
      expiryMargin: 30,
      defaultLifetime: 3600,
      attemptTimeout: 10,
      maxRetries: 3,
      retryDelay: 1,
      retryDelayFactor: 2
    })
  })

  it("can be changed in part, with durations in any notation, or as a whole", () => {
    const partly = TokenPolicy.make({ expiryMargin: "2 seconds", refreshAhead: "1 minute", maxWait: 0, maxRetries: 0 })
    expect(partly).toEqual({
      ...TokenPolicy.defaults,
      expiryMargin: Duration.seconds(2),
      refreshAhead: Duration.minutes(1),
      maxWait: Duration.zero,
      maxRetries: 0
    })
    expect(TokenPolicy.make(partly)).toEqual(partly)
    for (const expiryMargin of [2_000, 2_000_000_000n, [2, 0], "2 seconds", Duration.seconds(2)] as const) {
      expect(Duration.toMillis(TokenPolicy.make({ expiryMargin }).expiryMargin)).toBe(2_000)
    }
  })

  it.each<TokenPolicyOptions>([
    { maxRetries: 100, retryDelayFactor: 1 },
    { retryDelayFactor: 100, maxResponseBytes: 1 },
    { refreshAheadJitter: 1 },
    { refreshAheadFraction: 0.8, refreshAheadJitter: 0 },
    { expiryMarginFraction: 0.2 },
    { expiryMargin: "5 minutes" }
  ])("accepts numbers at their bounds: %o", (options) => {
    expect(() => TokenPolicy.make(options)).not.toThrow()
  })

  it.each(wrong)("refuses %o", (policy, message) => {
    expect(() => TokenPolicy.make(options(policy).policy)).toThrow(TypeError)
    expect(() => TokenPolicy.make(options(policy).policy)).toThrow(message)
  })

  it.each(wrong)("CxoneAuth's layers refuse %o where they are called", (policy, message) => {
    expect(() => CxoneAuth.layer({ credentials, environment, ...options(policy) })).toThrow(message)
    expect(() => CxoneAuth.layerFromEnv(options(policy))).toThrow(message)
    expect(() => CxoneAuth.make({ credentials, environment, ...options(policy) })).toThrow(message)
  })

  it("a field that is undefined has its default", () => {
    expect(TokenPolicy.make({ expiryMargin: undefined, maxRetries: undefined })).toEqual(TokenPolicy.defaults)
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

    it.effect("maxRetries, retryDelay, retryDelayFactor and maxRetryDelay", () =>
      Effect.gen(function* () {
        const policy = {
          maxRetries: 4,
          retryDelay: "2 seconds",
          retryDelayFactor: 3,
          maxRetryDelay: "10 seconds"
        } as const
        const { times } = yield* firstCall(
          policy,
          answers(() => new Response("", { status: 503 }))
        )
        expect(times).toEqual([0, 2, 8, 18, 28])
      })
    )

    it.effect("attemptTimeout", () =>
      Effect.gen(function* () {
        const { result, took } = yield* firstCall({ attemptTimeout: "3 seconds", maxRetries: 0 }, () => Effect.never)
        expect(result).toMatchObject(Either.left({ reason: "timeout" }))
        expect(took).toBe(3)
      })
    )

    it.effect("maxResponseBytes", () =>
      Effect.gen(function* () {
        const { result } = yield* firstCall({ maxResponseBytes: 10 }, answers(token))
        expect(result).toMatchObject(Either.left({ reason: "too_large" }))
      })
    )

    it.effect("maxWait, maxRetryAfter, and retryDelay after a 429", () =>
      Effect.gen(function* () {
        const limited = (retryAfter?: string) => () =>
          new Response("", { status: 429, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } })
        const waits = yield* firstCall({ maxWait: "2 minutes" }, answers(limited("100"), token))
        expect(waits.times).toEqual([0, 110])
        const delays = yield* firstCall({ retryDelay: "5 seconds" }, answers(limited(), token))
        expect(delays.times).toEqual([3600, 3605.5])
        const capped = yield* firstCall({ maxRetryAfter: "30 seconds" }, answers(limited("9999"), token))
        expect(capped.times).toEqual([7200, 7233])
      })
    )

    it.effect("refusalPause and maxRefusalPause", () =>
      Effect.gen(function* () {
        const { layer, sent } = yield* scripted(answers(() => json({ error: "invalid_client" }, { status: 401 })))
        const policy = { refusalPause: "10 seconds", maxRefusalPause: "15 seconds" } as const
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
  })
})
