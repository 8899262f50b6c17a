import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRefs from "effect/FiberRefs"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { type CxoneEnvironment, copy as copyOf, defaultScopes, type UrlInput } from "../environment/CxoneEnvironment.js"
import * as Discovery from "../environment/Discovery.js"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import { type CredentialsInput, eachOf, make as makeSource } from "../exchange/TokenSource.js"
import * as CxoneConfig from "../settings/CxoneConfig.js"
import * as Metrics from "../telemetry/Metrics.js"
import * as Spans from "../telemetry/Spans.js"
import type { AccessToken } from "../token/AccessToken.js"
import * as ScopeSet from "../token/ScopeSet.js"
import { TokenPolicy, type TokenPolicyOptions } from "../token/TokenPolicy.js"
import * as ApiState from "./ApiState.js"
import * as Compatibility from "./Compatibility.js"
import * as StaticAuth from "./StaticAuth.js"
import * as TokenCache from "./TokenCache.js"
import * as TokenEffect from "./TokenEffect.js"
import * as TokenSlot from "./TokenSlot.js"
import { type TokenStatus, make as tokenStatus } from "./TokenStatus.js"

export { of as apiStateOf } from "./ApiState.js"
export type { TestAnswer } from "./StaticAuth.js"

/**
 * What the token service does.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneAuthService {
  /**
   * A valid token with the scopes of the layer. In a generator, `yield*` returns a cached token at once, without going
   * through the fiber's run loop. So a loop that does nothing else lets no other fiber run, as with `Effect.succeed`.
   */
  readonly accessToken: Effect.Effect<AccessToken, CxoneAuthError>
  /**
   * A valid token with these scopes, in any order, as a list or separated by spaces. Each set of scopes has a token of its
   * own, which no caller with another set gets.
   */
  readonly accessTokenFor: (scopes: string | ReadonlyArray<string>) => Effect.Effect<AccessToken, CxoneAuthError>
  /**
   * Drops a token that was refused, but only if it is still the cached one. If the provider issues the same token again,
   * that is handed out again.
   */
  readonly invalidate: (token: AccessToken) => Effect.Effect<void>
  /**
   * Where the API is: a URL that ends in `/`. With discovery, this may get the first token, because the token names the
   * tenant.
   */
  readonly apiBaseUrl: Effect.Effect<string, CxoneAuthError>
  /** The state of each set of scopes that was asked for, without secrets, for a health endpoint. */
  readonly status: Effect.Effect<ReadonlyArray<TokenStatus>>
}

/**
 * What {@link CxoneAuth.layer} is made from.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneAuthOptions<R = never> {
  /**
   * The credentials, or an effect that yields them, for a rotation without a restart. The effect runs at each exchange, and
   * may take 10 s. While the credentials are refused, it also runs at each call that needs a new token, so that other
   * credentials are noticed at once: make it a quick one. New credentials are used from the next exchange on; the current
   * token serves to its end. The services that the effect needs are needed by the layer.
   */
  readonly credentials: CredentialsInput<R>
  /** Where the token endpoint and the API are. */
  readonly environment: CxoneEnvironment
  /**
   * The scopes of `accessToken`. Default: `offline_access` for a client alone at the platform gateway or a custom endpoint.
   * Else none: with an access key, CXone sets the scopes itself.
   */
  readonly scopes?: string | ReadonlyArray<string> | undefined
  /** The numbers that differ from the defaults. */
  readonly policy?: TokenPolicyOptions | undefined
  /** The name of this client in metrics and spans (label `client`). Default: no label. Name each, if there are several. */
  readonly name?: string | undefined
}

const keyOf = ScopeSet.toParameter

