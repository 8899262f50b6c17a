import { Effect } from "effect"
import { json, type Play, type Sent } from "./ScriptedHttpClient.js"

/** The issuer of these tests. It and the hosts below have NICE's names, but nothing is sent there. */
export const issuer = "https://cxone.niceincontact.com"
export const apiHost = "https://api-na1.niceincontact.com"
/** The host that real access tokens name as `iss`. It is no longer in use. */
export const oldHost = "https://auth.nice-incontact.com"

const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString("base64url")

export const jwt = (claims: object): string => `${part({ alg: "RS256" })}.${part(claims)}.c2lnbmF0dXJl`

export const openIdConfiguration = { issuer, token_endpoint: `${issuer}/auth/token` }

export const cxoneConfiguration = { api_endpoint: apiHost, area: "na1", domain: "niceincontact.com" }

export const tokenAnswer = (tenantId = "tenant-1") => ({
  access_token: jwt({ iss: oldHost, tenantId }),
  token_type: "Bearer",
  expires_in: 3600,
  refresh_token: "a-refresh-token",
  id_token: jwt({ iss: issuer, tenantId, name: "Zoë Ünal 東京" })
})

/** Which of its four places a request was sent to. */
export type Kind = "openid" | "token" | "configuration" | "api"

export const kindOf = ({ url }: Pick<Sent, "url">): Kind => {
  const { pathname } = new URL(url)
  if (pathname === "/.well-known/openid-configuration") return "openid"
  if (pathname === "/.well-known/cxone-configuration") return "configuration"
  return /\/token(\/|$)/.test(pathname) ? "token" : "api"
}

/**
 * A play of a CXone with discovery: two documents, tokens and an API. `others` replaces the answers of a kind; each gets
 * the number of the request within its kind, from 0 on. Take it for what depends on the content of an answer or on a
 * tenant. Take `ClientWorld` if the API's place is given, and the simulator of cxone-auth-testkit to run what CXone
 * checks: credentials, scopes, expiry.
 */
export const play = (
  others: {
    readonly [K in Kind]?: (
      index: number,
      sent: Sent
    ) => Response | Effect.Effect<Response, { readonly cause: unknown }>
  } = {}
): Play => {
  const counts = { openid: 0, token: 0, configuration: 0, api: 0 }
  const usual = {
    openid: () => json(openIdConfiguration),
    token: () => json(tokenAnswer()),
    configuration: () => json(cxoneConfiguration),
    api: () => json({ ServerTime: "2026-01-01T00:00:00Z" })
  }
  return (sent) =>
    Effect.suspend(() => {
      const kind = kindOf(sent)
      const answer = (others[kind] ?? usual[kind])(counts[kind]++, sent)
      return Effect.isEffect(answer) ? answer : Effect.succeed(answer)
    })
}
