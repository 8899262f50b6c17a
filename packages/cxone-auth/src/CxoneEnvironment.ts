/**
 * Which CXone: where tokens come from, and where the API answers.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as SecureUrl from "./SecureUrl.js"

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
 * Which CXone: where tokens come from, and where the API answers.
 *
 * @since 0.1.0
 * @category models
 */
export class CxoneEnvironment extends Data.Class<{
  /** Where tokens are requested. https, or plain http to this machine (S3). */
  readonly tokenEndpoint: URL
  /** What relative URLs resolve against, and the origin that the token may go to (C1). A path must end in `/`. */
  readonly apiBaseUrl: URL
}> {
  /** Keeps copies, and holds both URLs to what {@link CxoneEnvironment.custom} says. */
  constructor(urls: { readonly tokenEndpoint: string | URL; readonly apiBaseUrl: string | URL }) {
    const parsed = (field: keyof typeof urls) =>
      Either.getOrThrowWith(
        SecureUrl.parse(urls[field]),
        (objection) => new TypeError(`CxoneEnvironment: ${field} ${objection}`)
      )
    super({ tokenEndpoint: parsed("tokenEndpoint"), apiBaseUrl: parsed("apiBaseUrl") })
  }

  /**
   * The gateway of a region: tokens from `{host}/oauth/token`, the API at `{host}` (source: the brief).
   *
   * @since 0.1.0
   * @category constructors
   * @example
   * ```ts
   * import { CxoneEnvironment } from "cxone-auth"
   *
   * const { tokenEndpoint } = CxoneEnvironment.region("eu")
   *
   * console.log(tokenEndpoint.href) // https://platform.eu.nice-incontact.com/oauth/token
   * ```
   */
  static region(region: Region): CxoneEnvironment {
    const host = regionHosts[region]
    return new CxoneEnvironment({ tokenEndpoint: `${host}/oauth/token`, apiBaseUrl: host })
  }

  /**
   * Any other place, by its two URLs. Throws a `TypeError` that names the field if one is no absolute URL, is plain
   * http to another machine, or carries a user name or password.
   *
   * @since 0.1.0
   * @category constructors
   * @example
   * ```ts
   * import { CxoneEnvironment } from "cxone-auth"
   *
   * export const environment = CxoneEnvironment.custom({
   *   tokenEndpoint: "https://gateway.example.com/oauth/token",
   *   apiBaseUrl: "https://gateway.example.com"
   * })
   * ```
   */
  static custom(urls: { readonly tokenEndpoint: string | URL; readonly apiBaseUrl: string | URL }): CxoneEnvironment {
    return new CxoneEnvironment(urls)
  }
}
