/**
 * What the tokens of the simulator say to who reads them.
 *
 * @since 0.1.0
 */
import * as Hash from "effect/Hash"
import type { GrantService } from "../options/Grant.js"
import type { PlacedTenant } from "../options/SimulatedTenant.js"
import { domain } from "../tenants/Hosts.js"

/**
 * From when to when a token is good, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Validity {
  readonly issuedAt: number
  readonly expiresAt: number
}

/**
 * The host that CXone names as the issuer of access tokens: an old one, which answers nobody. Who looks for discovery
 * documents there has read the wrong token (facts §2c).
 *
 * @since 0.1.0
 * @category constants
 */
export const formerIssuer = `https://auth.${domain}`

/**
 * The claims of a token that a client got for itself. Its tenant is the default one, whoever lives in the simulator.
 *
 * @since 0.1.0
 * @category getters
 */
export const ofClient = (issuer: URL, jti: string, grant: GrantService, validity: Validity): object => ({
  iss: issuer.origin,
  sub: grant.clientId,
  tenantId: "test-tenant",
  scope: grant.scopes.join(" "),
  jti,
  ...times(validity)
})

/**
 * The claims of the access token of an access key.
 *
 * @since 0.1.0
 * @category getters
 */
export const ofUser = (clientId: string, tenant: PlacedTenant, validity: Validity): object => ({
  iss: formerIssuer,
  ...person(clientId, tenant),
  role: { legacyId: "Administrator", id: "test-role", secondaryRoles: [] },
  ...times(validity)
})

/**
 * The claims of the `id_token` beside it.
 *
 * @since 0.1.0
 * @category getters
 */
export const ofIdentity = (issuer: URL, clientId: string, tenant: PlacedTenant, validity: Validity): object => ({
  iss: issuer.origin,
  ...person(clientId, tenant),
  userId,
  icDomain: domain,
  ...times(validity)
})

/**
 * The claims of the refresh token beside it.
 *
 * @since 0.1.0
 * @category getters
 */
export const ofSession = (issuer: URL, clientId: string, sessionId: string, validity: Validity): object => ({
  iss: issuer.origin,
  aud: clientId,
  id: userId,
  sessionId,
  ...times(validity)
})

const userId = "test-user"

const person = (clientId: string, { cluster, tenantId }: PlacedTenant) => ({
  sub: `user:${userId}`,
  aud: clientId,
  tenantId,
  tenant: tenantId.toLowerCase().replaceAll(/[^a-z0-9]/g, "_"),
  // A number like any other, negative ones included, as in CXone.
  icBUId: Hash.string(tenantId),
  icClusterId: cluster,
  // Letters outside of ASCII find out who decodes base64url to Latin-1.
  name: "Zoë Ångström-Łukasiewicz",
  given_name: "Zoë",
  family_name: "Ångström-Łukasiewicz"
})

const times = ({ expiresAt, issuedAt }: Validity) => ({
  iat: Math.floor(issuedAt / 1000),
  exp: Math.floor(expiresAt / 1000)
})
