import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import type { RateLimited } from "../errors/CxoneAuthError.js"
import type { RetryAfter } from "../http/RetryAfter.js"
import * as RateGate from "./RateGate.js"
import * as WaitingLine from "./WaitingLine.js"

export type { Visitor } from "./WaitingLine.js"
export { RateGate }

/** The waiting lines in front of one API: one for each origin that said "not yet". Other origins cost nothing. */
export interface Throttle {
  /**
   * Makes the visitor for a call that may be held back for `patience` milliseconds in all, in a line of at most
   * `maxWaitingCalls`.
   */
  readonly visitor: (patience: number, maxWaitingCalls: number) => WaitingLine.Visitor
  /** Runs an attempt at a URL when its origin takes it. */
  readonly through: <A, E>(
    url: string,
    visitor: WaitingLine.Visitor,
    attempt: Effect.Effect<A, E>
  ) => Effect.Effect<A, E | RateLimited>
  /** Called when an origin has said "not yet". Gives for how many milliseconds nothing is sent there. */
  readonly close: (origin: string, said: RetryAfter, policy: RateGate.RateLimitPolicy) => Effect.Effect<number>
}

/** Makes the throttle. Closing the scope ends every call that waits. `onWait` is told of each call that has to wait. */
export const make = (onWait: () => void): Effect.Effect<Throttle, never, Scope.Scope> =>
  Effect.gen(function* () {
    const lines = new Map<string, WaitingLine.WaitingLine>()
    let visitors = 0
    let isShut = false

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isShut = true
        lines.forEach((line) => void line.shutdown())
      })
    )
    // The fiber that drives a line belongs to the layer, not to the call that was answered first.
    const run = yield* FiberMap.makeRuntime<never, WaitingLine.WaitingLine, never, void>()

    const openLine = (origin: string): WaitingLine.WaitingLine => {
      const line: WaitingLine.WaitingLine = WaitingLine.make({
        origin,
        gate: RateGate.make(),
        run: (driver) => run(line, driver),
        onWait,
        onCalm: () => {
          // A late answer to a call of this line must not take away the line that came after it.
          if (lines.get(origin) === line) {
            lines.delete(origin)
          }
        }
      })
      lines.set(origin, line)
      // A client may outlive the service. Nothing would drive this line, so nobody may wait in it.
      if (isShut) {
        line.shutdown()
      }
      return line
    }

    return {
      visitor: (patience, maxWaitingCalls) => {
        visitors += 1
        return { number: visitors, patience, maxWaitingCalls }
      },
      through: (url, visitor, attempt) =>
        Effect.suspend(() =>
          lines.size === 0 ? attempt : (lines.get(new URL(url).origin)?.through(visitor, attempt) ?? attempt)
        ),
      close: (origin, said, policy) => Effect.suspend(() => (lines.get(origin) ?? openLine(origin)).close(said, policy))
    }
  })
