/**
 * What an app may say about a single call.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as BoundedDuration from "../token/BoundedDuration.js"
import type * as ScopeSet from "../token/ScopeSet.js"

/**
 * What becomes of a call that CXone answers with "not yet", or that comes while that holds: it fails at once, or it is
 * held back for up to `wait` in all, which is zero to 24 days.
 *
 * @since 0.1.0
 * @category models
 */
export type OnRateLimited = "fail" | { readonly wait: Duration.DurationInput }

/**
 * What is known of a call.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallOptions {
  /** The scopes of its token; else those of the client. */
  readonly scopes?: ScopeSet.ScopeSet
  /** For how many milliseconds it may be held back; else as long as the client says. */
  readonly patience?: number
  /** Whether sending it twice has the effect of sending it once; else its method says so. */
  readonly isIdempotent?: boolean
}

/**
 * The options of the calls in a part of an app.
 *
 * @since 0.1.0
 * @category references
 */
export class CurrentCallOptions extends Context.Reference<CurrentCallOptions>()("cxone-auth/CurrentCallOptions", {
  defaultValue: (): CallOptions => ({})
}) {}

/**
 * For how many milliseconds a call may be held back. Throws a `TypeError` that names the option where it is no duration.
 *
 * @since 0.1.0
 * @category decoding
 */
export const patienceOf = (onRateLimited: OnRateLimited): number =>
  onRateLimited === "fail"
    ? 0
    : Duration.toMillis(
        Either.getOrThrowWith(
          BoundedDuration.decode(onRateLimited.wait, Duration.zero),
          (objection) => new TypeError(`CxoneHttpClient: onRateLimited.wait ${objection}`)
        )
      )

/**
 * Changes the options of the calls that an effect makes; those that it does not name stay as they are around it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const locally =
  (change: CallOptions) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(CurrentCallOptions, (outer) =>
      Effect.mapInputContext(effect, (context: Context.Context<R>) =>
        Context.add(context, CurrentCallOptions, { ...outer, ...change })
      )
    )
