import type * as Duration from "effect/Duration"
import * as PolicyFields from "../token/PolicyFields.js"

/**
 * The numbers that the client works with. A duration is at least 1 ms (`tokenArrival`: zero) and at most
 * 20 days. {@link TokenPolicy} has the
 * numbers of the token service.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallPolicy {
  /**
   * The pause after a 429 without `Retry-After`: 1 s. It doubles with each further 429, up to a minute, until a call
   * succeeds. Calls that do not wait are sent in spite of it.
   */
  readonly defaultRetryAfter: Duration.Duration
  /** The longest `Retry-After`: 1 hour. A longer one counts as 1 hour. */
  readonly maxRetryAfter: Duration.Duration
  /**
   * How many calls may wait for one route of the API: 1,000. Each keeps its request with its body. A call
   * above that number fails at once.
   */
  readonly maxWaitingCalls: number
  /**
   * How long a new token may take to arrive everywhere at CXone, from when we received it: 2 s. If a younger one is
   * refused, it is kept, and the call is sent again with it after 250 ms, 500 ms and 1 s. Zero: never.
   */
  readonly tokenArrival: Duration.Duration
  /**
   * How long a path that has refused a renewed token causes no further renewal: 1 s. It doubles with each renewed token
   * that the path refuses. It is forgotten when the path takes a token, or has refused none for `maxRenewalPause` after the
   * pause.
   */
  readonly renewalPause: Duration.Duration
  /** The longest `renewalPause`: 60 s. */
  readonly maxRenewalPause: Duration.Duration
  /**
   * How many renewals 401s may cause in a minute, on all paths together: 8. A set of scopes that was not renewed in this
   * minute gets one more.
   */
  readonly maxRenewals: number
  /** How many bytes of a 403 are searched for `insufficient_scope`: 8 KiB. An error object is smaller. */
  readonly maxErrorBytes: number
  /**
   * How long the body of an answer is read that the caller will not see, so that the connection can be used again: 1 s.
   * After that, a new connection is cheaper than reading on. A 403 is searched for `insufficient_scope` for as long.
   */
  readonly discardTimeout: Duration.Duration
  /** How many bytes of such a body are read: 64 KiB. */
  readonly maxDiscardBytes: number
}

/**
 * The numbers of a {@link CallPolicy} that differ from the defaults.
 *
 * @since 0.1.0
 * @category models
 */
export type CallPolicyOptions = {
  readonly [Field in keyof CallPolicy]?:
    | (CallPolicy[Field] extends number ? number : Duration.DurationInput)
    | undefined
}

const { duration, whole } = PolicyFields

const make = PolicyFields.constructorOf<CallPolicy>(
  "CallPolicy",
  {
    defaultRetryAfter: duration("1 second"),
    maxRetryAfter: duration("1 hour"),
    maxWaitingCalls: whole(1_000, 1, 1_000_000),
    tokenArrival: duration("2 seconds", 0),
    renewalPause: duration("1 second"),
    maxRenewalPause: duration("60 seconds"),
    maxRenewals: whole(8, 1, 1_000),
    maxErrorBytes: whole(8 * 1024, 1, 16 * 1024 * 1024),
    discardTimeout: duration("1 second"),
    maxDiscardBytes: whole(64 * 1024, 1, 16 * 1024 * 1024)
  },
  [
    ["defaultRetryAfter", "maxRetryAfter"],
    ["renewalPause", "maxRenewalPause"]
  ]
)

/**
 * Policies of the client.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { CallPolicy } from "cxone-auth"
 *
 * export const fewWaiting = CallPolicy.make({ maxWaitingCalls: 50, maxRetryAfter: "5 minutes" })
 * ```
 */
export const CallPolicy: {
  /** Every number at its default. */
  readonly defaults: CallPolicy
  /**
   * Builds a policy from the numbers that differ from the defaults. Throws a `TypeError` that names the field if a value
   * has the wrong type, is out of range, or exceeds the field that limits it.
   */
  readonly make: (options?: CallPolicyOptions) => CallPolicy
} = { defaults: make(), make }
