/**
 * The authenticated `HttpClient`.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { CxoneAuth } from "../auth/CxoneAuth.js"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import * as SecureUrl from "../http/SecureUrl.js"
import * as Transport from "../http/Transport.js"
import * as Metrics from "../telemetry/Metrics.js"
import * as Throttle from "../throttle/Throttle.js"
import * as ScopeSet from "../token/ScopeSet.js"
import { TokenPolicy, type TokenPolicyOptions } from "../token/TokenPolicy.js"
import * as ApiCall from "./ApiCall.js"
import { type AuthenticatedHttpClient, toPlain, unwrapErrors } from "./AuthenticatedHttpClient.js"
import * as CallOptions from "./CallOptions.js"
import * as RefusedTokens from "./RefusedTokens.js"

/**
 * What {@link CxoneHttpClient.layerWith} can be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneHttpClientOptions {
  /** The scopes of every call's token, where they are to be other than those of `CxoneAuth`. */
  readonly scopes?: string | ReadonlyArray<string>
  /**
   * What becomes of a call that is answered with 429, or with 503 and `Retry-After`, or that comes while that holds.
   * Default `"fail"`: it is `RateLimited` at once, and the app decides. With `{ wait }` it is held back for up to that
   * long in all (jitter may add a fifth), in the order in which the calls came; it is sent again only if its method is
   * idempotent, or it is marked so, and its body is no stream (C4).
   */
  readonly onRateLimited?: CallOptions.OnRateLimited
  /** Origins beside the API's own that the token may go to, such as `https://files.example.com`; default none (C1). */
  readonly allowedOrigins?: ReadonlyArray<string | URL>
  /**
   * Whether the token may go to every host of NICE's own domains (facts §3), by https on the usual port; default no.
   * CXone's APIs hand back absolute URLs to other hosts than the one that was called (facts §6).
   */
  readonly allowCxoneHosts?: boolean
  /** Whether CXone is sent the tracing headers `b3` and `traceparent`; default no: it is another company (C5). */
  readonly tracerPropagation?: boolean
  /**
   * The numbers `refusedTokenMemory`, `discardTimeout`, `maxErrorBytes`, `maxAnswerBytes`, `rateLimitDelay`,
   * `maxRateLimit` and `maxWaitingCalls`, where not the defaults.
   */
  readonly policy?: TokenPolicyOptions
}

const make = (
  options: CxoneHttpClientOptions
): Effect.Effect<AuthenticatedHttpClient, never, CxoneAuth | HttpClient.HttpClient | Scope.Scope> => {
  // What is wrong with the options shows when the layer is made, not when it is built.
  const policy = TokenPolicy.make(options.policy)
  const allowed = {
    origins: originsOf(options.allowedOrigins ?? []),
    cxoneHosts: options.allowCxoneHosts ?? false
  }
  const patience = CallOptions.patienceOf(options.onRateLimited ?? "fail")
  const scopes = options.scopes === undefined ? undefined : ScopeSet.make(options.scopes)
  return Effect.gen(function* () {
    const call = ApiCall.make({
      auth: yield* CxoneAuth,
      http: Transport.make(yield* HttpClient.HttpClient),
      policy,
      allowed,
      scopes,
      patience,
      tracerPropagation: options.tracerPropagation ?? false,
      throttle: yield* Throttle.make(policy, Metrics.apiCallWaited),
      refusedFresh: yield* RefusedTokens.make(policy.refusedTokenMemory),
      droppedForStream: yield* RefusedTokens.make(policy.refusedTokenMemory)
    })
    return HttpClient.makeWith<never, never, HttpClientError | CxoneAuthError, never>(
      Effect.flatMap((request) =>
        Effect.withFiberRuntime<HttpClientResponse, HttpClientError | CxoneAuthError>(({ currentContext }) =>
          call(request, Context.get(currentContext, CallOptions.CurrentCallOptions))
        )
      ),
      Effect.succeed
    )
  })
}

const originsOf = (allowed: ReadonlyArray<string | URL>): ReadonlySet<string> =>
  new Set(
    allowed.map((input, index) => {
      const origin = Either.getOrThrowWith(
        SecureUrl.parse(input),
        (objection) => new TypeError(`CxoneHttpClient.layerWith: allowedOrigins[${index}] ${objection}`)
      )
      return origin.origin
    })
  )

/**
 * The `HttpClient` for calls to CXone. Each request gets a valid token, but only on its way to the API's origin (C1); a
 * relative URL resolves against the API base URL. A 401 about the token is answered with one renewal and one more try
 * (C2). A 403 for want of scopes, a 429, and a 503 with `Retry-After` are typed errors; every other status is a response,
 * as everywhere in `@effect/platform`.
 *
 * A redirect is a response, on every transport. `HttpClient.followRedirects`, put on this client, follows it, each step
 * past the guard. The `HttpClient` below must not follow any in code of its own: it would take the token along.
 * `HttpClient.withScope` has no hold on this client's requests; interrupting a call, or reading its body, ends them.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const cxone = yield* CxoneHttpClient
 *   const response = yield* cxone.get("/api/v2/users/me")
 *   return yield* response.json
 * })
 *
 * const CxoneLayer = CxoneHttpClient.layer.pipe(
 *   Layer.provide(CxoneAuth.layerConfig),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 *
 * export const runnable = program.pipe(Effect.provide(CxoneLayer))
 * ```
 */
