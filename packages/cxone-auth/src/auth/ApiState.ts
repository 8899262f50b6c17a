import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import * as Metrics from "../telemetry/Metrics.js"
import * as Throttle from "../throttle/Throttle.js"
import type { AccessToken } from "../token/AccessToken.js"
import * as Renewals from "./Renewals.js"

/** What this needs of a service. */
interface Public {
  readonly apiBaseUrl: Effect.Effect<string, CxoneAuthError>
}

/** What a service tells its clients beyond its public members. */
export interface Inside extends Public {
  /** Whether the service would hand out this token again. */
  readonly holds: (token: AccessToken) => boolean
  /** Where the API of this token's tenant is: it may not be the tenant of the service's current token. */
  readonly apiBaseUrlOf: (token: AccessToken) => Effect.Effect<string, CxoneAuthError>
}

/** What is known of the API of one token service. All clients over the service share it; no other client does. */
export interface ApiState extends Inside {
  readonly throttle: Throttle.Throttle
  readonly renewals: Renewals.Renewals
}

/** Makes the state of a service. It ends with the scope. */
export const make = (inside: Inside): Effect.Effect<ApiState, never, Scope.Scope> =>
  Effect.all({
    throttle: Throttle.make(Metrics.apiCallWaited),
    renewals: Renewals.make
  }).pipe(Effect.map((state) => ({ ...state, ...inside })))

const key: unique symbol = Symbol("cxone-auth/ApiState")

/** Gives a service its state, as a property, so that a service which an app spreads into one of its own keeps it. */
export const attach = <Service extends object>(service: Service, state: ApiState): Service =>
  Object.assign(service, { [key]: state })

const hasState = (service: object): service is { readonly [key]: ApiState } => Predicate.hasProperty(service, key)

/** The same for a service that tells no more: one token is as good as another, and all go to one API. */
export const onlyPublic = ({ apiBaseUrl }: Public): Inside => ({
  apiBaseUrl,
  holds: constTrue,
  apiBaseUrlOf: () => apiBaseUrl
})

/**
 * The state of a service. One that an app built itself has none: each client over it then has its own. If the app has put
 * another API base URL in the place of the service's, that counts for every token.
 */
export const of = (service: Public): Effect.Effect<ApiState, never, Scope.Scope> => {
  if (!hasState(service)) {
    return make(onlyPublic(service))
  }
  const state = service[key]
  return Effect.succeed(service.apiBaseUrl === state.apiBaseUrl ? state : { ...state, ...onlyPublic(service) })
}
