import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultClient, type SimulatorOptions } from "cxone-auth-testkit"
import { Cause, Duration, Effect, Exit, Redacted, TestClock } from "effect"
import { basic, claimsOf, exchange, get, goodForm, mint, otherTenant, users } from "../support/Harness.js"

describe("Registry", () => {
  it.effect("revoke revokes one token and revokeAll every token; new tokens are valid", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const [one, two, three] = yield* Effect.all([mint(), mint(), mint()])
      yield* simulator.revoke(one)
      const statuses = Effect.map(Effect.all([users(one), users(two), users(three)]), (answers) =>
        answers.map(({ status }) => status)
      )
      deepStrictEqual(yield* statuses, [401, 200, 200])
      yield* simulator.revokeAll
      deepStrictEqual(yield* statuses, [401, 401, 401])
      strictEqual((yield* users(yield* mint())).status, 200)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("a token that has expired is dropped with later ones, and one that lives stays", () =>
    Effect.gen(function* () {
      const tokens = yield* Effect.forEach(Array.from({ length: 32 }), () =>
        Effect.zipLeft(mint(), TestClock.adjust("20 minutes"))
      )
      const statuses = Effect.forEach(tokens, (token) => Effect.map(users(token), ({ status }) => status))
      deepStrictEqual(
        (yield* statuses).map((status, at) => [at, status] as const).filter(([, status]) => status === 200),
        [
          [30, 200],
          [31, 200]
        ]
      )
      // Only a clock that is set back tells what is kept: an expired one would be valid again.
      yield* TestClock.setTime(0)
      assertTrue((yield* statuses).filter((status) => status === 200).length <= 8)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("registerClient replaces the secret of a client; the old secret is refused", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.registerClient({ ...defaultClient, clientSecret: Redacted.make("rotated") })
      strictEqual((yield* exchange()).status, 401)
      strictEqual((yield* exchange({ ...goodForm, client_secret: "rotated" })).status, 200)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("a client's own token names the first tenant of the options, which exists", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const { tenantId } = claimsOf((yield* exchange()).json.access_token)
      strictEqual(tenantId, otherTenant.tenantId)
      const configuration = `/.well-known/cxone-configuration?tenantId=${tenantId}`
      strictEqual((yield* get(configuration, simulator.origin)).status, 200)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory({ tenants: [otherTenant] })))
  )

  it.effect("a client has two secrets while they are rotated, by both methods", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const old = Redacted.value(defaultClient.clientSecret)
      const statuses = Effect.forEach([old, "n+w", "other"], (secret) =>
        Effect.all([
          exchange({ ...goodForm, client_secret: secret }),
          exchange(
            { grant_type: "client_credentials" },
            basic(`${defaultClient.clientId}:${encodeURIComponent(secret)}`)
          )
        ]).pipe(Effect.map((answers) => answers.map(({ status }) => status)))
      )
      deepStrictEqual(yield* statuses, [
        [200, 200],
        [401, 401],
        [401, 401]
      ])
      yield* simulator.registerClient({ ...defaultClient, otherSecrets: [Redacted.make("n+w")] })
      deepStrictEqual(yield* statuses, [
        [200, 200],
        [200, 200],
        [401, 401]
      ])
      yield* simulator.registerClient({ ...defaultClient, clientSecret: Redacted.make("n+w") })
      deepStrictEqual(yield* statuses, [
        [401, 401],
        [200, 200],
        [401, 401]
      ])
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  describe("tells mistakes", () => {
    /** The message of the `RangeError` that an effect dies of. */
    const mistake = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.map(Effect.exit(effect), (exit) => {
        const [defect] = Exit.isFailure(exit) ? Array.from(Cause.defects(exit.cause)) : []
        assertTrue(defect instanceof RangeError)
        return defect.message
      })
    const built = (options: SimulatorOptions) =>
      mistake(Effect.provide(CxoneSimulator, CxoneSimulator.layerMemory(options)))

    it.effect("two clients of one id", () =>
      Effect.gen(function* () {
        const twin = { ...defaultClient, clientSecret: Redacted.make("other") }
        strictEqual(
          yield* built({ clients: [defaultClient, { ...defaultClient, clientId: "b" }, twin] }),
          'CxoneSimulator: two clients have the clientId "test-client"; give each its own'
        )
      })
    )

    it.effect.each([
      Number.NaN,
      -1,
      0,
      Number.POSITIVE_INFINITY,
      "0 seconds",
      "-5 minutes",
      Duration.zero,
      Duration.infinity
    ] as const)("a tokenLifetime of %s, in the options and in registerClient", (tokenLifetime) =>
      Effect.gen(function* () {
        const client = { ...defaultClient, tokenLifetime }
        const simulator = yield* CxoneSimulator
        for (const message of [yield* built({ clients: [client] }), yield* mistake(simulator.registerClient(client))]) {
          assertTrue(message.startsWith("CxoneSimulator: tokenLifetime of test-client is "))
        }
        // The client is as it was.
        strictEqual((yield* exchange()).json.expires_in, 3600)
      }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
    )

    it.effect("a client that isn't there is forgotten", () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        strictEqual(
          yield* mistake(simulator.forgetClient("typo")),
          'CxoneSimulator.forgetClient: there is no client "typo"; known are test-client'
        )
        yield* simulator.forgetClient(defaultClient.clientId)
        strictEqual(
          yield* mistake(simulator.forgetClient(defaultClient.clientId)),
          'CxoneSimulator.forgetClient: there is no client "test-client"; known are none'
        )
      }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
    )
  })
})
