/**
 * The life of a token: served while it lasts, renewed ahead of its end, by one exchange at a time.
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
import * as MutableRef from "effect/MutableRef"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { type AccessToken, isSame } from "./AccessToken.js"
import type { CacheState, Metrics, RenewalReason, TokenMetrics } from "./Metrics.js"
import type { ScopeSet } from "./ScopeSet.js"
import { backoff, renewableFrom, type TokenPolicy, usableUntil } from "./TokenPolicy.js"

/**
 * The tokens of one client at one endpoint, each in a slot of its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenCache<E> {
  /** An empty slot, for the token with these scopes. */
  readonly slot: (scopes: ScopeSet) => Slot<E>
  /**
   * The cached token, or a new one if there is none that lasts. However many fibers ask, at most one exchange is in
   * flight (L2). It belongs to none of them: a caller that is interrupted leaves at once and disturbs nobody (L3).
   * A failure is told to those who waited for it, and not remembered.
   *
   * The first caller in the refresh window starts a renewal, and gets the current token like all others (L4). If it
   * fails it is tried again until the margin; no caller is told (L5). `observe` hears how the token is come by.
   */
  readonly get: (
    slot: Slot<E>,
    clock: Clock.Clock,
    observe: (cache: CacheState) => void
  ) => Effect.Effect<AccessToken, E>
  /** Drops the token, but only if it is still the one in the slot (L9). */
  readonly invalidate: (slot: Slot<E>, token: AccessToken) => Effect.Effect<void>
  /** What is in the slot. Looking changes nothing. */
  readonly snapshot: (slot: Slot<E>) => Effect.Effect<Snapshot>
}

/**
 * The place of one token. There may be a hundred thousand, so what they have in common is not here.
 *
 * @since 0.1.0
 * @category models
 */
export interface Slot<E> {
  readonly scopes: ScopeSet
  readonly metrics: TokenMetrics
  /** What a `Ref` holds, without the effect: reading it is on the path of every call. */
  readonly state: MutableRef.MutableRef<State<E>>
}

/**
 * What is in a slot at one moment.
 *
 * @since 0.1.0
 * @category models
 */
export interface Snapshot {
  /** The token, while it may be handed out. */
  readonly token: AccessToken | undefined
  readonly isRenewing: boolean
  readonly lastFailure: LastFailure | undefined
}

/**
 * The last exchange that failed: the error's tag (`Defect` for a bug), and when, in milliseconds since the epoch.
 *
 * @since 0.1.0
 * @category models
 */
export interface LastFailure {
  readonly tag: string
  readonly at: number
}

/** What an exchange may fail with. */
interface Failure {
  readonly _tag: string
  readonly retryAfter?: Option.Option<Duration.Duration>
}

type Flight<E> = Deferred.Deferred<AccessToken, E>

interface Held {
  readonly token: AccessToken
  readonly usableUntil: number
  /** Until when nothing is to be done but to hand it out: until it may be renewed, and once it is, to the margin. */
  readonly settledUntil: number
  readonly cache: "hit" | "stale"
  /** Built once a token, so that a hit allocates nothing. */
  readonly served: Effect.Effect<AccessToken>
}

interface State<E> {
  readonly held: Held | undefined
  readonly flight: Flight<E> | undefined
  readonly wasInvalidated: boolean
  readonly lastFailure: LastFailure | undefined
}

type Step<E, A> = readonly [Effect.Effect<A, E>, State<E>]

// A clock that was set back has made the token's age unknown; a new token costs less than a stale one.
const isWithin = ({ token }: Held, end: number, now: number): boolean => token.obtainedAt <= now && now < end

const reasonOf = ({ held, wasInvalidated }: Pick<State<never>, "held" | "wasInvalidated">): RenewalReason => {
  if (held !== undefined) {
    return "expired"
  }
  return wasInvalidated ? "invalidated" : "first"
}

const failureOf = (cause: Cause.Cause<Failure>, at: number): LastFailure => ({
  tag: Option.match(Cause.failureOption(cause), { onNone: () => "Defect", onSome: ({ _tag }) => _tag }),
  at: Math.round(at)
})

/** What the provider asked for: a renewal that nobody waits for has all the time. */
const askedBy = (exit: Exit.Exit<unknown, Failure>): Duration.Duration =>
  Exit.match(exit, {
    onSuccess: () => Duration.zero,
    onFailure: (cause) =>
      Cause.failureOption(cause).pipe(
        Option.flatMap(({ retryAfter }) => retryAfter ?? Option.none()),
        Option.getOrElse(() => Duration.zero)
      )
  })

