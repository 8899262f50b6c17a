/**
 * The settings `CXONE_*`, read one by one.
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
import { regionHosts } from "../environment/CxoneEnvironment.js"
import * as SecureUrl from "../http/SecureUrl.js"

/**
 * What each setting is.
 *
 * @since 0.1.0
 * @category constants
 */
export const descriptions = {
  CXONE_CLIENT_ID: "the application's client ID, as NICE or CXone's Admin portal (Applications > OAuth) gave it",
  CXONE_CLIENT_SECRET: "the client secret of the same application",
  CXONE_CLIENT_SECRET_NEXT: "while it is being rotated, the secret that will replace it",
  CXONE_CLIENT_AUTH:
    "how the client proves itself, as the application was registered: post (default) or basic (default with an access key)",
  CXONE_ACCESS_KEY_ID: "the id of an access key, from the record of the employee that it belongs to",
  CXONE_ACCESS_KEY_SECRET: "the secret of the same access key",
  CXONE_REGION: `for a client alone, the gateway's region: ${Record.keys(regionHosts).join(", ")}; default us`,
  CXONE_ISSUER:
    "for a client with an access key, the identity service; default https://cxone.niceincontact.com, others for FedRAMP and sovereign clouds",
  CXONE_AREA: "for an access key alone, the area, such as na1 or eu1",
  CXONE_TOKEN_ENDPOINT: "the URL that tokens are requested from, in place of region, issuer or area",
  CXONE_API_BASE_URL:
    "the URL that API calls are relative to: needed beside CXONE_TOKEN_ENDPOINT, found by discovery beside issuer or area",
  CXONE_SCOPES: "the scopes to request, separated by spaces; default offline_access, or none with an access key"
} as const

/**
 * The name of a setting.
 *
 * @since 0.1.0
 * @category models
 */
export type Setting = keyof typeof descriptions

/**
 * The error for a setting whose value cannot be. No value is ever part of one: somebody may have put the secret there.
 *
 * @since 0.1.0
 * @category errors
 */
export const invalid = (setting: Setting, problem: string): Either.Either<never, ConfigError.ConfigError> =>
  Either.left(ConfigError.InvalidData([setting], problem))

/**
 * The error for a setting that is not there.
 *
 * @since 0.1.0
 * @category errors
 */
export const missing = (setting: Setting, problem: string): Either.Either<never, ConfigError.ConfigError> =>
  Either.left(ConfigError.MissingData([setting], problem))

/**
 * A setting as it is, without white space at either end. Set but empty counts as not set.
 *
 * @since 0.1.0
 * @category config
 */
export const text = (setting: Setting): Config.Config<string> =>
  Config.string(setting).pipe(
    Config.mapOrFail((raw) =>
      raw.trim() === ""
        ? Either.left(ConfigError.MissingData([], `Expected ${setting} to be not empty`))
        : Either.right(raw.trim())
    ),
    Config.withDescription(descriptions[setting])
  )

/**
 * A setting that is one of these words.
 *
 * @since 0.1.0
 * @category config
 */
export const oneOf = <A extends string>(setting: Setting, choices: ReadonlyArray<A>): Config.Config<A> =>
  Config.mapOrFail(text(setting), (value) => {
    const choice = choices.find((name) => name === value)
    return choice === undefined
      ? invalid(setting, `Expected ${setting} to be one of ${choices.join(", ")}`)
      : Either.right(choice)
  })

/**
 * A setting that is a URL which secrets may travel to. `objection` may say what else is wrong with it.
 *
 * @since 0.1.0
 * @category config
 */
export const url = (setting: Setting, objection: (url: URL) => string | undefined): Config.Config<URL> =>
  Config.mapOrFail(text(setting), (value) =>
    Either.flatMap(SecureUrl.parse(value), (url) => {
      const problem = objection(url)
      return problem === undefined ? Either.right(url) : Either.left(problem)
    }).pipe(Either.orElse((problem) => invalid(setting, `${setting} ${problem}`)))
  )

/**
 * A setting that is a secret.
 *
 * @since 0.1.0
 * @category config
 */
export const secret = (setting: Setting): Config.Config<Redacted.Redacted<string>> =>
  Config.map(text(setting), Redacted.make)

/**
 * Logs a warning for each setting that has white space at its start or end: the value is used without it, but whoever
 * reads the same setting elsewhere may not be so kind.
 *
 * @since 0.1.0
 * @category config
 */
export const warnOfWhiteSpace: Effect.Effect<void, ConfigError.ConfigError> = Effect.forEach(
  Record.keys(descriptions),
  (setting) =>
    Config.option(Config.string(setting)).pipe(
      Effect.map(Option.exists((raw) => raw.trim() !== raw && raw.trim() !== "")),
      Effect.flatMap((padded) =>
        padded ? Effect.logWarning(`${setting} has white space at its start or end, which is ignored`) : Effect.void
      )
    ),
  { discard: true }
)
