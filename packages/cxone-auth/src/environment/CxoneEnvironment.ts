import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Record from "effect/Record"
import * as Hosts from "../cxone/Hosts.js"
import * as SecureUrl from "../http/SecureUrl.js"
import type { ScopeSet } from "../token/ScopeSet.js"

export type { KnownArea, Region } from "../cxone/Hosts.js"

/**
 * The scopes that a client alone requests unless the app names others. `offline_access` also asks for a refresh token,
 * which the library ignores.
 */
export const defaultScopes: ScopeSet = ["offline_access"]

/**
 * A CXone whose two URLs are known.
 *
 * @since 0.1.0
 * @category models
 */
export class FixedEnvironment extends Data.TaggedClass("FixedEnvironment")<{
  /** Where tokens are requested: https, or plain http to this machine. */
  readonly tokenEndpoint: string
  /** What relative URLs resolve against, and the origin that the token may go to. It ends in `/`. */
  readonly apiBaseUrl: string
}> {}

/**
 * A CXone that is found by discovery from its issuer.
 *
 * @since 0.1.0
 * @category models
 */
export class DiscoveredEnvironment extends Data.TaggedClass("DiscoveredEnvironment")<{
  /** The identity service. Its `/.well-known/openid-configuration` names the token endpoint. A host alone. */
  readonly issuer: string
  /** Where the API is. If it is given, the tenant's configuration is not fetched. It ends in `/`. */
  readonly apiBaseUrl: string | undefined
}> {}

/**
 * A CXone that is found from an area's own host, for access keys without a client.
 *
 * @since 0.1.0
 * @category models
 */
export class AreaEnvironment extends Data.TaggedClass("AreaEnvironment")<{
  /** The host of the area's services, which gives tokens and the tenant's configuration. A host alone. */
  readonly host: string
  /** Where the API is. If it is given, the configuration is not fetched. It ends in `/`. */
  readonly apiBaseUrl: string | undefined
}> {}

/**
 * Which CXone: where tokens come from, and where the API is.
 *
 * @since 0.1.0
 * @category models
 */
export type CxoneEnvironment = FixedEnvironment | DiscoveredEnvironment | AreaEnvironment

/**
 * A URL that an app gives: text, or a `URL`, which is read at once and not kept.
 *
 * @since 0.1.0
 * @category models
 */
export type UrlInput = string | URL

/**
 * The URLs of `CxoneEnvironment.custom`.
 *
 * @since 0.1.0
 * @category models
 */
export interface FixedEnvironmentOptions {
  /** Where tokens are requested, such as `https://gateway.example.com/oauth/token`. */
  readonly tokenEndpoint: UrlInput
  /** The folder that URLs without a host begin at, such as `https://gateway.example.com` or `https://gateway.example.com/cxone`. */
  readonly apiBaseUrl: UrlInput
}

/**
 * What `CxoneEnvironment.discover` may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface DiscoveredEnvironmentOptions {
  /** The identity service, a host alone. Default: `https://cxone.niceincontact.com`. */
  readonly issuer?: UrlInput | undefined
  /** Where the API is. Default: the tenant's configuration says it. */
  readonly apiBaseUrl?: UrlInput | undefined
}

/**
 * What `CxoneEnvironment.area` may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface AreaEnvironmentOptions {
  /** The host of the area's services. Default: the one that the library knows, else `https://{area}.niceincontact.com`. */
  readonly host?: UrlInput | undefined
  /** Where the API is. Default: the tenant's configuration says it. */
  readonly apiBaseUrl?: UrlInput | undefined
}

const orThrow = (field: string, url: Either.Either<URL, string>): URL =>
  Either.getOrThrowWith(url, (objection) => new TypeError(`CxoneEnvironment: ${field} ${objection}`))

const refuseIf = (field: string, objection: string | undefined): void => {
  if (objection !== undefined) {
    throw new TypeError(`CxoneEnvironment: ${field} ${objection}`)
  }
}

const secureHost = (field: string, input: UrlInput): string => orThrow(field, SecureUrl.parseOrigin(input)).origin

const secureBase = (input: UrlInput): string => SecureUrl.folderOf(orThrow("apiBaseUrl", SecureUrl.parse(input))).href

const optionalBase = (input: UrlInput | undefined): string | undefined =>
  input === undefined ? undefined : secureBase(input)

const custom = (options: FixedEnvironmentOptions): FixedEnvironment =>
  new FixedEnvironment({
    tokenEndpoint: orThrow("tokenEndpoint", SecureUrl.parse(options.tokenEndpoint)).href,
    apiBaseUrl: secureBase(options.apiBaseUrl)
  })

/** What is wrong with the name of a region, as the end of a sentence. Nothing if it is one. */
export const objectionToRegion = (name: string): string | undefined => {
  const regions = Record.keys(Hosts.gatewayHosts).join(", ")
  if (Hosts.isRegion(name)) {
    return undefined
  }
  if (Hosts.isKnownArea(name)) {
    return `is ${name}, which is an area, for an access key alone; the regions are ${regions}`
  }
  // A name as other clouds have them. Nothing else is repeated, because it may be a secret in the wrong place.
  return /^[a-z]{2}-[a-z]{4,10}-\d$/.test(name)
    ? `is ${name}, which CXone does not have; expected one of ${regions}`
    : `must be one of ${regions}`
}

