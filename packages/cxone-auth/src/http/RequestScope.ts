/**
 * `HttpClient.withScope`, for requests that are made from another request.
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { globalValue } from "effect/GlobalValue"

// The platform's own map from a request to what its scope aborts. It has no other way in. It knows a request by identity,
// so a request that is made from another one has lost its scope. A test on sockets notices if the map is moved.
const scopedRequests = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest, AbortController>()
)

class CurrentController extends Context.Reference<CurrentController>()("cxone-auth/RequestScope", {
  defaultValue: (): AbortController | undefined => undefined
}) {}

/** Lets each request that `effect` sends belong to the scope of `request`, if that has one. */
export const within = <A, E, R>(request: HttpClientRequest, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const controller = scopedRequests.get(request)
  return controller === undefined ? effect : Effect.provideService(effect, CurrentController, controller)
}

/** Run it on a request as the last step before the transport, with the context of the call. */
export const enter = (request: HttpClientRequest, context: Context.Context<never>): HttpClientRequest => {
  const controller = Context.get(context, CurrentController)
  if (controller !== undefined) {
    scopedRequests.set(request, controller)
  }
  return request
}
