/**
 * Everything that comes from the settings `CXONE_*`.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import { ClientAuth } from "./ClientAuth.js"
import { Credentials, type RotatingCredentials } from "./Credentials.js"
import { CxoneEnvironment, type Region, regionHosts } from "./CxoneEnvironment.js"
import * as ScopeSet from "./ScopeSet.js"
import * as SecureUrl from "./SecureUrl.js"

/**
 * What the settings describe.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneSettings {
  readonly credentials: Credentials | RotatingCredentials
  readonly environment: CxoneEnvironment
  readonly scopes: ScopeSet.ScopeSet
}

/**
 * The scopes that are requested if nothing else is said: `offline_access` (source: the brief).
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultScopes: ScopeSet.ScopeSet = ["offline_access"]

const regions: ReadonlyArray<Region> = Record.keys(regionHosts)

const descriptions = {
  CXONE_CLIENT_ID: "the application's client ID, from CXone's Admin portal under Applications > OAuth",
  CXONE_CLIENT_SECRET: "the client secret of the same application",
  CXONE_CLIENT_SECRET_NEXT: "while it is being rotated, the secret that will replace it",
  CXONE_CLIENT_AUTH: "how the client proves itself: post (default) or basic, as the application was registered",
  CXONE_REGION: `the gateway's region: ${regions.join(", ")}; default us`,
  CXONE_TOKEN_ENDPOINT: "the URL that tokens are requested from, in place of CXONE_REGION",
  CXONE_API_BASE_URL: "the URL that API calls are relative to, in place of CXONE_REGION",
  CXONE_SCOPES: `the scopes to request, separated by spaces; default ${ScopeSet.toParameter(defaultScopes)}`
} as const

type Setting = keyof typeof descriptions

// No value is ever part of an error: somebody may have put the secret into the wrong setting.
const invalid = (setting: Setting, problem: string) => Either.left(ConfigError.InvalidData([setting], problem))
const missing = (setting: Setting, problem: string) => Either.left(ConfigError.MissingData([setting], problem))

const text = (setting: Setting): Config.Config<string> =>
  Config.string(setting).pipe(
    Config.mapOrFail((raw) =>
      raw.trim() === ""
        ? Either.left(ConfigError.MissingData([], `Expected ${setting} to be not empty`))
        : Either.right(raw.trim())
    ),
    Config.withDescription(descriptions[setting])
  )

const oneOf = <A extends string>(setting: Setting, choices: ReadonlyArray<A>): Config.Config<A> =>
  Config.mapOrFail(text(setting), (value) => {
    const choice = choices.find((name) => name === value)
    return choice === undefined ? invalid(setting, `Expected one of ${choices.join(", ")}`) : Either.right(choice)
  })

const url = (setting: Setting): Config.Config<URL> =>
  Config.mapOrFail(text(setting), (value) =>
    Either.orElse(SecureUrl.parse(value), (objection) => invalid(setting, `${setting} ${objection}`))
  )

const secret = (setting: Setting): Config.Config<Redacted.Redacted<string>> => Config.map(text(setting), Redacted.make)

const credentials: Config.Config<Credentials | RotatingCredentials> = Config.all({
  clientId: text("CXONE_CLIENT_ID"),
  clientSecret: secret("CXONE_CLIENT_SECRET"),
  nextSecret: Config.option(secret("CXONE_CLIENT_SECRET_NEXT")),
  clientAuth: oneOf("CXONE_CLIENT_AUTH", ["post", "basic"]).pipe(
    Config.withDefault("post" as const),
    Config.map((method) => ClientAuth[method])
  )
}).pipe(
  Config.map(({ nextSecret, ...client }) => {
    const current = Credentials.clientSecret(client)
    return Option.match(nextSecret, {
      onNone: () => current,
      onSome: (clientSecret) =>
        Credentials.rotating({ current, next: Credentials.clientSecret({ ...client, clientSecret }) })
    })
  })
)

const environment: Config.Config<CxoneEnvironment> = Config.all({
  region: Config.option(oneOf("CXONE_REGION", regions)),
  tokenEndpoint: Config.option(url("CXONE_TOKEN_ENDPOINT")),
  apiBaseUrl: Config.option(url("CXONE_API_BASE_URL"))
}).pipe(
  Config.mapOrFail(({ apiBaseUrl, region, tokenEndpoint }) => {
    if (Option.isNone(tokenEndpoint) && Option.isNone(apiBaseUrl)) {
      return Either.right(CxoneEnvironment.region(Option.getOrElse(region, () => "us")))
    }
    if (Option.isNone(tokenEndpoint)) {
      return missing("CXONE_TOKEN_ENDPOINT", "CXONE_API_BASE_URL is set and needs it beside it")
    }
    if (Option.isNone(apiBaseUrl)) {
      return missing("CXONE_API_BASE_URL", "CXONE_TOKEN_ENDPOINT is set and needs it beside it")
    }
    return Option.isSome(region)
      ? invalid("CXONE_REGION", "Expected it not to be set beside CXONE_TOKEN_ENDPOINT and CXONE_API_BASE_URL")
      : Either.right(CxoneEnvironment.custom({ tokenEndpoint: tokenEndpoint.value, apiBaseUrl: apiBaseUrl.value }))
  })
)

/**
 * The settings `CXONE_*` as one `Config`, each with its description. Set but empty counts as not set; white space at
 * either end is dropped. An error names the setting and what was expected, and never repeats a value.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<CxoneSettings> = Config.all({
  credentials,
  environment,
  scopes: text("CXONE_SCOPES").pipe(Config.map(ScopeSet.make), Config.withDefault(defaultScopes))
})

const warnOfWhiteSpace = (setting: Setting): Effect.Effect<void, ConfigError.ConfigError> =>
  Config.option(Config.string(setting)).pipe(
    Effect.map(Option.exists((raw) => raw.trim() !== raw && raw.trim() !== "")),
    Effect.flatMap((padded) =>
      padded ? Effect.logWarning(`${setting} has white space at its start or end, which is ignored`) : Effect.void
    )
  )

/**
 * Reads {@link config}, and logs a warning for each setting that has white space at its start or end: the value is
 * used without it, but whoever reads the same setting elsewhere may not be so kind.
 *
 * @since 0.1.0
 * @category config
 */
export const load: Effect.Effect<CxoneSettings, ConfigError.ConfigError> = Effect.zipRight(
  Effect.forEach(Record.keys(descriptions), warnOfWhiteSpace, { discard: true }),
  config
)
