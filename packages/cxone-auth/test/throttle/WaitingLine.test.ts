import { describe, expect, it } from "@effect/vitest"
import { CallPolicy } from "cxone-auth"
import {
  Array,
  Clock,
  Deferred,
  Duration,
  Effect,
  Either,
  Exit,
  Fiber,
  FastCheck as fc,
  Option,
  Random,
  Scope,
  TestClock,
  TestContext
} from "effect"
import { RateLimited } from "../../src/errors/CxoneAuthError.js"
import type { RetryAfter } from "../../src/http/RetryAfter.js"
import * as Throttle from "../../src/throttle/Throttle.js"

const url = "https://api.test/x"
const origin = "https://api.test"
const patient = 60_000

const notYet = (seconds?: number) =>
  new RateLimited({
    reason: "api",
    origin,
    ...(seconds === undefined ? {} : { retryAfter: Duration.seconds(seconds) })
  })

interface WorldOptions {
  readonly maxWaitingCalls?: number
}

/** The whole origin of a URL. */
const limitAt = (url: string): Throttle.Limit => {
  const { origin } = new URL(url)
  return { key: origin, origin }
}

/** A server that answers when the test says so, and calls that reach it through the gates. */
const world = (options: WorldOptions = {}) =>
  Effect.gen(function* () {
    let waited = 0
    const policy = CallPolicy.make(options)
    const throttle = yield* Throttle.make(() => {
      waited += 1
    })
    const gates = {
      through: <A, E>(
        url: string,
        visitor: Throttle.Visitor,
        attempt: Effect.Effect<A, E>,
        prepare: Effect.Effect<void> = Effect.void
      ) =>
        throttle.through(
          () => limitAt(url),
          visitor,
          prepare,
          () => attempt
        ),
      visitor: (patience: number) => throttle.visitor(patience, policy.maxWaitingCalls),
      close: (origin: string, said: RetryAfter, visitor = throttle.visitor(patient, policy.maxWaitingCalls)) =>
        throttle.close(limitAt(origin), visitor, said, policy)
    }
    const arrived: Array<number> = []
    const answers = new Map<number, Deferred.Deferred<"ok", RateLimited>>()

    /** One attempt of the call with this number; it reaches the server when its turn has come. */
    const attempt = (name: number, visitor = gates.visitor(patient)) =>
      gates.through(
        url,
        visitor,
        Effect.gen(function* () {
          const answer = yield* Deferred.make<"ok", RateLimited>()
          arrived.push(name)
          answers.set(name, answer)
          return yield* Effect.tapError(Deferred.await(answer), (error) => gates.close(origin, error, visitor))
        })
      )

    const answer = (name: number, exit: Exit.Exit<"ok", RateLimited>) =>
      Effect.gen(function* () {
        const waiting = answers.get(name)
        yield* waiting === undefined ? Effect.dieMessage(`call ${name} has not arrived`) : Deferred.done(waiting, exit)
        yield* settled
      })

    return {
      gates,
      arrived,
      attempt,
      waited: () => waited,
      serve: (name: number) => answer(name, Exit.succeed("ok")),
      refuse: (name: number, seconds?: number) => answer(name, Exit.fail(notYet(seconds))),
      /** Starts calls with these numbers, one after the other. */
      start: (names: ReadonlyArray<number>) =>
        Effect.zipLeft(
          Effect.forEach(names, (name) => Effect.fork(Effect.exit(attempt(name)))),
          settled
        )
    }
  })

/**
 * A closed gate: call 0 was answered 429 with this Retry-After, in seconds (none if `undefined`), and then these calls
 * came, which wait.
 */
const closed = (seconds: number | undefined, waiting: ReadonlyArray<number> = [], options: WorldOptions = {}) =>
  Effect.gen(function* () {
    const made = yield* world(options)
    yield* made.start([0])
    yield* made.refuse(0, seconds)
    return { ...made, waiting: yield* made.start(waiting) }
  })

/** Lets every fiber run until it waits for the clock. */
const settled = TestClock.adjust(0)

const unjittered = Effect.withRandom(Random.fixed([0]))

