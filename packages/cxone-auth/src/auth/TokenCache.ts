/**
 * The life of a token: served while it lasts, renewed ahead of its end, by one exchange at a time.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as SingleFlight from "../lookup/SingleFlight.js"
import type { CacheState, RenewalReason } from "../telemetry/Metrics.js"
import type { AccessToken } from "../token/AccessToken.js"
import type { ScopeSet } from "../token/ScopeSet.js"
import { backoff, renewableFrom, type TokenPolicy, usableUntil } from "../token/TokenPolicy.js"
import * as TokenSlot from "./TokenSlot.js"

/**
 * The tokens of one client at one endpoint, each in a slot of its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenCache<E> {
  /**
   * The cached token, or a new one if there is none that lasts. However many fibers ask, at most one exchange is in
   * flight (L2). It belongs to none of them: a caller that is interrupted leaves at once and disturbs nobody (L3).
   * A failure is told to those who waited for it, and not remembered. A token is handed to them as it came, even one
   * whose margin began while it was under way: nobody else gets that.
   *
   * The first caller in the refresh window starts a renewal, and gets the current token like all others (L4). If it
   * fails it is tried again until the margin; no caller is told (L5). `observe` hears how the token is come by.
   */
  readonly get: (slot: TokenSlot.TokenSlot<E>, observe: (cache: CacheState) => void) => Effect.Effect<AccessToken, E>
}

/** What an exchange may fail with. */
interface Failure {
  readonly _tag: string
  readonly retryAfter?: Option.Option<Duration.Duration>
}

type Slot<E> = TokenSlot.TokenSlot<E>
type State<E> = TokenSlot.State<E>
type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
type Step<E, A> = readonly [Effect.Effect<A, E>, State<E>]

const reasonOf = ({ held, wasInvalidated }: Pick<State<never>, "held" | "wasInvalidated">): RenewalReason => {
  if (held !== undefined) {
    return "expired"
  }
  return wasInvalidated ? "invalidated" : "first"
}

const failureOf = (cause: Cause.Cause<Failure>, at: number): TokenSlot.LastFailure => ({
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
  readonly scope: Scope.Scope
}): TokenCache<E> => {
  const { exchange, policy, scope } = options

  const hold = (token: AccessToken, draw: number): TokenSlot.Held => ({
    token,
    served: Exit.succeed(token),
    cache: "hit",
    obtainedAt: token.obtainedAt,
    settledFor: Math.floor(renewableFrom(policy, token, draw) - token.obtainedAt),
    usableFor: Math.floor(usableUntil(policy, token) - token.obtainedAt)
  })

  const land = (
    slot: Slot<E>,
    flight: SingleFlight.Flight<AccessToken, E>,
    reason: RenewalReason,
    exit: Exit.Exit<AccessToken, E>
  ) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const draw = yield* Random.next
      const { held, lastFailure, wasInvalidated } = slot.state
      slot.state = {
        held: Exit.isSuccess(exit) ? hold(exit.value, draw) : held,
        flight: undefined,
        wasInvalidated: Exit.isFailure(exit) && wasInvalidated,
        lastFailure:
          Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause) ? lastFailure : failureOf(exit.cause, now)
      }
      if (Exit.isSuccess(exit)) {
        slot.metrics.renewed(reason)
      }
      flight.land(exit)
    })

  // Called, and so forked, where nothing interrupts: a fiber that is interrupted before its first step never lands.
  const launch = (
    slot: Slot<E>,
    current: State<E>,
    reason: RenewalReason,
    wait: (flight: Effect.Effect<AccessToken, E>) => Effect.Effect<AccessToken, E>
  ): Step<E, AccessToken> => {
    const flight = SingleFlight.make<AccessToken, E>()
    const start = Effect.interruptible(exchange(slot.scopes)).pipe(
      Effect.exit,
      Effect.flatMap((exit) => land(slot, flight, reason, exit)),
      Effect.forkIn(scope)
    )
    return [Effect.zipRight(start, wait(flight.wait)), { ...current, flight: flight.wait }]
  }

  const step = <A>(
    slot: Slot<E>,
    take: (current: State<E>, now: number, restore: Restore) => Step<E, A>
  ): Effect.Effect<A, E> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const [next, after] = take(slot.state, now, restore)
        slot.state = after
        return next
      })
    )

  const schedule = Schedule.identity<Exit.Exit<unknown, E>>().pipe(
    Schedule.intersect(backoff(policy)),
    Schedule.modifyDelay(([exit], delay) => Duration.max(delay, askedBy(exit)))
  )

  // Until the token has a successor, was dropped, or is at its margin: from there on the callers see to it themselves.
  // Should the clock be set back behind the margin after all, the next caller can start anew.
  const renew = (slot: Slot<E>, held: TokenSlot.Held, renewing: TokenSlot.Held) =>
    step<AccessToken | undefined>(slot, (current, now, restore) => {
      if (current.held !== renewing) {
        return [Effect.succeed(undefined), current]
      }
      if (!TokenSlot.isUsable(renewing, now)) {
        return [Effect.succeed(undefined), { ...current, held }]
      }
      return current.flight === undefined ? launch(slot, current, "ahead", restore) : [restore(current.flight), current]
    }).pipe(Effect.exit, Effect.repeat({ while: Exit.isFailure, schedule }), Effect.interruptible, Effect.forkIn(scope))

  const serve = (
    { metrics }: Slot<E>,
    { cache, served, token }: TokenSlot.Held,
    now: number,
    observe: (cache: CacheState) => void
  ): Effect.Effect<AccessToken> => {
    observe(cache)
    metrics.served(cache, token, now)
    return served
  }

  const serveFrom = (
    { metrics }: Slot<E>,
    cache: "joined" | "miss",
    flight: Effect.Effect<AccessToken, E>,
    observe: (cache: CacheState) => void
  ): Effect.Effect<AccessToken, E> =>
    Effect.clockWith((clock) => {
      observe(cache)
      return Effect.map(flight, (token) => {
        metrics.served(cache, token, clock.unsafeCurrentTimeMillis())
        return token
      })
    })

  const board = (slot: Slot<E>, observe: (cache: CacheState) => void) =>
    step<AccessToken>(slot, (current, now, restore) => {
      const { flight, held } = current
      if (held !== undefined && TokenSlot.isSettled(held, now)) {
        return [Effect.suspend(() => serve(slot, held, now, observe)), current]
      }
      if (held !== undefined && TokenSlot.isUsable(held, now)) {
        const renewing: TokenSlot.Held = { ...held, cache: "stale", settledFor: held.usableFor }
        const served = Effect.suspend(() => serve(slot, renewing, now, observe))
        return [Effect.zipRight(renew(slot, held, renewing), served), { ...current, held: renewing }]
      }
      return flight === undefined
        ? launch(slot, current, reasonOf(current), (started) => serveFrom(slot, "miss", restore(started), observe))
        : [serveFrom(slot, "joined", restore(flight), observe), current]
    })

  return {
    // Most of those who come while the first token is under way only wait: they need no step that may change something.
    get: (slot, observe) =>
      Effect.suspend(() => {
        const { flight, held } = slot.state
        return held === undefined && flight !== undefined
          ? serveFrom(slot, "joined", flight, observe)
          : board(slot, observe)
      })
  }
}
