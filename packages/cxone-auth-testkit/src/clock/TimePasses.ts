import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as TestClock from "effect/TestClock"

/**
 * Runs an effect under `TestClock`, and lets time pass until it has ended, from one sleep to the next: waits, retries and
 * time-outs follow each other as they do by a real clock. If the effect has not ended after `longest`, that is a defect.
 *
 * Only the clock of the test passes. Real input and output, such as a file or a socket, is not waited for, so take it with a
 * simulator in memory.
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
      const hasEnded = Effect.map(Fiber.poll(fiber), Option.isSome)
      const passed = yield* Effect.iterate(false, {
        while: (isOver) => !isOver,
        body: () =>
          Effect.gen(function* () {
            // Lets what runs run, until all fibers sleep.
            yield* TestClock.adjust(0)
            if (yield* hasEnded) {
              return true
            }
            const next = Chunk.reduce(yield* TestClock.sleeps(), end, (next, at) => Math.min(next, at))
            yield* TestClock.setTime(next)
            return next === end
          })
      })
      const exit = passed && (yield* Fiber.poll(fiber))
      if (exit !== false && Option.isSome(exit)) {
        return yield* Exit.matchEffect(exit.value, { onFailure: Effect.failCause, onSuccess: Effect.succeed })
      }
      yield* Fiber.interrupt(fiber)
      return yield* Effect.dieMessage(`timePasses: the effect has not ended after ${Duration.format(longest)}`)
    })
