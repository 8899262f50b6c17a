/**
 * Which route answers a request.
 *
 * @since 0.1.0
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as AccessKeyRoute from "./AccessKeyRoute.js"
import * as ApiRoute from "./ApiRoute.js"
import * as AuthTokenRoute from "./AuthTokenRoute.js"
import * as DiscoveryRoute from "./DiscoveryRoute.js"
import type { Endpoint } from "./Fault.js"
import * as Incoming from "./Incoming.js"
import type { Registry } from "./Registry.js"
import type { SimulatorOptions } from "./SimulatorOptions.js"
import type { Site, Sites } from "./Sites.js"
import type { Tenants } from "./Tenants.js"
import * as TokenRoute from "./TokenRoute.js"
import type { TokenWriter } from "./TokenWriter.js"
import * as UserHubError from "./UserHubError.js"

/**
 * Where a request has arrived, and what it will be answered. Nothing happens until the answer is run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Route {
  readonly endpoint: Endpoint
  readonly answer: Effect.Effect<HttpServerResponse.HttpServerResponse>
}

/**
 * Builds the routes of every host. On that of an area there is nothing but UserHub and a document; the API is on the
 * others, the identity host among them (facts §3).
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  {
    registry,
    sites,
    tenants,
    writer
  }: {
    readonly registry: Registry
    readonly sites: Sites
    readonly tenants: Tenants
    readonly writer: TokenWriter
  },
  options: SimulatorOptions
): ((incoming: Incoming.Incoming) => Route) => {
  const oauth = TokenRoute.make(registry, options)
  const auth = AuthTokenRoute.make(registry, tenants, options)
  const accessKey = AccessKeyRoute.make(registry, tenants, writer, options)
  const discovery = DiscoveryRoute.make(tenants, options)
  const api = ApiRoute.make(registry, tenants, options)

  const elsewhere = (incoming: Incoming.Incoming, site: Site) =>
    site._tag === "Area" ? Effect.sync(() => UserHubError.make(writer, 404, "Not Found")) : api(incoming, site)

  return (incoming) => {
    const site = sites.siteOf(incoming.headers.host)
    const route = (endpoint: Endpoint, answer: (incoming: Incoming.Incoming, site: Site) => Route["answer"]) => ({
      endpoint,
      answer: Effect.suspend(() => answer(incoming, site))
    })
    switch (`${site._tag} ${Incoming.pathOf(incoming)}`) {
      case `Identity ${TokenRoute.tokenPath}`:
        return route("token", oauth)
      case `Identity ${AuthTokenRoute.authTokenPath}`:
        return route("token", auth)
      case `Area ${AccessKeyRoute.accessKeyPath}`:
        return route("token", accessKey)
      default:
        return isDiscovery(incoming) ? route("discovery", discovery) : route("api", elsewhere)
    }
  }
}

const isDiscovery = (incoming: Incoming.Incoming): boolean =>
  [DiscoveryRoute.openidPath, DiscoveryRoute.cxonePath].includes(Incoming.pathOf(incoming))
