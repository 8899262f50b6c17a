/**
 * The hosts that NICE runs CXone on.
 *
 * @since 0.1.0
 */

/**
 * The registrable domains of CXone (facts §3). The first two differ by a hyphen, and both are in use.
 *
 * @since 0.1.0
 * @category constants
 */
export const domains: ReadonlyArray<string> = [
  "niceincontact.com",
  "nice-incontact.com",
  "nicecxone-gov.com",
  "nicecxone-sov1.au",
  "nicecxone-sov1.eu",
  "nicecxone-sov1.uk"
]

/**
 * Whether a URL, as the WHATWG parser has read it, leads to a host of {@link domains}, by https on its usual port. A
 * name with a dot at its end is another origin, and no host of theirs.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isCxoneHost = ({ hostname, port, protocol }: URL): boolean =>
  protocol === "https:" &&
  port === "" &&
  domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`))

/**
 * The identity service that all areas share (facts §1a).
 *
 * @since 0.1.0
 * @category constants
 */
export const globalIssuer = "https://cxone.niceincontact.com"

/**
 * The areas that are known (facts §3). There may be others.
 *
 * @since 0.1.0
 * @category models
 */
export type KnownArea = "na1" | "na2" | "eu1" | "uk1" | "au1" | "ca1" | "jp1"

// All other known areas are under the domain without the hyphen.
const hyphenated: ReadonlySet<string> = new Set<KnownArea>(["na1", "au1"])

/**
 * Where an area's own services are, tokens for access keys among them (facts §3).
 *
 * @since 0.1.0
 * @category getters
 */
export const areaHost = (area: string): string =>
  `https://${area}.${hyphenated.has(area) ? "nice-incontact.com" : "niceincontact.com"}`
