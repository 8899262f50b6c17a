/**
 * When a request for a token or a discovery document is tried again, and how often. What is sent again to the API is
 * decided in client/ApiCall.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import type { RetryAfter } from "./RetryAfter.js"

/** A failure as far as a retry looks at it. */
export interface Failure extends RetryAfter {
  readonly _tag: string
}

/** How long the server asked to be left alone. Zero counts as not said. */
export const askedBy = ({ retryAfter }: RetryAfter): Option.Option<Duration.Duration> =>
  Option.filter(Option.fromNullable(retryAfter), Duration.greaterThan(Duration.zero))

/** The factor of the longest jitter: a wait grows by at most a fifth. */
export const longestJitter = 1.2

/**
 * Draws a wait of at least `millis` milliseconds, and up to a fifth more, so that processes that were told the same
 * time do not all come back at the same moment.
 */
export const notBefore = (millis: number): Effect.Effect<Duration.Duration> =>
  Effect.map(Random.nextRange(1, longestJitter), (factor) => Duration.millis(Math.ceil(millis * factor)))

const backoff = (policy: TokenPolicy): Schedule.Schedule<Duration.Duration> =>
  Schedule.exponential(policy.retryDelay, policy.retryDelayFactor).pipe(
    Schedule.modifyDelay((_, delay) => Duration.min(delay, policy.maxRetryDelay)),
    Schedule.jittered,
    Schedule.modifyDelay((_, delay) => Duration.millis(Math.round(Duration.toMillis(delay))))
  )

/** How long the next try waits after this many failures in a row: the back-off, without jitter. */
export const pauseAfter = (policy: TokenPolicy, failures: number): Duration.Duration =>
  Duration.min(Duration.times(policy.retryDelay, policy.retryDelayFactor ** (failures - 1)), policy.maxRetryDelay)

/**
 * An endless schedule of the waits between tries (L7): exponential back-off up to the longest delay. Each wait is 80 to
 * 120 % of its back-off. If `asked` returns a time for a failure, that time replaces the back-off.
 */
export const schedule = <E>(
  policy: TokenPolicy,
  asked: (failure: E, backoff: Duration.Duration) => Option.Option<Duration.Duration>
): Schedule.Schedule<E, E> =>
  Schedule.passthrough<Duration.Duration, E, never>(backoff(policy)).pipe(
    Schedule.modifyDelayEffect((failure, delay) =>
      Option.match(asked(failure, delay), {
        onNone: () => Effect.succeed(delay),
        onSome: (time) => notBefore(Duration.toMillis(time))
      })
    )
  )

/** How many more milliseconds a request may wait because a server asked it to. */
export type Patience = Ref.Ref<number>

const patienceOf = (policy: TokenPolicy): Effect.Effect<Patience> => Ref.make(Duration.toMillis(policy.maxWait))

/** Takes from the patience. */
export const spend = (patience: Patience, millis: number): Effect.Effect<void> =>
  Ref.update(patience, (left) => left - millis)

/**
 * Retries the failures that `mayPass` accepts, at most `policy.maxRetries` times, and only while the server asks for no
 * longer wait than the patience allows. `isGated` picks the failures whose wait a gate enforces: the next try starts at
 * once and waits at the gate. `onRetry` is told each failure that is tried again, and the wait, without jitter.
 */
export const retry = Effect.fnUntraced(function* <A, E extends Failure, R>(
  attempt: (patience: Patience) => Effect.Effect<A, E, R>,
  options: {
    readonly policy: TokenPolicy
    readonly mayPass: (error: E) => boolean
    readonly isGated: (error: E) => boolean
    readonly onRetry: (error: E, wait: Duration.Duration) => Effect.Effect<void>
  }
) {
  const { isGated, mayPass, onRetry, policy } = options
  const patience = yield* patienceOf(policy)
  const isWorthIt = Effect.fnUntraced(function* (error: E) {
    const millis = Option.match(askedBy(error), { onNone: () => 0, onSome: Duration.toMillis })
    const left = yield* Ref.get(patience)
    yield* isGated(error) ? Effect.void : spend(patience, millis)
    return mayPass(error) && millis <= left
  })
  const tries = schedule<E>(policy, (error) => (isGated(error) ? Option.some(Duration.zero) : askedBy(error))).pipe(
    Schedule.intersect(Schedule.recurs(policy.maxRetries)),
    Schedule.whileInputEffect(isWorthIt),
    Schedule.modifyDelayEffect(([error, before], delay) =>
      Effect.as(
        onRetry(
          error,
          Option.getOrElse(askedBy(error), () => pauseAfter(policy, before + 1))
        ),
        delay
      )
    )
  )
  return yield* Effect.retry(attempt(patience), tries)
})
