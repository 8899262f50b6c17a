/** Tokens as long as CXone's. */
import { randomBytes } from "node:crypto"

/** Of which tenant a token is. The signature is verified by nobody here. */
export interface Claims {
  readonly tenantId: string
}

const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString("base64url")

// As RS256 makes them: 256 bytes.
const sign = (claims: object): string =>
  `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.${randomBytes(256).toString("base64url")}`

const about = (tenantId: string, iat: number) => ({
  sub: `user:11ee${tenantId.slice(4)}`,
  tenantId,
  tenant: `tenant_${tenantId.slice(-12)}`,
  icBUId: 4_601_234,
  icClusterId: "C32",
  name: "reporting@tenant.example",
  given_name: "Reporting",
  family_name: "Job",
  aud: "7c8b2f0e-benchmark@cxone",
  iat,
  exp: iat + 3600
})

/** An access token of a tenant, with the claims that CXone's tokens have (docs/cxone-facts.md). `iat` is in seconds. */
export const accessToken = (tenantId: string, iat: number): string =>
  sign({
    iss: "https://auth.nice-incontact.com",
    role: { legacyId: "Administrator", id: tenantId, lastUpdateTime: 1_700_000_000_000, secondaryRoles: [] },
    ...about(tenantId, iat)
  })

/** The id token that comes with it. `iat` is in seconds. */
export const idToken = (tenantId: string, issuer: string, iat: number): string =>
  sign({ iss: issuer, area: "na1", icDomain: "niceincontact.com", userId: tenantId, ...about(tenantId, iat) })

/** Reads the tenant; nothing, if it is no token of ours. */
export const tenantOf = (token: string): string | undefined => {
  const [, payload = ""] = token.split(".")
  try {
    const claims: Partial<Claims> = JSON.parse(Buffer.from(payload, "base64url").toString())
    return claims.tenantId
  } catch {
    return undefined
  }
}
