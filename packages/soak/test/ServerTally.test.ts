import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { type AccessToken, CxoneAuth } from "cxone-auth"
import { CxoneSimulator, defaultClient, Fault } from "cxone-auth-testkit"
import { Effect, Layer, TestClock } from "effect"
import * as ServerTally from "../src/ServerTally.js"

const call = (token: AccessToken) =>
  Effect.flatMap(CxoneSimulator, ({ origin }) =>
    HttpClient.execute(
      HttpClientRequest.get(new URL("/api/v2/users/me", origin)).pipe(HttpClientRequest.bearerToken(token.value))
    )
  )

const token = Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken)

const tallySince = (since: number) =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    return ServerTally.add(ServerTally.empty, yield* simulator.requests, since)
  })

const TestLayer = Layer.provideMerge(
  CxoneSimulator.layerAuth(),
  CxoneSimulator.layerMemory({ clients: [{ ...defaultClient, tokenLifetime: "2 seconds" }] })
)

describe("ServerTally", () => {
  it.effect("takes a token that has ended for late", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("10 seconds")
      const ended = yield* token
      yield* call(ended)
      yield* TestClock.adjust("2 seconds")
      yield* call(ended)
      const { late, ...counted } = yield* tallySince(0)
      assert.strictEqual(late, 1)
      assert.deepStrictEqual(counted, { calls: 2, exchanges: 1, faults: {} })
    }).pipe(Effect.provide(TestLayer))
  )

  it.effect("does not take a revoked token for late, nor one that the provider forgot", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("10 seconds")
      const simulator = yield* CxoneSimulator
      const revoked = yield* token
      yield* simulator.inject(Fault.revokeToken, { on: "api" })
      yield* call(revoked)
      yield* call(revoked)
      const { faults, late } = yield* tallySince(0)
      assert.strictEqual(late, 0)
      assert.deepStrictEqual(faults, { "api RevokeToken": 1 })

      yield* TestClock.adjust("2 seconds")
      const forgotten = yield* token
      yield* simulator.reset
      yield* call(forgotten)
      assert.strictEqual((yield* tallySince(12_000)).late, 0)
    }).pipe(Effect.provide(TestLayer))
  )
})
