import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Period from "../token/Period.js"
import * as SingleFlight from "./SingleFlight.js"

interface State<A, E> {
  readonly found: { readonly value: A; readonly fresh: Period.Period } | undefined
  readonly refused: { readonly error: E; readonly holdOff: Period.Period } | undefined
  /** How many lookups have failed in a row. */
  readonly failures: number
  readonly flight: Effect.Effect<A, E> | undefined
}

const empty: State<never, never> = { found: undefined, refused: undefined, failures: 0, flight: undefined }

/**
 * Makes an effect that looks something up once for everybody who asks, in `scope`. The value is fresh for `lifetime`.
 * An old value is still given, while one lookup runs in the background; if it fails, the next one starts after `pause`,
 * or after `holdOff` if that is longer. Without a value, a failure goes to the callers that waited. `holdOff` says how
 * long it is remembered, given how many lookups have failed in a row. Within that time, a caller gets the failure
 * `stillToGo(error, left)`, and no lookup starts. The callers that waited, and
 * `onFailure`, get `until(error, held)`.
 */
export const make = <A, E>(options: {
  readonly lookup: Effect.Effect<A, E>
  readonly lifetime: Duration.Duration
  readonly pause: Duration.Duration
  readonly holdOff: (error: E, failures: number) => Duration.Duration
  readonly until: (error: E, held: Duration.Duration) => E
  readonly onFailure: (error: E) => Effect.Effect<void>
  readonly stillToGo: (error: E, left: Duration.Duration) => E
  readonly scope: Scope.Scope
}): Effect.Effect<A, E> => {
  const { holdOff, lifetime, onFailure, pause, scope, stillToGo, until } = options
  const state = Ref.unsafeMake<State<A, E>>(empty)

  const refuse = (error: E) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Ref.modify(state, (current): readonly [E, State<A, E>] => {
        const failures = current.failures + 1
        const least = current.found === undefined ? Duration.zero : pause
        const held = Duration.max(least, holdOff(error, failures))
        const refused = { error: until(error, held), holdOff: Period.make(now, held) }
        return [refused.error, { ...current, failures, refused }]
      })
    )

  const lookup = Effect.catchAll(options.lookup, (error) =>
    refuse(error).pipe(Effect.tap(onFailure), Effect.flatMap(Effect.fail))
  )

  const afterFailure = ({ found, refused, ...rest }: State<A, E>, now: number): State<A, E> => {
    const fresh = refused?.holdOff ?? Period.make(now, pause)
    return { ...rest, found: found && { value: found.value, fresh }, refused, flight: undefined }
  }

  const land = (exit: Exit.Exit<A, E>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Ref.update(state, (current) =>
        Exit.match(exit, {
          onSuccess: (value) => ({ ...empty, found: { value, fresh: Period.make(now, lifetime) } }),
          onFailure: () => afterFailure(current, now)
        })
      )
    )

  const join = Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.flatten(
        Ref.modify(state, (current): readonly [Effect.Effect<A, E>, State<A, E>] => {
          const { flight, found, refused } = current
          if (found !== undefined && (flight !== undefined || Period.isCurrent(found.fresh, now))) {
            return [Effect.succeed(found.value), current]
          }
          if (flight !== undefined) {
            return [restore(flight), current]
          }
          if (found === undefined && refused !== undefined && Period.isCurrent(refused.holdOff, now)) {
            return [Effect.fail(stillToGo(refused.error, Duration.millis(Period.left(refused.holdOff, now)))), current]
          }
          const { start, wait } = SingleFlight.make({ work: lookup, land, scope })
          const value = found === undefined ? restore(wait) : Effect.succeed(found.value)
          return [Effect.zipRight(start, value), { ...current, refused: undefined, flight: wait }]
        })
      )
    )
  )

  // Every call runs this, and most find a fresh value. They only read the state, so they don't go through `join`.
  return Effect.flatMap(Ref.get(state), ({ found }) =>
    Effect.clockWith((clock) =>
      found !== undefined && Period.isCurrent(found.fresh, clock.unsafeCurrentTimeMillis())
        ? Effect.succeed(found.value)
        : join
    )
  )
}
