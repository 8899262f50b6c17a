/**
 * Something that is looked up once for many.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"

/**
 * Something that is looked up once for many.
 *
 * @since 0.1.0
 * @category models
 */
export interface SharedLookup<A, E> {
  /**
   * What was found. However many fibers ask, one lookup runs, and it belongs to none of them. Once it is old it is still
   * given, and looked up anew in the background. A failure is told to those who waited for it, and not remembered, unless
   * it says until when it is pointless to ask again.
   */
  readonly get: Effect.Effect<A, E>
}

interface Found<A> {
  readonly value: A
  /** In milliseconds since the epoch, as `freshUntil`. */
  readonly since: number
  readonly freshUntil: number
}

interface Refused<E> {
  readonly error: E
  /** In milliseconds since the epoch, as `until`. */
  readonly since: number
  readonly until: number
}

interface State<A, E> {
  readonly found: Found<A> | undefined
  readonly refused: Refused<E> | undefined
  readonly flight: Deferred.Deferred<A, E> | undefined
}

// A clock that was set back has made its age unknown.
const isFresh = ({ freshUntil, since }: Found<unknown>, now: number): boolean => since <= now && now < freshUntil

/**
 * Makes a lookup whose runs live in `scope`: closing it ends the one in flight, and those who wait for it are
 * interrupted. What it finds is fresh for `lifetime`; where it fails then, it is tried again after `pause`. `holdOff` says
 * of a failure for how long everybody is to be told the same, with `left` of that time still to go.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A, E>(options: {
  readonly lookup: Effect.Effect<A, E>
  readonly lifetime: Duration.Duration
  readonly pause: Duration.Duration
  readonly holdOff: (error: E) => Duration.Duration
  readonly stillToGo: (error: E, left: Duration.Duration) => E
  readonly scope: Scope.Scope
}): SharedLookup<A, E> => {
  const state = Ref.unsafeMake<State<A, E>>({ found: undefined, refused: undefined, flight: undefined })

  const fresh = (value: A, since: number, lifetime: Duration.Duration): Found<A> => ({
    value,
    since,
    freshUntil: since + Duration.toMillis(lifetime)
  })

  const refusedBy = (exit: Exit.Exit<A, E>, now: number): Refused<E> | undefined =>
    Exit.match(exit, {
      onSuccess: () => undefined,
      onFailure: (cause) =>
        Option.getOrUndefined(
          Option.map(Cause.failureOption(cause), (error) => ({
            error,
            since: now,
            until: now + Duration.toMillis(options.holdOff(error))
          }))
        )
    })

  const foundBy = (
    exit: Exit.Exit<A, E>,
    known: Found<A> | undefined,
    refused: Refused<E> | undefined,
    now: number
  ): Found<A> | undefined => {
    if (Exit.isSuccess(exit)) {
      return fresh(exit.value, now, options.lifetime)
    }
    const holdOff = Duration.millis(refused === undefined ? 0 : refused.until - now)
    return known && fresh(known.value, now, Duration.max(options.pause, holdOff))
  }

  const land = (flight: Deferred.Deferred<A, E>, exit: Exit.Exit<A, E>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const refused = refusedBy(exit, now)
      return Effect.zipRight(
        Ref.update(state, ({ found }) => ({ found: foundBy(exit, found, refused, now), refused, flight: undefined })),
        Deferred.done(flight, exit)
      )
    })

  // Forked where nothing interrupts: a fiber that is interrupted before its first step never lands.
  const launch = (flight: Deferred.Deferred<A, E>) =>
    Effect.interruptible(options.lookup).pipe(
      Effect.exit,
      Effect.flatMap((exit) => land(flight, exit)),
      Effect.forkIn(options.scope)
    )

  const board = Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.flatten(
        Ref.modify(state, (current): readonly [Effect.Effect<A, E>, State<A, E>] => {
          const { found, flight, refused } = current
          if (found !== undefined && (flight !== undefined || isFresh(found, now))) {
            return [Effect.succeed(found.value), current]
          }
          if (flight !== undefined) {
            return [restore(Deferred.await(flight)), current]
          }
          if (found === undefined && refused !== undefined && refused.since <= now && now < refused.until) {
            return [Effect.fail(options.stillToGo(refused.error, Duration.millis(refused.until - now))), current]
          }
          const started = Deferred.unsafeMake<A, E>(FiberId.none)
          const value = found === undefined ? restore(Deferred.await(started)) : Effect.succeed(found.value)
          return [Effect.zipRight(launch(started), value), { found, refused: undefined, flight: started }]
        })
      )
    )
  )

  return {
    // Every call comes by here: what is fresh is had without a turn in line.
    get: Effect.flatMap(Ref.get(state), ({ found }) =>
      Effect.clockWith((clock) =>
        found !== undefined && isFresh(found, clock.unsafeCurrentTimeMillis()) ? Effect.succeed(found.value) : board
      )
    )
  }
}
