/**
 * Holds requests back while a server says "not yet".
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { notBefore, type TokenPolicy } from "../token/TokenPolicy.js"

/**
 * A gate before one server. A 429 closes it for all who come after; it opens by itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface RateGate {
  /** Closes the gate for as long as the server asked, else for the default; gives how long that is. */
  readonly close: (retryAfter: Option.Option<Duration.Duration>) => Effect.Effect<Duration.Duration>
  /** What a success means: the next default delay is the first one again. */
  readonly reset: Effect.Effect<void>
  /** For how many milliseconds it stays closed; zero if it is open. */
  readonly millisLeft: Effect.Effect<number>
}

interface State {
  /** When it was closed, in milliseconds since the epoch, as `until`. */
  readonly since: number
  readonly until: number
  /** How many times in a row the server closed it. */
  readonly strikes: number
}

// A clock that was set back must not keep it closed.
const leftOf = ({ since, until }: State, now: number): number => (since <= now ? Math.max(0, until - now) : 0)

const open: State = { since: 0, until: 0, strikes: 0 }

/**
 * Makes an open gate.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (policy: TokenPolicy): RateGate => {
  const state = Ref.unsafeMake(open)

  const millisLeft = Effect.zipWith(Ref.get(state), Clock.currentTimeMillis, leftOf)

  const close = (retryAfter: Option.Option<Duration.Duration>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Ref.modify(state, (current) => {
        const left = leftOf(current, now)
        // Of requests that were under way together, one counts.
        const strikes = left > 0 ? current.strikes : current.strikes + 1
        const asked = Option.filter(retryAfter, Duration.greaterThan(Duration.zero))
        const delay = Option.getOrElse(asked, () => Duration.times(policy.rateLimitDelay, 2 ** (strikes - 1)))
        const closedFor = Math.max(left, Duration.toMillis(Duration.min(delay, policy.maxRateLimit)))
        return [Duration.millis(closedFor), { since: now, until: now + closedFor, strikes }]
      })
    )

  return {
    close,
    reset: Ref.update(state, (current) => ({ ...current, strikes: 0 })),
    millisLeft
  }
}

/**
 * What somebody who waits before a gate brings along.
 *
 * @since 0.1.0
 * @category models
 */
export interface Waiting {
  /** For how many milliseconds in all it may be told to wait. */
  readonly patience: number
  /** Told each time that it has to wait. */
  readonly onWait: () => void
  /** Told afterwards for how many milliseconds it had been told to. */
  readonly waited: (millis: number) => Effect.Effect<void>
}

/**
 * Waits until the gate is open. Where that would take more than the patience, it fails at once with what is left until
 * the gate opens.
 *
 * @since 0.1.0
 * @category combinators
 */
export const pass = (gate: RateGate, waiting: Waiting): Effect.Effect<void, Duration.Duration> =>
  Effect.flatMap(gate.millisLeft, (left) => {
    const { onWait, patience, waited } = waiting
    if (left === 0) {
      return Effect.void
    }
    if (left > patience) {
      return Effect.fail(Duration.millis(left))
    }
    onWait()
    return Effect.flatMap(notBefore(left), Effect.sleep).pipe(
      Effect.zipRight(waited(left)),
      // Not past a gate that was closed again in the meantime.
      Effect.zipRight(Effect.suspend(() => pass(gate, { ...waiting, patience: patience - left })))
    )
  })
