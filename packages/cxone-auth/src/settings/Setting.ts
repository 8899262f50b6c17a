/**
 * One setting `CXONE_*`: its description, and how it is read. No error repeats a value, because it may be a secret in the
 * wrong place.
 */
import * as Arr from "effect/Array"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import { gatewayHosts } from "../cxone/Hosts.js"
import { isQuoted } from "../exchange/TokenSource.js"
import * as SecureUrl from "../http/SecureUrl.js"
import type * as WholeNames from "./WholeNames.js"

export const descriptions = {
  CXONE_CLIENT_ID: "the application's client ID, as NICE or CXone's Admin portal (Applications > OAuth) gave it",
  CXONE_CLIENT_SECRET: "the client secret of the same application",
  CXONE_CLIENT_SECRET_NEXT: "during a rotation, the secret that will replace the current one",
  CXONE_CLIENT_AUTH:
    "how the client authenticates, as the application was registered: post (default) or basic (default with an access key)",
  CXONE_ACCESS_KEY_ID: "the id of an access key, from the record of the employee that it belongs to",
  CXONE_ACCESS_KEY_SECRET: "the secret of the same access key",
  CXONE_REGION: `for a client alone, the region of the platform gateway: ${Record.keys(gatewayHosts).join(", ")}; default us`,
  CXONE_ISSUER:
    "for a client with an access key, the identity service; default https://cxone.niceincontact.com, others for FedRAMP and sovereign clouds",
  CXONE_AREA: "for an access key alone, the area, such as na1 or eu1",
  CXONE_TOKEN_ENDPOINT: "the URL that tokens are requested from, in place of region, issuer or area",
  CXONE_API_BASE_URL:
    "the URL that API calls are relative to: required with CXONE_TOKEN_ENDPOINT, found by discovery with an issuer or area",
  CXONE_SCOPES:
    "the scopes to request, separated by spaces, or none; default offline_access, or none with an access key"
} as const

export type Setting = keyof typeof descriptions

export const invalid = (setting: Setting, problem: string) => Either.left(ConfigError.InvalidData([setting], problem))

export const missing = (setting: Setting, problem: string) => Either.left(ConfigError.MissingData([setting], problem))

/** Fails because a setting is missing that another one needs. */
export const missingBeside = (setting: Setting, other: string) =>
  missing(setting, `Expected ${setting} together with ${other}`)

/** Fails because a setting has no place beside another one. */
export const excludedBeside = (setting: Setting, other: string) =>
  invalid(setting, `Expected ${setting} not to be set together with ${other}`)

/** A value without white space at either end, and without quotes around it, as `docker --env-file` leaves them. */
const clean = (raw: string): string => {
  const text = raw.trim()
  return isQuoted(text) ? text.slice(1, -1).trim() : text
}

/** A setting, cleaned. If it is set but empty, it counts as not set. */
export const text = (setting: Setting): Config.Config<string> =>
  Config.string(setting).pipe(
    Config.mapOrFail((raw) =>
      clean(raw) === ""
        ? Either.left(ConfigError.MissingData([], `Expected ${setting} to be not empty`))
        : Either.right(clean(raw))
    ),
    Config.withDescription(descriptions[setting])
  )

export const oneOf = <A extends string>(
  setting: Setting,
  choices: ReadonlyArray<A>,
  objectionTo: (value: string) => string | undefined = () => undefined
): Config.Config<A> =>
  Config.mapOrFail(text(setting), (value) =>
    Either.fromNullable(
      choices.find((name) => name === value),
      () => {
        const objection = objectionTo(value) ?? `must be one of ${choices.join(", ")}`
        return ConfigError.InvalidData([setting], `${setting} ${objection}`)
      }
    )
  )

/** A URL that secrets may travel to. `objection` says what else is wrong with it, if anything. */
export const url = (setting: Setting, objection: (url: URL) => string | undefined): Config.Config<URL> =>
  Config.mapOrFail(text(setting), (value) =>
    Either.flatMap(SecureUrl.parse(value), (url) => {
      const problem = objection(url)
      return problem === undefined ? Either.right(url) : Either.left(problem)
    }).pipe(Either.orElse((problem) => invalid(setting, `${setting} ${problem}`)))
  )

export const secret = (setting: Setting): Config.Config<Redacted.Redacted<string>> =>
  Config.map(text(setting), Redacted.make)

/**
 * What a person should know of each setting that is not as clean as it is read, because other programs may read it as it is.
 */
export const warnings = (within: WholeNames.Within): Effect.Effect<ReadonlyArray<string>, ConfigError.ConfigError> =>
  Effect.map(
    Effect.forEach(Record.keys(descriptions), (setting) =>
      Effect.map(within(Config.option(Config.string(setting))), (raw) =>
        Option.match(raw, { onNone: () => [], onSome: (raw) => warningsOf(setting, raw) })
      )
    ),
    Arr.flatten
  )

const warningsOf = (setting: Setting, raw: string): ReadonlyArray<string> => {
  if (clean(raw) === "") {
    return []
  }
  const text = raw.trim()
  return [
    ...(text === raw ? [] : [`${setting} has white space at its start or end, which is ignored`]),
    ...(isQuoted(text) ? [`${setting} is in quotes, which are ignored`] : [])
  ]
}
