/**
 * The life of a token: handed out while it lasts, renewed ahead of its end, by one exchange at a time.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Retry from "../http/Retry.js"
import * as SingleFlight from "../lookup/SingleFlight.js"
import type { CacheState, RenewalReason } from "../telemetry/Metrics.js"
import type { AccessToken } from "../token/AccessToken.js"
import * as Expiry from "../token/Expiry.js"
import type { ScopeSet } from "../token/ScopeSet.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import * as TokenSlot from "./TokenSlot.js"

export interface TokenCache<E> {
  /**
   * The cached token, or a new one. At most one exchange is in flight, however many fibers ask (L2). It belongs to none
   * of them: interrupting a caller doesn't disturb the others (L3). A failure goes to the callers that waited for it.
   * It is kept only for `status`; the next caller starts a new exchange. The callers that waited get the new token even
   * if its margin has begun by then; later callers don't.
   *
   * In the refresh window, the first caller starts a renewal in the background, and gets the current token like all
   * others (L4). A failed renewal is tried again until the margin; no caller hears of it (L5). `observe` is told how
   * the caller got the token.
   */
  readonly get: (slot: TokenSlot.TokenSlot<E>, observe: Observe) => Effect.Effect<AccessToken, E>
  /**
   * Starts the renewal of a token, unless one is under way or the slot holds another token by now. The effect that it
   * gives waits for its end. Until then, and if it fails, the token is handed out as before.
   */
  readonly renew: (slot: TokenSlot.TokenSlot<E>, token: AccessToken) => Effect.Effect<Effect.Effect<void, E>>
}

type Observe = (cache: CacheState) => void
type Slot<E> = TokenSlot.TokenSlot<E>
type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
type Step<E, A> = readonly [Effect.Effect<A, E>, TokenSlot.State<E>]

const reasonOf = ({ held, wasInvalidated }: Pick<TokenSlot.State<never>, "held" | "wasInvalidated">): RenewalReason =>
  held !== undefined ? "expired" : wasInvalidated ? "invalidated" : "first"

/**
 * Makes a cache that `exchange` fills. Exchanges run in `scope`. Closing it ends them, and interrupts the callers that
 * wait (L3).
 */
