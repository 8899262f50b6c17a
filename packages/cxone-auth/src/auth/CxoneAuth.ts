/**
 * The token service and its layers.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRefs from "effect/FiberRefs"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { type CxoneEnvironment, copy as copyOf } from "../environment/CxoneEnvironment.js"
import * as Discovery from "../environment/Discovery.js"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import type { Credentials, RotatingCredentials } from "../exchange/Credentials.js"
import { type CredentialsInput, make as makeSource } from "../exchange/TokenSource.js"
import * as CxoneConfig from "../settings/CxoneConfig.js"
import * as Metrics from "../telemetry/Metrics.js"
import type { AccessToken } from "../token/AccessToken.js"
import * as ScopeSet from "../token/ScopeSet.js"
import { TokenPolicy, type TokenPolicyOptions } from "../token/TokenPolicy.js"
import * as Compatibility from "./Compatibility.js"
import * as StaticAuth from "./StaticAuth.js"
import * as TokenCache from "./TokenCache.js"
import * as TokenEffect from "./TokenEffect.js"
import * as TokenSlot from "./TokenSlot.js"
import { type TokenStatus, make as tokenStatus } from "./TokenStatus.js"

/**
 * What the token service does.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneAuthService {
  /**
   * A valid token with the layer's scopes. `yield*` has a cached one without a step of the fiber, so a loop of nothing
   * else lets no other fiber run, as one of `Effect.succeed` does not.
   */
  readonly accessToken: Effect.Effect<AccessToken, CxoneAuthError>
  /**
   * A valid token with these scopes, in any order, as a list or separated by spaces. Each set of scopes has a token
   * of its own: none is ever handed to a caller who asked for another set (L2).
   */
  readonly accessTokenFor: (scopes: string | ReadonlyArray<string>) => Effect.Effect<AccessToken, CxoneAuthError>
  /**
   * Drops a token that turned out to be no good, but only if it is still the cached one (L9). A provider that issues
   * the very same one again has it served again.
   */
  readonly invalidate: (token: AccessToken) => Effect.Effect<void>
  /** Where the API answers. With discovery, this may get the first token, which says whose API it is. */
  readonly apiBaseUrl: Effect.Effect<URL, CxoneAuthError>
  /** How things stand, for a health endpoint: an entry for each set of scopes that was asked for, free of secrets. */
  readonly status: Effect.Effect<ReadonlyArray<TokenStatus>>
}

/**
 * What {@link CxoneAuth.layer} is made from.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneAuthOptions {
  /**
   * The credentials; or, for a rotation without a restart, an effect that yields them, which is asked at each exchange
   * and may take 10 s. It is asked as well before a remembered refusal is repeated: other credentials are to be noticed
   * at once, so give an effect that is quick. They are used from the next exchange on; the token at hand serves to its
   * end (L10).
   */
  readonly credentials: CredentialsInput
  readonly environment: CxoneEnvironment
  /**
   * The scopes of `accessToken`. Default: with a client at the brief's gateway or a custom endpoint `offline_access`
   * (source: the brief); else none, for those of an access key are those of its registration (facts §1b).
   */
  readonly scopes?: string | ReadonlyArray<string>
  /** The numbers that are to be other than the defaults. */
  readonly policy?: TokenPolicyOptions
  /** What metrics and spans call this client (label `client`); default: no label. Name each, if there are several. */
  readonly name?: string
}

const keyOf = ScopeSet.toParameter

