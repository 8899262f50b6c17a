import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Record from "effect/Record"
import * as BoundedDuration from "./BoundedDuration.js"

/**
 * The numbers that the library works with. A duration is at least 1 ms (`maxWait`: zero; `defaultLifetime` and
 * `maxLifetime`: 1 s) and at most 24 days. `marginFraction` and `refreshFraction` are fractions of a token's lifetime.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenPolicy {
  /** A token is not handed out in this last part of its life: 30 s. Clocks differ, and a call takes time to arrive. */
  readonly margin: Duration.Duration
  /** The same as a fraction: 0.1. The shorter one counts, because a short-lived token could not be used otherwise. */
  readonly marginFraction: number
  /**
   * How long before the margin a token is renewed in the background: 5 min. An outage of the identity provider stays
   * invisible for that long.
   */
  readonly refreshWindow: Duration.Duration
  /** The same as a fraction: 0.2. The shorter one counts. */
  readonly refreshFraction: number
  /**
   * How much earlier than that a renewal may start, as a fraction of the window: 0.2. Each token gets a random share of
   * it. So 2,000 processes that got their tokens in the same second spread their renewals over a minute.
   */
  readonly refreshJitter: number
  /** The lifetime of a token if the provider does not say it: 1 hour, as CXone's tokens have. */
  readonly defaultLifetime: Duration.Duration
  /** The longest lifetime that is believed: 24 hours. A faulty number must not keep a token in use for years. */
  readonly maxLifetime: Duration.Duration

  /**
   * How long one attempt at the token endpoint may take, with the body of the answer: 10 s. An effect that yields the
   * credentials may take as long.
   */
  readonly attemptTimeout: Duration.Duration
  /**
   * How long the body of a refusal is read: 5 s. After that, the status and the headers alone decide what the refusal
   * means.
   */
  readonly refusalBodyTimeout: Duration.Duration
  /** How many bytes of an answer are read: 64 KiB. CXone's token answers have less than 8 KiB. */
  readonly maxAnswerBytes: number

  /** How many times an exchange is tried again: 3. Zero: never. */
  readonly retries: number
  /** How long it waits before the first retry: 1 s, jittered by a fifth. */
  readonly retryDelay: Duration.Duration
  /** The factor by which that wait grows each time: 2. */
  readonly retryFactor: number
  /** The longest of these waits: 30 s. It matters for a background renewal, which is tried again until the margin. */
  readonly maxRetryDelay: Duration.Duration

  /**
   * How long an exchange waits in all because the token endpoint says "not yet" (429, or `Retry-After`): 60 s, and up to a
   * fifth more by jitter. If the endpoint asks for more, the caller gets the error at once. Zero: it never waits.
   */
  readonly maxWait: Duration.Duration
  /**
   * The pause after a 429 without `Retry-After`: 1 s. It doubles with each further 429 until a request succeeds. At the
   * API, calls that do not wait are sent in spite of it.
   */
  readonly rateLimitDelay: Duration.Duration
  /** The longest `Retry-After` that is believed: 1 hour. */
  readonly maxRateLimit: Duration.Duration
  /**
   * How long a refusal of the credentials is remembered: 30 s, doubling each time. Repeating a wrong secret could make the
   * provider lock the client out.
   */
  readonly refusalMemory: Duration.Duration
  /**
   * The longest of these times: 5 min. After a client is corrected at the provider, the remembered refusal still counts
   * for at most this long.
   */
  readonly maxRefusalMemory: Duration.Duration

  /**
   * How long a discovery document is fresh: 1 hour. After that, the next call starts a fetch in the background and uses
   * the old document. So a move of the tenant is noticed, and an outage of discovery fails no call.
   */
  readonly discoveryLifetime: Duration.Duration

  /**
   * How long the client remembers that the API refused a renewed token: 60 s. One route that always answers 401 then
   * costs one renewal a minute, and not one a call.
   */
  readonly refusedTokenMemory: Duration.Duration
  /**
   * How long the client reads the body of an answer that the caller will not see, so that the connection can be used
   * again: 1 s. After that, a new connection is cheaper than reading on. A 403 is searched for `insufficient_scope` for
   * as long.
   */
  readonly discardTimeout: Duration.Duration
  /**
   * How many calls may wait while an origin of the API says "not yet": 1,000. Each keeps its request with its body. A call
   * above that number fails at once.
   */
  readonly maxWaitingCalls: number
  /** How many bytes of a 403 are searched for `insufficient_scope`: 8 KiB. An error object is smaller. */
  readonly maxErrorBytes: number
}

