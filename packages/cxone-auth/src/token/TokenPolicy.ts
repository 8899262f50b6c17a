/**
 * The numbers of a token's life, each with its unit, its default and its reason.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as BoundedDuration from "./BoundedDuration.js"

/**
 * The numbers of a token's life. Durations are above zero and at most 24 days; fractions are of a token's lifetime.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenPolicy {
  /**
   * How long before its end a token is no longer handed out: 30 s, the brief's buffer for clock skew and for the time
   * that a call takes to arrive (L1).
   */
  readonly margin: Duration.Duration
  /** The same as a fraction, which counts where it is less: 0.1. A short-lived token could not be used otherwise. */
  readonly marginFraction: number
  /**
   * How long before the margin a renewal may start, in the background: 5 min. That long an outage of the identity
   * provider stays invisible (L4, L5).
   */
  readonly refreshWindow: Duration.Duration
  /** The same as a fraction, which counts where it is less: 0.2. */
  readonly refreshFraction: number
  /**
   * By how much of the window, at the most, a renewal starts before it: 0.2, drawn for each token, so that 2,000
   * processes that got theirs in the same second renew over a minute. Earlier, never later: the window stays whole.
   */
  readonly refreshJitter: number
  /** The lifetime of a token whose provider does not say: 1 hour (source: the brief). */
  readonly defaultLifetime: Duration.Duration
  /**
   * The longest lifetime that is believed: 24 hours. CXone's tokens live for one hour (facts §1d); an absurd number
   * must not keep a token in use for years (L8).
   */
  readonly maxLifetime: Duration.Duration

  /**
   * How long one attempt at the token endpoint may take, the answer's body included: 10 s (source: the brief). As long
   * may an effect take that yields the credentials.
   */
  readonly attemptTimeout: Duration.Duration
  /** How long the body of a refusal is read: 5 s. It only adds to the description; the refusal stands without (L7). */
  readonly refusalBodyTimeout: Duration.Duration
  /** How many bytes of an answer are read: 64 KiB. CXone's token answers are below 8 KiB; more is no token (S3). */
  readonly maxAnswerBytes: number

  /** How often an exchange is tried again: 3 times (source: the brief). Zero: never (L7). */
  readonly retries: number
  /** How long before it is tried again for the first time: 1 s (source: the brief), jittered by a fifth. */
  readonly retryDelay: Duration.Duration
  /** By how much that grows each time: 2 (source: the brief). */
  readonly retryFactor: number
  /** Up to where it grows: 30 s. A renewal that fails is tried again until the margin, and so the last wait counts. */
  readonly maxRetryDelay: Duration.Duration

  /**
   * How long, in all, an exchange waits because the token endpoint says "not yet" (429, or `Retry-After`): 60 s, and up
   * to a fifth more by the jitter. With more ahead the caller is told at once. Zero: never waits (L6).
   */
  readonly maxWait: Duration.Duration
  /** How long a 429 without `Retry-After` is heeded: 1 s, doubling with each until an exchange succeeds (L6). */
  readonly rateLimitDelay: Duration.Duration
  /** The longest `Retry-After` that is believed: 1 hour (L6). */
  readonly maxRateLimit: Duration.Duration
  /**
   * How long a refusal of the credentials is remembered: 30 s, doubling with each. A wrong secret must not hammer the
   * provider until it locks the client out (L6).
   */
  readonly refusalMemory: Duration.Duration
  /** Up to where that grows: 5 min, so that a client that is put right is noticed within that time (L6). */
  readonly maxRefusalMemory: Duration.Duration

  /**
   * How long a document of discovery is good for: 1 hour. Then the next call has it fetched anew in the background, and
   * goes on with what is known; so a tenant that moves is noticed, and an outage of discovery is not.
   */
  readonly discoveryLifetime: Duration.Duration

  /**
   * How long the API's refusal of a token that had just been renewed is remembered: 60 s. A permanent 401 then costs
   * one renewal a minute rather than one a call, and a token that is really revoked later is replaced in that time
   * (C2).
   */
  readonly refusedTokenMemory: Duration.Duration
  /**
   * How long the body of an answer is read that the caller will not see, so that its connection can be used again: 1 s.
   * One that takes longer costs more than a new connection. As long is a 403 searched for `insufficient_scope`.
   */
  readonly discardTimeout: Duration.Duration
  /**
   * How many calls are held back, at the most, while an origin of the API says "not yet": 1,000. Each keeps its request,
   * body included; over that, a call fails at once (C4).
   */
  readonly maxWaitingCalls: number
  /** How many bytes of a 403 are searched for `insufficient_scope`: 8 KiB. An error object is smaller (C3). */
  readonly maxErrorBytes: number
}