/**
 * Builds the service. Every exchange runs in the scope that it is built in; closing that scope ends them. A policy
 * that cannot be is a defect, a `TypeError` that names the field.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: CxoneAuthOptions
): Effect.Effect<CxoneAuthService, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.gen(function* () {
    const context = Context.omit(Tracer.ParentSpan)(yield* Effect.context<HttpClient.HttpClient>())
    const fiberRefs = yield* Effect.getFiberRefs
    const scope = yield* Effect.scope
    const environment = copyOf(options.environment)
    const objectionTo = (credentials: Credentials | RotatingCredentials) =>
      Compatibility.objectionTo(credentials, environment)
    requireSuitable(options.credentials, objectionTo)
    const policy = TokenPolicy.make(options.policy)
    const metrics = Metrics.make(options.name)

    yield* Effect.addFinalizer(() => Effect.sync(() => metrics.refusals(0)))

    // Nobody's flight (L3): the context, settings, tracer and annotations of whoever happens to call first are not for all.
    const asOfTheLayer = Effect.updateFiberRefs((fiberId) => FiberRefs.forkAs(fiberRefs, fiberId))

    const inTheLayer = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient>): Effect.Effect<A, E> =>
      Effect.zipRight(
        asOfTheLayer,
        effect.pipe(
          options.name === undefined ? identity : Effect.annotateSpans("client", options.name),
          Effect.mapInputContext((_: Context.Context<never>) => context)
        )
      )

    const discovery = yield* Discovery.make({ environment, policy, scope, run: inTheLayer })
    const source = yield* makeSource({
      credentials: options.credentials,
      tokenEndpoint: discovery.tokenEndpoint,
      objectionTo,
      policy,
      metrics
    })

    const defaultScopes = ScopeSet.make(options.scopes ?? defaultScopesFor(options.credentials, environment))
    const obtainDefault =
      options.scopes === undefined ? source.obtainUnscoped(defaultScopes) : source.obtain(defaultScopes)

    const cache = TokenCache.make<CxoneAuthError>({
      // The API is that of the default token: one for other scopes may already be of other credentials.
      exchange: (scopes) =>
        inTheLayer(scopes === defaultScopes ? Effect.tap(obtainDefault, discovery.learn) : source.obtain(scopes)),
      policy,
      scope
    })
    const accessTo = TokenEffect.make(cache, options.name)

    const newSlot = (scopes: ScopeSet.ScopeSet) =>
      TokenSlot.make<CxoneAuthError>(scopes, metrics.ofToken(keyOf(scopes)))
    const defaultSlot = newSlot(defaultScopes)
    const slots = new Map([[keyOf(defaultScopes), defaultSlot]])
    const newSlotFor = (scopes: ScopeSet.ScopeSet) => {
      const key = keyOf(scopes)
      const slot = slots.get(key) ?? newSlot(scopes)
      slots.set(key, slot)
      return slot
    }
    // Whoever gives the scopes as they are in the key, sorted and each once, needs no set to be built.
    const slotFor = (input: string | ReadonlyArray<string>) =>
      slots.get(typeof input === "string" ? input : keyOf(input)) ?? newSlotFor(ScopeSet.make(input))
    const accessToken = accessTo(defaultSlot)

    return {
      accessToken,
      accessTokenFor: (scopes) => accessTo(slotFor(scopes)),
      invalidate: (token) =>
        Effect.suspend(() => Effect.forEach(slots.values(), (slot) => TokenSlot.drop(slot, token), { discard: true })),
      apiBaseUrl: discovery.apiBaseUrl(accessToken),
      status: Effect.gen(function* () {
        const standing = yield* source.standing
        const now = yield* Clock.currentTimeMillis
        return Array.from(slots.values(), (slot) =>
          tokenStatus({ scopes: slot.scopes, standing, snapshot: TokenSlot.snapshot(slot, now), now })
        )
      })
    }
  })

const requireSuitable = (
  input: CredentialsInput,
  objectionTo: (credentials: Credentials | RotatingCredentials) => string | undefined
): void => {
  const objection = Effect.isEffect(input) ? undefined : objectionTo(input)
  if (objection !== undefined) {
    throw new TypeError(`CxoneAuth: ${objection}`)
  }
}

// The scopes of an access key are those of its client's registration, and none are sent (facts §1b).
const defaultScopesFor = (input: CredentialsInput, environment: CxoneEnvironment): ScopeSet.ScopeSet => {
  const current = Effect.isEffect(input) ? undefined : input._tag === "RotatingCredentials" ? input.current : input
  const isKey = current !== undefined && current._tag !== "ClientSecret"
  return environment._tag === "FixedEnvironment" && !isKey ? CxoneConfig.defaultScopes : []
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
   * The service for what the settings `CXONE_*` say; a `ConfigError` names the setting that is missing or wrong. Each
   * use of it is a layer of its own, since Effect builds one layer once, whatever settings it is provided with: name it
   * in a constant to share it in an app, and use it within the lookup of a `LayerMap`.
   *
   * @since 0.1.0
   * @category layers
   */
  static get layerConfig(): Layer.Layer<CxoneAuth, ConfigError.ConfigError, HttpClient.HttpClient> {
    return CxoneAuth.layerConfigWith({})
  }

  /**
   * The same, with what no setting says: numbers other than the defaults, a name for the metrics.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { CxoneAuth } from "cxone-auth"
   *
   * export const AuthLayer = CxoneAuth.layerConfigWith({ policy: { maxWait: 0 }, name: "reporting" })
   * ```
   */
  static layerConfigWith(
    options: Pick<CxoneAuthOptions, "policy" | "name">
  ): Layer.Layer<CxoneAuth, ConfigError.ConfigError, HttpClient.HttpClient> {
    return Layer.scoped(
      CxoneAuth,
      Effect.flatMap(CxoneConfig.load, (settings) => make({ ...settings, ...options }))
    )
  }

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
    answer: StaticAuth.Answer,
    options?: { readonly apiBaseUrl?: string | URL }
  ): Layer.Layer<CxoneAuth> {
    return Layer.succeed(CxoneAuth, StaticAuth.make(answer, options))
  }
}
