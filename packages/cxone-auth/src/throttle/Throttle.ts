import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type * as Scope from "effect/Scope"
import type { RateLimited } from "../errors/CxoneAuthError.js"
import type { RetryAfter } from "../http/RetryAfter.js"
import * as BoundedMap from "../lookup/BoundedMap.js"
import * as RateGate from "./RateGate.js"
import * as WaitingLine from "./WaitingLine.js"

export type { Visitor } from "./WaitingLine.js"

/** What a server limits: a route, or a whole origin. */
export interface Limit extends WaitingLine.Limited {
  /** Requests with the same key share one line. The key of a whole origin is the origin. */
  readonly key: string
}

/** What a server calls a limit, and what an error may call it. */
export interface Named {
  readonly name: string
  readonly route: string | undefined
}

type Through = <Prepared, A, E>(
  limitOf: () => Limit,
  visitor: WaitingLine.Visitor,
  prepare: Effect.Effect<Prepared, E>,
  attempt: (prepared: Prepared) => Effect.Effect<A, E>
) => Effect.Effect<A, E | RateLimited>

/** The waiting lines in front of one API: one for each limit that said "not yet". Other requests cost nothing. */
export interface Throttle {
  /**
   * Makes the visitor for a call that may be held back for `patience` milliseconds in all, in a line of at most
   * `maxWaitingCalls`.
   */
  readonly visitor: (patience: number, maxWaitingCalls: number) => WaitingLine.Visitor
  /**
   * Runs `prepare` and then `attempt`, when the limit, or else its origin, lets the call through. `prepare` runs after the
   * wait, so that its result is fresh. If the gate closes during `prepare`, the call is held back.
   */
  readonly through: Through
  /** Called when a limit has said "not yet" to a visitor. */
  readonly close: (
    limit: Limit,
    visitor: WaitingLine.Visitor,
    said: RetryAfter,
    policy: RateGate.RateLimitPolicy
  ) => Effect.Effect<WaitingLine.Closed>
  /**
   * Called when the server has named a limit. From now on, all limits that it calls by this name share one line. Gives the
   * limit under its new name.
   */
  readonly rename: (limit: Limit, named: Named) => Effect.Effect<Limit>
}

/** A call's turn has come in a line that is not its own any more. */
class Moved {
  readonly _tag = "Moved"
}

const moved = new Moved()

/**
 * How many limits may have a line of their own. A further one uses the line of its origin. As many names are kept; the
 * oldest go first.
 */
const maxLines = 256

/** Makes the throttle. Closing the scope ends every call that waits. `onWait` is told of each call that has to wait. */
export const make = (onWait: () => void): Effect.Effect<Throttle, never, Scope.Scope> =>
  Effect.gen(function* () {
    const lines = new Map<string, WaitingLine.WaitingLine>()
    const names = new Map<string, Named>()
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

    const renamed = (limit: Limit): Limit => {
      const { origin } = limit
      const named = names.get(limit.key)
      return named === undefined
        ? limit
        : { key: `${origin} ${named.name}`, origin, ...(named.route === undefined ? {} : { route: named.route }) }
    }

    const find = (limit: Limit): WaitingLine.WaitingLine | undefined =>
      lines.get(renamed(limit).key) ?? lines.get(limit.origin)

    const openLine = ({ key, ...limited }: Limit): WaitingLine.WaitingLine => {
      const line: WaitingLine.WaitingLine = WaitingLine.make({
        limited,
        gate: RateGate.make(),
        run: (driver) => run(line, driver),
        onWait,
        onCalm: () => {
          // By the line, not by its key: another line may have that by now.
          lines.forEach((each, known) => void (each === line && lines.delete(known)))
        }
      })
      lines.set(key, line)
      // A client may outlive the service. Nothing would drive this line, so nobody may wait in it.
      if (isShut) {
        line.shutdown()
      }
      return line
    }

    const sweep = Effect.suspend(() =>
      Effect.forEach(
        Array.from(lines),
        ([key, line]) => Effect.map(line.isIdle, (isIdle) => isIdle && lines.delete(key)),
        { discard: true }
      )
    )

    const lineOf = Effect.fnUntraced(function* (limit: Limit) {
      const own = renamed(limit)
      yield* lines.size < maxLines ? Effect.void : sweep
      const whole = { key: limit.origin, origin: limit.origin }
      return lines.get(own.key) ?? (lines.size < maxLines ? openLine(own) : (lines.get(whole.key) ?? openLine(whole)))
    })

    const lineAt = (limitOf: () => Limit) => (lines.size === 0 ? undefined : find(limitOf()))

    const through: Through = <Prepared, A, E>(
      limitOf: () => Limit,
      visitor: WaitingLine.Visitor,
      prepare: Effect.Effect<Prepared, E>,
      attempt: (prepared: Prepared) => Effect.Effect<A, E>
    ): Effect.Effect<A, E | RateLimited> =>
      Effect.suspend(() => {
        const again = () => through(limitOf, visitor, prepare, attempt)
        const line = lineAt(limitOf)
        // During `prepare`, a 429 may have put this call under another limit. Then it goes to that line. Almost no call has
        // a line, so those without one pay for no handler of `Moved`.
        if (line === undefined) {
          return Effect.flatMap(prepare, (prepared) => (lineAt(limitOf) === undefined ? attempt(prepared) : again()))
        }
        // It gives up its place in its own line first.
        const go = (prepared: Prepared): Effect.Effect<A, E | Moved> => {
          const current = lineAt(limitOf)
          return current === undefined || current === line ? attempt(prepared) : Effect.fail(moved)
        }
        return Effect.catchAll(line.through<Prepared, A, E | Moved>(visitor, prepare, go), (error) =>
          error instanceof Moved ? again() : Effect.fail(error)
        )
      })

    return {
      visitor: (patience, maxWaitingCalls) => {
        visitors += 1
        return { number: visitors, patience, maxWaitingCalls, isPast: false }
      },
      through,
      close: (limit, visitor, said, policy) =>
        Effect.flatMap(lineOf(limit), (line) => line.close(visitor, said, policy)),
      rename: (limit, named) =>
        Effect.sync(() => {
          BoundedMap.put(names, limit.key, named, maxLines)
          // The first of these limits brings its line along, with the calls that wait in it.
          const [own, shared] = [lines.get(limit.key), renamed(limit)]
          if (own !== undefined && !lines.has(shared.key)) {
            lines.delete(limit.key)
            lines.set(shared.key, own)
          }
          return shared
        })
    }
  })
