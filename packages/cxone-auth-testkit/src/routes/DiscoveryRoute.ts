import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as IncomingRequest from "../http/IncomingRequest.js"
import type { PlacedTenant, SimulatedArea } from "../options/SimulatedTenant.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { SimulatorQuirks } from "../options/SimulatorQuirks.js"
import { domain, type Host } from "../tenants/Hosts.js"
import type { Tenants } from "../tenants/Tenants.js"
import { authTokenPath } from "./AuthTokenRoute.js"
import * as JsonResponse from "./JsonResponse.js"
import { jwksPath } from "./JwksRoute.js"
import { userinfoPath } from "./UserinfoRoute.js"

export const openidPath = "/.well-known/openid-configuration"

/** The document above names these two endpoints for a user who logs in. The simulator doesn't have them. */
export const authorizePath = "/auth/authorize"
export const logoutPath = "/auth/authorize/logout"

/** Names the hosts of a tenant or, on an area host, the hosts of the area. */
export const cxonePath = "/.well-known/cxone-configuration"

/**
 * Serves the two discovery documents; the request needs no token. A host that doesn't have the document answers 404,
 * and so does every host if the tenant is unknown.
 */
export const make =
  (tenants: Tenants, options: Pick<SimulatorOptions, "quirks">) =>
  (incoming: IncomingRequest.IncomingRequest, host: Host): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
    const isOpenid = IncomingRequest.pathOf(incoming) === openidPath
    if (host._tag === "Api" || (isOpenid && host._tag === "Area")) {
      return Effect.succeed(JsonResponse.notFound())
    }
    if (!IncomingRequest.isRead(incoming)) {
      return Effect.succeed(JsonResponse.onlyRead)
    }
    return isOpenid
      ? Effect.succeed(HttpServerResponse.unsafeJson(openid(host.origin)))
      : configurationOf(tenants, incoming, host, options.quirks ?? {})
  }

const configurationOf = (
  tenants: Tenants,
  incoming: IncomingRequest.IncomingRequest,
  host: Host,
  quirks: SimulatorQuirks
) => {
  const tenantId = IncomingRequest.queryOf(incoming).get("tenantId") ?? ""
  if (tenantId !== "") {
    const isKnown = ({ issuer }: PlacedTenant) => host._tag !== "Identity" || issuer === host.origin
    return Effect.map(
      Effect.map(tenants.tenantOf(tenantId), Option.filter(isKnown)),
      Option.match({
        onNone: () => JsonResponse.notFound("No such tenant"),
        onSome: (tenant) => HttpServerResponse.unsafeJson(configuration(tenant, { tenantId }, quirks))
      })
    )
  }
  return Effect.succeed(
    host._tag === "Area"
      ? HttpServerResponse.unsafeJson(configuration(host.area, {}, quirks))
      : JsonResponse.notFound("tenantId is missing")
  )
}

const openid = (origin: string) => ({
  issuer: origin,
  authorization_endpoint: `${origin}${authorizePath}`,
  token_endpoint: `${origin}${authTokenPath}`,
  userinfo_endpoint: `${origin}${userinfoPath}`,
  jwks_uri: `${origin}${jwksPath}`,
  end_session_endpoint: `${origin}${logoutPath}`,
  token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  token_endpoint_auth_signing_alg_values_supported: ["RS256"],
  scopes_supported: ["openid"],
  response_types_supported: ["code"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["RS256"],
  display_values_supported: ["page", "popup"],
  code_challenge_methods_supported: ["S256"]
})

const configuration = (
  { apiOrigin, area, areaOrigin, cluster }: SimulatedArea,
  asked: { readonly tenantId?: string },
  quirks: SimulatorQuirks
) => ({
  api_endpoint: quirks.apiEndpoint === "trailing-slash" ? `${apiOrigin}/` : apiOrigin,
  auth_endpoint: areaOrigin,
  ui_endpoint: areaOrigin,
  domain,
  uhDomain: domain,
  private: false,
  ...(quirks.configuration === "minimal" ? {} : { area, cluster, acdDomain: domain, globaldomain: domain, ...asked })
})
