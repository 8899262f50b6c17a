import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as TestClock from "effect/TestClock"
import { isSending, lastOf, listOf, type RecordedRequest } from "../recorder/Recorder.js"
import { CxoneSimulator } from "./CxoneSimulator.js"

/**
 * Runs an effect under `TestClock`, and lets time pass until it has ended, from one sleep to the next: waits, retries and
 * time-outs follow each other as they do by a real clock. If the effect has not ended after `longest`, that is a defect,
 * which tells the requests that are under way, with those whose body is still being sent, or else how the last one ended.
 * The effect is interrupted; one that doesn't let itself be is left behind.
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
export const timePasses = (longest: Duration.DurationInput) => {
  const caller = callerOf(timePasses)
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      if (!Predicate.hasProperty(yield* Effect.clock, "adjust")) {
        return yield* Effect.dieMessage("timePasses: there is no TestClock; run the test by it.effect or it.scoped")
      }
      const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(longest)
      // A daemon, because a fiber waits at its end for the fibers that it has forked, also for one that never ends.
      return yield* Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(Effect.forkDaemon(restore(effect)), (fiber) =>
          Effect.onInterrupt(restore(watch(fiber, end, tooLate(longest, caller))), () => Fiber.interrupt(fiber))
        )
      )
    })
}

const watch = <A, E>(fiber: Fiber.RuntimeFiber<A, E>, end: number, late: Effect.Effect<never>): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    while (true) {
      // Lets the fibers run until they wait.
      yield* TestClock.adjust(0)
      const exit = yield* Fiber.poll(fiber)
      if (Option.isSome(exit)) {
        return yield* exit.value
      }
      if ((yield* Clock.currentTimeMillis) >= end) {
        return yield* Effect.ensuring(late, Effect.zipRight(Fiber.interruptFork(fiber), TestClock.adjust(0)))
      }
      yield* TestClock.setTime(Chunk.reduce(yield* TestClock.sleeps(), end, (next, at) => Math.min(next, at)))
    }
  })

const told = (requests: ReadonlyArray<RecordedRequest>): string => {
  const none = ["No request is under way", lastOf(requests)].filter((each) => each !== undefined)
  return listOf(
    requests.filter((request) => request.outcome === "pending" || isSending(request)),
    { title: "Under way:", none: `${none.join(". ")}.` }
  )
}

const tooLate = (longest: Duration.DurationInput, caller: string): Effect.Effect<never> =>
  Effect.gen(function* () {
    const requests = yield* Effect.transposeMapOption(
      yield* Effect.serviceOption(CxoneSimulator),
      (simulator) => simulator.requests
    )
    const message = `timePasses: the effect has not ended after ${Duration.format(longest)}`
    const error = new Error(
      Option.match(requests, { onNone: () => message, onSome: (all) => `${message}. ${told(all)}` })
    )
    // A stack of its own would show this file, and not the line of the test.
    error.stack = `${error.name}: ${error.message}\n${caller}`
    return yield* Effect.die(error)
  })

/** The stack of whoever calls this function. */
const callerOf = (called: (...args: ReadonlyArray<never>) => unknown): string => {
  const here: { stack?: string } = {}
  Error.captureStackTrace(here, called)
  return (here.stack ?? "").replace(/^.*\n/, "")
}
