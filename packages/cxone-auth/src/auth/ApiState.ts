import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Metrics from "../telemetry/Metrics.js"
import * as Throttle from "../throttle/Throttle.js"
import type { AccessToken } from "../token/AccessToken.js"
import * as Renewals from "./Renewals.js"

/** What is known of the API of one token service. All clients over the service share it; no other client does. */
export interface ApiState {
  readonly throttle: Throttle.Throttle
  readonly renewals: Renewals.Renewals
  /** Whether the service would hand out this token again. */
  readonly holds: (token: AccessToken) => boolean
}

/** Makes the state of a service. It ends with the scope. */
export const make = (holds: ApiState["holds"]): Effect.Effect<ApiState, never, Scope.Scope> =>
  Effect.all({
    throttle: Throttle.make(Metrics.apiCallWaited),
    renewals: Renewals.make,
    holds: Effect.succeed(holds)
  })

const key: unique symbol = Symbol("cxone-auth/ApiState")

/** Gives a service its state, as a property, so that a service which an app spreads into one of its own keeps it. */
export const attach = <Service extends object>(service: Service, state: ApiState): Service =>
  Object.assign(service, { [key]: state })

const hasState = (service: object): service is { readonly [key]: ApiState } => Predicate.hasProperty(service, key)

/**
 * The state of a service. One that an app built itself has none: each client over it then has its own, and takes every
 * token for one that the service holds.
 */
export const of = (service: object): Effect.Effect<ApiState, never, Scope.Scope> =>
  hasState(service) ? Effect.succeed(service[key]) : make(constTrue)