describe("C4: WaitingLine, the calls that wait for an origin that answered 429", () => {
  it.scoped("no call waits for an origin that has not answered 429", () =>
    Effect.gen(function* () {
      const { arrived, start, waited } = yield* world()
      yield* start(Array.range(1, 100))
      expect(arrived).toEqual(Array.range(1, 100))
      expect(waited()).toBe(0)
    })
  )

  it.scoped(
    "after a 429 nothing is sent until its time has passed; then one call, and two more for each that succeeds",
    () =>
      Effect.gen(function* () {
        const { arrived, serve, waited } = yield* closed(2, Array.range(1, 8))
        yield* TestClock.adjust(1_999)
        expect(arrived).toEqual([0])
        yield* TestClock.adjust(1)
        expect(arrived).toEqual([0, 1])
        yield* serve(1)
        expect(arrived).toEqual([0, 1, 2, 3])
        yield* serve(2)
        expect(arrived).toEqual([0, 1, 2, 3, 4, 5])
        yield* serve(3)
        expect(arrived).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
        yield* serve(4)
        expect(arrived).toEqual([0, ...Array.range(1, 8)])
        expect(waited()).toBe(8)
      }).pipe(unjittered)
  )

  it.scoped("jitter: no process sends before the Retry-After has passed, and not all send at the same time", () =>
    Effect.gen(function* () {
      const opened = yield* Effect.forEach(Array.range(1, 50), (seed) =>
        Effect.gen(function* () {
          const { gates } = yield* closed(10)
          const closedAt = yield* Clock.currentTimeMillis
          const openedAt = yield* Effect.fork(gates.through(url, gates.visitor(patient), Clock.currentTimeMillis))
          yield* TestClock.adjust("12 seconds")
          return (yield* Fiber.join(openedAt)) - closedAt
        }).pipe(Effect.withRandom(Random.make(seed)), Effect.scoped)
      )
      expect(Math.min(...opened)).toBeGreaterThanOrEqual(10_000)
      expect(Math.max(...opened)).toBeLessThanOrEqual(12_000)
      expect(new Set(opened).size).toBeGreaterThan(10)
    })
  )

  it.scoped("calls are sent in the order in which they came, and a call that is sent again keeps its place", () =>
    Effect.gen(function* () {
      const { arrived, attempt, gates, refuse, serve, start } = yield* world()
      const early = gates.visitor(patient)
      const first = yield* Effect.fork(Effect.exit(attempt(1, early)))
      yield* settled
      yield* start([2, 3])
      yield* refuse(2, 5)
      yield* start([4, 5])
      yield* refuse(1, 5)
      yield* Fiber.join(first)
      yield* Effect.fork(Effect.exit(attempt(1, early)))
      yield* TestClock.adjust("5 seconds")
      expect(arrived).toEqual([1, 2, 3, 1])
      yield* serve(1)
      expect(arrived).toEqual([1, 2, 3, 1, 4, 5])
    }).pipe(unjittered)
  )

  it.scoped("a call that comes while others wait goes to the end of the line, even if the gate is open", () =>
    Effect.gen(function* () {
      const { arrived, serve, start } = yield* closed(1, [1, 2, 3])
      yield* TestClock.adjust("1 second")
      yield* start([4])
      yield* serve(1)
      yield* serve(2)
      expect(arrived).toEqual([0, 1, 2, 3, 4])
    }).pipe(unjittered)
  )

  it.scoped("a first call that takes long does not stop the others: one is sent each second", () =>
    Effect.gen(function* () {
      const { arrived } = yield* closed(1, Array.range(1, 4))
      yield* TestClock.adjust("1 second")
      expect(arrived).toEqual([0, 1])
      yield* TestClock.adjust("1 second")
      expect(arrived).toEqual([0, 1, 2])
      yield* TestClock.adjust("2 seconds")
      expect(arrived).toEqual([0, 1, 2, 3, 4])
    }).pipe(unjittered)
  )

  it.scoped("a 429 to the first call closes the gate again for all that wait", () =>
    Effect.gen(function* () {
      const { arrived, refuse, serve } = yield* closed(1, [1, 2, 3])
      yield* TestClock.adjust("1 second")
      yield* refuse(1, 3)
      yield* TestClock.adjust(2_999)
      expect(arrived).toEqual([0, 1])
      yield* TestClock.adjust(1)
      expect(arrived).toEqual([0, 1, 2])
      yield* serve(2)
      expect(arrived).toEqual([0, 1, 2, 3])
    }).pipe(unjittered)
  )

  it.scoped("after a second 429 the window doubles up to half of what was too much, and grows slowly from there", () =>
    Effect.gen(function* () {
      const { arrived, refuse, serve } = yield* closed(1, Array.range(1, 20))
      yield* TestClock.adjust("1 second")
      yield* serve(1)
      yield* serve(2)
      yield* serve(3)
      expect(arrived.at(-1)).toBe(7)
      yield* refuse(4, 1)
      yield* TestClock.adjust("1 second")
      yield* serve(8)
      expect(arrived.at(-1)).toBe(10)
      yield* serve(9)
      expect(arrived.at(-1)).toBe(11)
      yield* serve(10)
      expect(arrived.at(-1)).toBe(12)
      yield* serve(11)
      expect(arrived.at(-1)).toBe(14)
    }).pipe(unjittered)
  )

  it.scoped("a second 429 closes the gate for its own Retry-After and no longer, even if no other call waits", () =>
    Effect.gen(function* () {
      const { arrived, refuse, start } = yield* closed(1, [1])
      yield* TestClock.adjust("1 second")
      yield* refuse(1, 0.1)
      yield* start([2])
      yield* TestClock.adjust(100)
      expect(arrived).toEqual([0, 1, 2])
    }).pipe(unjittered)
  )

  it.scoped("a success of a call from before the 429 opens nothing", () =>
    Effect.gen(function* () {
      const { arrived, refuse, serve, start } = yield* world()
      yield* start([0, 1])
      yield* refuse(0, 5)
      yield* start([2, 3])
      yield* serve(1)
      expect(arrived).toEqual([0, 1])
      yield* TestClock.adjust("5 seconds")
      expect(arrived).toEqual([0, 1, 2])
      yield* refuse(2, 5)
      yield* TestClock.adjust("4 seconds")
      expect(arrived).toEqual([0, 1, 2])
    }).pipe(unjittered)
  )

  it.scoped("a late success opens nothing, if the gate had opened fully and closed again", () =>
    Effect.gen(function* () {
      const { arrived, attempt, gates, refuse, serve, start } = yield* closed(1)
      yield* TestClock.adjust("1 second")
      yield* Effect.forEach([1, 2, 3], (name) => Effect.fork(Effect.exit(attempt(name, gates.visitor(0)))))
      yield* settled
      yield* serve(1)
      yield* refuse(2, 5)
      yield* serve(3)
      yield* start([4])
      expect(arrived).toEqual([0, 1, 2, 3])
    }).pipe(unjittered)
  )

  it.scoped("a call that would have to wait too long fails at once, with the time that is left", () =>
    Effect.gen(function* () {
      const { attempt, gates } = yield* closed(10)
      const impatient = yield* Effect.flip(attempt(1, gates.visitor(9_999)))
      expect(impatient).toMatchObject({ _tag: "RateLimited", reason: "held_back", origin })
      expect(impatient.retryAfter).toEqual(Duration.seconds(10))
    }).pipe(unjittered)
  )

  it.scoped("a waiting call fails at once when the gate closes for longer than it may wait", () =>
    Effect.gen(function* () {
      const { attempt, gates, refuse, start } = yield* world()
      yield* start([0, 1])
      yield* refuse(0, 5)
      const short = yield* Effect.fork(Effect.flip(attempt(2, gates.visitor(5_000))))
      const long = yield* Effect.fork(Effect.flip(attempt(3, gates.visitor(60_000))))
      yield* settled
      yield* refuse(1, 30)
      expect((yield* Fiber.join(short)).retryAfter).toEqual(Duration.seconds(30))
      expect(Option.isNone(yield* Fiber.poll(long))).toBe(true)
    }).pipe(unjittered)
  )

  it.scoped("a call's time to wait is for all its waits together, and jitter does not count", () =>
    Effect.gen(function* () {
      const { attempt, arrived, gates, refuse } = yield* closed(10)
      const visitor = gates.visitor(10_000)
      const waiting = yield* Effect.fork(Effect.exit(attempt(1, visitor)))
      yield* TestClock.adjust("12 seconds")
      expect(arrived).toEqual([0, 1])
      yield* refuse(1, 1)
      yield* Fiber.join(waiting)
      expect(yield* Effect.flip(attempt(1, visitor))).toMatchObject({ reason: "held_back" })
    }).pipe(Effect.withRandom(Random.fixed([0.99])))
  )

  it.scoped("with as many calls waiting as may wait, one more fails at once; the others wait on", () =>
    Effect.gen(function* () {
      const { arrived, attempt } = yield* closed(10, [1, 2, 3], { maxWaitingCalls: 3 })
      const tooMany = yield* Effect.flip(attempt(4))
      expect(tooMany).toMatchObject({ _tag: "RateLimited", reason: "too_many_waiting" })
      expect(tooMany.retryAfter).toEqual(Duration.seconds(10))
      yield* TestClock.adjust("12 seconds")
      expect(arrived).toEqual([0, 1, 2, 3])
    }).pipe(unjittered)
  )

  it.scoped("a call that may not wait fails until the Retry-After has passed", () =>
    Effect.gen(function* () {
      const { arrived, attempt, gates, serve } = yield* closed(10)
      expect(yield* Effect.flip(attempt(1, gates.visitor(0)))).toMatchObject({ reason: "held_back" })
      yield* TestClock.adjust("10 seconds")
      const [a, b] = [
        yield* Effect.fork(attempt(2, gates.visitor(0))),
        yield* Effect.fork(attempt(3, gates.visitor(0)))
      ]
      yield* settled
      expect(arrived).toEqual([0, 2, 3])
      yield* serve(2)
      yield* serve(3)
      expect(yield* Fiber.join(a)).toBe("ok")
      expect(yield* Fiber.join(b)).toBe("ok")
    }).pipe(unjittered)
  )

  it.scoped("without a Retry-After, a call that may not wait is sent; the others wait one second, then two", () =>
    Effect.gen(function* () {
      const { arrived, attempt, gates, refuse, start } = yield* closed(undefined)
      yield* Effect.fork(attempt(1, gates.visitor(0)))
      yield* start([2, 3])
      expect(arrived).toEqual([0, 1])
      yield* TestClock.adjust("1 second")
      expect(arrived).toEqual([0, 1, 2])
      yield* refuse(2)
      yield* TestClock.adjust(1_999)
      expect(arrived).toEqual([0, 1, 2])
      yield* TestClock.adjust(1)
      expect(arrived).toEqual([0, 1, 2, 3])
    }).pipe(unjittered)
  )

  it.scoped(
    "without a Retry-After, calls that do not wait are refused ever again, and starve none of those that do",
    () =>
      Effect.gen(function* () {
        const { arrived, attempt, gates, refuse } = yield* closed(undefined, [1, 2, 3])
        const impatient = Effect.forEach(Array.range(100, 129), (name) =>
          Effect.gen(function* () {
            yield* Effect.fork(Effect.exit(attempt(name, gates.visitor(0))))
            yield* settled
            yield* refuse(name)
            yield* TestClock.adjust("100 millis")
          })
        )
        yield* impatient
        // One a second, because nobody answers these.
        expect(arrived.filter((name) => name < 100)).toEqual([0, 1, 2, 3])
        expect(arrived).toHaveLength(34)
      }).pipe(unjittered)
  )

  it.scoped("after a success the next wait without a Retry-After is one second again", () =>
    Effect.gen(function* () {
      const { arrived, refuse, serve } = yield* closed(undefined, [1, 2, 3, 4])
      yield* TestClock.adjust("1 second")
      yield* serve(1)
      yield* refuse(2)
      yield* TestClock.adjust("1 second")
      expect(arrived).toEqual([0, 1, 2, 3, 4])
    }).pipe(unjittered)
  )

  it.scoped("a Retry-After of zero counts as none, and a success ends a wait that the server did not ask for", () =>
    Effect.gen(function* () {
      const { arrived, attempt, gates, refuse, serve, start } = yield* world()
      for (const name of [0, 1, 2, 3]) {
        yield* start([name])
        yield* refuse(name, 0)
        yield* TestClock.adjust("10 seconds")
      }
      yield* start([4])
      yield* refuse(4)
      yield* Effect.fork(attempt(5, gates.visitor(0)))
      yield* settled
      yield* serve(5)
      yield* start([6])
      expect(arrived).toEqual([0, 1, 2, 3, 4, 5, 6])
    }).pipe(unjittered)
  )

  it.scoped("a success does not end a Retry-After that the server has sent since", () =>
    Effect.gen(function* () {
      const { arrived, attempt, gates, refuse, serve, start } = yield* world()
      yield* start([0, 1])
      yield* refuse(0)
      yield* Effect.fork(attempt(2, gates.visitor(0)))
      yield* settled
      yield* refuse(1, 5)
      yield* serve(2)
      yield* start([3])
      expect(arrived).toEqual([0, 1, 2])
    }).pipe(unjittered)
  )

  it.scoped(
    "a caller that is interrupted, while it waits or after it was sent, does not take the turn of another",
    () =>
      Effect.gen(function* () {
        const { arrived, waiting } = yield* closed(1, [1, 2, 3, 4])
        const [first, second] = waiting
        yield* second === undefined ? Effect.void : Fiber.interrupt(second)
        yield* TestClock.adjust("1 second")
        expect(arrived).toEqual([0, 1])
        yield* first === undefined ? Effect.void : Fiber.interrupt(first)
        yield* settled
        expect(arrived).toEqual([0, 1, 3])
      }).pipe(unjittered)
  )

  it.scoped("a call whose turn does not come in its time fails; no time is named, because the gate is open", () =>
    Effect.gen(function* () {
      const { arrived, attempt, gates } = yield* closed(1, Array.range(1, 5))
      const late = yield* Effect.fork(Effect.flip(attempt(6, gates.visitor(2_000))))
      yield* TestClock.adjust(2_399)
      expect(yield* Fiber.poll(late)).toEqual(Option.none())
      yield* TestClock.adjust(1)
      const error = yield* Fiber.join(late)
      expect([error.reason, error.retryAfter]).toEqual(["held_back", undefined])
      expect(arrived).toEqual([0, 1, 2])
    }).pipe(unjittered)
  )

  it.scoped("a gate that closes while a call prepares holds it back, before its first turn and after it", () =>
    Effect.gen(function* () {
      const { gates } = yield* world()
      const preparations: Array<number> = []
      const prepare = Effect.flatMap(Clock.currentTimeMillis, (now) => {
        preparations.push(now)
        return Effect.sleep("2 seconds")
      })
      const call = (patience: number) =>
        Effect.fork(Effect.either(gates.through(url, gates.visitor(patience), Clock.currentTimeMillis, prepare)))
      const waiting = yield* call(patient)
      const impatient = yield* call(0)
      const closeAt = (millis: number) =>
        Effect.zipRight(TestClock.setTime(millis), gates.close(origin, { retryAfter: Duration.seconds(5) }))
      yield* closeAt(1_000)
      yield* TestClock.setTime(2_000)
      expect(yield* Fiber.join(impatient)).toMatchObject({ left: { reason: "held_back" } })
      yield* TestClock.setTime(6_000)
      yield* closeAt(7_000)
      yield* TestClock.setTime(20_000)
      expect(yield* Fiber.join(waiting)).toEqual(Either.right(14_000))
      expect(preparations).toEqual([0, 0, 6_000, 12_000])
    }).pipe(unjittered)
  )

  it.scoped("a call that leaves in the moment in which it is let out leaves its place to the next", () =>
    Effect.gen(function* () {
      const { arrived, gates, start, refuse } = yield* world()
      yield* start([0])
      yield* refuse(0, 1)
      const answer = yield* Deferred.make<void>()
      const first = gates.through(url, gates.visitor(patient), Deferred.await(answer))
      // Nothing runs between the answer to the first call, which lets out two more, and the interruption of one of them.
      const leaving = yield* Deferred.make<Fiber.Fiber<unknown, unknown>>()
      yield* Effect.fork(Effect.zipRight(first, Effect.flatMap(Deferred.await(leaving), Fiber.interrupt)))
      yield* settled
      const [second] = yield* start([2, 3, 4, 5])
      yield* Deferred.succeed(leaving, second ?? Fiber.void)
      yield* TestClock.adjust("1 second")
      expect(arrived).toEqual([0])
      yield* Deferred.succeed(answer, undefined)
      yield* settled
      expect(arrived).toEqual([0, 3, 4])
      yield* TestClock.adjust("1 second")
      expect(arrived).toEqual([0, 3, 4, 5])
    }).pipe(unjittered)
  )

  it.scoped("a late 429 that names no time does not shorten what the server asked for", () =>
    Effect.gen(function* () {
      const { attempt, gates, refuse, start } = yield* world()
      yield* start([0, 1])
      yield* refuse(0, 10)
      yield* refuse(1)
      expect(yield* Effect.flip(attempt(2, gates.visitor(0)))).toMatchObject({ reason: "held_back" })
    })
  )

  it.scoped("a 429 that names no time counts as that, also after one that named a time", () =>
    Effect.gen(function* () {
      const { arrived, attempt, gates, refuse } = yield* closed(1, [1])
      yield* TestClock.adjust("1 second")
      yield* refuse(1)
      yield* Effect.fork(attempt(2, gates.visitor(0)))
      yield* settled
      expect(arrived).toEqual([0, 1, 2])
    }).pipe(unjittered)
  )

  it.scoped("at a gate that has opened two calls are sent; the others wait for an answer, or a second each", () =>
    Effect.gen(function* () {
      const { arrived, serve, start } = yield* closed(1)
      yield* TestClock.adjust("1 second")
      yield* start([1, 2, 3, 4, 5])
      expect(arrived).toEqual([0, 1, 2])
      yield* TestClock.adjust("1 second")
      expect(arrived).toEqual([0, 1, 2, 3])
      yield* serve(1)
      yield* serve(2)
      expect(arrived).toEqual([0, 1, 2, 3, 4, 5])
    }).pipe(unjittered)
  )

  it.scoped("a call that comes after the last one was let out is sent, although no answer has come", () =>
    Effect.gen(function* () {
      const { arrived, start } = yield* closed(1, [1])
      yield* TestClock.adjust("3 seconds")
      yield* start([2, 3])
      expect(arrived).toEqual([0, 1, 2])
      yield* TestClock.adjust("1 second")
      expect(arrived).toEqual([0, 1, 2, 3])
    }).pipe(unjittered)
  )

  it.scoped("without a Retry-After, a success of a call from before the 429 opens nothing either", () =>
    Effect.gen(function* () {
      const { arrived, refuse, serve, start } = yield* world()
      yield* start([0, 1])
      yield* refuse(0)
      yield* serve(1)
      yield* start([2])
      expect(arrived).toEqual([0, 1])
      yield* TestClock.adjust("1 second")
      expect(arrived).toEqual([0, 1, 2])
    }).pipe(unjittered)
  )

  it.scoped("a call that may wait exactly as long as the gate is closed is not sent away", () =>
    Effect.gen(function* () {
      const { arrived, attempt, gates, refuse, start } = yield* world()
      yield* start([0, 1])
      yield* refuse(0, 2)
      yield* Effect.fork(attempt(2, gates.visitor(5_000)))
      yield* settled
      yield* refuse(1, 5)
      yield* TestClock.adjust("5 seconds")
      expect(arrived).toEqual([0, 1, 2])
    }).pipe(unjittered)
  )

  it.effect("L3: closing the layer interrupts the calls that wait", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { attempt, refuse, start } = yield* Scope.extend(world(), scope)
      yield* start([0])
      yield* refuse(0, 10)
      const waiting = yield* start([1, 2])
      yield* Scope.close(scope, Exit.void)
      const exits = yield* Effect.forEach(waiting, Fiber.join)
      expect(exits.every(Exit.isInterrupted)).toBe(true)
      expect(Exit.isInterrupted(yield* Effect.exit(attempt(3)))).toBe(true)
    })
  )

  it.scoped("at an open gate nobody is refused, and calls that do not wait take no turn of those that do", () =>
    Effect.gen(function* () {
      const { arrived, attempt, gates, serve } = yield* closed(1, [1, 2, 3])
      yield* TestClock.adjust("1 second")
      expect(arrived).toEqual([0, 1])
      const hasty = yield* Effect.forEach(Array.range(10, 59), (name) =>
        Effect.fork(Effect.exit(attempt(name, gates.visitor(0))))
      )
      yield* settled
      expect(arrived.slice(2)).toEqual(Array.range(10, 59))
      yield* serve(1)
      expect(arrived.slice(52)).toEqual([2, 3])
      yield* Fiber.interruptAll(hasty)
    }).pipe(unjittered)
  )

  it.scoped("C7: a call in an uninterruptible region waits no longer than it may", () =>
    Effect.gen(function* () {
      const { attempt, gates } = yield* closed(undefined, [1])
      // The gate opens after a second, but the answer to call 1 never comes, and only one call a second goes out.
      yield* Effect.forEach([2, 3, 4, 5], (name) => Effect.fork(attempt(name, gates.visitor(60_000))))
      const last = yield* Effect.fork(Effect.uninterruptible(Effect.flip(attempt(6, gates.visitor(2_000)))))
      yield* TestClock.adjust(2_400)
      expect(yield* Fiber.poll(last)).toMatchObject({ _tag: "Some" })
      expect(yield* Fiber.join(last)).toMatchObject({ _tag: "RateLimited", reason: "held_back" })
    }).pipe(unjittered)
  )

  it.scoped("another origin is not held back", () =>
    Effect.gen(function* () {
      const { gates } = yield* closed(10)
      expect(yield* gates.through("https://other.test/x", gates.visitor(0), Effect.succeed("sent"))).toBe("sent")
    })
  )

  type Step =
    | { readonly kind: "call"; readonly patience: number }
    | { readonly kind: "serve"; readonly pick: number }
    | { readonly kind: "leave"; readonly pick: number }
    | { readonly kind: "refuse"; readonly pick: number; readonly seconds: number | undefined }
    | { readonly kind: "pass"; readonly millis: number }

  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("call" as const), patience: fc.constantFrom(0, 2_000, 60_000) })
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constantFrom("serve" as const, "leave" as const), pick: fc.nat(50) })
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("refuse" as const),
        pick: fc.nat(50),
        seconds: fc.constantFrom(undefined, 1, 5)
      })
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("pass" as const), millis: fc.integer({ min: 1, max: 8_000 }) })
    }
  )

  it("for any order of events, calls are sent in order, never while closed, and every call ends", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), fc.integer(), (steps, seed) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const { arrived, attempt, gates, refuse, serve } = yield* world({ maxWaitingCalls: 5 })
            const running = new Map<number, Fiber.RuntimeFiber<Exit.Exit<"ok", RateLimited>>>()
            const isPatient = new Map<number, boolean>()
            let now = 0
            let closedUntil = 0
            const underWay = () => arrived.filter((name) => running.has(name))
            const drop = function* () {
              for (const [name, fiber] of running) {
                if (Option.isSome(yield* Fiber.poll(fiber))) {
                  running.delete(name)
                }
              }
            }
            for (const [name, current] of steps.entries()) {
              const before = arrived.length
              const onTheWay = underWay()
              switch (current.kind) {
                case "call": {
                  isPatient.set(name, current.patience > 0)
                  running.set(name, yield* Effect.fork(Effect.exit(attempt(name, gates.visitor(current.patience)))))
                  yield* settled
                  break
                }
                case "serve": {
                  const chosen = onTheWay[current.pick % Math.max(1, onTheWay.length)]
                  yield* chosen === undefined ? Effect.void : serve(chosen)
                  break
                }
                case "refuse": {
                  const chosen = onTheWay[current.pick % Math.max(1, onTheWay.length)]
                  if (chosen !== undefined) {
                    yield* refuse(chosen, current.seconds)
                    closedUntil = Math.max(closedUntil, now + (current.seconds ?? 0) * 1_000)
                  }
                  break
                }
                case "leave": {
                  const names = [...running.keys()]
                  const fiber = running.get(names[current.pick % Math.max(1, names.length)] ?? -1)
                  yield* fiber === undefined ? Effect.void : Fiber.interrupt(fiber)
                  yield* settled
                  break
                }
                case "pass": {
                  now += current.millis
                  yield* TestClock.adjust(current.millis)
                  break
                }
              }
              yield* drop()
              const letOut = arrived.slice(before).filter((each) => isPatient.get(each))
              // Within one step, the calls that waited are sent in the order in which they came.
              expect(letOut).toEqual([...letOut].sort((a, b) => a - b))
              if (now < closedUntil) {
                expect(letOut).toEqual([])
              }
              // No call is sent before one that waits and came earlier.
              const waiting = [...running.keys()].filter((each) => isPatient.get(each) && !arrived.includes(each))
              for (const each of letOut) {
                expect(waiting.every((other) => other > each)).toBe(true)
              }
              expect(waiting.length).toBeLessThanOrEqual(5)
            }
            // With time, and answers, every call ends.
            for (let turn = 0; turn < 100 && running.size > 0; turn++) {
              for (const name of underWay()) {
                yield* serve(name)
              }
              yield* TestClock.adjust("2 seconds")
              yield* drop()
            }
            expect(running.size).toBe(0)
            // After that, no call has to wait.
            yield* TestClock.adjust("2 minutes")
            expect(yield* gates.through(url, gates.visitor(0), Effect.succeed("sent"))).toBe("sent")
          }).pipe(Effect.scoped, Effect.withRandom(Random.make(seed)), Effect.provide(TestContext.TestContext))
        )
      ),
      { numRuns: Number(process.env.MODEL_RUNS ?? 100), seed: 6585 }
    )
  })
})
