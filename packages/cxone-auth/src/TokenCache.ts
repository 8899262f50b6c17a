/**
 * The life of a token: served while it lasts, renewed by one exchange at a time.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import { type AccessToken, isSame } from "./AccessToken.js"
import * as TokenPolicy from "./TokenPolicy.js"

/**
 * The life of one token: of one client, at one endpoint, with one set of scopes.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenCache<E> {
  /**
   * The cached token, or a new one if there is none that lasts. However many fibers ask, at most one exchange is in
   * flight (L2). It belongs to none of them: a caller that is interrupted leaves at once and disturbs nobody (L3).
   * A failure is told to those who waited for it, and not remembered.
   */
  readonly get: Effect.Effect<AccessToken, E>
  /** Drops the token, but only if it is still the one in the cache (L9). */
  readonly invalidate: (token: AccessToken) => Effect.Effect<void>
}

type Flight<E> = Deferred.Deferred<AccessToken, E>

interface Held {
  readonly token: AccessToken
  readonly usableUntil: number
  /** Built once a token, so that a hit allocates nothing. */
  readonly served: Effect.Effect<AccessToken>
}

interface State<E> {
  readonly held: Held | undefined
  readonly flight: Flight<E> | undefined
}

const hold = (token: AccessToken): Held => ({
  token,
  usableUntil: TokenPolicy.usableUntil(token),
  served: Effect.succeed(token)
})

// A clock that was set back has made the token's age unknown; a new token costs less than a stale one.
const isUsable = ({ token, usableUntil }: Held, now: number): boolean => token.obtainedAt <= now && now < usableUntil

/**
 * Makes a cache that is filled by `exchange`, whose runs live in `scope`: closing it ends the one in flight, and those
 * who wait for it are interrupted (L3).
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E>(exchange: Effect.Effect<AccessToken, E>, scope: Scope.Scope): TokenCache<E> => {
  const state = Ref.unsafeMake<State<E>>({ held: undefined, flight: undefined })

  const land = (flight: Flight<E>, exit: Exit.Exit<AccessToken, E>) =>
    Ref.update(state, ({ held }) => ({
      held: Exit.isSuccess(exit) ? hold(exit.value) : held,
      flight: undefined
    })).pipe(Effect.zipRight(Deferred.done(flight, exit)))

  // Called, and so forked, where nothing interrupts: a fiber that is interrupted before its first step never lands.
  const start = (flight: Flight<E>) =>
    Effect.interruptible(exchange).pipe(
      Effect.exit,
      Effect.flatMap((exit) => land(flight, exit)),
      Effect.forkIn(scope)
    )

  const board = (now: number): Effect.Effect<AccessToken, E> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatten(
        Ref.modify(state, (current): readonly [Effect.Effect<AccessToken, E>, State<E>] => {
          if (current.held !== undefined && isUsable(current.held, now)) {
            return [current.held.served, current]
          }
          if (current.flight !== undefined) {
            return [restore(Deferred.await(current.flight)), current]
          }
          const flight = Deferred.unsafeMake<AccessToken, E>(FiberId.none)
          return [Effect.zipRight(start(flight), restore(Deferred.await(flight))), { ...current, flight }]
        })
      )
    )

  return {
    get: Effect.flatMap(Ref.get(state), ({ held }) =>
      Effect.clockWith((clock) => {
        const now = clock.unsafeCurrentTimeMillis()
        return held !== undefined && isUsable(held, now) ? held.served : board(now)
      })
    ),
    invalidate: (token) =>
      Ref.update(state, (current) =>
        current.held !== undefined && isSame(current.held.token, token) ? { ...current, held: undefined } : current
      )
  }
}
