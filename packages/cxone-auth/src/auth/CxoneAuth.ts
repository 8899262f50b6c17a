import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import * as CxoneConfig from "../settings/CxoneConfig.js"
import type { TokenStore } from "../store/TokenStore.js"
import * as Logs from "../telemetry/Logs.js"
import { TokenPolicy } from "../token/TokenPolicy.js"
import * as ApiState from "./ApiState.js"
import type { CxoneAuthService } from "./CxoneAuthService.js"
import * as StaticAuth from "./StaticAuth.js"
import { type CxoneAuthFromEnvOptions, type CxoneAuthOptions, make, makeShared } from "./TokenService.js"

export { of as apiStateOf } from "./ApiState.js"
export type { CxoneAuthService } from "./CxoneAuthService.js"
export { type RenewalPolicy, Verdict } from "./Renewals.js"
export type { TestAnswer, TestOptions } from "./StaticAuth.js"
export type { CxoneAuthFromEnvOptions, CxoneAuthOptions } from "./TokenService.js"

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
   * The options of {@link CxoneAuth.layer} that come from settings, for a layer of your own. With `Config.nested`, each
   * tenant has settings under a prefix of its own. A `ConfigError` names the setting that is missing or wrong.
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
   * constant, and provide it once, for the whole app. Throws a `TypeError` that names the field if a number in `policy` is
   * wrong, or if the credentials can't be used in the environment.
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
  // Two signatures, because with the generic one alone TypeScript infers `any` for `R` in the lookup of a `LayerMap`.
  /**
   * The same for an effect that yields the credentials and needs services: the layer needs them.
   *
   * @since 0.1.0
   */
  static layer<R>(
    options: CxoneAuthOptions<R>
  ): Layer.Layer<CxoneAuth, never, HttpClient.HttpClient | Exclude<R, Scope.Scope>>
  static layer<R>(options: CxoneAuthOptions<R>) {
    // The check reports a missing service here, because `R` is generic.
    // @effect-diagnostics-next-line missingLayerContext:off
    return Layer.scoped(CxoneAuth, make(options))
  }

  /**
   * The service for the settings `CXONE_*`, such as `CXONE_CLIENT_ID`, `CXONE_CLIENT_SECRET` and `CXONE_SCOPES`.
   * {@link CxoneAuth.config} lists them all. A `ConfigError` names the setting that is missing or wrong. With
   * `prefix: "ACME"` they are `ACME_CXONE_CLIENT_ID` and so on. Each call makes a layer, as with {@link CxoneAuth.layer}: call it once,
   * and provide the layer once. In a `LayerMap`, call it inside the lookup, because there each tenant needs its own.
   * Throws a `TypeError` that names the option if a number in `policy` is wrong, or if `prefix` is empty or ends in `_`.
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
    options: CxoneAuthFromEnvOptions = {}
  ): Layer.Layer<CxoneAuth, ConfigError.ConfigError, HttpClient.HttpClient> {
    return fromEnv(options, make)
  }

  /**
   * As {@link CxoneAuth.layer}, with tokens that are shared through a {@link TokenStore}: of all processes with the same
   * credentials, endpoint and scopes, one requests the token, and the others take it from the store. If the store is away or
   * slow, each process requests its own; no call fails for it. The store is asked when a token is needed, and not at each call.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { FetchHttpClient } from "@effect/platform"
   * import { NodeContext } from "@effect/platform-node"
   * import { CxoneAuth, CxoneEnvironment, Credentials, TokenStore } from "cxone-auth"
   * import { Layer, Redacted } from "effect"
   *
   * // A job that cron starts every minute: one exchange an hour.
   * export const AuthLayer = CxoneAuth.layerShared({
   *   credentials: Credentials.clientSecret({ clientId: "reporting-job", clientSecret: Redacted.make("s3cr3t") }),
   *   environment: CxoneEnvironment.region("eu")
   * }).pipe(
   *   Layer.provide(TokenStore.layerFileSystem("/var/lib/reports/tokens")),
   *   Layer.provide([FetchHttpClient.layer, NodeContext.layer])
   * )
   * ```
   */
  static layerShared(options: CxoneAuthOptions): Layer.Layer<CxoneAuth, never, HttpClient.HttpClient | TokenStore>
  /**
   * The same for an effect that yields the credentials and needs services: the layer needs them.
   *
   * @since 0.1.0
   */
  static layerShared<R>(
    options: CxoneAuthOptions<R>
  ): Layer.Layer<CxoneAuth, never, HttpClient.HttpClient | TokenStore | Exclude<R, Scope.Scope>>
  static layerShared<R>(options: CxoneAuthOptions<R>) {
    // As in `layer`.
    // @effect-diagnostics-next-line missingLayerContext:off
    return Layer.scoped(CxoneAuth, makeShared(options))
  }

  /**
   * {@link CxoneAuth.layerShared} for the settings `CXONE_*`, as {@link CxoneAuth.layerFromEnv} reads them. It throws as that
   * does.
   *
   * @since 0.1.0
   * @category layers
   */
  static layerSharedFromEnv(
    options: CxoneAuthFromEnvOptions = {}
  ): Layer.Layer<CxoneAuth, ConfigError.ConfigError, HttpClient.HttpClient | TokenStore> {
    return fromEnv(options, makeShared)
  }

  /**
   * The service for tests: always this token (a string stands for one that never expires), or always this failure. An
   * effect is run at each look, so it can fail first and succeed later, or give a new token after each 401. Nothing is
   * sent. The API base URL is `https://cxone.test/` unless it is given.
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
    options?: StaticAuth.TestOptions
  ): Layer.Layer<CxoneAuth>
  /**
   * The same for an effect that needs services: the layer needs them.
   *
   * @since 0.1.0
   */
  static layerTest<R>(
    answer: Effect.Effect<StaticAuth.TestAnswer, CxoneAuthError, R>,
    options?: StaticAuth.TestOptions
  ): Layer.Layer<CxoneAuth, never, Exclude<R, Scope.Scope>>
  static layerTest<R>(
    answer: StaticAuth.TestAnswer | Effect.Effect<StaticAuth.TestAnswer, CxoneAuthError, R>,
    options: StaticAuth.TestOptions = {}
  ) {
    const apiBaseUrl = StaticAuth.baseUrlOf(options.apiBaseUrl)
    const service = Effect.flatMap(StaticAuth.make(answer, { apiBaseUrl }), (made) =>
      Effect.map(ApiState.make(ApiState.onlyPublic(made)), (state) => ApiState.attach(made, state))
    )
    // As in `layer`.
    // @effect-diagnostics-next-line missingLayerContext:off
    return Layer.scoped(CxoneAuth, service)
  }
}

const fromEnv = <Needed>(
  { name, policy: numbers, prefix }: CxoneAuthFromEnvOptions,
  makeWith: (options: CxoneAuthOptions) => Effect.Effect<CxoneAuthService, never, Needed>
): Layer.Layer<CxoneAuth, ConfigError.ConfigError, Exclude<Needed, Scope.Scope>> => {
  const policy = TokenPolicy.make(numbers)
  const load = CxoneConfig.load(prefix)
  return Layer.scoped(
    CxoneAuth,
    Effect.flatMap(Logs.annotate({ client: name })(load), (settings) => makeWith({ ...settings, policy, name }))
  )
}
