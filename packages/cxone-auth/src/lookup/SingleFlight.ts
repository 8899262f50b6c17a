/**
 * Work under way, and who waits for it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"

/**
 * Work that is done once for all who wait for it. A `Deferred` would do as well, but a fiber that waits for one takes
 * 3.1 KB, here 2.3; when 10,000 wait, most of the time is garbage collection, and there is a quarter less of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Flight<A, E> {
  /** Waits until it lands. Who is interrupted leaves at once. */
  readonly wait: Effect.Effect<A, E>
  /** Tells everybody who waits, in the order in which they came, and whoever comes later. */
  readonly land: (exit: Exit.Exit<A, E>) => void
}

interface Waiter<A, E> {
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  readonly resume: (exit: Exit.Exit<A, E>) => void
}

// A fiber that was interrupted while it waited ends.
const isWaiting = ({ fiber }: Waiter<never, never>): boolean => fiber.unsafePoll() === null

/**
 * Makes a flight that has not landed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A, E = never>(): Flight<A, E> => {
  let landed: Exit.Exit<A, E> | undefined
  let waiters: Array<Waiter<A, E>> = []
  let roomFor = 1_000

  // To strike out each that leaves would cost each that stays twice its memory. So those who have left are looked for
  // when they may be half of all.
  const add = (waiter: Waiter<A, E>) => {
    if (waiters.length === roomFor) {
      waiters = waiters.filter(isWaiting)
      roomFor = Math.max(1_000, 2 * waiters.length)
    }
    waiters.push(waiter)
  }

  return {
    wait: Effect.withFiberRuntime<A, E>(
      (fiber) =>
        landed ??
        Effect.async<A, E>((resume) => {
          add({ fiber, resume })
        })
    ),
    land: (exit) => {
      landed = exit
      for (const { resume } of waiters.splice(0)) {
        resume(exit)
      }
    }
  }
}
