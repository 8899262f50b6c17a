/** What is still there after everything has been closed: fibers, and handles that keep the process from its end. */
import { Array, Effect, Fiber, Schedule, Supervisor } from "effect"

export interface Leftovers {
  readonly fibers: ReadonlyArray<string>
  readonly handles: ReadonlyArray<string>
}

const nameOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>): string => `#${fiber.id().id}`

// What the one list has more of than the other.
const without = (list: ReadonlyArray<string>, known: ReadonlyArray<string>): ReadonlyArray<string> =>
  Array.reduce(known, list, (left, each) => {
    const found = left.indexOf(each)
    return found === -1 ? left : Array.remove(left, found)
  })

// After a timer each time, so that one that is just over counts in both looks or in none.
const handles = Effect.delay(
  Effect.sync(() => process.getActiveResourcesInfo()),
  "50 millis"
)

const settling = Schedule.recurs(60)

/**
 * Runs it, and looks for what it has left. Fibers that it forked are seen wherever they were forked to; those that were
 * started outside of any fiber, by a stream that became a web stream for example, if they are roots. What ends within
 * three seconds is no leftover: a socket closes when both sides say so.
 */
export const after = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, Leftovers], E, R> =>
  Effect.gen(function* () {
    const supervisor = yield* Supervisor.track
    const rootsBefore = new Set(yield* Fiber.roots)
    const handlesBefore = yield* handles
    const result = yield* Effect.supervised(effect, supervisor)

    const look = Effect.gen(function* () {
      const fibers = new Set([...(yield* supervisor.value), ...(yield* Fiber.roots)])
      return {
        fibers: Array.fromIterable(fibers)
          .filter((fiber) => !rootsBefore.has(fiber))
          .map(nameOf),
        handles: without(yield* handles, handlesBefore)
      }
    })
    const left = yield* look.pipe(
      Effect.filterOrFail(
        ({ fibers, handles }) => fibers.length + handles.length === 0,
        (left) => left
      ),
      Effect.retry(settling),
      Effect.merge
    )
    return [result, left]
  })
