import * as Hash from "effect/Hash"
import type { GrantService } from "../options/Grant.js"
import type { SimulatedUser } from "../options/SimulatedUser.js"
import { domain } from "../tenants/Hosts.js"
import type { KeyOwner } from "../tenants/Tenants.js"

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

/** The claims of a client's own token. A client belongs to no tenant, so the caller chooses one. */
export const ofClient = (issuer: string, tenantId: string, grant: GrantService, validity: Validity): object => ({
  iss: issuer,
  sub: grant.clientId,
  tenantId,
  scope: grant.scopes.join(" "),
  ...times(validity)
})

/** The claims of the access token that an access key gets. */
export const ofAccessKey = (clientId: string, owner: KeyOwner, validity: Validity): object => ({
  iss: formerIssuer,
  ...employee(clientId, owner),
  role: { legacyId: "Administrator", id: "test-role", secondaryRoles: [] },
  ...times(validity)
})

/** The claims of the `id_token` that an access key gets. */
export const ofIdToken = (clientId: string, owner: KeyOwner, validity: Validity): object => ({
  iss: owner.tenant.issuer,
  ...employee(clientId, owner),
  userId: userIdOf(owner),
  icDomain: domain,
  ...times(validity)
})

/** The claims of the refresh token that an access key gets. */
export const ofRefreshToken = (clientId: string, owner: KeyOwner, sessionId: string, validity: Validity): object => ({
  iss: owner.tenant.issuer,
  aud: clientId,
  id: userIdOf(owner),
  sessionId,
  ...times(validity)
})

interface Person {
  readonly accessKeyId: string
  readonly user: SimulatedUser
}

/** The claims of a user that OpenID Connect names (Core §5.1); `sub` is that of the tokens. */
export const ofUser = (person: Person): object => ({ ...names(person), email: person.user.email })

const employee = (clientId: string, { tenant: { cluster, tenantId }, ...person }: KeyOwner) => ({
  ...names(person),
  aud: clientId,
  tenantId,
  tenant: tenantId.toLowerCase().replaceAll(/[^a-z0-9]/g, "_"),
  // Some number, which stays the same for a tenant.
  icBUId: Hash.string(tenantId),
  icClusterId: cluster
})

const userIdOf = ({ accessKeyId, user }: Person): string => String(user.id ?? accessKeyId)

// JSON has no `undefined`: a claim with that value is left out.
const names = (person: Person) => {
  const { name } = person.user
  const [, given_name, family_name] = /^(\S+) +(.*)$/s.exec(name ?? "") ?? []
  return { sub: `user:${userIdOf(person)}`, name, given_name, family_name }
}

const times = ({ expiresAt, issuedAt }: Validity) => ({
  iat: Math.floor(issuedAt / 1000),
  exp: Math.floor(expiresAt / 1000)
})
