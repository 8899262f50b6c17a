import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { CxoneAuth } from "../auth/CxoneAuth.js"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import * as SecureUrl from "../http/SecureUrl.js"
import * as ScopeSet from "../token/ScopeSet.js"
import * as TokenPolicy from "../token/TokenPolicy.js"
import * as ApiCall from "./ApiCall.js"
import { type AuthenticatedHttpClient, toPlain, unwrapErrors } from "./AuthenticatedHttpClient.js"
import * as CallOptions from "./CallOptions.js"

const policyFields = [
  "refusedTokenMemory",
  "discardTimeout",
  "maxErrorBytes",
  "maxAnswerBytes",
  "rateLimitDelay",
  "maxRateLimit",
  "maxWaitingCalls"
] as const

/**
 * What {@link CxoneHttpClient.layerWith} is made from.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneHttpClientOptions {
  /** The scopes of every call's token. Default: the scopes of `CxoneAuth`. */
  readonly scopes?: string | ReadonlyArray<string>
  /**
   * What happens to a call that is answered with 429, or with 503 and `Retry-After`, and to calls in the pause after
   * that. Default `"fail"`: the call fails with `RateLimited` at once, and the app decides; if the answer had no
   * `Retry-After`, calls in the pause are sent all the same. `{ wait }`: the call waits for up to `wait` in all (jitter
   * may add a fifth), in the order of the calls. A call that got such an answer is sent again only if its body is not a
   * stream, and its method is idempotent or the call is marked as idempotent.
   */
  readonly onRateLimited?: CallOptions.OnRateLimited
  /** Origins other than the API's own that the token may go to, such as `https://files.example.com`. Default: none. */
  readonly allowedOrigins?: ReadonlyArray<string | URL>
  /**
   * Whether the token may go to every host under NICE's own domains, by https on the usual port. Default: no. CXone's APIs
   * give absolute URLs to other hosts than the one that was called.
   */
  readonly allowCxoneHosts?: boolean
  /** Whether CXone gets the tracing headers `b3` and `traceparent`. Default: no, because it is another company. */
  readonly tracerPropagation?: boolean
  /** The numbers of this client that differ from the defaults of `TokenPolicy`. */
  readonly policy?: Pick<TokenPolicy.TokenPolicyOptions, (typeof policyFields)[number]>
}

const make = (
  options: CxoneHttpClientOptions
): Effect.Effect<AuthenticatedHttpClient, never, CxoneAuth | HttpClient.HttpClient | Scope.Scope> => {
  // A wrong option throws when `layerWith` is called, not only when the layer is built.
  const call = ApiCall.make({
    policy: TokenPolicy.makeOf(policyFields, options.policy ?? {}),
    allowed: { origins: originsOf(options.allowedOrigins ?? []), cxoneHosts: options.allowCxoneHosts ?? false },
    scopes: options.scopes === undefined ? undefined : ScopeSet.make(options.scopes),
    patience: CallOptions.patienceOf(options.onRateLimited ?? "fail"),
    tracerPropagation: options.tracerPropagation ?? false
  })
  return Effect.map(call, (execute) =>
    HttpClient.makeWith<never, never, HttpClientError | CxoneAuthError, never>(Effect.flatMap(execute), Effect.succeed)
  )
}

const originsOf = (allowed: ReadonlyArray<string | URL>): ReadonlySet<string> => {
  const refuse = (index: number) => (objection: string) =>
    new TypeError(`CxoneHttpClient.layerWith: allowedOrigins[${index}] ${objection}`)
  return new Set(allowed.map((input, index) => Either.getOrThrowWith(SecureUrl.parse(input), refuse(index)).origin))
}

/**
 * The `HttpClient` for calls to CXone. Each request gets a valid token. A request to another origin than the API's is
 * not sent and fails with `ForeignOrigin`, unless the options allow that origin. A relative URL resolves against the
 * API base URL. After a 401 about the token, the token is renewed once and the request is sent once more. A 403 that
 * asks for scopes, a 429, and a 503 with `Retry-After` are typed errors. Every other status is a response, as
 * everywhere in `@effect/platform`.
 *
 * A redirect is a response, on every transport. To follow it, apply `HttpClient.followRedirects` to this client: then each
 * step passes the same check of its origin. The `HttpClient` below must not follow redirects in its own code, because it
 * would take the token along. `HttpClient.withScope` does not end this client's requests; interrupting a call or reading
 * its body does.
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
   * The client with these options. Each layer has a client of its own, also in a `LayerMap`. Throws a `TypeError` that names
   * the option if a number is out of range, or if an allowed origin is not an absolute URL, is plain http to another
   * machine, or carries a user name or password.
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
    // A `LayerMap` builds one layer once, whatever it is provided with, so tenants would share a client.
    return Layer.fresh(Layer.scoped(CxoneHttpClient, make(options)))
  }

  /**
   * The same client as a plain `HttpClient`, for generated clients such as those of `HttpApiClient`. A `CxoneAuthError` is a
   * `RequestError` there; {@link CxoneHttpClient.withTypedErrors} turns it back. If a generator takes clients of any error
   * type, as `HttpApiClient.makeWith` does, give it {@link CxoneHttpClient} itself.
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
   * Turns the failures of a client from {@link CxoneHttpClient.layerHttpClient} into typed errors again, so that
   * `Effect.catchTag` finds them.
   *
   * @since 0.1.0
   * @category combinators
   */
  static readonly withTypedErrors: <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | CxoneAuthError, R> = unwrapErrors

  /**
   * Gives the calls of an effect a token with exactly these scopes. Each set of scopes has a token of its own, which is kept
   * for the life of the layer. So use sets that are known when the app is written, and not sets from a user's input.
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
   * Makes the calls of an effect fail or wait if CXone says "not yet", whatever the option of the client is. Throws a
   * `TypeError` if `wait` is not a duration from zero to 24 days.
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
   * Says whether the calls of an effect may be sent twice, such as a POST that only searches. By default the method
   * decides (RFC 9110 §9.2.2). Only calls that may be sent twice are sent again after "not yet".
   *
   * @since 0.1.0
   * @category combinators
   */
  static withIdempotency(isIdempotent: boolean): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
    return CallOptions.locally({ isIdempotent })
  }
}
