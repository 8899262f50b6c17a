/**
 * What an app may say about single calls.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as BoundedDuration from "../token/BoundedDuration.js"
import type * as ScopeSet from "../token/ScopeSet.js"

/**
 * What happens to a call that CXone answers with "not yet" (429, or 503 with `Retry-After`), and to calls in the pause
 * after that. `"fail"`: the call fails at once; if the answer had no `Retry-After`, calls in the pause are sent all the
 * same. `{ wait }`: the call waits for up to `wait` in all, a duration from zero to 24 days.
 *
 * @since 0.1.0
 * @category models
 */
export type OnRateLimited = "fail" | { readonly wait: Duration.DurationInput }

export interface CallOptions {
  /** The scopes of the token. Default: those of the client. */
  readonly scopes?: ScopeSet.ScopeSet
  /** For how many milliseconds the call may be held back. Default: as the client says. */
  readonly patience?: number
  /** Whether sending the call twice has the effect of sending it once. Default: as its method says. */
  readonly isIdempotent?: boolean
}

/** The options of the calls that run in a part of an app. */
export class CurrentCallOptions extends Context.Reference<CurrentCallOptions>()("cxone-auth/CurrentCallOptions", {
  defaultValue: (): CallOptions => ({})
}) {}

/** For how many milliseconds a call may be held back. Throws a `TypeError` that names the option if it is no duration. */
export const patienceOf = (onRateLimited: OnRateLimited): number =>
  onRateLimited === "fail"
    ? 0
    : Duration.toMillis(
        Either.getOrThrowWith(
          BoundedDuration.decode(onRateLimited.wait, Duration.zero),
          (objection) => new TypeError(`CxoneHttpClient: onRateLimited.wait ${objection}`)
        )
      )

/** Sets options for the calls that an effect makes. Options that `change` does not name keep their outer values. */
export const locally =
  (change: CallOptions) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(CurrentCallOptions, (outer) =>
      Effect.provideService(effect, CurrentCallOptions, { ...outer, ...change })
    )
