import * as Hash from "effect/Hash"
import type { GrantService } from "../options/Grant.js"
import type { PlacedTenant } from "../options/SimulatedTenant.js"
import { domain } from "../tenants/Hosts.js"

/** In milliseconds by the `Clock`. */
export interface Validity {
  readonly issuedAt: number
  readonly expiresAt: number
}

/**
 * The issuer in the access token of an access key. CXone names an old host there, which no longer answers. An app that
 * looks for the discovery documents on this host has read the access token instead of the `id_token`
 * (docs/cxone-facts.md).
 */
export const formerIssuer = `https://auth.${domain}`

/** The claims of a client's own token. Its `tenantId` is made up, because a client belongs to no tenant. */
export const ofClient = (issuer: string, jti: string, grant: GrantService, validity: Validity): object => ({
  iss: issuer,
  sub: grant.clientId,
  tenantId: "test-tenant",
  scope: grant.scopes.join(" "),
  jti,
  ...times(validity)
})

/** The claims of the access token that an access key gets. */
export const ofAccessKey = (clientId: string, tenant: PlacedTenant, validity: Validity): object => ({
  iss: formerIssuer,
  ...person(clientId, tenant),
  role: { legacyId: "Administrator", id: "test-role", secondaryRoles: [] },
  ...times(validity)
})

/** The claims of the `id_token` that an access key gets. */
export const ofIdToken = (issuer: string, clientId: string, tenant: PlacedTenant, validity: Validity): object => ({
  iss: issuer,
  ...person(clientId, tenant),
  userId,
  icDomain: domain,
  ...times(validity)
})

/** The claims of the refresh token that an access key gets. */
export const ofRefreshToken = (issuer: string, clientId: string, sessionId: string, validity: Validity): object => ({
  iss: issuer,
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
  // Some number, which stays the same for a tenant.
  icBUId: Hash.string(tenantId),
  icClusterId: cluster,
  // These letters come out wrong if an app decodes base64url as Latin-1.
  name: "Zoë Ångström-Łukasiewicz",
  given_name: "Zoë",
  family_name: "Ångström-Łukasiewicz"
})

const times = ({ expiresAt, issuedAt }: Validity) => ({
  iat: Math.floor(issuedAt / 1000),
  exp: Math.floor(expiresAt / 1000)
})