const make = <R>(
  options: CxoneAuthOptions<R>
): Effect.Effect<CxoneAuthService, never, HttpClient.HttpClient | Scope.Scope | R> => {
  // A wrong option throws when the layer is called, not only when it is built.
  const environment = copyOf(options.environment)
  const objectionTo = Compatibility.objectionIn(environment)
  const objection = Effect.isEffect(options.credentials) ? undefined : objectionTo(options.credentials)
  if (objection !== undefined) {
    throw new TypeError(`CxoneAuth: ${objection}`)
  }
  const policy = TokenPolicy.make(options.policy)

  return Effect.gen(function* () {
    const services = yield* Effect.context<HttpClient.HttpClient | R>()
    // The span in which the layer is built is no service that the credentials' effect could ask for.
    const context = Context.omit(Tracer.ParentSpan)(services) as typeof services
    const fiberRefs = yield* Effect.getFiberRefs
    const scope = yield* Effect.scope
    // Each read has a scope of its own, so that a connection to a vault doesn't stay open until the layer closes.
    const credentials = Effect.isEffect(options.credentials)
      ? Effect.provide(Effect.scoped(options.credentials), context)
      : options.credentials
    const metrics = Metrics.make(options.name)

    yield* Effect.addFinalizer(() => Effect.sync(() => metrics.refusals(0)))

    // Context, tracer and annotations are those of the layer, because an exchange belongs to no caller (L3).
    const inTheLayer = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient>): Effect.Effect<A, E> =>
      Effect.zipRight(
        Effect.updateFiberRefs((fiberId) => FiberRefs.forkAs(fiberRefs, fiberId)),
        effect.pipe(
          options.name === undefined ? identity : Effect.annotateSpans(Spans.own("client"), options.name),
          Effect.mapInputContext((_: Context.Context<never>) => context)
        )
      )

    const discovery = Discovery.make({ environment, policy, scope, run: inTheLayer })
    const source = yield* makeSource({
      credentials,
      tokenEndpoint: discovery.tokenEndpoint,
      objectionTo,
      policy,
      metrics
    })

    const scopes = ScopeSet.make(options.scopes ?? defaultScopesOf(credentials, environment))
    const obtainDefault = options.scopes === undefined ? source.obtainUnscoped(scopes) : source.obtain(scopes)

    const cache = TokenCache.make<CxoneAuthError>({
      // Only a token with the default scopes sets the tenant. A token with other scopes may already come from another
      // tenant's credentials.
      exchange: (wanted) =>
        inTheLayer(wanted === scopes ? Effect.tap(obtainDefault, discovery.learn) : source.obtain(wanted)),
      policy,
      scope
    })
    const accessTo = TokenEffect.make(cache, options.name)

    const slots = new Map<string, TokenSlot.TokenSlot<CxoneAuthError>>()
    const slotOf = (scopes: ScopeSet.ScopeSet) => {
      const key = keyOf(scopes)
      const slot = slots.get(key) ?? TokenSlot.make<CxoneAuthError>(scopes, metrics.ofToken(key))
      slots.set(key, slot)
      return slot
    }
    // Scopes in the form of the key (sorted, each once) are found without building a set.
    const slotFor = (input: string | ReadonlyArray<string>) =>
      slots.get(typeof input === "string" ? input : keyOf(input)) ?? slotOf(ScopeSet.make(input))
    const accessToken = accessTo(slotOf(scopes))

    const service: CxoneAuthService = {
      accessToken,
      accessTokenFor: (scopes) => accessTo(slotFor(scopes)),
      invalidate: (token) =>
        Effect.suspend(() => {
          const holders = Array.from(slots.values()).filter((slot) => TokenSlot.holds(slot, token))
          return Effect.uninterruptible(
            Effect.forEach(holders, (slot) => TokenSlot.drop(slot, token), { discard: true })
          )
        }),
      apiBaseUrl: discovery.apiBaseUrl(accessToken),
      status: Effect.gen(function* () {
        const standing = yield* source.standing
        const now = yield* Clock.currentTimeMillis
        return Array.from(slots.values(), (slot) => tokenStatus(TokenSlot.snapshot(slot, now), standing, now))
      })
    }
    return ApiState.attach(service, yield* ApiState.make)
  })
}

