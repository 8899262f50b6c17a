/**
 * Which CXone: where tokens come from, and where the API answers.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Hosts from "../cxone/Hosts.js"
import * as SecureUrl from "../http/SecureUrl.js"

/**
 * Where the brief's gateway stands, by region. Production in the US, Europe and Asia-Pacific, and the US test system.
 *
 * @since 0.1.0
 * @category constants
 */
export const regionHosts = {
  us: "https://platform.nice-ic.com",
  "us-devtest": "https://platform.devtest.nice-incontact.com",
  eu: "https://platform.eu.nice-incontact.com",
  ap: "https://platform.ap.nice-incontact.com"
} as const

/**
 * A region of the brief's gateway.
 *
 * @since 0.1.0
 * @category models
 */
export type Region = keyof typeof regionHosts

/**
 * A CXone whose two URLs are known.
 *
 * @since 0.1.0
 * @category models
 */
export class FixedEnvironment extends Data.TaggedClass("FixedEnvironment")<{
  /** Where tokens are requested. https, or plain http to this machine (S3). */
  readonly tokenEndpoint: URL
  /** What relative URLs resolve against, and the origin that the token may go to (C1). A path must end in `/`. */
  readonly apiBaseUrl: URL
}> {}

/**
 * A CXone that is found by discovery, from its issuer on.
 *
 * @since 0.1.0
 * @category models
 */
export class DiscoveredEnvironment extends Data.TaggedClass("DiscoveredEnvironment")<{
  /** The identity service, whose `/.well-known/openid-configuration` names the token endpoint. An origin, no path. */
  readonly issuer: URL
  /** Where the API answers, if the tenant's configuration is not to be asked. */
  readonly apiBaseUrl: URL | undefined
}> {}

/**
 * A CXone that is found from an area's own host on, for access keys without a client.
 *
 * @since 0.1.0
 * @category models
 */
export class AreaEnvironment extends Data.TaggedClass("AreaEnvironment")<{
  /** The host of the area's services: tokens are requested there, and the tenant's configuration. An origin, no path. */
  readonly host: URL
  /** Where the API answers, if the configuration is not to be asked. */
  readonly apiBaseUrl: URL | undefined
}> {}

/**
 * Which CXone: where tokens come from, and where the API answers.
 *
 * @since 0.1.0
 * @category models
 */
export type CxoneEnvironment = FixedEnvironment | DiscoveredEnvironment | AreaEnvironment

type UrlInput = string | URL

const secure = (field: string, input: UrlInput): URL =>
  Either.getOrThrowWith(SecureUrl.parse(input), (objection) => new TypeError(`CxoneEnvironment: ${field} ${objection}`))

const secureOrigin = (field: string, input: UrlInput): URL => {
  const { origin } = Either.getOrThrowWith(
    SecureUrl.parseOrigin(input),
    (objection) => new TypeError(`CxoneEnvironment: ${field} ${objection}`)
  )
  return new URL(origin)
}

const optional = (field: string, input: UrlInput | undefined): URL | undefined =>
  input === undefined ? undefined : secure(field, input)

const custom = (urls: { readonly tokenEndpoint: UrlInput; readonly apiBaseUrl: UrlInput }): FixedEnvironment =>
  new FixedEnvironment({
    tokenEndpoint: secure("tokenEndpoint", urls.tokenEndpoint),
    apiBaseUrl: secure("apiBaseUrl", urls.apiBaseUrl)
  })

const region = (region: Region): FixedEnvironment => {
  const host = regionHosts[region]
  return custom({ tokenEndpoint: `${host}/oauth/token`, apiBaseUrl: host })
}

const discover = (
  options: { readonly issuer?: UrlInput; readonly apiBaseUrl?: UrlInput | undefined } = {}
): DiscoveredEnvironment =>
  new DiscoveredEnvironment({
    issuer: secureOrigin("issuer", options.issuer ?? Hosts.globalIssuer),
    apiBaseUrl: optional("apiBaseUrl", options.apiBaseUrl)
  })

const atHost = (options: { readonly host: UrlInput; readonly apiBaseUrl?: UrlInput | undefined }): AreaEnvironment =>
  new AreaEnvironment({
    host: secureOrigin("host", options.host),
    apiBaseUrl: optional("apiBaseUrl", options.apiBaseUrl)
  })

/**
 * Whether it can be the name of an area: letters and digits. With a hyphen it would be that of another host, as `api-na1`.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isAreaName = (text: string): boolean => /^[a-z][a-z0-9]{0,30}$/.test(text)

const area = (
  // Keeps the known names as suggestions in an editor, and takes any other.
  area: Hosts.KnownArea | (string & {}),
  options: { readonly host?: UrlInput; readonly apiBaseUrl?: UrlInput | undefined } = {}
): AreaEnvironment => {
  if (!isAreaName(area)) {
    throw new TypeError("CxoneEnvironment: area must be a name in lower case, such as na1 or eu1")
  }
  return atHost({ host: options.host ?? Hosts.areaHost(area), apiBaseUrl: options.apiBaseUrl })
}

/**
 * Says which CXone it is.
 *
 * - `region`: the brief's gateway. Tokens from `{host}/oauth/token`, the API at `{host}` (source: the brief).
 * - `discover`: what NICE documents for back-end apps. The token endpoint comes from the issuer's
 *   `/.well-known/openid-configuration`, the API's place from `/.well-known/cxone-configuration` of the tenant that the
 *   first token is for (facts §2). The default issuer is `https://cxone.niceincontact.com`; FedRAMP and the sovereign
 *   clouds have issuers of their own, such as `https://cxone-gov.niceincontact.com`.
 * - `area`: for an access key without a client (facts §1a). Tokens from
 *   `{host}/authentication/v1/token/access-key`, the API's place from the same host. The host of an area that is not
 *   in the facts is taken to be `https://{area}.niceincontact.com`, unless `host` says otherwise.
 * - `custom`: any other place, by its two URLs.
 *
 * With `apiBaseUrl`, `discover` and `area` do not ask for the API's place. All throw a `TypeError` that names the field
 * if a URL is not absolute, is plain http to another machine, carries a user name or password, or, for `issuer` and
 * `host`, has a path.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { CxoneEnvironment } from "cxone-auth"
 *
 * export const byRegion = CxoneEnvironment.region("eu")
 * export const byIssuer = CxoneEnvironment.discover()
 * export const fedRamp = CxoneEnvironment.discover({ issuer: "https://cxone-gov.niceincontact.com" })
 * export const byArea = CxoneEnvironment.area("na1")
 * export const byUrls = CxoneEnvironment.custom({
 *   tokenEndpoint: "https://gateway.example.com/oauth/token",
 *   apiBaseUrl: "https://gateway.example.com"
 * })
 *
 * console.log(byRegion.tokenEndpoint.href) // https://platform.eu.nice-incontact.com/oauth/token
 * ```
 */
export const CxoneEnvironment = { region, discover, area, custom }

/**
 * A copy, checked again: whoever can change a URL of the original, or made it by hand, decides where secrets go.
 *
 * @since 0.1.0
 * @category constructors
 */
export const copy = (environment: CxoneEnvironment): CxoneEnvironment => {
  switch (environment._tag) {
    case "FixedEnvironment":
      return custom(environment)
    case "DiscoveredEnvironment":
      return discover(environment)
    case "AreaEnvironment":
      return atHost(environment)
  }
}
