import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  AccessToken,
  Credentials,
  CredentialsUnavailable,
  CxoneAuth,
  InvalidClient,
  RateLimited,
  type TestAnswer
} from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Context, Effect, Fiber, Layer, Random, Redacted, Ref, TestClock } from "effect"

const simulated = Effect.provide(
  CxoneSimulator.layerAuth({ scopes: "read:users" }).pipe(Layer.provideMerge(CxoneSimulator.layerMemory()))
)

const status = Effect.flatMap(CxoneAuth, (auth) => auth.status)
const exchanges = Effect.flatMap(CxoneSimulator, ({ requestsTo }) => requestsTo("token"))

describe("CxoneAuth.status", () => {
  it.effect("is empty, renewing, then fresh, from the start to the first token", () =>
    Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { inject } = yield* CxoneSimulator
      expect(yield* status).toEqual([{ scopes: ["read:users"], state: "empty" }])
      yield* inject(Fault.delay("1 second"), { on: "token" })
      const caller = yield* Effect.fork(accessToken)
      yield* TestClock.adjust("500 millis")
      expect(yield* status).toEqual([{ scopes: ["read:users"], state: "renewing" }])
      yield* TestClock.adjust("500 millis")
      yield* Fiber.join(caller)
      expect(yield* status).toEqual([
        { scopes: ["read:users"], state: "fresh", secondsToExpiry: 3599, source: "exchange" }
      ])
    }).pipe(simulated)
  )

  it.effect("starts no exchange, not even in the refresh window or past the end", () =>
    Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      yield* status
      expect(yield* exchanges).toHaveLength(0)
      yield* accessToken
      yield* TestClock.setTime(3_569_999)
      expect(yield* status).toEqual([
        { scopes: ["read:users"], state: "fresh", secondsToExpiry: 30, source: "exchange" }
      ])
      yield* TestClock.setTime(3_570_000)
      expect(yield* status).toEqual([{ scopes: ["read:users"], state: "empty" }])
      expect(yield* exchanges).toHaveLength(1)
    }).pipe(simulated)
  )

  it.effect("has an entry for each set of scopes that was asked for", () =>
    Effect.gen(function* () {
      const { accessTokenFor } = yield* CxoneAuth
      yield* accessTokenFor("write:users read:users")
      yield* accessTokenFor(["read:users", "write:users"])
      const states = (yield* status).map(({ scopes, state }) => `${scopes.join(" ")}: ${state}`)
      expect(states.sort()).toEqual(["read:users write:users: fresh", "read:users: empty"])
    }).pipe(simulated)
  )

  it.effect("is renewing between the retries of a renewal, with the last failure's tag and time", () =>
    Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { clearFaults, inject } = yield* CxoneSimulator
      yield* accessToken
      yield* inject(Fault.respond({ status: 503 }), { on: "token", times: Number.POSITIVE_INFINITY })
      yield* TestClock.setTime(3_270_000)
      yield* accessToken
      yield* TestClock.adjust("30 seconds")
      const [failing] = yield* status
      expect(failing).toMatchObject({
        state: "renewing",
        secondsToExpiry: 300,
        source: "exchange",
        lastFailure: { tag: "TokenEndpointUnavailable" },
        failingSince: expect.any(Number)
      })
      const { failingSince = 0, lastFailure } = failing ?? {}
      expect(failingSince).toBeGreaterThan(3_270_000)
      expect(failingSince).toBeLessThan(lastFailure?.at ?? 0)
      yield* clearFaults
      yield* TestClock.adjust("1 minute")
      // The last failure stays after a success, and its beginning does not.
      const [served] = yield* status
      expect(served).toMatchObject({ state: "fresh", lastFailure: { tag: "TokenEndpointUnavailable" } })
      expect(served).not.toHaveProperty("failingSince")
    }).pipe(simulated, Effect.withRandom(Random.fixed([0])))
  )

  it.effect("L12: failures begin anew if the clock is set back", () =>
    Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { credentials, forgetClient } = yield* CxoneSimulator
      yield* forgetClient(credentials.clientId)
      yield* TestClock.setTime(3_600_000)
      yield* Effect.flip(accessToken)
      yield* TestClock.setTime(0)
      yield* Effect.flip(accessToken)
      expect(yield* status).toMatchObject([{ failingSince: 0, lastFailure: { at: 0 } }])
    }).pipe(simulated)
  )

  it.effect("is empty after the retries of a renewal have ended at the margin", () =>
    Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { inject } = yield* CxoneSimulator
      yield* accessToken
      yield* inject(Fault.respond({ status: 400, body: '{"error":"invalid_scope"}' }), { on: "token", times: 1_000 })
      yield* TestClock.setTime(3_270_000)
      yield* accessToken
      yield* TestClock.adjust("5 minutes")
      expect(yield* status).toMatchObject([{ state: "empty", lastFailure: { tag: "InsufficientScope" } }])
    }).pipe(simulated)
  )

  it.effect("is refused, with and without a valid token, until a probe may be sent", () =>
    Effect.gen(function* () {
      const { accessToken, accessTokenFor } = yield* CxoneAuth
      const { credentials, forgetClient } = yield* CxoneSimulator
      yield* accessToken
      yield* forgetClient(credentials.clientId)
      yield* TestClock.setTime(60_000)
      const { message } = yield* Effect.flip(accessTokenFor("write:users"))
      const states = yield* status
      expect(states.map(({ state }) => state)).toEqual(["refused", "refused"])
      expect(states.find(({ scopes }) => scopes[0] === "read:users")).toMatchObject({
        secondsToExpiry: 3540,
        source: "exchange"
      })
      expect(states.find(({ scopes }) => scopes[0] === "write:users")).toEqual({
        scopes: ["write:users"],
        state: "refused",
        lastFailure: { tag: "InvalidClient", reason: "invalid_client", message, at: 60_000 },
        failingSince: 60_000
      })
      yield* TestClock.setTime(90_000)
      expect((yield* status).map(({ state }) => state).sort()).toEqual(["empty", "fresh"])
    }).pipe(simulated)
  )

  it.effect("with current and next credentials, is refused only if both are", () =>
    Effect.gen(function* () {
      const { credentials, environment, forgetClient } = yield* CxoneSimulator
      const current = Credentials.clientSecret({ clientId: "unknown", clientSecret: Redacted.make("x") })
      const layer = CxoneAuth.layer({
        credentials: Credentials.rotating({ current, next: credentials }),
        environment,
        scopes: "read:users"
      })
      yield* Effect.gen(function* () {
        const { accessToken, invalidate } = yield* CxoneAuth
        const token = yield* accessToken
        expect(yield* status).toMatchObject([{ state: "fresh" }])
        yield* invalidate(token)
        yield* forgetClient(credentials.clientId)
        yield* Effect.flip(accessToken)
        expect(yield* status).toMatchObject([{ state: "refused" }])
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("is rate_limited until the Retry-After has passed", () =>
    Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { inject } = yield* CxoneSimulator
      yield* inject(Fault.respond({ status: 429, headers: { "retry-after": "90" } }), { on: "token" })
      yield* Effect.flip(accessToken)
      expect(yield* status).toMatchObject([{ state: "rate_limited", lastFailure: { tag: "RateLimited", at: 0 } }])
      yield* TestClock.setTime(90_000)
      expect(yield* status).toMatchObject([{ state: "empty" }])
    }).pipe(simulated)
  )

  it.effect("shows a defect of the app's effect, or of the HttpClient, as a failure", () =>
    Effect.gen(function* () {
      const { environment } = yield* CxoneSimulator
      const layer = CxoneAuth.layer({ credentials: Effect.die("a bug"), environment, scopes: "read:users" })
      yield* Effect.gen(function* () {
        yield* Effect.flip((yield* CxoneAuth).accessToken)
        expect(yield* status).toMatchObject([{ state: "empty", lastFailure: { tag: "CredentialsUnavailable" } }])
      }).pipe(Effect.provide(layer))
      const broken = HttpClient.make(() => Effect.die("a bug"))
      yield* Effect.gen(function* () {
        yield* Effect.exit((yield* CxoneAuth).accessToken)
        expect(yield* status).toMatchObject([{ state: "empty", lastFailure: { tag: "TokenEndpointUnavailable" } }])
      }).pipe(
        Effect.provide(CxoneSimulator.layerAuth({ scopes: "read:users", policy: { maxRetries: 0 } })),
        Effect.provideService(HttpClient.HttpClient, broken)
      )
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("S1: is plain data without any secret, ready for JSON", () =>
    Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { credentials } = yield* CxoneSimulator
      const token = yield* accessToken
      const json = JSON.stringify(yield* status)
      expect(JSON.parse(json)).toEqual(yield* status)
      expect(json).not.toContain(Redacted.value(token.value))
      expect(json).not.toContain(Redacted.value(credentials.clientSecret))
      expect(json).not.toContain(credentials.clientId)
    }).pipe(simulated)
  )

  const token = new AccessToken({
    value: Redacted.make("x"),
    tokenType: "Bearer",
    scopes: ["a"],
    requestedScopes: ["a"],
    obtainedAt: 0,
    expiresAt: 10_000
  })
  const refusal = new InvalidClient({ reason: "invalid_client", tokenEndpoint: "https://cxone.test", status: 401 })
  const unavailable = new CredentialsUnavailable({ reason: "timeout" })
  const limit = new RateLimited({ reason: "token_endpoint", origin: "https://cxone.test" })

  it.effect.each([
    ["a text", "x", { scopes: ["offline_access"], state: "fresh" }],
    ["a token", token, { scopes: ["a"], state: "fresh", secondsToExpiry: 10, source: "exchange" }],
    ["InvalidClient", refusal, { state: "refused", lastFailure: { tag: "InvalidClient", at: 0 } }],
    ["RateLimited", limit, { state: "rate_limited", lastFailure: { tag: "RateLimited", at: 0 } }],
    ["another error", unavailable, { state: "empty", lastFailure: { tag: "CredentialsUnavailable", at: 0 } }]
  ] as const)("layerTest with %s has a fitting status, which invalidate leaves as it is", ([, answer, expected]) =>
    Effect.gen(function* () {
      expect(yield* status).toMatchObject([expected])
      yield* Effect.flatMap(CxoneAuth, ({ invalidate }) => invalidate(token))
      expect(yield* status).toMatchObject([expected])
    }).pipe(Effect.provide(CxoneAuth.layerTest(answer)))
  )

  it.effect("layerTest with an effect runs it at each look, and its status is that of the last look", () =>
    Effect.gen(function* () {
      const looks = yield* Ref.make(0)
      const answer = Effect.flatMap(
        Ref.updateAndGet(looks, (n) => n + 1),
        (n): Effect.Effect<TestAnswer, RateLimited> =>
          n === 1 ? limit : Effect.succeed(n === 2 ? refusal : `token ${n}`)
      )
      yield* Effect.gen(function* () {
        const { accessToken, accessTokenFor } = yield* CxoneAuth
        expect(yield* status).toMatchObject([{ state: "empty" }])
        expect(yield* Effect.flip(accessToken)).toBe(limit)
        expect(yield* status).toMatchObject([{ state: "rate_limited", lastFailure: { tag: "RateLimited" } }])
        expect(yield* Effect.flip(accessToken)).toBe(refusal)
        const third = yield* accessTokenFor("b a")
        expect([Redacted.value(third.value), third.scopes]).toEqual(["token 3", ["a", "b"]])
        expect(yield* status).toMatchObject([
          { state: "fresh", scopes: ["a", "b"], lastFailure: { tag: "InvalidClient", at: 0 } }
        ])
      }).pipe(Effect.provide(CxoneAuth.layerTest(answer)))
    })
  )

  it.effect("layerTest's status tells of a look that died", () =>
    Effect.gen(function* () {
      yield* Effect.exit(Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken))
      expect(yield* status).toMatchObject([{ state: "empty", lastFailure: { tag: "Defect", at: 0 } }])
    }).pipe(Effect.provide(CxoneAuth.layerTest(Effect.die("a bug"))))
  )

  it.effect("layerTest's effect takes its services from where the layer is provided", () =>
    Effect.gen(function* () {
      class Vault extends Context.Tag("Vault")<Vault, string>() {}
      const layer = Layer.provide(CxoneAuth.layerTest(Vault), Layer.succeed(Vault, "from the vault"))
      const { value } = yield* Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken).pipe(Effect.provide(layer))
      expect(Redacted.value(value)).toBe("from the vault")
    })
  )
})
