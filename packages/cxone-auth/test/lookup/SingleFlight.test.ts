import { describe, expect, it } from "@effect/vitest"
import { Array, Deferred, Effect, Exit, Fiber, Scope, TestClock } from "effect"
import * as SingleFlight from "../../src/lookup/SingleFlight.js"
import { collectGarbage } from "../support/Garbage.js"

const heapUsed = Effect.sync(() => {
  collectGarbage()
  return process.memoryUsage().heapUsed
})

/** A single flight that was started. `land` ends its work. */
const flightOf = <A, E>(onJoined: (result: A) => void = () => {}) =>
  Effect.gen(function* () {
    const work = yield* Deferred.make<A, E>()
    const flight = SingleFlight.make({
      work: Deferred.await(work),
      land: () => Effect.void,
      onJoined,
      scope: yield* Scope.make()
    })
    yield* Effect.uninterruptible(flight.start)
    return {
      wait: flight.wait,
      join: flight.join,
      land: (exit: Exit.Exit<A, E>) => Effect.zipRight(Deferred.done(work, exit), Effect.yieldNow())
    }
  })

describe("SingleFlight", () => {
  it.effect("L2: gives its end to all waiters, in the order in which they came, and to later ones", () =>
    Effect.gen(function* () {
      const flight = yield* flightOf<string, string>()
      const told: Array<number> = []
      const waiters = yield* Effect.forEach(Array.range(1, 5_000), (number) =>
        Effect.fork(
          Effect.map(flight.wait, (value) => {
            told.push(number)
            return value
          })
        )
      )
      yield* Effect.yieldNow()
      expect(told).toEqual([])
      yield* flight.land(Exit.succeed("landed"))
      const values = yield* Effect.forEach(waiters, Fiber.join)
      expect(new Set(values)).toEqual(new Set(["landed"]))
      expect(told).toEqual(Array.range(1, 5_000))
      expect(yield* flight.wait).toBe("landed")
    })
  )

  it.effect("L2 and C7: nobody waits for ever, at whatever step of a fiber the flight lands", () =>
    Effect.gen(function* () {
      const ends = yield* Effect.forEach(Array.range(2_000, 2_100), (steps) =>
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          let land = (): void => {}
          const { join, start } = SingleFlight.make({
            work: Effect.async<string>((resume) => {
              land = () => resume(Effect.succeed("landed"))
            }),
            land: () => Effect.void,
            scope
          })
          yield* Effect.uninterruptible(start)
          yield* Effect.yieldNow()
          yield* Effect.yieldNow()
          // A fiber yields after 2,048 steps. The caller has done nearly as many when it asks.
          const asked = Array.reduce(Array.range(1, steps), join, (next) => Effect.suspend(() => next))
          const caller = yield* Effect.fork(asked)
          land()
          yield* TestClock.adjust("1 minute")
          return caller.unsafePoll()
        })
      )
      expect(ends).toEqual(Array.replicate(Exit.succeed("landed"), 101))
    })
  )

  it.effect("gives a failure, a defect and an interruption unchanged", () =>
    Effect.forEach([Exit.fail("refused"), Exit.die("a bug"), Exit.interrupt(Effect.runSync(Effect.fiberId))], (exit) =>
      Effect.gen(function* () {
        const flight = yield* flightOf<never, string>()
        const waiter = yield* Effect.fork(flight.wait)
        yield* Effect.yieldNow()
        yield* flight.land(exit)
        expect(yield* Fiber.await(waiter)).toEqual(exit)
      })
    )
  )

  it.effect("L3: interrupting a waiter does not disturb the others", () =>
    Effect.gen(function* () {
      const flight = yield* flightOf<string, never>()
      const [leaving, staying] = yield* Effect.all([Effect.fork(flight.wait), Effect.fork(flight.wait)])
      yield* Effect.yieldNow()
      expect(Exit.isInterrupted(yield* Fiber.interrupt(leaving))).toBe(true)
      yield* flight.land(Exit.succeed("landed"))
      expect(yield* Fiber.join(staying)).toBe("landed")
    })
  )

  it.effect("a waiter that cannot be interrupted stays until the end", () =>
    Effect.gen(function* () {
      const flight = yield* flightOf<string, never>()
      const told: Array<string> = []
      const waiter = yield* Effect.fork(
        Effect.uninterruptible(
          Effect.map(flight.wait, (value) => {
            told.push(value)
          })
        )
      )
      yield* Effect.yieldNow()
      yield* Fiber.interruptFork(waiter)
      yield* Effect.yieldNow()
      expect(told).toEqual([])
      yield* flight.land(Exit.succeed("landed"))
      yield* Fiber.await(waiter)
      expect(told).toEqual(["landed"])
    })
  )

  it.effect("waiters that are interrupted leave no memory behind, and the others get the end", () =>
    Effect.gen(function* () {
      const flight = yield* flightOf<string, never>()
      const staying = yield* Effect.forEach(Array.range(1, 5_000), () => Effect.fork(flight.wait))
      const comeAndGo = Effect.gen(function* () {
        const waiter = yield* Effect.fork(flight.wait)
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(waiter)
      })
      yield* Effect.replicateEffect(comeAndGo, 10_000, { discard: true })
      const before = yield* heapUsed
      yield* Effect.replicateEffect(comeAndGo, 50_000, { discard: true })
      const grown = (yield* heapUsed) - before
      expect(grown).toBeLessThan(10_000_000) // If each stayed it would be 50 MB and more.
      yield* flight.land(Exit.succeed("landed"))
      expect(new Set(yield* Effect.forEach(staying, Fiber.join))).toEqual(new Set(["landed"]))
    })
  )

  it.effect("tells of each that joined and got the result, and of no other", () =>
    Effect.gen(function* () {
      const joined: Array<string> = []
      const flight = yield* flightOf<string, never>((value) => void joined.push(value))
      const [leaving, ...staying] = yield* Effect.all([
        Effect.fork(flight.join),
        Effect.fork(flight.join),
        Effect.fork(flight.wait)
      ])
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(leaving)
      yield* flight.land(Exit.succeed("landed"))
      expect(yield* Effect.forEach(staying, Fiber.join)).toEqual(["landed", "landed"])
      expect(joined).toEqual(["landed"])
      expect(yield* flight.join).toBe("landed")
      expect(joined).toEqual(["landed", "landed"])
    })
  )

  it.effect("tells of nobody if the work fails", () =>
    Effect.gen(function* () {
      const joined: Array<string> = []
      const flight = yield* flightOf<string, string>((value) => void joined.push(value))
      const waiter = yield* Effect.fork(flight.join)
      yield* Effect.yieldNow()
      yield* flight.land(Exit.fail("refused"))
      expect(yield* Fiber.await(waiter)).toEqual(Exit.fail("refused"))
      expect(joined).toEqual([])
    })
  )
})