/**
 * Makes a cache that is filled by `exchange`, whose runs live in `scope`: closing it ends those in flight, and those
 * who wait for them are interrupted (L3).
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E extends Failure>(options: {
  readonly exchange: (scopes: ScopeSet) => Effect.Effect<AccessToken, E>
  readonly policy: TokenPolicy
  readonly metrics: Pick<Metrics, "ofToken">
  readonly scope: Scope.Scope
}): TokenCache<E> => {
  const { exchange, policy, scope } = options

  const empty: State<E> = { held: undefined, flight: undefined, wasInvalidated: false, lastFailure: undefined }

  const hold = (token: AccessToken, draw: number): Held => ({
    token,
    usableUntil: usableUntil(policy, token),
    settledUntil: renewableFrom(policy, token, draw),
    cache: "hit",
    served: Effect.succeed(token)
  })

  const land = (
    { metrics, state }: Slot<E>,
    flight: Flight<E>,
    reason: RenewalReason,
    exit: Exit.Exit<AccessToken, E>
  ) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const draw = yield* Random.next
      MutableRef.update(
        state,
        (current): State<E> => ({
          held: Exit.isSuccess(exit) ? hold(exit.value, draw) : current.held,
          flight: undefined,
          wasInvalidated: Exit.isFailure(exit) && current.wasInvalidated,
          lastFailure:
            Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)
              ? current.lastFailure
              : failureOf(exit.cause, now)
        })
      )
      if (Exit.isSuccess(exit)) {
        metrics.renewed(reason)
      }
      yield* Deferred.done(flight, exit)
    })

  // Called, and so forked, where nothing interrupts: a fiber that is interrupted before its first step never lands.
  const launch = (
    slot: Slot<E>,
    current: State<E>,
    reason: RenewalReason,
    wait: (flight: Flight<E>) => Effect.Effect<AccessToken, E>
  ): Step<E, AccessToken> => {
    const flight = Deferred.unsafeMake<AccessToken, E>(FiberId.none)
    const start = Effect.interruptible(exchange(slot.scopes)).pipe(
      Effect.exit,
      Effect.flatMap((exit) => land(slot, flight, reason, exit)),
      Effect.forkIn(scope)
    )
    return [Effect.zipRight(start, wait(flight)), { ...current, flight }]
  }

  const step = <A>(
    { state }: Slot<E>,
    take: (current: State<E>, now: number, wait: (flight: Flight<E>) => Effect.Effect<AccessToken, E>) => Step<E, A>
  ): Effect.Effect<A, E> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const [next, after] = take(MutableRef.get(state), now, (flight) => restore(Deferred.await(flight)))
        MutableRef.set(state, after)
        return next
      })
    )

  const schedule = Schedule.identity<Exit.Exit<unknown, E>>().pipe(
    Schedule.intersect(backoff(policy)),
    Schedule.modifyDelay(([exit], delay) => Duration.max(delay, askedBy(exit)))
  )

  // Until the token has a successor, was dropped, or is at its margin: from there on the callers see to it themselves.
  // Should the clock be set back behind the margin after all, the next caller can start anew.
  const renew = (slot: Slot<E>, held: Held, renewing: Held) =>
    step<AccessToken | undefined>(slot, (current, now, wait) => {
      if (current.held !== renewing) {
        return [Effect.succeed(undefined), current]
      }
      if (!isWithin(renewing, renewing.usableUntil, now)) {
        return [Effect.succeed(undefined), { ...current, held }]
      }
      return current.flight === undefined ? launch(slot, current, "ahead", wait) : [wait(current.flight), current]
    }).pipe(Effect.exit, Effect.repeat({ while: Exit.isFailure, schedule }), Effect.interruptible, Effect.forkIn(scope))

  const serve = (
    metrics: TokenMetrics,
    held: Held,
    now: number,
    observe: (cache: CacheState) => void
  ): Effect.Effect<AccessToken> => {
    observe(held.cache)
    metrics.served(held.cache, held.token.expiresAt - now)
    return held.served
  }

  const serveFrom = (
    { metrics }: Slot<E>,
    cache: "joined" | "miss",
    token: Effect.Effect<AccessToken, E>,
    observe: (cache: CacheState) => void
  ) =>
    Effect.sync(() => observe(cache)).pipe(
      Effect.zipRight(token),
      Effect.tap(({ expiresAt }) =>
        Effect.map(Clock.currentTimeMillis, (now) => metrics.served(cache, expiresAt - now))
      )
    )

  const board = (slot: Slot<E>, observe: (cache: CacheState) => void) =>
    step<AccessToken>(slot, (current, now, wait) => {
      const { flight, held } = current
      if (held !== undefined && isWithin(held, held.settledUntil, now)) {
        return [Effect.suspend(() => serve(slot.metrics, held, now, observe)), current]
      }
      if (held !== undefined && isWithin(held, held.usableUntil, now)) {
        const renewing: Held = { ...held, cache: "stale", settledUntil: held.usableUntil }
        const served = Effect.suspend(() => serve(slot.metrics, renewing, now, observe))
        return [Effect.zipRight(renew(slot, held, renewing), served), { ...current, held: renewing }]
      }
      return flight === undefined
        ? launch(slot, current, reasonOf(current), (started) => serveFrom(slot, "miss", wait(started), observe))
        : [serveFrom(slot, "joined", wait(flight), observe), current]
    })

  return {
    slot: (scopes) => ({
      scopes,
      metrics: options.metrics.ofToken(scopes),
      state: MutableRef.make(empty)
    }),
    get: (slot, clock, observe) => {
      const { held } = MutableRef.get(slot.state)
      const now = clock.unsafeCurrentTimeMillis()
      return held !== undefined && isWithin(held, held.settledUntil, now)
        ? serve(slot.metrics, held, now, observe)
        : board(slot, observe)
    },
    invalidate: ({ state }, token) =>
      Effect.sync(() => {
        const current = MutableRef.get(state)
        if (current.held !== undefined && isSame(current.held.token, token)) {
          MutableRef.set(state, { ...current, held: undefined, wasInvalidated: true })
        }
      }),
    snapshot: ({ state }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const { flight, held, lastFailure } = MutableRef.get(state)
        const token = held !== undefined && isWithin(held, held.usableUntil, now) ? held.token : undefined
        return {
          token,
          isRenewing: flight !== undefined || (token !== undefined && held?.cache === "stale"),
          lastFailure
        }
      })
  }
}