export const make = <E extends Retry.Failure & TokenSlot.Failure>(options: {
  /** Gets a new token. `held` is the one that it replaces, if there is one. */
  readonly exchange: (scopes: ScopeSet, held: AccessToken | undefined) => Effect.Effect<AccessToken, E>
  /** Run once for each token whose renewal in the background has failed. `left` is how long calls still get it. */
  readonly onRenewalFailed: (failure: TokenSlot.LastFailure, left: Duration.Duration) => Effect.Effect<void>
  readonly policy: TokenPolicy
  readonly scope: Scope.Scope
}): TokenCache<E> => {
  const { exchange, onRenewalFailed, policy, scope } = options

  const hold = (token: AccessToken, draw: number): TokenSlot.Held => ({
    token,
    served: Exit.succeed(token),
    cache: "hit",
    obtainedAt: token.obtainedAt,
    settledFor: Math.floor(Expiry.renewableFrom(policy, token, draw) - token.obtainedAt),
    usableFor: Math.floor(Expiry.usableUntil(policy, token) - token.obtainedAt)
  })

  const land = Effect.fnUntraced(function* (slot: Slot<E>, reason: RenewalReason, exit: Exit.Exit<AccessToken, E>) {
    const now = yield* Clock.currentTimeMillis
    const draw = yield* Random.next
    yield* Ref.update(slot.state, (current) => {
      const landed = { ...current, flight: undefined }
      return Exit.match(exit, {
        onSuccess: (token) => ({
          ...landed,
          held: hold(token, draw),
          wasInvalidated: false,
          failingSince: undefined
        }),
        onFailure: (cause) => {
          if (Cause.isInterruptedOnly(cause)) {
            return landed
          }
          return { ...landed, ...TokenSlot.failing(current, TokenSlot.failureOf(cause, now)) }
        }
      })
    })
    if (Exit.isSuccess(exit)) {
      slot.metrics.renewed(reason, exit.value.expiresAt)
    }
  })

  const flightOf = (slot: Slot<E>, { held }: TokenSlot.State<E>, reason: RenewalReason) =>
    SingleFlight.make({
      work: exchange(slot.scopes, held?.token),
      land: (exit) => land(slot, reason, exit),
      onJoined: () => slot.metrics.served("joined"),
      scope
    })

  const launch = (
    slot: Slot<E>,
    current: TokenSlot.State<E>,
    reason: RenewalReason,
    wait: (flight: Effect.Effect<AccessToken, E>) => Effect.Effect<AccessToken, E>
  ): Step<E, AccessToken> => {
    const flight = flightOf(slot, current, reason)
    return [Effect.zipRight(flight.start, wait(flight.wait)), { ...current, flight }]
  }

  /** Changes a slot, and then runs the effect that belongs to the change. Nothing interrupts in between. */
  const step = <A>(
    { state }: Slot<E>,
    take: (current: TokenSlot.State<E>, now: number, restore: Restore) => Step<E, A>
  ): Effect.Effect<A, E> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.flatten(Ref.modify(state, (current) => take(current, now, restore)))
      )
    )

  // The exchange heeds a short `Retry-After` in its own retries. Here a `Retry-After` counts only if it is longer than
  // the back-off. A shorter one would replace the back-off each time, and the waits would not grow.
  // The pause of a refusal does not count, because the app may have other credentials before it is over.
  const schedule = Retry.schedule(policy, (cause: Cause.Cause<E>, backoff) =>
    Cause.failureOption(cause).pipe(
      Option.filter(({ _tag }) => _tag !== "InvalidClient"),
      Option.flatMap(Retry.askedBy),
      Option.filter(Duration.greaterThan(backoff))
    )
  )

  // Ends when the token has a successor, was dropped, or is at its margin. From the margin on, callers start the
  // exchange. At the margin, the slot gets back `held`, as it was before this renewal. So a caller starts a new renewal
  // if the clock is set back to before the margin.
  const renew = (slot: Slot<E>, held: TokenSlot.Held, renewing: TokenSlot.Held) => {
    let hasFailed = false
    const noteFailure = (cause: Cause.Cause<E>) =>
      hasFailed || Cause.isInterruptedOnly(cause)
        ? Effect.void
        : Effect.flatMap(Clock.currentTimeMillis, (now) => {
            hasFailed = true
            return onRenewalFailed(
              TokenSlot.failureOf(cause, now),
              Duration.millis(Math.max(0, held.obtainedAt + held.usableFor - now))
            )
          })
    return step<AccessToken | undefined>(slot, (current, now, restore) => {
      if (current.held !== renewing) {
        return [Effect.succeed(undefined), current]
      }
      if (!TokenSlot.isUsable(renewing, now)) {
        return [Effect.succeed(undefined), { ...current, held }]
      }
      return current.flight === undefined
        ? launch(slot, current, "ahead", restore)
        : [restore(current.flight.wait), current]
    }).pipe(
      Effect.tapErrorCause(noteFailure),
      Effect.sandbox,
      Effect.retry(schedule),
      Effect.interruptible,
      Effect.forkIn(scope)
    )
  }

  const serve = ({ metrics }: Slot<E>, { cache, served }: TokenSlot.Held, observe: Observe) =>
    Effect.suspend(() => {
      observe(cache)
      metrics.served(cache)
      return served
    })

  /** The caller that started the exchange waits for it. */
  const serveFirst = (
    { metrics }: Slot<E>,
    flight: Effect.Effect<AccessToken, E>,
    observe: Observe
  ): Effect.Effect<AccessToken, E> =>
    Effect.suspend(() => {
      observe("miss")
      return Effect.tap(flight, () => Effect.sync(() => metrics.served("miss")))
    })

  /** The others join it. */
  const join = ({ join }: SingleFlight.SingleFlight<AccessToken, E>, observe: Observe) => {
    observe("joined")
    return join
  }

  const getOrRenew = (slot: Slot<E>, observe: Observe) =>
    step<AccessToken>(slot, (current, now, restore) => {
      const { flight, held } = current
      if (held !== undefined && TokenSlot.isSettled(held, now)) {
        return [serve(slot, held, observe), current]
      }
      if (held !== undefined && TokenSlot.isUsable(held, now)) {
        const renewing: TokenSlot.Held = { ...held, cache: "stale", settledFor: held.usableFor }
        return [
          Effect.zipRight(renew(slot, held, renewing), serve(slot, renewing, observe)),
          { ...current, held: renewing }
        ]
      }
      return flight === undefined
        ? launch(slot, current, reasonOf(current), (started) => serveFirst(slot, restore(started), observe))
        : [Effect.suspend(() => restore(join(flight, observe))), current]
    })

  return {
    renew: (slot, token) =>
      step<Effect.Effect<void, E>>(slot, (current) => {
        if (!TokenSlot.isOf(current, token)) {
          return [Effect.succeed(Effect.void), current]
        }
        if (current.flight !== undefined) {
          return [Effect.succeed(Effect.asVoid(current.flight.wait)), current]
        }
        const flight = flightOf(slot, current, "invalidated")
        return [Effect.as(flight.start, Effect.asVoid(flight.wait)), { ...current, flight }]
      }).pipe(Effect.orDie),
    // While the first token is on its way, callers only wait. They don't change the slot, so they skip `step`.
    get: (slot, observe) =>
      Effect.suspend(() => {
        const { flight, held } = slot.state.peek()
        return held === undefined && flight !== undefined ? join(flight, observe) : getOrRenew(slot, observe)
      })
  }
}