/**
 * Any part of a {@link TokenPolicy}; what is left out has its default.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenPolicyOptions = {
  readonly [Field in keyof TokenPolicy]?: TokenPolicy[Field] extends number ? number : Duration.DurationInput
}

const defaultNumbers = {
  margin: "30 seconds",
  marginFraction: 0.1,
  refreshWindow: "5 minutes",
  refreshFraction: 0.2,
  refreshJitter: 0.2,
  defaultLifetime: "1 hour",
  maxLifetime: "24 hours",
  attemptTimeout: "10 seconds",
  refusalBodyTimeout: "5 seconds",
  maxAnswerBytes: 64 * 1024,
  retries: 3,
  retryDelay: "1 second",
  retryFactor: 2,
  maxRetryDelay: "30 seconds",
  maxWait: "60 seconds",
  rateLimitDelay: "1 second",
  maxRateLimit: "1 hour",
  refusalMemory: "30 seconds",
  maxRefusalMemory: "5 minutes",
  discoveryLifetime: "1 hour",
  refusedTokenMemory: "60 seconds",
  discardTimeout: "1 second",
  maxWaitingCalls: 1_000,
  maxErrorBytes: 8 * 1024
} as const satisfies Required<TokenPolicyOptions>

const refuse = (objection: string): never => {
  throw new TypeError(`TokenPolicy: ${objection}`)
}

type NumberField = {
  [Field in keyof TokenPolicy]: TokenPolicy[Field] extends number ? Field : never
}[keyof TokenPolicy]
type DurationField = Exclude<keyof TokenPolicy, NumberField>

const make = (options: TokenPolicyOptions): TokenPolicy => {
  for (const field of Object.keys(options)) {
    if (!Object.hasOwn(defaultNumbers, field)) {
      refuse(`there is no ${field}; the fields are ${Object.keys(defaultNumbers).join(", ")}`)
    }
  }

  const duration = (field: DurationField, least = Duration.millis(1)): Duration.Duration =>
    Either.getOrElse(BoundedDuration.decode(options[field] ?? defaultNumbers[field], least), (objection) =>
      refuse(`${field} ${objection}`)
    )
  const number = (field: NumberField, min: number, max: number, isWhole = false): number => {
    const input = options[field] ?? defaultNumbers[field]
    return typeof input === "number" && input >= min && input <= max && (!isWhole || Number.isInteger(input))
      ? input
      : refuse(`${field} is ${String(input)}; expected a ${isWhole ? "whole " : ""}number from ${min} to ${max}`)
  }
  const whole = (field: NumberField, min: number, max: number) => number(field, min, max, true)

  const policy: TokenPolicy = {
    margin: duration("margin"),
    marginFraction: number("marginFraction", 0.001, 0.9),
    refreshWindow: duration("refreshWindow"),
    refreshFraction: number("refreshFraction", 0.001, 0.9),
    refreshJitter: number("refreshJitter", 0, 1),
    defaultLifetime: duration("defaultLifetime", Duration.seconds(1)),
    maxLifetime: duration("maxLifetime", Duration.seconds(1)),
    attemptTimeout: duration("attemptTimeout"),
    refusalBodyTimeout: duration("refusalBodyTimeout"),
    maxAnswerBytes: whole("maxAnswerBytes", 1, 16 * 1024 * 1024),
    retries: whole("retries", 0, 100),
    retryDelay: duration("retryDelay"),
    retryFactor: number("retryFactor", 1, 100),
    maxRetryDelay: duration("maxRetryDelay"),
    maxWait: duration("maxWait", Duration.zero),
    rateLimitDelay: duration("rateLimitDelay"),
    maxRateLimit: duration("maxRateLimit"),
    refusalMemory: duration("refusalMemory"),
    maxRefusalMemory: duration("maxRefusalMemory"),
    discoveryLifetime: duration("discoveryLifetime"),
    refusedTokenMemory: duration("refusedTokenMemory"),
    discardTimeout: duration("discardTimeout"),
    maxWaitingCalls: whole("maxWaitingCalls", 1, 1_000_000),
    maxErrorBytes: whole("maxErrorBytes", 1, 16 * 1024 * 1024)
  }

  const notLonger = (lesser: DurationField, greater: DurationField) => {
    if (Duration.greaterThan(policy[lesser], policy[greater])) {
      const [less, more] = [Duration.format(policy[lesser]), Duration.format(policy[greater])]
      refuse(`${lesser} (${less}) is larger than ${greater} (${more})`)
    }
  }
  notLonger("margin", "refreshWindow")
  notLonger("retryDelay", "maxRetryDelay")
  notLonger("rateLimitDelay", "maxRateLimit")
  notLonger("refusalMemory", "maxRefusalMemory")
  if (policy.marginFraction > policy.refreshFraction) {
    refuse(`marginFraction (${policy.marginFraction}) is larger than refreshFraction (${policy.refreshFraction})`)
  }
  // A token that is due for renewal as soon as it arrives would make every call start an exchange.
  if (policy.marginFraction + policy.refreshFraction * (1 + policy.refreshJitter) > 0.9) {
    refuse("marginFraction and refreshFraction, with refreshJitter, leave less than a tenth of a token's life")
  }
  return policy
}

const defaults = make({})

/**
 * Builds a policy from the numbers that are to be others. Throws a `TypeError` that names the field where one is
 * negative, not a number, out of range, or larger than one that it must not exceed.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { TokenPolicy } from "cxone-auth"
 *
 * // Fails at once where the default would wait for up to 60 s.
 * export const impatient = TokenPolicy.make({ maxWait: 0, retries: 1, attemptTimeout: "2 seconds" })
 * ```
 */
export const TokenPolicy: {
  readonly defaults: TokenPolicy
  readonly make: (options?: TokenPolicyOptions) => TokenPolicy
} = { defaults, make: (options) => (options === undefined ? defaults : make(options)) }
