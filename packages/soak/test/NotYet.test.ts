import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Duration, Effect, Layer, TestClock } from "effect"
import { isAsked, listen, NotYet } from "../src/NotYet.js"

const seconds = (count: number) => Duration.seconds(count)

describe("NotYet", () => {
  it.effect.each([429, 503])("hears of a %s with Retry-After, and of nothing else", (status) =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 minute")
      const simulator = yield* CxoneSimulator
      const { until } = yield* NotYet
      const get = HttpClient.get(new URL("/api/v2/users/me", simulator.origin))

      yield* simulator.inject(Fault.respond({ status }), { on: "api" })
      yield* get
      assert.strictEqual(yield* until, 0)

      yield* simulator.inject(Fault.respond({ status, headers: { "retry-after": "2" } }), { on: "api" })
      yield* get
      assert.strictEqual(yield* until, 62_000)
    }).pipe(
      Effect.provide(listen.pipe(Layer.provideMerge(NotYet.layer), Layer.provideMerge(CxoneSimulator.layerMemory())))
    )
  )

  it("expects a call to be held back until the moment that the API named", () => {
    assert.isTrue(isAsked(seconds(1), 61_000, 62_000))
    assert.isFalse(isAsked(seconds(1), 61_500, 62_000))
    assert.isFalse(isAsked(seconds(1), 61_000, 0))
  })

  it("expects a call to be held back behind those that wait, for a while", () => {
    assert.isTrue(isAsked(undefined, 70_000, 62_000))
    assert.isFalse(isAsked(undefined, 80_000, 62_000))
  })
})
