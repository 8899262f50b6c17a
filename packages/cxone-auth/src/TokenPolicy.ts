/**
 * The numbers of a token's life, each with its reason.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { AccessToken } from "./AccessToken.js"

/**
 * Until when a token is handed out, in milliseconds since the epoch: 30 s before its end, the brief's buffer for clock
 * skew and for the time that a call takes to arrive; for a short-lived token 10 % of its lifetime before, so that it
 * can be used at all (L1).
 *
 * @since 0.1.0
 * @category numbers
 */
export const usableUntil = ({ expiresAt, obtainedAt }: AccessToken): number =>
  expiresAt - Math.min(maxMarginMillis, (expiresAt - obtainedAt) / 10)

const maxMarginMillis = 30_000

/**
 * The lifetime of a token whose provider does not say: 1 hour (source: the brief).
 *
 * @since 0.1.0
 * @category numbers
 */
export const defaultLifetime = Duration.hours(1)

/**
 * The longest lifetime that is believed: 24 hours. CXone's tokens live for one hour (facts §1d); an absurd number
 * must not keep a token in use for years (L8).
 *
 * @since 0.1.0
 * @category numbers
 */
export const maxLifetime = Duration.hours(24)

/**
 * How long one attempt at the token endpoint may take, the answer's body included: 10 s (source: the brief).
 *
 * @since 0.1.0
 * @category numbers
 */
export const attemptTimeout = Duration.seconds(10)

/**
 * How much of an answer is read: 64 KiB. CXone's token answers are below 8 KiB; more is no token (S3).
 *
 * @since 0.1.0
 * @category numbers
 */
export const maxAnswerBytes = 64 * 1024

/**
 * The longest `Retry-After` that is waited for: 60 s, and with the jitter 72 s. With more, the caller is told at once
 * (L6).
 *
 * @since 0.1.0
 * @category numbers
 */
export const maxRetryAfter = Duration.seconds(60)

/**
 * How long the API's refusal of a token that had just been renewed is remembered: 60 s. A permanent 401 then costs
 * one renewal a minute rather than one a call, and a token that is really revoked later is replaced in that time (C2).
 *
 * @since 0.1.0
 * @category numbers
 */
export const refusalMemory = Duration.seconds(60)

/**
 * How long the body of an answer that nobody will look at is read, so that its connection can be used again: 1 s. One
 * that takes longer costs more than a new connection.
 *
 * @since 0.1.0
 * @category numbers
 */
export const discardTimeout = Duration.seconds(1)

/**
 * How long the body of a refusal is read: 5 s. It only adds to the description; the refusal stands without it (L7).
 *
 * @since 0.1.0
 * @category numbers
 */
export const refusalBodyTimeout = Duration.seconds(5)

/**
 * How much of a 403 is searched for `insufficient_scope`: 8 KiB. An error object is smaller (C3).
 *
 * @since 0.1.0
 * @category numbers
 */
export const maxErrorBytes = 8 * 1024

const backoff = Schedule.exponential("1 second", 2).pipe(Schedule.intersect(Schedule.recurs(3)))

/**
 * When to try again at the token endpoint (L7): 3 times, after 1, 2 and 4 s (source: the brief), each 80 to 120 %
 * of that, so that a fleet spreads out. A `Retry-After` above zero takes the place of the delay; it is jittered upwards only,
 * because the server said "not before".
 *
 * @since 0.1.0
 * @category schedules
 */
export const retrySchedule = <E>(
  retryAfter: (error: E) => Option.Option<Duration.Duration>
): Schedule.Schedule<unknown, E> =>
  Schedule.identity<E>().pipe(
    Schedule.intersect(Schedule.jittered(backoff)),
    Schedule.modifyDelayEffect(([error], delay) =>
      Option.match(Option.filter(retryAfter(error), Duration.greaterThan(Duration.zero)), {
        onNone: () => Effect.succeed(delay),
        onSome: (asked) => Effect.map(Random.nextRange(1, 1.2), (factor) => Duration.times(asked, factor))
      })
    )
  )
