import { describe, expect, it } from "@effect/vitest"
import { type Cause, Deferred, Effect, Exit, Fiber, TestClock } from "effect"
import * as Deadline from "../../src/http/Deadline.js"

const threeSeconds = Effect.as(Effect.sleep("3 seconds"), "done")

describe("C7: an effect ends after a time", () => {
  it.effect("in an uninterruptible region, too", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(
        Effect.uninterruptible(threeSeconds.pipe(Deadline.within("1 second"), Effect.flip))
      )
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(fiber))._tag).toBe("TimeoutException")
    })
  )

  it.effect("an interruption does not end it in an uninterruptible region", () =>
    Effect.gen(function* () {
      const ended = yield* Deferred.make<string, Cause.TimeoutException>()
      const fiber = yield* Effect.fork(
        Effect.uninterruptible(Effect.intoDeferred(Deadline.within("5 seconds")(threeSeconds), ended))
      )
      yield* TestClock.adjust("1 second")
      yield* Fiber.interruptFork(fiber)
      yield* TestClock.adjust("2 seconds")
      expect(yield* Deferred.await(ended)).toBe("done")
    })
  )

  it.effect("elsewhere an interruption ends it at once", () =>
    Effect.gen(function* () {
      let isEnded = false
      const ends = Effect.onInterrupt(threeSeconds, () =>
        Effect.sync(() => {
          isEnded = true
        })
      )
      const fiber = yield* Effect.fork(Deadline.within("5 seconds")(ends))
      yield* TestClock.adjust("1 second")
      expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
      expect(isEnded).toBe(true)
    })
  )
})
