import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as TestClock from "effect/TestClock"

/**
 * Runs an effect under `TestClock`, and lets time pass until it has ended, from one sleep to the next: waits, retries and
 * time-outs follow each other as they do by a real clock. If the effect has not ended after `longest`, that is a defect.
 *
 * Only the clock of the test passes. What waits for a file, a socket or another Promise counts as asleep, and its time-out
 * may come first: take it with `layerTest` or `layerMemory`.
 *
 * @since 0.1.0
 * @category clock
 * @example
 * ```ts
 * import { CxoneHttpClient } from "cxone-auth"
 * import { CxoneSimulator, Fault, timePasses } from "cxone-auth-testkit"
 * import { Effect } from "effect"
 *
 * export const test = Effect.gen(function* () {
 *   const cxone = yield* CxoneHttpClient
 *   const simulator = yield* CxoneSimulator
 *   yield* simulator.inject(Fault.respond({ status: 503 }), { on: "token", times: 2 })
 *   return yield* cxone.get("/api/v2/users/me").pipe(timePasses("10 seconds"))
 * })
 * ```
 */
export const timePasses =
  (longest: Duration.DurationInput) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      if (!Predicate.hasProperty(yield* Effect.clock, "adjust")) {
        return yield* Effect.dieMessage("timePasses: there is no TestClock; run the test by it.effect or it.scoped")
      }
      const fiber = yield* Effect.fork(effect)
      const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(longest)
      while (true) {
        // Lets the fibers run until they wait.
        yield* TestClock.adjust(0)
        const exit = yield* Fiber.poll(fiber)
        if (Option.isSome(exit)) {
          return yield* exit.value
        }
        if ((yield* Clock.currentTimeMillis) >= end) {
          yield* Fiber.interrupt(fiber)
          return yield* Effect.dieMessage(`timePasses: the effect has not ended after ${Duration.format(longest)}`)
        }
        yield* TestClock.setTime(Chunk.reduce(yield* TestClock.sleeps(), end, (next, at) => Math.min(next, at)))
      }
    })
