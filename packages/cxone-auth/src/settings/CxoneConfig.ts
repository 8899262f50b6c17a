/**
 * Everything that comes from the settings `CXONE_*`.
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import { gatewayHosts } from "../cxone/Hosts.js"
import { CxoneEnvironment, objectionToArea, objectionToRegion } from "../environment/CxoneEnvironment.js"
import { ClientAuth, Credentials, eachOf, type RotatingCredentials } from "../exchange/TokenSource.js"
import * as ScopeSet from "../token/ScopeSet.js"
import * as MixUps from "./MixUps.js"
import * as Setting from "./Setting.js"
import * as WholeNames from "./WholeNames.js"

/**
 * What the settings `CXONE_*` say.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneSettings {
  /** The client, the access key, or both; and what replaces the client's secret during a rotation. */
  readonly credentials: Credentials | RotatingCredentials
  /** Where the token endpoint and the API are. */
  readonly environment: CxoneEnvironment
  /** Absent if they are not set. */
  readonly scopes?: ScopeSet.ScopeSet
}

const optional = Config.withDefault(undefined)

const area = Config.mapOrFail(Setting.text("CXONE_AREA"), (name) => {
  const objection = objectionToArea(name)
  return objection === undefined ? Either.right(name) : Setting.invalid("CXONE_AREA", `CXONE_AREA ${objection}`)
})

/** The text in place of scopes that asks for none. */
const noScopes = "none"

const scopes = Config.mapOrFail(Setting.text("CXONE_SCOPES"), (text) =>
  Either.orElse(ScopeSet.parse(text.toLowerCase() === noScopes ? [] : text), (problem) =>
    Setting.invalid("CXONE_SCOPES", `CXONE_SCOPES ${problem}`)
  )
)

const given = Config.all({
  CXONE_CLIENT_ID: optional(Setting.text("CXONE_CLIENT_ID")),
  CXONE_CLIENT_SECRET: optional(Setting.secret("CXONE_CLIENT_SECRET")),
  CXONE_CLIENT_SECRET_NEXT: optional(Setting.secret("CXONE_CLIENT_SECRET_NEXT")),
  CXONE_CLIENT_AUTH: optional(Setting.oneOf("CXONE_CLIENT_AUTH", ["post", "basic"] as const)),
  CXONE_ACCESS_KEY_ID: optional(Setting.text("CXONE_ACCESS_KEY_ID")),
  CXONE_ACCESS_KEY_SECRET: optional(Setting.secret("CXONE_ACCESS_KEY_SECRET")),
  CXONE_REGION: optional(Setting.oneOf("CXONE_REGION", Record.keys(gatewayHosts), objectionToRegion)),
  CXONE_ISSUER: optional(Setting.url("CXONE_ISSUER", MixUps.inIssuer)),
  CXONE_AREA: optional(area),
  CXONE_TOKEN_ENDPOINT: optional(Setting.url("CXONE_TOKEN_ENDPOINT", MixUps.inTokenEndpoint)),
  CXONE_API_BASE_URL: optional(Setting.url("CXONE_API_BASE_URL", MixUps.inApiBaseUrl)),
  CXONE_SCOPES: optional(scopes)
})

type Given = Config.Config.Success<typeof given>

type Choice<A> = Either.Either<A, ConfigError.ConfigError>

type Pair = readonly [id: string, secret: Redacted.Redacted<string>]

const pair = (
  settings: Given,
  idName: "CXONE_CLIENT_ID" | "CXONE_ACCESS_KEY_ID",
  secretName: "CXONE_CLIENT_SECRET" | "CXONE_ACCESS_KEY_SECRET"
): Choice<Pair | undefined> => {
  const [id, secret] = [settings[idName], settings[secretName]]
  if (id && secret) {
    return Either.right([id, secret])
  }
  const [absent, present] = id ? [secretName, idName] : [idName, secretName]
  return id || secret
    ? Setting.missing(absent, `Expected ${absent}, not empty, together with ${present}`)
    : Either.right(undefined)
}

