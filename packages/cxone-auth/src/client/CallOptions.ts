/**
 * What an app may say about single calls.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as BoundedDuration from "../token/BoundedDuration.js"
import * as ScopeSet from "../token/ScopeSet.js"

/**
 * What happens to a call that CXone answers with "not yet" (429, or 503 with `Retry-After`), and to calls in the pause
 * after that.
 *
 * - `"fail"`: the call fails with `RateLimited` at once. So do calls in the pause, if the answer named its length.
 * - `{ wait }`: the call waits for up to `wait` in all (zero to 20 days). It is sent up to a fifth later than CXone asked,
 *   by jitter; in a test, `Effect.withRandom(Random.fixed([0]))` makes that exact.
 *
 * @since 0.1.0
 * @category models
 */
export type OnRateLimited =
  | "fail"
  | {
      /** The longest that the call waits, in all, such as `"1 minute"`. Token requests have a wait of their own: `maxWait`. */
      readonly wait: Duration.DurationInput
    }

/**
 * What an app may say about the calls in a part of it: `scopes`, `onRateLimited`, `idempotent`, `asResponse`. An option
 * that is absent, or `undefined`, has the value of the effect around it; in the end, that of the client.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallOptions {
  /**
   * The calls get a token with exactly these scopes. Each set of scopes has a token of its own, which is kept for the
   * life of the layer. So use sets that are known when the app is written, and not sets from a user's input.
   */
  readonly scopes?: string | ReadonlyArray<string> | undefined
  /** Whether the calls fail or wait if CXone says "not yet". */
  readonly onRateLimited?: OnRateLimited | undefined
  /**
   * Whether the calls may be sent twice, such as a POST that only searches. By default the method decides (RFC 9110
   * §9.2.2). Only calls that may be sent twice are sent again after "not yet".
   */
  readonly idempotent?: boolean | undefined
  /**
   * Statuses that come as responses, with their whole body, in place of `InvalidToken`, `InsufficientScope` and
   * `RateLimited`; such as `[429]` for an `HttpApi` that declares an error with this status. All else stays: a refused
   * token is renewed, a call that may wait waits, and then the last answer is handed out. A call still fails with the typed
   * error if it got no such answer: it was held back, or it was not sent again after the wait or the renewal.
   * `HttpClient.retryTransient` repeats a 429 or 503 that is a response.
   */
  readonly asResponse?: AsResponse | undefined
}

/**
 * Statuses that this library turns into typed errors, unless the app wants them as responses.
 *
 * @since 0.1.0
 * @category models
 */
export type AsResponse = ReadonlyArray<401 | 403 | 429 | 503>

/** The same, checked. */
interface Current {
  readonly scopes?: ScopeSet.ScopeSet
  /** For how many milliseconds the call may be held back. */
  readonly patience?: number
  readonly isIdempotent?: boolean
  readonly asResponse?: AsResponse
}

/** The options of the calls that run in a part of an app. */
export class CurrentCallOptions extends Context.Reference<CurrentCallOptions>()("cxone-auth/CurrentCallOptions", {
  defaultValue: (): Current => ({})
}) {}

/** For how many milliseconds a call may be held back. Throws a `TypeError` that names the option if it is no duration. */
export const patienceOf = (onRateLimited: OnRateLimited): number => {
  // Plain JavaScript may pass anything.
  if (onRateLimited !== "fail" && !Predicate.hasProperty(onRateLimited, "wait")) {
    throw new TypeError(
      'CxoneHttpClient: onRateLimited must be "fail", or { wait } with a duration, such as "30 seconds"'
    )
  }
  return onRateLimited === "fail"
    ? 0
    : Duration.toMillis(
        Either.getOrThrowWith(
          BoundedDuration.decode(onRateLimited.wait, Duration.zero),
          (objection) => new TypeError(`CxoneHttpClient: onRateLimited.wait ${objection}`)
        )
      )
}

const typedStatuses: ReadonlyArray<number> = [401, 403, 429, 503]

/** The same list. Throws a `TypeError` if a status in it is none that becomes a typed error. */
export const checkedStatuses = (asResponse: AsResponse): AsResponse => {
  if (!Array.isArray(asResponse) || !asResponse.every((status) => typedStatuses.includes(status))) {
    throw new TypeError(`CxoneHttpClient: asResponse must be a list of some of ${typedStatuses.join(", ")}`)
  }
  return asResponse
}

type OnEffects = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Sets options for the calls that an effect makes. The others keep their outer values. */
export const within = ({ asResponse, idempotent, onRateLimited, scopes }: CallOptions): OnEffects => {
  const change: Current = {
    ...(scopes === undefined ? {} : { scopes: ScopeSet.parseOrThrow("CxoneHttpClient: scopes", scopes) }),
    ...(onRateLimited === undefined ? {} : { patience: patienceOf(onRateLimited) }),
    ...(idempotent === undefined ? {} : { isIdempotent: idempotent }),
    ...(asResponse === undefined ? {} : { asResponse: checkedStatuses(asResponse) })
  }
  return (effect) =>
    Effect.flatMap(CurrentCallOptions, (outer) =>
      Effect.provideService(effect, CurrentCallOptions, { ...outer, ...change })
    )
}

/**
 * Lets a combinator take its effect first or last. `Function.dual` would not call `prepare`, which checks the options,
 * before there is an effect.
 */
export const dual = <Options>(prepare: (options: Options) => OnEffects) => {
  function apply(options: Options): OnEffects
  function apply<A, E, R>(effect: Effect.Effect<A, E, R>, options: Options): Effect.Effect<A, E, R>
  function apply<A, E, R>(...args: readonly [Options] | readonly [Effect.Effect<A, E, R>, Options]) {
    return args.length === 1 ? prepare(args[0]) : prepare(args[1])(args[0])
  }
  return apply
}
