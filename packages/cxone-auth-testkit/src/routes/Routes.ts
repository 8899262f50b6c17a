import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Endpoint } from "../faults/Fault.js"
import * as IncomingRequest from "../http/IncomingRequest.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Host } from "../tenants/Hosts.js"
import type { Tenants } from "../tenants/Tenants.js"
import type { Registry } from "../tokens/Registry.js"
import type { TokenGenerator } from "../tokens/TokenGenerator.js"
import * as ApiRoute from "./ApiRoute.js"
import * as AuthTokenRoute from "./AuthTokenRoute.js"
import * as DiscoveryRoute from "./DiscoveryRoute.js"
import * as JsonResponse from "./JsonResponse.js"
import * as JwksRoute from "./JwksRoute.js"
import * as OAuthTokenRoute from "./OAuthTokenRoute.js"
import * as RouteFailures from "./RouteFailures.js"
import { claimedClientId, claimedKeyId } from "./TokenRequest.js"
import * as UserHubError from "./UserHubError.js"
import * as UserHubRefreshRoute from "./UserHubRefreshRoute.js"
import * as UserHubTokenRoute from "./UserHubTokenRoute.js"

export { amended } from "./AmendedAnswer.js"
export { tokenPath } from "./OAuthTokenRoute.js"
export { together } from "./RouteFailures.js"
export { claimedClientId } from "./TokenRequest.js"
export { accessKeyPath } from "./UserHubTokenRoute.js"

type Handler = (
  incoming: IncomingRequest.IncomingRequest,
  host: Host
) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, Scope.Scope>

/** Whose request it is: a token request says it itself, of a call its token does. */
export interface Sender {
  readonly clientId: string | undefined
  readonly tenantId: string | undefined
}

export interface Routes {
  readonly endpointOf: (head: IncomingRequest.RequestHead, host: Host) => Endpoint
  /** Handles a request. */
  readonly answer: Handler
  readonly senderOf: (incoming: IncomingRequest.IncomingRequest, host: Host) => Effect.Effect<Sender>
  /** What went wrong in routes of the option `api` since the last time. */
  readonly takeFailures: () => ReadonlyArray<Error>
}

/**
 * The routes of every host. An area host has only the two of UserHub and a discovery document. The API is on the API hosts
 * and on the identity host.
 */
export const make = (
  options: SimulatorOptions,
  tenants: Tenants,
  registry: Registry,
  generator: TokenGenerator
): Routes => {
  const oauth = OAuthTokenRoute.make(registry, options)
  const auth = AuthTokenRoute.make(registry, tenants, options)
  const userHub = UserHubTokenRoute.make(registry, tenants, generator, options)
  const userHubRefresh = UserHubRefreshRoute.make(registry, tenants, generator, options)
  const discovery = DiscoveryRoute.make(tenants, options)
  const failures = RouteFailures.make()
  const api = ApiRoute.make(registry, tenants, options, failures)

  const other: Handler = (incoming, host) =>
    host._tag === "Area" ? Effect.sync(() => UserHubError.make(generator, 404, "Not Found")) : api(incoming, host)

  const routeOf = (head: IncomingRequest.RequestHead, host: Host): readonly [Endpoint, Handler] => {
    switch (`${host._tag} ${IncomingRequest.pathOf(head)}`) {
      case `Identity ${OAuthTokenRoute.tokenPath}`:
        return ["token", oauth]
      case `Identity ${AuthTokenRoute.authTokenPath}`:
        return ["token", auth]
      case `Area ${UserHubTokenRoute.accessKeyPath}`:
        return ["token", userHub]
      case `Area ${UserHubRefreshRoute.userHubRefreshPath}`:
        return ["token", userHubRefresh]
      case `Identity ${JwksRoute.jwksPath}`:
        return ["discovery", JwksRoute.answer]
      case `Identity ${DiscoveryRoute.authorizePath}`:
      case `Identity ${DiscoveryRoute.logoutPath}`:
        return ["api", () => Effect.succeed(JsonResponse.notFound("No user can log in at the simulator"))]
      default:
        return isDiscovery(head) ? ["discovery", discovery] : ["api", other]
    }
  }
  const endpointOf: Routes["endpointOf"] = (head, host) => routeOf(head, host)[0]

  return {
    endpointOf,
    takeFailures: failures.take,
    answer: (incoming, host) => Effect.suspend(() => routeOf(incoming, host)[1](incoming, host)),
    senderOf: (incoming, host) => {
      switch (endpointOf(incoming, host)) {
        case "token":
          return Effect.map(Effect.transposeMapOption(claimedKeyId(incoming), tenants.holderOf), (tenant) => ({
            clientId: Option.getOrUndefined(claimedClientId(incoming)),
            tenantId: Option.getOrUndefined(Option.flatten(tenant))
          }))
        case "discovery": {
          const tenantId = IncomingRequest.queryOf(incoming).get("tenantId") ?? undefined
          return Effect.succeed({ clientId: undefined, tenantId })
        }
        case "api":
          return Effect.map(
            Effect.transposeMapOption(IncomingRequest.credentialsOf(incoming, "bearer"), registry.grantOf),
            (grant) =>
              Option.match(Option.flatten(grant), {
                onNone: () => ({ clientId: undefined, tenantId: undefined }),
                onSome: ({ clientId, tenantId }) => ({ clientId, tenantId })
              })
          )
      }
    }
  }
}

const isDiscovery = (head: IncomingRequest.RequestHead): boolean =>
  [DiscoveryRoute.openidPath, DiscoveryRoute.cxonePath].includes(IncomingRequest.pathOf(head))
