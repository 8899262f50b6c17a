import { describe, expect, it } from "@effect/vitest"
import { Array, Data, Duration, Effect, Either, Exit, Fiber, Scope, TestClock } from "effect"
import * as CachedLookup from "../../src/lookup/CachedLookup.js"

class Unavailable extends Data.TaggedError("Unavailable")<{ readonly retryAfter?: Duration.Duration }> {}

/** A lookup that takes a second and gives numbers, or the failure that stands at its turn. */
const setup = (failures: { readonly [turn: number]: Unavailable } = {}) =>
  Effect.gen(function* () {
    let started = 0
    const scope = yield* Scope.make()
    const lookup = Effect.suspend(() => {
      const turn = ++started
      return Effect.delay(
        Effect.suspend(() => failures[turn] ?? Effect.succeed(turn)),
        "1 second"
      )
    })
    const get = CachedLookup.make({
      lookup,
      lifetime: Duration.hours(1),
      pause: Duration.seconds(30),
      holdOff: ({ retryAfter }: Unavailable, failures) =>
        retryAfter === undefined ? Duration.zero : Duration.times(retryAfter, failures),
      until: (error) => error,
      onFailure: () => Effect.void,
      stillToGo: (_, left) => new Unavailable({ retryAfter: left }),
      scope
    })
    const settled = Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.either(get))
      yield* TestClock.adjust("1 second")
      return yield* Fiber.join(fiber)
    })
    return { get, scope, settled, started: () => started }
  })

describe("CachedLookup", () => {
  it.effect("L2: looks up once for all who ask, and keeps the value for its lifetime", () =>
    Effect.gen(function* () {
      const { get, settled, started } = yield* setup()
      const asking = yield* Effect.forkAll(Array.replicate(get, 100))
      yield* TestClock.adjust("1 second")
      expect(new Set(yield* Fiber.join(asking))).toEqual(new Set([1]))
      yield* TestClock.adjust("59 minutes")
      expect(yield* settled).toEqual(Either.right(1))
      expect(started()).toBe(1)
    })
  )

  it.effect("L5: gives an old value while one lookup runs in the background, then the new one", () =>
    Effect.gen(function* () {
      const { get, settled, started } = yield* setup()
      yield* settled
      yield* TestClock.adjust("1 hour")
      expect(yield* Effect.all([get, get, get])).toEqual([1, 1, 1])
      yield* TestClock.adjust("1 second")
      expect(yield* get).toBe(2)
      expect(started()).toBe(2)
    })
  )

  it.effect("L5: keeps an old value after a failure, and starts the next lookup after the pause", () =>
    Effect.gen(function* () {
      const { get, settled, started } = yield* setup({ 2: new Unavailable({}) })
      yield* settled
      yield* TestClock.adjust("1 hour")
      expect(yield* settled).toEqual(Either.right(1))
      yield* TestClock.adjust("29 seconds")
      expect(yield* get).toBe(1)
      expect(started()).toBe(2)
      yield* TestClock.adjust("1 second")
      expect(yield* get).toBe(1)
      yield* TestClock.adjust("1 second")
      expect(yield* get).toBe(3)
    })
  )

  it.effect("gives a failure to those who waited, and forgets it if it names no time", () =>
    Effect.gen(function* () {
      const { settled, started } = yield* setup({ 1: new Unavailable({}) })
      expect(yield* settled).toEqual(Either.left(new Unavailable({})))
      expect(yield* settled).toEqual(Either.right(2))
      expect(started()).toBe(2)
    })
  )

  it.effect("L6: gives a failure that names a time to everybody until then, with the time that is left", () =>
    Effect.gen(function* () {
      const { get, settled, started } = yield* setup({ 1: new Unavailable({ retryAfter: Duration.seconds(60) }) })
      yield* settled
      yield* TestClock.adjust("20 seconds")
      expect(yield* Effect.flip(get)).toEqual(new Unavailable({ retryAfter: Duration.seconds(40) }))
      yield* TestClock.adjust("40 seconds")
      expect(yield* settled).toEqual(Either.right(2))
      expect(started()).toBe(2)
    })
  )

  it.effect("L12: looks up again if the clock was set back", () =>
    Effect.gen(function* () {
      const { settled, started } = yield* setup()
      yield* TestClock.setTime(Duration.toMillis("10 hours"))
      yield* settled
      yield* TestClock.setTime(Duration.toMillis("9 hours"))
      yield* settled
      expect(started()).toBe(2)
    })
  )

  it.effect("L3: a caller that leaves does not disturb the others", () =>
    Effect.gen(function* () {
      const { get } = yield* setup()
      const [leaving, staying] = yield* Effect.all([Effect.fork(get), Effect.fork(get)])
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(leaving)
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(staying)).toBe(1)
    })
  )

  it.effect("L3: closing the scope ends the lookup, and interrupts those who wait for it", () =>
    Effect.gen(function* () {
      const { get, scope } = yield* setup()
      const waiting = yield* Effect.fork(get)
      yield* Effect.yieldNow()
      yield* Scope.close(scope, Exit.void)
      expect(Exit.isInterrupted(yield* Fiber.await(waiting))).toBe(true)
    })
  )
})
