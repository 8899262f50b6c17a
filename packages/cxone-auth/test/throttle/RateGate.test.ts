import { describe, expect, it } from "@effect/vitest"
import { CallPolicy } from "cxone-auth"
import { Duration, Effect, Either, Fiber, Option, Random, Ref, TestClock } from "effect"
import type { RetryAfter } from "../../src/http/RetryAfter.js"
import * as RateGate from "../../src/throttle/RateGate.js"

const makeGate = () => {
  const gate = RateGate.make()
  return { ...gate, close: (said: RetryAfter) => gate.close(said, CallPolicy.defaults) }
}

/** Passes a request through the gate, and gives for how many milliseconds it waited. */
const passing = (gate: RateGate.RateGate, patience: number) =>
  Effect.gen(function* () {
    const left = yield* Ref.make(patience)
    const exit = yield* Effect.either(RateGate.pass(gate, left, () => {}))
    return { exit, waited: patience - (yield* Ref.get(left)) }
  })

const seconds = (n: number) => ({ retryAfter: Duration.seconds(n) })

describe("L6: RateGate, closed by a 429", () => {
  it.effect("closed again while a request waits, it holds the request, and reports the whole time", () =>
    Effect.gen(function* () {
      const gate = makeGate()
      yield* gate.close(seconds(10))
      const waiting = yield* Effect.fork(passing(gate, 60_000))
      yield* TestClock.adjust("5 seconds")
      yield* gate.close(seconds(50))
      yield* TestClock.adjust("49 seconds")
      expect(Option.isNone(yield* Fiber.poll(waiting))).toBe(true)
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(waiting)).toEqual({ exit: Either.right(undefined), waited: 55_000 })
    }).pipe(Effect.withRandom(Random.fixed([0])))
  )

  it.effect("the time that a request has waited counts when the gate is closed again", () =>
    Effect.gen(function* () {
      const gate = makeGate()
      yield* gate.close(seconds(10))
      const waiting = yield* Effect.fork(passing(gate, 50_000))
      yield* TestClock.adjust("5 seconds")
      yield* gate.close(seconds(50))
      yield* TestClock.adjust("5 seconds")
      expect(yield* Fiber.join(waiting)).toEqual({ exit: Either.left(Duration.seconds(45)), waited: 10_000 })
    }).pipe(Effect.withRandom(Random.fixed([0])))
  )

  it.effect("of 429s to requests that were sent together, one counts", () =>
    Effect.gen(function* () {
      const gate = makeGate()
      expect(yield* gate.close({})).toEqual(Duration.seconds(1))
      expect(yield* gate.close({})).toEqual(Duration.seconds(1))
      yield* TestClock.adjust("1 second")
      expect(yield* gate.close({})).toEqual(Duration.seconds(2))
    })
  )

  it.effect("a later 429 with a shorter Retry-After does not open it earlier", () =>
    Effect.gen(function* () {
      const gate = makeGate()
      yield* gate.close(seconds(30))
      yield* TestClock.adjust("1 second")
      expect(yield* gate.close(seconds(1))).toEqual(Duration.seconds(29))
      yield* TestClock.adjust("28 seconds")
      expect(yield* gate.millisLeft).toBe(1_000)
      yield* TestClock.adjust("1 second")
      expect(yield* gate.millisLeft).toBe(0)
    })
  )

  it.effect("L12: a clock that was set back opens it, and a later 429 closes it for its own time only", () =>
    Effect.gen(function* () {
      const gate = makeGate()
      yield* TestClock.setTime(7_200_000)
      yield* gate.close(seconds(3_600))
      yield* TestClock.setTime(3_600_000)
      expect(yield* gate.millisLeft).toBe(0)
      expect(yield* gate.close(seconds(10))).toEqual(Duration.seconds(10))
      yield* TestClock.adjust("10 seconds")
      expect(yield* gate.millisLeft).toBe(0)
    })
  )

  it.effect("after a success the next 429 without a Retry-After counts as the first one", () =>
    Effect.gen(function* () {
      const gate = makeGate()
      yield* gate.close({})
      yield* TestClock.adjust("1 second")
      yield* gate.reset
      expect(yield* gate.close({})).toEqual(Duration.seconds(1))
    })
  )
})
