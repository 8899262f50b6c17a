/**
 * The hosts that CXone runs on (docs/cxone-facts.md).
 */

/** The registrable domains of CXone. The first two differ by a hyphen, and both are in use. */
export const domains: ReadonlyArray<string> = [
  "niceincontact.com",
  "nice-incontact.com",
  "nicecxone-gov.com",
  "nicecxone-sov1.au",
  "nicecxone-sov1.eu",
  "nicecxone-sov1.uk"
]

/**
 * Whether a URL leads to a host of {@link domains}, by https on the usual port. A name with a dot at its end is another
 * origin, so it is none of theirs.
 */
export const isCxoneHost = ({ hostname, port, protocol }: URL): boolean =>
  protocol === "https:" &&
  port === "" &&
  domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`))

/** The identity service that all areas share. */
export const globalIssuer = "https://cxone.niceincontact.com"

/**
 * The areas that are known. There may be others.
 *
 * @since 0.1.0
 * @category models
 */
export type KnownArea = "na1" | "na2" | "eu1" | "uk1" | "au1" | "ca1" | "jp1"

const knownAreas: ReadonlySet<string> = new Set<KnownArea>(["na1", "na2", "eu1", "uk1", "au1", "ca1", "jp1"])

/** Whether a name is that of an area that is known. */
export const isKnownArea = (name: string): boolean => knownAreas.has(name)

// All other known areas are under the domain without the hyphen.
const hyphenated: ReadonlySet<string> = new Set<KnownArea>(["na1", "au1"])

/** The host of an area's own services, which also issues tokens for access keys. */
export const areaHost = (area: string): string =>
  `https://${area}.${hyphenated.has(area) ? "nice-incontact.com" : "niceincontact.com"}`

const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i

/** The host of an area's API in this domain; nothing if they can't be parts of a host's name. */
export const apiHost = (area: string, domain: string): string | undefined =>
  label.test(area) && domain.split(".").every((part) => label.test(part)) ? `https://api-${area}.${domain}` : undefined

/**
 * A region of the platform gateway (client credentials): production in the US, Europe and Asia-Pacific, and the US test
 * system.
 *
 * @since 0.1.0
 * @category models
 */
export type Region = "us" | "us-devtest" | "eu" | "ap"

/** The hosts of the platform gateway. */
export const gatewayHosts = {
  us: "https://platform.nice-ic.com",
  "us-devtest": "https://platform.devtest.nice-incontact.com",
  eu: "https://platform.eu.nice-incontact.com",
  ap: "https://platform.ap.nice-incontact.com"
} as const satisfies Record<Region, string>

/** Whether a name is that of a region. */
export const isRegion = (name: string): name is Region => Object.hasOwn(gatewayHosts, name)

/** Whether a URL leads to the platform gateway. */
export const isGateway = ({ origin }: URL): boolean => Object.values<string>(gatewayHosts).includes(origin)
