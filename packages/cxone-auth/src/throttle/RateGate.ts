import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Retry from "../http/Retry.js"
import type { RetryAfter } from "../http/RetryAfter.js"
import * as Period from "../token/Period.js"

/** The two numbers that a gate needs. */
export interface RateLimitPolicy {
  readonly defaultRetryAfter: Duration.Duration
  readonly maxRetryAfter: Duration.Duration
}

/**
 * Until when one limit is closed. A 429 (at the API also a 503 with `Retry-After`) closes it. It opens by itself when the
 * time is over.
 */
export interface RateGate {
  /** Closes the gate for as long as the server asked, or for the default. Gives how long that is. */
  readonly close: (said: RetryAfter, policy: RateLimitPolicy) => Effect.Effect<Duration.Duration>
  /** After a success, the next default delay is the first one again. */
  readonly reset: Effect.Effect<void>
  /** For how many milliseconds the gate stays closed; zero if it is open. */
  readonly millisLeft: Effect.Effect<number>
}

interface State {
  readonly closed: Period.Period
  /** How many times in a row the server closed it. */
  readonly strikes: number
}

/** The longest pause after a 429 without `Retry-After`. */
const longestGuess = Duration.minutes(1)

const guessAfter = (strikes: number, { defaultRetryAfter }: RateLimitPolicy): Duration.Duration =>
  Duration.min(Duration.times(defaultRetryAfter, 2 ** (strikes - 1)), Duration.max(defaultRetryAfter, longestGuess))

export const make = (): RateGate => {
  const state = Ref.unsafeMake<State>({ closed: Period.ended, strikes: 0 })

  return {
    close: (said, policy) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.modify(state, (current) => {
          const left = Period.left(current.closed, now)
          // Requests that were sent at the same time count as one strike.
          const strikes = left > 0 ? current.strikes : current.strikes + 1
          const delay = Option.getOrElse(Retry.askedBy(said), () => guessAfter(strikes, policy))
          const closedFor = Duration.max(Duration.millis(left), Duration.min(delay, policy.maxRetryAfter))
          return [closedFor, { closed: Period.make(now, closedFor), strikes }]
        })
      ),
    reset: Ref.update(state, (current) => ({ ...current, strikes: 0 })),
    millisLeft: Effect.zipWith(Ref.get(state), Clock.currentTimeMillis, ({ closed }, now) => Period.left(closed, now))
  }
}