const chooseCredentials = (settings: Given): Choice<Credentials | RotatingCredentials> =>
  Either.gen(function* () {
    const mixUp = MixUps.inCredentials(settings)
    if (mixUp !== undefined) {
      return yield* Setting.invalid(mixUp[0], `${mixUp[0]} ${mixUp[1]}`)
    }
    const client = yield* pair(settings, "CXONE_CLIENT_ID", "CXONE_CLIENT_SECRET")
    const key = yield* pair(settings, "CXONE_ACCESS_KEY_ID", "CXONE_ACCESS_KEY_SECRET")
    if (client !== undefined) {
      return withClient(settings, client, key)
    }
    if (key === undefined) {
      return yield* Setting.missing(
        "CXONE_CLIENT_ID",
        "Expected CXONE_CLIENT_ID and CXONE_CLIENT_SECRET, or CXONE_ACCESS_KEY_ID and CXONE_ACCESS_KEY_SECRET, or all four"
      )
    }
    const ofClient = (["CXONE_CLIENT_SECRET_NEXT", "CXONE_CLIENT_AUTH"] as const).find((name) => settings[name])
    if (ofClient !== undefined) {
      return yield* Setting.missingBeside("CXONE_CLIENT_ID", `${ofClient}; for an access key alone, remove ${ofClient}`)
    }
    if (settings.CXONE_SCOPES !== undefined && settings.CXONE_SCOPES.length > 0) {
      return yield* Setting.excludedBeside("CXONE_SCOPES", "an access key alone, which cannot request scopes")
    }
    return Credentials.accessKeyOnly({ accessKeyId: key[0], accessKeySecret: key[1] })
  })

const withClient = (
  { CXONE_CLIENT_AUTH: method, CXONE_CLIENT_SECRET_NEXT: nextSecret }: Given,
  [clientId, clientSecret]: Pair,
  key: Pair | undefined
): Credentials | RotatingCredentials => {
  const auth = method === undefined ? {} : { clientAuth: ClientAuth[method] }
  const credentialsWith = (clientSecret: Redacted.Redacted<string>) =>
    key === undefined
      ? Credentials.clientSecret({ clientId, clientSecret, ...auth })
      : Credentials.accessKey({ clientId, clientSecret, accessKeyId: key[0], accessKeySecret: key[1], ...auth })
  const current = credentialsWith(clientSecret)
  return nextSecret === undefined ? current : Credentials.rotating({ current, next: credentialsWith(nextSecret) })
}

const places = ["CXONE_TOKEN_ENDPOINT", "CXONE_REGION", "CXONE_ISSUER", "CXONE_AREA"] as const

const chooseEnvironment = (settings: Given, credentials: Credentials): Choice<CxoneEnvironment> => {
  const [place, other] = places.filter((name) => settings[name] !== undefined)
  if (place !== undefined && other !== undefined) {
    return Setting.excludedBeside(other, place)
  }
  const { CXONE_API_BASE_URL: apiBaseUrl, CXONE_TOKEN_ENDPOINT: tokenEndpoint } = settings
  if (tokenEndpoint !== undefined) {
    return apiBaseUrl === undefined
      ? Setting.missingBeside("CXONE_API_BASE_URL", "CXONE_TOKEN_ENDPOINT")
      : Either.right(CxoneEnvironment.custom({ tokenEndpoint, apiBaseUrl }))
  }
  const choices = { ClientSecret: gatewayOf, AccessKey: issuerOf, AccessKeyOnly: areaOf }
  return choices[credentials._tag](settings)
}

/** A client alone goes to the platform gateway. */
const gatewayOf = (settings: Given): Choice<CxoneEnvironment> => {
  if (settings.CXONE_ISSUER !== undefined || settings.CXONE_AREA !== undefined) {
    const why =
      settings.CXONE_AREA === undefined
        ? "together with CXONE_ISSUER: at NICE's own services, a back-end app gets tokens only with an access key"
        : "in place of CXONE_CLIENT_ID and CXONE_CLIENT_SECRET, because CXONE_AREA is for an access key alone; or remove CXONE_AREA"
    return Setting.missing("CXONE_ACCESS_KEY_ID", `Expected CXONE_ACCESS_KEY_ID and CXONE_ACCESS_KEY_SECRET ${why}`)
  }
  return settings.CXONE_API_BASE_URL === undefined
    ? Either.right(CxoneEnvironment.region(settings.CXONE_REGION ?? "us"))
    : Setting.missingBeside(
        "CXONE_TOKEN_ENDPOINT",
        "CXONE_API_BASE_URL; for the platform gateway, remove CXONE_API_BASE_URL"
      )
}

