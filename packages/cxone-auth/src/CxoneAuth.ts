/**
 * The token service and its layers.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { AccessToken } from "./AccessToken.js"
import type { Credentials } from "./Credentials.js"
import * as CxoneConfig from "./CxoneConfig.js"
import { CxoneEnvironment } from "./CxoneEnvironment.js"
import type { CxoneAuthError } from "./CxoneError.js"
import * as ScopeSet from "./ScopeSet.js"
import * as TokenCache from "./TokenCache.js"
import * as TokenEndpoint from "./TokenEndpoint.js"

/**
 * What the token service does.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneAuthService {
  /** A valid token with the layer's scopes. */
  readonly accessToken: Effect.Effect<AccessToken, CxoneAuthError>
  /**
   * A valid token with these scopes, in any order, as a list or separated by spaces. Each set of scopes has a token
   * of its own: none is ever handed to a caller who asked for another set (L2).
   */
  readonly accessTokenFor: (scopes: string | ReadonlyArray<string>) => Effect.Effect<AccessToken, CxoneAuthError>
  /** Drops a token that turned out to be no good, but only if it is still the cached one (L9). */
  readonly invalidate: (token: AccessToken) => Effect.Effect<void>
  /** Where the API answers. */
  readonly apiBaseUrl: Effect.Effect<URL, CxoneAuthError>
}

/**
 * What {@link CxoneAuth.layer} is made from.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneAuthOptions {
  readonly credentials: Credentials
  readonly environment: CxoneEnvironment
  /** The scopes of `accessToken`; default `offline_access` (source: the brief). */
  readonly scopes?: string | ReadonlyArray<string>
}

const keyOf = ScopeSet.toParameter

/**
 * Builds the service. Every exchange runs in the scope that it is built in; closing that scope ends them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: CxoneAuthOptions
): Effect.Effect<CxoneAuthService, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.gen(function* () {
    const context = Context.omit(Tracer.ParentSpan)(yield* Effect.context<HttpClient.HttpClient>())
    const scope = yield* Effect.scope
    // A copy, checked again: whoever can change a URL of the original, or made it by hand, decides where secrets go.
    const { apiBaseUrl, tokenEndpoint } = new CxoneEnvironment(options.environment)

    const newCache = (scopes: ScopeSet.ScopeSet) =>
      TokenCache.make(
        TokenEndpoint.exchange({ tokenEndpoint, credentials: options.credentials, scopes }).pipe(
          // Nobody's flight (L3): what the caller who happens to be the first has in its context is not for all.
          Effect.mapInputContext((_: Context.Context<never>) => context)
        ),
        scope
      )

    const defaultScopes = ScopeSet.make(options.scopes ?? CxoneConfig.defaultScopes)
    const defaultCache = newCache(defaultScopes)
    const caches = yield* Ref.make(HashMap.make([keyOf(defaultScopes), defaultCache]))

    const cacheFor = (scopes: ScopeSet.ScopeSet) =>
      Ref.modify(caches, (known) => {
        const key = keyOf(scopes)
        const cache = Option.getOrElse(HashMap.get(known, key), () => newCache(scopes))
        return [cache, HashMap.has(known, key) ? known : HashMap.set(known, key, cache)]
      })

    return {
      accessToken: defaultCache.get,
      accessTokenFor: (scopes) => Effect.flatMap(cacheFor(ScopeSet.make(scopes)), (cache) => cache.get),
      invalidate: (token) =>
        Effect.flatMap(Ref.get(caches), (known) =>
          Option.match(HashMap.get(known, keyOf(ScopeSet.make(token.requestedScopes))), {
            onNone: () => Effect.void,
            onSome: (cache) => cache.invalidate(token)
          })
        ),
      // A copy: a `URL` can be changed, and this one decides where tokens go.
      apiBaseUrl: Effect.sync(() => new URL(apiBaseUrl))
    }
  })

/**
 * The token service: from credentials, given once, to a valid token for every call, or a typed error.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { CxoneAuth } from "cxone-auth"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const auth = yield* CxoneAuth
 *   const token = yield* auth.accessToken
 *   return new Date(token.expiresAt)
 * })
 *
 * export const runnable = program.pipe(Effect.provide(CxoneAuth.layerConfig.pipe(Layer.provide(FetchHttpClient.layer))))
 * ```
 */
export class CxoneAuth extends Context.Tag("cxone-auth/CxoneAuth")<CxoneAuth, CxoneAuthService>() {
  /**
   * The service for these credentials, at this CXone.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { CxoneAuth, CxoneEnvironment, Credentials } from "cxone-auth"
   * import { Redacted } from "effect"
   *
   * export const AuthLayer = CxoneAuth.layer({
   *   credentials: Credentials.clientSecret({ clientId: "reporting-job", clientSecret: Redacted.make("s3cr3t") }),
   *   environment: CxoneEnvironment.region("eu"),
   *   scopes: ["read:users"]
   * })
   * ```
   */
  static layer(options: CxoneAuthOptions): Layer.Layer<CxoneAuth, never, HttpClient.HttpClient> {
    return Layer.scoped(CxoneAuth, make(options))
  }

  /**
   * The service for what the settings `CXONE_*` say; a `ConfigError` names the setting that is missing or wrong.
   *
   * @since 0.1.0
   * @category layers
   */
  static readonly layerConfig: Layer.Layer<CxoneAuth, ConfigError.ConfigError, HttpClient.HttpClient> = Layer.scoped(
    CxoneAuth,
    Effect.flatMap(CxoneConfig.load, make)
  )

  /**
   * The service for tests: always this token (a plain text stands for one that never expires), or always this
   * failure. Nothing is requested from anybody. The API base URL is `https://cxone.test` unless it is given.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { CxoneAuth, RateLimited } from "cxone-auth"
   * import { Option } from "effect"
   *
   * export const withToken = CxoneAuth.layerTest("a-token")
   * export const withFailure = CxoneAuth.layerTest(
   *   new RateLimited({ reason: "token_endpoint", origin: "https://cxone.test", retryAfter: Option.none() })
   * )
   * ```
   */
  static layerTest(
    answer: string | AccessToken | CxoneAuthError,
    options?: { readonly apiBaseUrl?: string | URL }
  ): Layer.Layer<CxoneAuth> {
    const answerFor = (scopes: ScopeSet.ScopeSet): Effect.Effect<AccessToken, CxoneAuthError> => {
      if (typeof answer === "string") {
        return Effect.succeed(everlasting(answer, scopes))
      }
      return answer instanceof AccessToken ? Effect.succeed(answer) : Effect.fail(answer)
    }
    const tokenEndpoint = "https://cxone.test/oauth/token"
    const { apiBaseUrl } = new CxoneEnvironment({ tokenEndpoint, apiBaseUrl: "https://cxone.test", ...options })
    return Layer.succeed(CxoneAuth, {
      accessToken: answerFor(CxoneConfig.defaultScopes),
      accessTokenFor: (scopes) => answerFor(ScopeSet.make(scopes)),
      invalidate: () => Effect.void,
      apiBaseUrl: Effect.sync(() => new URL(apiBaseUrl))
    })
  }
}

// The last time that a `Date` can show.
const lastInstant = 8_640_000_000_000_000

const everlasting = (value: string, scopes: ScopeSet.ScopeSet): AccessToken =>
  new AccessToken({
    value: Redacted.make(value),
    tokenType: "Bearer",
    scopes,
    requestedScopes: scopes,
    obtainedAt: 0,
    expiresAt: lastInstant
  })
