import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { CxoneAuth } from "../auth/CxoneAuth.js"
import type { UrlInput } from "../environment/CxoneEnvironment.js"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import * as RequestScope from "../http/RequestScope.js"
import * as SecureUrl from "../http/SecureUrl.js"
import * as ScopeSet from "../token/ScopeSet.js"
import * as ApiCall from "./ApiCall.js"
import { type AuthenticatedHttpClient, toPlain, unwrapErrors } from "./AuthenticatedHttpClient.js"
import * as CallOptions from "./CallOptions.js"
import { CallPolicy, type CallPolicyOptions } from "./CallPolicy.js"
import { limitOf, type RateLimitKey } from "./RateLimitKey.js"

/**
 * What {@link CxoneHttpClient.layer} may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneHttpClientOptions {
  /** The scopes of every call's token. Default: the scopes of the `CxoneAuth` layer. */
  readonly scopes?: string | ReadonlyArray<string> | undefined
  /**
   * What happens to a call that is answered with 429, or with 503 and `Retry-After`, and to calls in the pause after
   * that. Default `"fail"`: the call fails with `RateLimited` at once, and the app decides; if the answer had no
   * `Retry-After`, calls in the pause are sent all the same. `{ wait }`: the call waits for up to `wait` in all (jitter
   * may add a fifth), in the order of the calls. A call that got such an answer is sent again only if its body is not a
   * stream, and its method is idempotent or the call is marked as idempotent. How long a token request waits is
   * `TokenPolicy.maxWait`.
   */
  readonly onRateLimited?: CallOptions.OnRateLimited | undefined
  /**
   * Which calls share a limit of CXone's, and are held back together. Default `"route"`: those with the same method,
   * origin and path, whatever ids are in the path.
   */
  readonly rateLimitKey?: RateLimitKey | undefined
  /** Statuses that come as responses in place of a typed error, as {@link CallOptions} says. Default: none. */
  readonly asResponse?: CallOptions.AsResponse | undefined
  /** Origins other than the API's own that the token may go to, such as `https://files.example.com`. Default: none. */
  readonly allowedOrigins?: ReadonlyArray<UrlInput> | undefined
  /**
   * Whether the token may go to every host under NICE's own domains, by https on the usual port. Default: no. CXone's APIs
   * give absolute URLs to other hosts than the one that was called.
   */
  readonly allowCxoneHosts?: boolean | undefined
  /**
   * Whether CXone gets the tracing headers `b3` and `traceparent`. Default: no, because it is another company.
   * `HttpClient.withTracerPropagation(false)` turns them off, even if this is `true`.
   */
  readonly tracerPropagation?: boolean | undefined
  /** The numbers that differ from the defaults. */
  readonly policy?: CallPolicyOptions | undefined
}

const make = (
  options: CxoneHttpClientOptions
): Effect.Effect<AuthenticatedHttpClient, never, CxoneAuth | HttpClient.HttpClient | Scope.Scope> => {
  // A wrong option throws when `layer` is called, not only when the layer is built.
  const call = ApiCall.make({
    policy: CallPolicy.make(options.policy),
    allowed: { origins: originsOf(options.allowedOrigins ?? []), cxoneHosts: options.allowCxoneHosts ?? false },
    scopes: options.scopes === undefined ? undefined : ScopeSet.parseOrThrow("CxoneHttpClient: scopes", options.scopes),
    patience: CallOptions.patienceOf(options.onRateLimited ?? "fail"),
    limitOf: limitOf(options.rateLimitKey ?? "route"),
    heedsNames: options.rateLimitKey === undefined || options.rateLimitKey === "route",
    asResponse: CallOptions.checkedStatuses(options.asResponse ?? []),
    tracerPropagation: options.tracerPropagation ?? false
  })
  return Effect.map(call, (execute) =>
    HttpClient.makeWith<never, never, HttpClientError | CxoneAuthError, never>(
      Effect.flatMap((request) => RequestScope.within(request, execute(request))),
      Effect.succeed
    )
  )
}