/** A client with an access key goes to an issuer. */
const issuerOf = (settings: Given): Choice<CxoneEnvironment> => {
  const { CXONE_API_BASE_URL: apiBaseUrl, CXONE_ISSUER: issuer } = settings
  if (settings.CXONE_REGION !== undefined) {
    return Setting.excludedBeside("CXONE_REGION", "an access key; CXONE_REGION is for a client alone")
  }
  return settings.CXONE_AREA === undefined
    ? Either.right(CxoneEnvironment.discover({ ...(issuer === undefined ? {} : { issuer }), apiBaseUrl }))
    : Setting.excludedBeside("CXONE_AREA", "CXONE_CLIENT_ID; CXONE_AREA is for an access key alone")
}

/** An access key alone goes to its area. */
const areaOf = (settings: Given): Choice<CxoneEnvironment> => {
  const { CXONE_API_BASE_URL: apiBaseUrl, CXONE_AREA: name } = settings
  if (settings.CXONE_ISSUER !== undefined) {
    return Setting.missing(
      "CXONE_CLIENT_ID",
      "Expected CXONE_CLIENT_ID and CXONE_CLIENT_SECRET together with CXONE_ISSUER; an access key alone goes with CXONE_AREA"
    )
  }
  if (settings.CXONE_REGION !== undefined) {
    return Setting.missing("CXONE_AREA", "Expected CXONE_AREA in place of CXONE_REGION, which is for a client alone")
  }
  return name === undefined
    ? Setting.missing(
        "CXONE_AREA",
        "Expected CXONE_AREA, such as na1, because an access key is set without CXONE_CLIENT_ID"
      )
    : Either.right(CxoneEnvironment.area(name, { apiBaseUrl }))
}

/**
 * The settings `CXONE_*` as one `Config`, each with its description. Without `CXONE_TOKEN_ENDPOINT` the credentials
 * choose: a client alone goes to the platform gateway, a client with an access key to an issuer (default: NICE's), and
 * an access key alone to the area in `CXONE_AREA`. An error names the setting and what was expected.
 */
export const config: Config.Config<CxoneSettings> = Config.mapOrFail(given, (settings) =>
  Either.gen(function* () {
    const credentials = yield* chooseCredentials(settings)
    const environment = yield* chooseEnvironment(settings, eachOf(credentials)[0])
    const { CXONE_SCOPES: scopes } = settings
    return { credentials, environment, ...(scopes === undefined ? {} : { scopes }) }
  })
)

const isPrefix = /^\S*[^\s_]$/

/** Reads settings as they are, or those under a prefix. */
const under = (prefix: string | undefined): WholeNames.Within => {
  if (prefix === undefined) {
    return identity
  }
  // Plain JavaScript may pass anything.
  if (typeof prefix !== "string" || !isPrefix.test(prefix)) {
    throw new TypeError('CxoneAuth: prefix must be a name such as "ACME", without the "_" behind it')
  }
  return Config.nested(prefix)
}

/**
 * Reads {@link config}, under the prefix if there is one, warns of what is legal, but hardly meant, and names the settings
 * as the provider does.
 */
export const load = (prefix?: string): Effect.Effect<CxoneSettings, ConfigError.ConfigError> => {
  const within = under(prefix)
  return Effect.gen(function* () {
    const names = yield* WholeNames.make(within)
    const warn = (warning: string) => Effect.logWarning(names.inText(warning))
    yield* Effect.flatMap(Setting.warnings(within), (warnings) => Effect.forEach(warnings, warn, { discard: true }))
    const settings = yield* Effect.mapError(within(config), names.inError)
    if (settings.scopes?.some((scope) => /[,;]/.test(scope))) {
      yield* warn(
        "CXONE_SCOPES has a comma or semicolon, which is taken for a part of a scope; scopes are separated by spaces"
      )
    }
    if (settings.scopes?.some((scope) => scope.toLowerCase() === noScopes)) {
      yield* warn(
        "CXONE_SCOPES has none beside other scopes; alone it asks for no scopes, and here it is taken for a scope"
      )
    }
    return settings
  })
}