const defaultScopesOf = (input: CredentialsInput, environment: CxoneEnvironment): ScopeSet.ScopeSet => {
  const hasKey = !Effect.isEffect(input) && eachOf(input)[0]._tag !== "ClientSecret"
  return environment._tag === "FixedEnvironment" && !hasKey ? defaultScopes : []
}

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
 * export const runnable = program.pipe(Effect.provide(CxoneAuth.layerFromEnv().pipe(Layer.provide(FetchHttpClient.layer))))
 * ```
 */
export class CxoneAuth extends Context.Tag("cxone-auth/CxoneAuth")<CxoneAuth, CxoneAuthService>() {
  /**
   * The options of {@link CxoneAuth.layer} that come from settings, for a layer of your own. A `ConfigError` names the
   * setting that is missing or wrong.
   *
   * - the client: `CXONE_CLIENT_ID`, `CXONE_CLIENT_SECRET`; `CXONE_CLIENT_SECRET_NEXT` during a rotation;
   *   `CXONE_CLIENT_AUTH` (`post` or `basic`)
   * - the access key: `CXONE_ACCESS_KEY_ID`, `CXONE_ACCESS_KEY_SECRET`
   * - where: `CXONE_REGION` (a client alone; default `us`), `CXONE_ISSUER` (client and key; default NICE's), `CXONE_AREA`
   *   (a key alone), or `CXONE_TOKEN_ENDPOINT` with `CXONE_API_BASE_URL`
   * - `CXONE_SCOPES`, separated by spaces; default `offline_access`, with an access key none
   *
   * @since 0.1.0
   * @category config
   */
  static readonly config: Config.Config<CxoneConfig.CxoneSettings> = CxoneConfig.config

  /**
   * The service as an effect, for a layer of your own. Its exchanges end with the scope. It throws as
   * {@link CxoneAuth.layer} does.
   *
   * @since 0.1.0
   * @category constructors
   * @example
   * ```ts
   * import { CxoneAuth } from "cxone-auth"
   * import { Config, Effect, Layer } from "effect"
   *
   * // Settings under a prefix of their own: REPORTS_CXONE_CLIENT_ID and so on.
   * export const ReportsLayer = Layer.scoped(
   *   CxoneAuth,
   *   Effect.flatMap(Config.nested(CxoneAuth.config, "REPORTS"), CxoneAuth.make)
   * )
   * ```
   */
  static make<R = never>(
    options: CxoneAuthOptions<R>
  ): Effect.Effect<CxoneAuthService, never, HttpClient.HttpClient | Scope.Scope | R> {
    return make(options)
  }

  /**
   * The service for these credentials, at this CXone. Closing the layer ends every exchange. Each call makes a layer, and
   * each layer has a service with tokens of its own, each time that it is provided. So call it once, keep the layer in a
   * constant, and provide it once, for the whole app. Throws a `TypeError`
   * that names the field if a number in `policy` is wrong, or if the credentials can't be used in the environment.
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
  static layer(options: CxoneAuthOptions): Layer.Layer<CxoneAuth, never, HttpClient.HttpClient>
  // Apart from the first signature, because the lookup of a `LayerMap` would make `any` of an `R` that is left open.
  /**
   * The same for an effect that yields the credentials and needs services: the layer needs them.
   *
   * @since 0.1.0
   */
  static layer<R>(
    options: CxoneAuthOptions<R>
  ): Layer.Layer<CxoneAuth, never, HttpClient.HttpClient | Exclude<R, Scope.Scope>>
  static layer<R>(options: CxoneAuthOptions<R>) {
    // The check takes what `Layer.scoped` leaves of an open `R` for missing.
    // @effect-diagnostics-next-line missingLayerContext:off
    return Layer.scoped(CxoneAuth, make(options))
  }

  /**
   * The service for the settings that {@link CxoneAuth.config} lists. A `ConfigError` names the setting that is missing or
   * wrong. `options` are the
   * two that have no setting. Each call makes a layer, as with {@link CxoneAuth.layer}: call it once,
   * and provide the layer once. In a `LayerMap`, call it inside the lookup, because there each tenant needs its own.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { CxoneAuth } from "cxone-auth"
   *
   * export const AuthLayer = CxoneAuth.layerFromEnv({ policy: { maxWait: 0 }, name: "reporting" })
   * ```
   */
  static layerFromEnv(
    options: Pick<CxoneAuthOptions, "policy" | "name"> = {}
  ): Layer.Layer<CxoneAuth, ConfigError.ConfigError, HttpClient.HttpClient> {
    const policy = TokenPolicy.make(options.policy)
    return Layer.scoped(
      CxoneAuth,
      Effect.flatMap(CxoneConfig.load, (settings) => make({ ...settings, policy, name: options.name }))
    )
  }

  /**
   * The service for tests: always this token (a string stands for one that never expires), or always this failure. An effect
   * is run at each look, so it can fail first and succeed later, or give a new token after each 401. Nothing is sent. The
   * API base URL is `https://cxone.test/` unless it is given.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { CxoneAuth, RateLimited } from "cxone-auth"
   * import { Effect, Ref } from "effect"
   *
   * const limited = new RateLimited({ reason: "token_endpoint", origin: "https://cxone.test" })
   *
   * export const withToken = CxoneAuth.layerTest("a-token")
   * export const withFailure = CxoneAuth.layerTest(limited)
   *
   * const looks = Ref.unsafeMake(0)
   * export const withFailureFirst = CxoneAuth.layerTest(
   *   Effect.flatMap(Ref.getAndUpdate(looks, (n) => n + 1), (n) => (n === 0 ? limited : Effect.succeed("a-token")))
   * )
   * ```
   */
  static layerTest(
    answer: StaticAuth.TestAnswer | Effect.Effect<StaticAuth.TestAnswer, CxoneAuthError>,
    options?: { readonly apiBaseUrl?: UrlInput | undefined }
  ): Layer.Layer<CxoneAuth>
  /**
   * The same for an effect that needs services: the layer needs them.
   *
   * @since 0.1.0
   */
  static layerTest<R>(
    answer: Effect.Effect<StaticAuth.TestAnswer, CxoneAuthError, R>,
    options?: { readonly apiBaseUrl?: UrlInput | undefined }
  ): Layer.Layer<CxoneAuth, never, Exclude<R, Scope.Scope>>
  static layerTest<R>(
    answer: StaticAuth.TestAnswer | Effect.Effect<StaticAuth.TestAnswer, CxoneAuthError, R>,
    options: { readonly apiBaseUrl?: UrlInput | undefined } = {}
  ) {
    const apiBaseUrl = StaticAuth.baseUrlOf(options.apiBaseUrl)
    const service = Effect.zipWith(StaticAuth.make(answer, { apiBaseUrl }), ApiState.make, ApiState.attach)
    // As in `layer`.
    // @effect-diagnostics-next-line missingLayerContext:off
    return Layer.scoped(CxoneAuth, service)
  }
}