/** The same for an area: letters and digits. With a hyphen, as in `api-na1`, it names another host. */
export const objectionToArea = (name: string): string | undefined => {
  if (Hosts.isRegion(name)) {
    return `is ${name}, which is a region of the platform gateway, for a client alone; an area is na1, eu1 or the like`
  }
  return /^[a-z][a-z0-9]{0,30}$/.test(name) ? undefined : "must be a name in lower case, such as na1 or eu1"
}

const region = (name: Hosts.Region): FixedEnvironment => {
  refuseIf("region", objectionToRegion(name))
  const host = Hosts.gatewayHosts[name]
  return custom({ tokenEndpoint: `${host}/oauth/token`, apiBaseUrl: host })
}

const discover = (options: DiscoveredEnvironmentOptions = {}): DiscoveredEnvironment => {
  // Plain JavaScript may pass the issuer itself, and would get the default one.
  refuseIf("discover", typeof options === "object" ? undefined : "takes an object, such as { issuer }")
  return new DiscoveredEnvironment({
    issuer: secureHost("issuer", options.issuer ?? Hosts.globalIssuer),
    apiBaseUrl: optionalBase(options.apiBaseUrl)
  })
}

const atHost = (options: { readonly host: UrlInput; readonly apiBaseUrl?: UrlInput | undefined }): AreaEnvironment =>
  new AreaEnvironment({
    host: secureHost("host", options.host),
    apiBaseUrl: optionalBase(options.apiBaseUrl)
  })

const area = (
  // An editor suggests the known names; any other is taken as well.
  name: Hosts.KnownArea | (string & {}),
  options: AreaEnvironmentOptions = {}
): AreaEnvironment => {
  refuseIf("area", objectionToArea(name))
  return atHost({ host: options.host ?? Hosts.areaHost(name), apiBaseUrl: options.apiBaseUrl })
}

/**
 * Says which CXone the app calls. The credentials decide:
 *
 * - `Credentials.clientSecret` goes with `region`
 * - `Credentials.accessKey` goes with `discover`
 * - `Credentials.accessKeyOnly` goes with `area`
 * - any of them goes with `custom`, at a place that is not the platform gateway
 *
 * With `apiBaseUrl`, the tenant's configuration is not fetched. `discover` still asks the issuer for the token endpoint.
 * Each constructor throws a `TypeError` that names the field if a URL is not absolute, is plain http to another machine,
 * carries a user name or password, or, for `issuer` and `host`, has a path.
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
 * console.log(byRegion.tokenEndpoint) // https://platform.eu.nice-incontact.com/oauth/token
 * ```
 */
export const CxoneEnvironment = {
  /**
   * The platform gateway, for a client alone ({@link Credentials}`.clientSecret`). Tokens come from `{host}/oauth/token`,
   * and the API is at `{host}`. No public page of NICE's shows this gateway.
   */
  region,
  /**
   * What NICE documents for back-end apps: a client with an access key ({@link Credentials}`.accessKey`). NICE's own
   * issuers refuse a client alone. The issuer's `/.well-known/openid-configuration` names the token endpoint. The
   * `/.well-known/cxone-configuration` of the first token's tenant says where the API is. The default issuer is
   * `https://cxone.niceincontact.com`; FedRAMP and the sovereign clouds have their own, such as
   * `https://cxone-gov.niceincontact.com`.
   */
  discover,
  /**
   * An area, for an access key without a client ({@link Credentials}`.accessKeyOnly`). Tokens come from
   * `{host}/authentication/v1/token/access-key`, and the same host says where the API is. An area that the library doesn't
   * know is taken to be at `https://{area}.niceincontact.com`, unless `host` says otherwise.
   */
  area,
  /** Any other place, by its two URLs, for any credentials. At the gateway's own URL it takes a client alone, as `region` does. */
  custom
}

/** The constructor whose setting leads to the token endpoint. A region's own URL counts as the region's, also from `custom`. */
export const constructorOf = (environment: CxoneEnvironment): keyof typeof CxoneEnvironment => {
  switch (environment._tag) {
    case "FixedEnvironment":
      return Object.values(Hosts.gatewayHosts).some((host) => environment.tokenEndpoint === `${host}/oauth/token`)
        ? "region"
        : "custom"
    case "DiscoveredEnvironment":
      return "discover"
    case "AreaEnvironment":
      return "area"
  }
}

/** A checked copy, because whoever can change a field of the original decides where secrets go. */
export const copy = (environment: CxoneEnvironment): CxoneEnvironment => {
  switch (environment?._tag) {
    case "FixedEnvironment":
      return custom(environment)
    case "DiscoveredEnvironment":
      return discover(environment)
    case "AreaEnvironment":
      return atHost(environment)
    default:
      // Plain JavaScript may pass anything.
      throw new TypeError(
        "CxoneAuth: the environment must be made by CxoneEnvironment, such as CxoneEnvironment.region"
      )
  }
}
