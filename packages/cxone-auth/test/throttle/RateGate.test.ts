import { describe, expect, it } from "@effect/vitest"
import { CallPolicy } from "cxone-auth"
import { Array, Duration, Effect, TestClock } from "effect"
import type { RetryAfter } from "../../src/http/RetryAfter.js"
import * as RateGate from "../../src/throttle/RateGate.js"

const makeGate = () => {
  const gate = RateGate.make()
  return { ...gate, close: (said: RetryAfter) => gate.close(said, CallPolicy.defaults) }
}

const seconds = (n: number) => ({ retryAfter: Duration.seconds(n) })

describe("C4: RateGate, closed by a 429", () => {
  it.effect("of 429s to requests that were sent together, one counts", () =>
    Effect.gen(function* () {
      const gate = makeGate()
      expect(yield* gate.close({})).toEqual(Duration.seconds(1))
      expect(yield* gate.close({})).toEqual(Duration.seconds(1))
      yield* TestClock.adjust("1 second")
      expect(yield* gate.close({})).toEqual(Duration.seconds(2))
    })
  )

  it.effect("the wait without a Retry-After grows to a minute and no further, or is as long as the policy says", () =>
    Effect.gen(function* () {
      const gate = makeGate()
      const waits = yield* Effect.forEach(Array.range(1, 9), () =>
        Effect.tap(gate.close({}), (wait) => TestClock.adjust(wait))
      )
      expect(waits.map(Duration.toSeconds)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
      const slow = CallPolicy.make({ defaultRetryAfter: "2 minutes" })
      expect(yield* RateGate.make().close({}, slow)).toEqual(Duration.minutes(2))
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