export class CxoneHttpClient extends Context.Tag("cxone-auth/CxoneHttpClient")<
  CxoneHttpClient,
  AuthenticatedHttpClient
>() {
  /**
   * The client with every option at its default.
   *
   * @since 0.1.0
   * @category layers
   */
  static readonly layer: Layer.Layer<CxoneHttpClient, never, CxoneAuth | HttpClient.HttpClient> =
    CxoneHttpClient.layerWith({})

  /**
   * The client with these options. It is never shared: in a `LayerMap` each tenant has its own. Throws a `TypeError`
   * that names the option if one cannot be: a number out of range, an allowed origin that is no absolute URL, is plain
   * http to another machine, or carries a user name or password.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { CxoneHttpClient } from "cxone-auth"
   *
   * export const CxoneLayer = CxoneHttpClient.layerWith({
   *   allowedOrigins: ["https://files.example.com"],
   *   onRateLimited: { wait: "1 minute" }
   * })
   * ```
   */
  static layerWith(
    options: CxoneHttpClientOptions
  ): Layer.Layer<CxoneHttpClient, never, CxoneAuth | HttpClient.HttpClient> {
    // A layer is built once in a `LayerMap`, whatever it is provided with: a tenant would get another one's client.
    return Layer.fresh(Layer.scoped(CxoneHttpClient, make(options)))
  }

  /**
   * The same client as a plain `HttpClient`, for generated clients, such as those of `HttpApiClient`. A failure because
   * of the token is a `RequestError` there; {@link CxoneHttpClient.withTypedErrors} gives it its type again. What
   * can take a client of any error type, as `HttpApiClient.makeWith` can, needs neither: give it {@link CxoneHttpClient}.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { FetchHttpClient, HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
   * import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
   * import { Effect, Layer, Schema } from "effect"
   *
   * const users = HttpApiGroup.make("users").add(
   *   HttpApiEndpoint.get("me", "/api/v2/users/me").addSuccess(Schema.Struct({ name: Schema.String }))
   * )
   *
   * const name = Effect.gen(function* () {
   *   const cxone = yield* HttpApiClient.make(HttpApi.make("cxone").add(users))
   *   return (yield* cxone.users.me()).name
   * }).pipe(
   *   CxoneHttpClient.withTypedErrors,
   *   Effect.catchTag("InsufficientScope", (error) => Effect.succeed(error.message))
   * )
   *
   * const HttpLayer = CxoneHttpClient.layerHttpClient.pipe(
   *   Layer.provide(CxoneAuth.layerConfig),
   *   Layer.provide(FetchHttpClient.layer)
   * )
   *
   * export const runnable = name.pipe(Effect.provide(HttpLayer))
   * ```
   */
  static readonly layerHttpClient: Layer.Layer<HttpClient.HttpClient, never, CxoneAuth | HttpClient.HttpClient> =
    CxoneHttpClient.layerHttpClientWith({})

  /**
   * The same with the options of {@link CxoneHttpClient.layerWith}.
   *
   * @since 0.1.0
   * @category layers
   */
  static layerHttpClientWith(
    options: CxoneHttpClientOptions
  ): Layer.Layer<HttpClient.HttpClient, never, CxoneAuth | HttpClient.HttpClient> {
    return Layer.fresh(Layer.scoped(HttpClient.HttpClient, Effect.map(make(options), toPlain)))
  }

  /**
   * Gives the failures of a generated client over {@link CxoneHttpClient.layerHttpClient} their types again, so that
   * `Effect.catchTag` finds them.
   *
   * @since 0.1.0
   * @category combinators
   */
  static readonly withTypedErrors: <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | CxoneAuthError, R> = unwrapErrors

  /**
   * Has the calls that an effect makes carry a token with these scopes, and no others: each set of scopes has a token of
   * its own, obtained when it is first asked for and kept for the life of the layer. Name sets that are known when the
   * app is written, not those of whoever calls it.
   *
   * @since 0.1.0
   * @category combinators
   * @example
   * ```ts
   * import { CxoneHttpClient } from "cxone-auth"
   * import { Effect } from "effect"
   *
   * export const me = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/api/v2/users/me")).pipe(
   *   CxoneHttpClient.withScopes("read:users")
   * )
   * ```
   */
  static withScopes(
    scopes: string | ReadonlyArray<string>
  ): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
    return CallOptions.locally({ scopes: ScopeSet.make(scopes) })
  }

  /**
   * Has the calls that an effect makes fail, or wait, where CXone says "not yet", whatever the client does (C4). Throws
   * a `TypeError` if `wait` is no duration from zero to 24 days.
   *
   * @since 0.1.0
   * @category combinators
   */
  static withOnRateLimited(
    onRateLimited: CallOptions.OnRateLimited
  ): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
    return CallOptions.locally({ patience: CallOptions.patienceOf(onRateLimited) })
  }

  /**
   * Marks the calls that an effect makes as safe to be sent twice, such as a POST that only searches, or not; else their
   * method says so (RFC 9110 §9.2.2). Only such calls are sent again after "not yet" (C4).
   *
   * @since 0.1.0
   * @category combinators
   */
  static withIdempotency(isIdempotent: boolean): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
    return CallOptions.locally({ isIdempotent })
  }
}
