import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

/**
 * Work that runs once for everybody who waits for it (L2), and belongs to none of them (L3). A `Deferred` would do the
 * same, but takes more memory for each waiting fiber; if 10,000 wait, most of their time is the collection of it.
 */
export interface SingleFlight<A, E> {
  /**
   * Starts the work. Run it once, in an uninterruptible region: a fiber that is interrupted before its first step would
   * never resume the waiters.
   */
  readonly start: Effect.Effect<void>
  /** Waits for the end of the work. Interrupting a waiter doesn't disturb the others. */
  readonly wait: Effect.Effect<A, E>
  /**
   * The same, and `onJoined` hears of each that got the result, and of one that is still in its finalizers. So a waiter needs
   * no step of its own for that.
   */
  readonly join: Effect.Effect<A, E>
}

interface Waiter<A, E> {
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  readonly resume: (exit: Exit.Exit<A, E>) => void
  readonly hasJoined: boolean
}

const isWaiting = ({ fiber }: Pick<Waiter<never, never>, "fiber">): boolean => fiber.unsafePoll() === null

/**
 * Makes a flight for work that runs in `scope`: closing the scope interrupts the work and those who wait for it. `land`
 * runs before the waiters hear of the end, so that they find the state that it leaves.
 */
export const make = <A, E>(options: {
  readonly work: Effect.Effect<A, E>
  readonly land: (exit: Exit.Exit<A, E>) => Effect.Effect<void>
  readonly onJoined?: (result: A) => void
  readonly scope: Scope.Scope
}): SingleFlight<A, E> => {
  const { land, onJoined = constVoid, scope, work } = options
  let end: Exit.Exit<A, E> | undefined
  let waiters: Array<Waiter<A, E>> = []
  let sweepAt = 1_000

  // Interrupted waiters are swept only when the list has doubled: removing each one would double the memory per waiter.
  const add = (waiter: Waiter<A, E>) => {
    if (waiters.length === sweepAt) {
      waiters = waiters.filter(isWaiting)
      sweepAt = Math.max(1_000, 2 * waiters.length)
    }
    waiters.push(waiter)
  }

  const noteJoined = (exit: Exit.Exit<A, E>) => {
    if (Exit.isSuccess(exit)) {
      onJoined(exit.value)
    }
  }

  const tell = (exit: Exit.Exit<A, E>) => {
    end = exit
    for (const waiter of waiters.splice(0)) {
      if (waiter.hasJoined && isWaiting(waiter)) {
        noteJoined(exit)
      }
      waiter.resume(exit)
    }
  }

  // The end is looked at where the waiter is added: between two steps of a fiber, the flight may land. `Effect.async`
  // registers in the fiber that waits, so the fiber is known without a step for it.
  const waiting = (hasJoined: boolean) =>
    Effect.async<A, E>((resume) => {
      if (end === undefined) {
        add({ fiber: Option.getOrThrow(Fiber.getCurrentFiber()), resume, hasJoined })
        return
      }
      if (hasJoined) {
        noteJoined(end)
      }
      resume(end)
    })

  return {
    start: Effect.interruptible(work).pipe(
      Effect.exit,
      Effect.tap(land),
      Effect.map(tell),
      Effect.forkIn(scope),
      Effect.asVoid
    ),
    wait: waiting(false),
    join: waiting(true)
  }
}
