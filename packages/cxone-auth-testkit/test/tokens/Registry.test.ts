import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultClient } from "cxone-auth-testkit"
import { Effect, Redacted } from "effect"
import { exchange, goodForm, mint, users } from "../support/Harness.js"

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

  it.effect("registerClient replaces the secret of a client; the old secret is refused", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.registerClient({ ...defaultClient, clientSecret: Redacted.make("rotated") })
      strictEqual((yield* exchange()).status, 401)
      strictEqual((yield* exchange({ ...goodForm, client_secret: "rotated" })).status, 200)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )
})
