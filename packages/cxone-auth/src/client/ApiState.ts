import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { type CxoneAuthService, scopeOf } from "../auth/CxoneAuth.js"
import * as Metrics from "../telemetry/Metrics.js"
import * as Throttle from "../throttle/Throttle.js"
import * as RefusedTokens from "./RefusedTokens.js"

/** What is known of the API of one token service. All clients over the service share it; no other client does. */
export interface ApiState {
  readonly throttle: Throttle.Throttle
  /** The tokens that were refused although they were new. */
  readonly refusedFresh: RefusedTokens.RefusedTokens
  /** The tokens that were dropped after a 401 to a request that can't be sent again. */
  readonly droppedForStream: RefusedTokens.RefusedTokens
}

/** By the scope that the token service lives in. */
const states = new WeakMap<Scope.Scope, ApiState>()

const make: Effect.Effect<ApiState, never, Scope.Scope> = Effect.all({
  throttle: Throttle.make(Metrics.apiCallWaited),
  refusedFresh: RefusedTokens.make,
  droppedForStream: RefusedTokens.make
})

/**
 * The state of a service's API. It ends with the service, whichever client was the first. A service that an app built
 * itself has no scope that is known here: each client over it has a state of its own, which ends with the client.
 */
export const of = (service: CxoneAuthService): Effect.Effect<ApiState, never, Scope.Scope> =>
  Option.match(scopeOf(service), {
    onNone: () => make,
    // In one synchronous step, so that two clients that are built at once can't make two states.
    onSome: (scope) =>
      Effect.map(Effect.runtime<never>(), (runtime) => {
        const state = states.get(scope) ?? Runtime.runSync(runtime)(Scope.extend(make, scope))
        states.set(scope, state)
        return state
      })
  })
