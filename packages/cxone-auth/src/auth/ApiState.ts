import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import * as Metrics from "../telemetry/Metrics.js"
import * as Throttle from "../throttle/Throttle.js"
import type { AccessToken } from "../token/AccessToken.js"
import type { CxoneAuthService } from "./CxoneAuthService.js"
import * as Renewals from "./Renewals.js"

/** The members of a service that a client calls. */
type Public = Pick<CxoneAuthService, "accessToken" | "accessTokenFor" | "invalidate" | "apiBaseUrl">

/** What a service tells its clients beyond its public members. */
export interface Inside {
  /** Logs with the loggers of the service's layer, and with its name. */
  readonly report: (line: Effect.Effect<void>) => Effect.Effect<void>
  /** Whether the service holds this token, and no renewal of it is under way. */
  readonly holds: (token: AccessToken) => boolean
  /**
   * Starts the renewal of a token that the API refused. The effect that it gives waits for the end of it. Meanwhile the
   * token is handed out as before, because other places may take it.
   */
  readonly renew: (token: AccessToken) => Effect.Effect<Effect.Effect<void, CxoneAuthError>>
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

interface Attached {
  readonly service: Public
  readonly state: ApiState
}

/** Gives a service its state, as a property, so that a service which an app spreads into one of its own keeps it. */
export const attach = <Service extends Public>(service: Service, state: ApiState): Service =>
  Object.assign(service, { [key]: { service, state } satisfies Attached })

const hasState = (service: object): service is { readonly [key]: Attached } => Predicate.hasProperty(service, key)

/** The same for a service that has only its public members: all its tokens go to one API, and dropping one renews it. */
export const onlyPublic = ({ apiBaseUrl, invalidate }: Pick<Public, "apiBaseUrl" | "invalidate">): Inside => {
  const dropped = new WeakSet<AccessToken>()
  return {
    report: identity,
    holds: (token) => !dropped.has(token),
    renew: (token) =>
      Effect.suspend(() => {
        const drop = dropped.has(token) ? Effect.void : invalidate(token)
        dropped.add(token)
        return Effect.as(drop, Effect.void)
      }),
    apiBaseUrlOf: () => apiBaseUrl
  }
}

const members = ["accessToken", "accessTokenFor", "invalidate", "apiBaseUrl"] as const

/**
 * The state of a service. One that an app built itself has none: each client over it then has its own. If an app has put a
 * member of its own in the place of the service's, only the public members count.
 */
export const of = (service: Public): Effect.Effect<ApiState, never, Scope.Scope> => {
  if (!hasState(service)) {
    return make(onlyPublic(service))
  }
  const { service: original, state } = service[key]
  const isWhole = members.every((member) => service[member] === original[member])
  return Effect.succeed(isWhole ? state : { ...state, ...onlyPublic(service) })
}
