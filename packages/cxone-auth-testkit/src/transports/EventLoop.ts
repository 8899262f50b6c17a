// Not the global function, which a test may replace by one whose time stands still.
import { setImmediate } from "node:timers"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"

/** How many requests pass before the event loop turns. */
const requestsPerTurn = 256

/**
 * For each request of a transport without a socket: now and then it waits until the event loop has turned. Otherwise an app
 * that calls without an end would let no timer fire, and not even the time-out of its test would end it. Requests that come
 * meanwhile wait, too, so that all keep their order.
 *
 * The fiber waits as one that yields. `TestClock` takes it for running, and lets no time pass.
 */
export const makeTurn = (): Effect.Effect<void> => {
  let passed = 0
  let held: Array<() => void> = []
  const release = () => {
    const tasks = held
    passed = 0
    held = []
    for (const resume of tasks) {
      resume()
    }
  }
  const afterTurn = Scheduler.make((resume) => {
    if (held.length === 0) {
      setImmediate(release)
    }
    held.push(resume)
  })
  const wait = Effect.withScheduler(Effect.yieldNow(), afterTurn)
  return Effect.suspend(() => {
    passed += 1
    return passed < requestsPerTurn ? Effect.void : wait
  })
}
