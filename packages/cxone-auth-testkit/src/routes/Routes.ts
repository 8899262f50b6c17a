import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type { Endpoint } from "../faults/Fault.js"
import * as IncomingRequest from "../http/IncomingRequest.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Host, Hosts } from "../tenants/Hosts.js"
import type { Tenants } from "../tenants/Tenants.js"
import type { Registry } from "../tokens/Registry.js"
import type { TokenGenerator } from "../tokens/TokenGenerator.js"
import * as AccessKeyRoute from "./AccessKeyRoute.js"
import * as ApiRoute from "./ApiRoute.js"
import * as AuthTokenRoute from "./AuthTokenRoute.js"
import * as DiscoveryRoute from "./DiscoveryRoute.js"
import * as JsonResponse from "./JsonResponse.js"
import * as JwksRoute from "./JwksRoute.js"
import * as OAuthTokenRoute from "./OAuthTokenRoute.js"
import * as UserHubError from "./UserHubError.js"
import * as UserHubRefreshRoute from "./UserHubRefreshRoute.js"

export { tokenPath } from "./OAuthTokenRoute.js"
export { claimedClientId } from "./TokenRequest.js"

/** The endpoint of a request, and its answer. The request is handled when the answer is run. */
export interface Route {
  readonly endpoint: Endpoint
  readonly answer: Effect.Effect<HttpServerResponse.HttpServerResponse>
}

type Handler = (incoming: IncomingRequest.IncomingRequest, host: Host) => Route["answer"]

/**
 * The routes of every host. An area host has only the two of UserHub and a discovery document. The API is on the API hosts and on
 * the identity host.
 */
export const make = (
  options: SimulatorOptions,
  hosts: Hosts,
  tenants: Tenants,
  registry: Registry,
  generator: TokenGenerator
): ((incoming: IncomingRequest.IncomingRequest) => Route) => {
  const oauth = OAuthTokenRoute.make(registry, options)
  const auth = AuthTokenRoute.make(registry, tenants, options)
  const accessKey = AccessKeyRoute.make(registry, tenants, generator, options)
  const userHubRefresh = UserHubRefreshRoute.make(registry, tenants, generator, options)
  const discovery = DiscoveryRoute.make(tenants, options)
  const api = ApiRoute.make(registry, tenants, options)

  const other: Handler = (incoming, host) =>
    host._tag === "Area" ? Effect.sync(() => UserHubError.make(generator, 404, "Not Found")) : api(incoming, host)

  return (incoming) => {
    const host = hosts.hostOf(incoming.headers.host)
    const route = (endpoint: Endpoint, handler: Handler) => ({
      endpoint,
      answer: Effect.suspend(() => handler(incoming, host))
    })
    switch (`${host._tag} ${IncomingRequest.pathOf(incoming)}`) {
      case `Identity ${OAuthTokenRoute.tokenPath}`:
        return route("token", oauth)
      case `Identity ${AuthTokenRoute.authTokenPath}`:
        return route("token", auth)
      case `Area ${AccessKeyRoute.accessKeyPath}`:
        return route("token", accessKey)
      case `Area ${UserHubRefreshRoute.userHubRefreshPath}`:
        return route("token", userHubRefresh)
      case `Identity ${JwksRoute.jwksPath}`:
        return route("discovery", JwksRoute.answer)
      case `Identity ${DiscoveryRoute.authorizePath}`:
      case `Identity ${DiscoveryRoute.logoutPath}`:
        return route("api", () => Effect.succeed(JsonResponse.notFound("No user can log in at the simulator")))
      default:
        return isDiscovery(incoming) ? route("discovery", discovery) : route("api", other)
    }
  }
}

const isDiscovery = (incoming: IncomingRequest.IncomingRequest): boolean =>
  [DiscoveryRoute.openidPath, DiscoveryRoute.cxonePath].includes(IncomingRequest.pathOf(incoming))
