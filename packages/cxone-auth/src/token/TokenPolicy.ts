import type * as Duration from "effect/Duration"
import * as PolicyFields from "./PolicyFields.js"

/**
 * The numbers that the token service works with. A duration is at least 1 ms (`maxWait`: zero; `defaultLifetime` and
 * `maxLifetime`: 1 s) and at most 20 days. `expiryMarginFraction` and `refreshAheadFraction` are fractions of a token's
 * lifetime. {@link CallPolicy} has the numbers of the client.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenPolicy {
  /** A token is not handed out in this last part of its life: 30 s. Clocks differ, and a call takes time to arrive. */
  readonly expiryMargin: Duration.Duration
  /**
   * `expiryMargin` as a fraction of the lifetime: 0.1. The shorter one counts, because a short-lived token could not be
   * used otherwise.
   */
  readonly expiryMarginFraction: number
  /**
   * How long before the margin a token is renewed in the background: 5 min. An outage of the identity provider stays
   * invisible for that long.
   */
  readonly refreshAhead: Duration.Duration
  /** `refreshAhead` as a fraction of the lifetime: 0.2. The shorter one counts. */
  readonly refreshAheadFraction: number
  /**
   * How much earlier than `refreshAhead` says a renewal may start, as a fraction of it: 0.2. Each token gets a random
   * share. So 2,000 processes that got their tokens in the same second spread their renewals over a minute.
   */
  readonly refreshAheadJitter: number
  /** The lifetime of a token if the provider does not say it: 1 hour, as CXone's tokens have. */
  readonly defaultLifetime: Duration.Duration
  /** The longest lifetime: 24 hours. A longer one counts as 24 hours, so that a faulty number keeps no token in use for years. */
  readonly maxLifetime: Duration.Duration

  /**
   * How long one attempt at the token endpoint may take, with the body of the answer: 10 s. An effect that yields the
   * credentials may take as long.
   */
  readonly attemptTimeout: Duration.Duration
  /**
   * How long the body of a 3xx or 4xx is read: 5 s. After that, the status and the headers alone decide what it means.
   */
  readonly errorBodyTimeout: Duration.Duration
  /** How many bytes of an answer are read: 64 KiB. CXone's token answers have less than 8 KiB. */
  readonly maxResponseBytes: number

  /** How many times an exchange is tried again: 3. Zero: never. */
  readonly maxRetries: number
  /**
   * How long an exchange waits before its first retry: 1 s, jittered by a fifth. After an exchange that has failed
   * with its last try, and an answer without `Retry-After`, the next one waits as long.
   */
  readonly retryDelay: Duration.Duration
  /** The factor by which these waits grow each time: 2. */
  readonly retryDelayFactor: number
  /**
   * The longest of these waits: 30 s. It matters for a background renewal, which is tried again until the margin, and for
   * an endpoint that answers no token for long.
   */
  readonly maxRetryDelay: Duration.Duration

  /**
   * How long an exchange waits in all because the token endpoint says "not yet" (429, or `Retry-After`), or because an
   * exchange before it has just failed: 60 s, and up to a fifth more by jitter. If the wait would be longer, the caller
   * gets the error at once. Zero: it never waits. Nobody waits for refused credentials.
   */
  readonly maxWait: Duration.Duration
  /** The longest `Retry-After`: 1 hour. A longer one counts as 1 hour. */
  readonly maxRetryAfter: Duration.Duration
  /**
   * How long a refusal of the credentials is remembered: 30 s, doubling each time. Repeating a wrong secret could make the
   * provider lock the client out.
   */
  readonly refusalPause: Duration.Duration
  /**
   * The longest `refusalPause`: 5 min. After a client is corrected at the provider, the remembered refusal still counts
   * for at most this long, or for the endpoint's `Retry-After` if that is longer.
   */
  readonly maxRefusalPause: Duration.Duration

  /**
   * How long a discovery document is fresh: 1 hour. After that, the next call starts a fetch in the background and uses
   * the old document. So a move of the tenant is noticed, and an outage of discovery fails no call.
   */
  readonly discoveryLifetime: Duration.Duration
}

/**
 * The numbers of a {@link TokenPolicy} that differ from the defaults.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenPolicyOptions = {
  readonly [Field in keyof TokenPolicy]?:
    | (TokenPolicy[Field] extends number ? number : Duration.DurationInput)
    | undefined
}

const { duration, number, whole } = PolicyFields

const decode = PolicyFields.constructorOf<TokenPolicy>(
  "TokenPolicy",
  {
    expiryMargin: duration("30 seconds"),
    expiryMarginFraction: number(0.1, 0.001, 0.9),
    refreshAhead: duration("5 minutes"),
    refreshAheadFraction: number(0.2, 0.001, 0.9),
    refreshAheadJitter: number(0.2, 0, 1),
    defaultLifetime: duration("1 hour", "1 second"),
    maxLifetime: duration("24 hours", "1 second"),
    attemptTimeout: duration("10 seconds"),
    errorBodyTimeout: duration("5 seconds"),
    maxResponseBytes: whole(64 * 1024, 1, 16 * 1024 * 1024),
    maxRetries: whole(3, 0, 100),
    retryDelay: duration("1 second"),
    retryDelayFactor: number(2, 1, 100),
    maxRetryDelay: duration("30 seconds"),
    maxWait: duration("60 seconds", 0),
    maxRetryAfter: duration("1 hour"),
    refusalPause: duration("30 seconds"),
    maxRefusalPause: duration("5 minutes"),
    discoveryLifetime: duration("1 hour")
  },
  [
    ["expiryMargin", "refreshAhead"],
    ["retryDelay", "maxRetryDelay"],
    ["refusalPause", "maxRefusalPause"]
  ]
)

const make = (options?: TokenPolicyOptions): TokenPolicy => {
  const policy = decode(options)
  const { expiryMarginFraction: margin, refreshAheadFraction: ahead, refreshAheadJitter: jitter } = policy
  if (margin > ahead) {
    PolicyFields.refuse(
      "TokenPolicy",
      `expiryMarginFraction (${margin}) is larger than refreshAheadFraction (${ahead})`
    )
  }
  // A token that is due for renewal as soon as it arrives would make every call start an exchange.
  if (margin + ahead * (1 + jitter) > 0.9) {
    const sum = "expiryMarginFraction + refreshAheadFraction * (1 + refreshAheadJitter)"
    PolicyFields.refuse("TokenPolicy", `${sum} is above 0.9: renewals would have no pause`)
  }
  return policy
}

/**
 * Policies of the token service.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { TokenPolicy } from "cxone-auth"
 *
 * // Fails at once where the default would wait for up to 60 s.
 * export const impatient = TokenPolicy.make({ maxWait: 0, maxRetries: 1, attemptTimeout: "2 seconds" })
 * ```
 */
export const TokenPolicy: {
  /** Every number at its default. */
  readonly defaults: TokenPolicy
  /**
   * Builds a policy from the numbers that differ from the defaults. Throws a `TypeError` that names the field if a value
   * has the wrong type, is out of range, or exceeds the field that limits it (`expiryMargin` may not exceed
   * `refreshAhead`).
   */
  readonly make: (options?: TokenPolicyOptions) => TokenPolicy
} = { defaults: make(), make }