const originsOf = (allowed: ReadonlyArray<UrlInput>): ReadonlySet<string> => {
  const refuse = (index: number) => (objection: string) =>
    new TypeError(`CxoneHttpClient: allowedOrigins[${index}] ${objection}`)
  // Plain JavaScript may pass a string.
  if (!Array.isArray(allowed)) {
    throw new TypeError("CxoneHttpClient: allowedOrigins must be a list")
  }
  return new Set(allowed.map((input, index) => Either.getOrThrowWith(SecureUrl.parse(input), refuse(index)).origin))
}

/**
 * The `HttpClient` for calls to CXone: each request carries a valid token. A URL without a host begins at
 * the API base URL, with or without a slash at its start: with the base `https://gateway.example/cxone`, both `users` and
 * `/users` go to `https://gateway.example/cxone/users`. Other origins fail with `ForeignOrigin`. A request without an
 * `Accept` header gets `Accept: application/json`, so set it for a download. 401, 429, 503 with
 * `Retry-After`, and a missing scope are handled, or become typed errors. Every other status is a response, redirects too.
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
 * const CxoneLayer = CxoneHttpClient.layer().pipe(
 *   Layer.provide(CxoneAuth.layerFromEnv()),
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
   * The client as an effect, for a layer of your own. Calls that wait end with the `CxoneAuth` service, because all its
   * clients share one line. The scope matters only for a service that you built yourself.
   *
   * @since 0.1.0
   * @category constructors
   * @example
   * ```ts
   * import { type AuthenticatedHttpClient, CxoneHttpClient } from "cxone-auth"
   * import { Context, Layer } from "effect"
   *
   * // A second client over the same service, for background work that may wait.
   * export class PatientClient extends Context.Tag("PatientClient")<PatientClient, AuthenticatedHttpClient>() {}
   *
   * export const PatientLayer = Layer.scoped(
   *   PatientClient,
   *   CxoneHttpClient.make({ onRateLimited: { wait: "5 minutes" } })
   * )
   * ```
   */
  static make(
    options: CxoneHttpClientOptions = {}
  ): Effect.Effect<AuthenticatedHttpClient, never, CxoneAuth | HttpClient.HttpClient | Scope.Scope> {
    return make(options)
  }

  /**
   * The client. Each layer has a client of its own, also in a `LayerMap`. Throws a `TypeError` that names the option if a
   * number is out of range, or if an allowed origin is not an absolute URL, is plain http to another machine, or carries a
   * user name or password.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { CxoneHttpClient } from "cxone-auth"
   *
   * export const CxoneLayer = CxoneHttpClient.layer({
   *   allowedOrigins: ["https://files.example.com"],
   *   onRateLimited: { wait: "1 minute" }
   * })
   * ```
   */
  static layer(
    options: CxoneHttpClientOptions = {}
  ): Layer.Layer<CxoneHttpClient, never, CxoneAuth | HttpClient.HttpClient> {
    // A `LayerMap` builds one layer once, whatever it is provided with, so tenants would share a client.
    return Layer.fresh(Layer.scoped(CxoneHttpClient, make(options)))
  }

  /**
   * The client in the place of the app's own `HttpClient`, for generated clients. Errors of this library are
   * `RequestError`s there; {@link CxoneHttpClient.withTypedErrors} turns them back. {@link CxoneHttpClient.toHttpClient}
   * leaves the app's own `HttpClient` alone.
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
   * const HttpLayer = CxoneHttpClient.layerHttpClient().pipe(
   *   Layer.provide(CxoneAuth.layerFromEnv()),
   *   Layer.provide(FetchHttpClient.layer)
   * )
   *
   * export const runnable = name.pipe(Effect.provide(HttpLayer))
   * ```
   */
  static layerHttpClient(
    options: CxoneHttpClientOptions = {}
  ): Layer.Layer<HttpClient.HttpClient, never, CxoneAuth | HttpClient.HttpClient> {
    return Layer.fresh(Layer.scoped(HttpClient.HttpClient, Effect.map(make(options), toPlain)))
  }

  /**
   * The plain form of a client, for code that takes an `HttpClient`. So one app can hold both, and the rest of it keeps its
   * own `HttpClient`. Its errors are those of {@link CxoneHttpClient.layerHttpClient}.
   *
   * @since 0.1.0
   * @category combinators
   * @example
   * ```ts
   * import { HttpClient } from "@effect/platform"
   * import { CxoneHttpClient } from "cxone-auth"
   * import { Effect } from "effect"
   *
   * declare const generated: Effect.Effect<string, Error, HttpClient.HttpClient>
   *
   * export const answer = Effect.gen(function* () {
   *   const cxone = CxoneHttpClient.toHttpClient(yield* CxoneHttpClient)
   *   return yield* Effect.provideService(generated, HttpClient.HttpClient, cxone)
   * }).pipe(CxoneHttpClient.withTypedErrors)
   * ```
   */
  static readonly toHttpClient: (client: AuthenticatedHttpClient) => HttpClient.HttpClient = toPlain

  /**
   * Turns the failures of a plain client of this library into typed errors again, so that `Effect.catchTag` finds them. It
   * also finds a typed error that is the cause of another error, such as an `RpcClientError` of `@effect/rpc` or an error
   * of the app's; up to ten causes deep.
   *
   * @since 0.1.0
   * @category combinators
   * @example
   * ```ts
   * import { HttpClient } from "@effect/platform"
   * import { CxoneHttpClient } from "cxone-auth"
   * import { Effect } from "effect"
   *
   * export const me = Effect.flatMap(HttpClient.HttpClient, (http) => http.get("/api/v2/users/me")).pipe(
   *   CxoneHttpClient.withTypedErrors,
   *   Effect.catchTag("RateLimited", (error) => Effect.logWarning(error.message))
   * )
   * ```
   */
  static readonly withTypedErrors: <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | CxoneAuthError, R> = unwrapErrors

  /**
   * Sets {@link CallOptions} for the calls that an effect makes. Where two of these meet, the inner one wins, for each
   * option by itself. On a client, it goes through `HttpClient.transformResponse`. Throws a `TypeError` if `wait` is not a
   * duration from zero to 20 days.
   *
   * @since 0.1.0
   * @category combinators
   * @example
   * ```ts
   * import { HttpClient } from "@effect/platform"
   * import { CxoneHttpClient } from "cxone-auth"
   * import { Effect } from "effect"
   *
   * // A POST that only searches, so it may be sent twice.
   * export const found = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.post("/api/v2/users/search")).pipe(
   *   CxoneHttpClient.withCallOptions({ onRateLimited: { wait: "30 seconds" }, idempotent: true })
   * )
   *
   * // A client whose calls all wait.
   * export const patient = Effect.map(
   *   CxoneHttpClient,
   *   HttpClient.transformResponse(CxoneHttpClient.withCallOptions({ onRateLimited: { wait: "1 minute" } }))
   * )
   * ```
   */
  static readonly withCallOptions: {
    /** Sets options for the calls of an effect, in a pipe: `call.pipe(CxoneHttpClient.withCallOptions({ … }))`. */
    (options: CallOptions.CallOptions): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** Sets options for the calls of an effect: `CxoneHttpClient.withCallOptions(call, { … })`. */
    <A, E, R>(effect: Effect.Effect<A, E, R>, options: CallOptions.CallOptions): Effect.Effect<A, E, R>
  } = CallOptions.dual(CallOptions.within)

  /**
   * Gives the calls of an effect a token with exactly these scopes. It is short for
   * {@link CxoneHttpClient.withCallOptions}`({ scopes })`.
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
  static readonly withScopes: {
    /** Gives the calls of an effect a token with exactly these scopes, in a pipe. */
    (scopes: string | ReadonlyArray<string>): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** Gives the calls of an effect a token with exactly these scopes. */
    <A, E, R>(effect: Effect.Effect<A, E, R>, scopes: string | ReadonlyArray<string>): Effect.Effect<A, E, R>
  } = CallOptions.dual((scopes: string | ReadonlyArray<string>) => CallOptions.within({ scopes }))
}