/**
 * Any part of a {@link TokenPolicy}. The rest has its defaults.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenPolicyOptions = {
  readonly [Field in keyof TokenPolicy]?: TokenPolicy[Field] extends number ? number : Duration.DurationInput
}

const refuse = (objection: string): never => {
  throw new TypeError(`TokenPolicy: ${objection}`)
}

type Decode<A> = (name: string, input: unknown) => A

const duration =
  (fallback: Duration.DurationInput, least: Duration.DurationInput = 1): Decode<Duration.Duration> =>
  (name, input = fallback) =>
    Either.getOrElse(BoundedDuration.decode(input, Duration.decode(least)), (objection) =>
      refuse(`${name} ${objection}`)
    )

const number =
  (fallback: number, min: number, max: number, kind: "number" | "whole number" = "number"): Decode<number> =>
  (name, input = fallback) =>
    typeof input === "number" && input >= min && input <= max && (kind === "number" || Number.isInteger(input))
      ? input
      : refuse(`${name} is ${String(input)}; expected a ${kind} from ${min} to ${max}`)

const whole = (fallback: number, min: number, max: number) => number(fallback, min, max, "whole number")

const fields: { readonly [Field in keyof TokenPolicy]: Decode<TokenPolicy[Field]> } = {
  margin: duration("30 seconds"),
  marginFraction: number(0.1, 0.001, 0.9),
  refreshWindow: duration("5 minutes"),
  refreshFraction: number(0.2, 0.001, 0.9),
  refreshJitter: number(0.2, 0, 1),
  defaultLifetime: duration("1 hour", "1 second"),
  maxLifetime: duration("24 hours", "1 second"),
  attemptTimeout: duration("10 seconds"),
  refusalBodyTimeout: duration("5 seconds"),
  maxAnswerBytes: whole(64 * 1024, 1, 16 * 1024 * 1024),
  retries: whole(3, 0, 100),
  retryDelay: duration("1 second"),
  retryFactor: number(2, 1, 100),
  maxRetryDelay: duration("30 seconds"),
  maxWait: duration("60 seconds", 0),
  rateLimitDelay: duration("1 second"),
  maxRateLimit: duration("1 hour"),
  refusalMemory: duration("30 seconds"),
  maxRefusalMemory: duration("5 minutes"),
  discoveryLifetime: duration("1 hour"),
  refusedTokenMemory: duration("60 seconds"),
  discardTimeout: duration("1 second"),
  maxWaitingCalls: whole(1_000, 1, 1_000_000),
  maxErrorBytes: whole(8 * 1024, 1, 16 * 1024 * 1024)
}

const pairs = [
  ["margin", "refreshWindow"],
  ["retryDelay", "maxRetryDelay"],
  ["rateLimitDelay", "maxRateLimit"],
  ["refusalMemory", "maxRefusalMemory"]
] as const

/** Builds a policy as {@link TokenPolicy} does, but only from the numbers that have these names. */
export const makeOf = (names: ReadonlyArray<keyof TokenPolicy>, options: TokenPolicyOptions): TokenPolicy => {
  const unknown = Object.keys(options).find((name) => !names.some((known) => known === name))
  if (unknown !== undefined) {
    const problem = unknown in fields ? `${unknown} has no effect here` : `there is no ${unknown}`
    refuse(`${problem}; the fields are ${names.join(", ")}`)
  }
  // Each field decodes to its own type, which the type of `Record.map` can't say.
  const policy = Record.map(fields, (decode: Decode<unknown>, name) =>
    decode(name, options[name] ?? undefined)
  ) as TokenPolicy

  for (const [lesser, greater] of pairs) {
    if (Duration.greaterThan(policy[lesser], policy[greater])) {
      const [less, more] = [Duration.format(policy[lesser]), Duration.format(policy[greater])]
      refuse(`${lesser} (${less}) is larger than ${greater} (${more})`)
    }
  }
  if (policy.marginFraction > policy.refreshFraction) {
    refuse(`marginFraction (${policy.marginFraction}) is larger than refreshFraction (${policy.refreshFraction})`)
  }
  // A token that is due for renewal as soon as it arrives would make every call start an exchange.
  if (policy.marginFraction + policy.refreshFraction * (1 + policy.refreshJitter) > 0.9) {
    refuse("marginFraction + refreshFraction * (1 + refreshJitter) is above 0.9: renewals would have no pause")
  }
  return policy
}

const make = (options: TokenPolicyOptions) => makeOf(Record.keys(fields), options)

const defaults = make({})

/**
 * Policies. `defaults` has every number at its default. `make` builds a policy from the numbers that differ. It throws
 * a `TypeError` that names the field if a value has the wrong type, is out of range, or exceeds the field that limits
 * it (`margin` may not exceed `refreshWindow`).
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
