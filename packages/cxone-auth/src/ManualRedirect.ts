/**
 * Redirects, which no request of this library follows by itself.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"

const manual: RequestInit = { redirect: "manual" }

// Only with these two does fetch not copy the body in case of a redirect: it would hold an upload of any size (fetch
// standard, "HTTP-network-or-cache fetch").
const uncopied: RequestInit = { redirect: "error", window: null }

const initFor =
  ({ body }: HttpClientRequest) =>
  (context: Context.Context<never>): Context.Context<never> => {
    const ofTheApp = Context.getOption(context, FetchHttpClient.RequestInit)
    const init = { ...Option.getOrUndefined(ofTheApp), ...(body._tag === "Stream" ? uncopied : manual) }
    return Context.add(context, FetchHttpClient.RequestInit, init)
  }

/**
 * The client that hands out a redirect as the response that it is. Of the transports only fetch would follow one, and
 * take the credentials or its trust in the answer along (C1, S3). What else the app set for fetch, such as a proxy,
 * stays: fetch's layer merges its own context under that of the call, so the init is amended within the call, where
 * both can be seen, and `mapInputContext` ends that with the call. Two things are beyond this: a client that follows
 * redirects in code of its own, as `HttpClient.followRedirects` does; and an init that only fetch's layer knows, below a
 * client that `HttpClient.transform` was applied to (provide such an init to `CxoneAuth.layer` as well).
 *
 * Over fetch, a redirect in answer to a body that is a stream is a transport failure.
 *
 * @since 0.1.0
 * @category combinators
 */
export const apply = (http: HttpClient.HttpClient): HttpClient.HttpClient =>
  http.pipe(
    HttpClient.mapRequestEffect((request) =>
      Effect.as(FiberRef.update(FiberRef.currentContext, initFor(request)), request)
    ),
    HttpClient.transformResponse(Effect.mapInputContext((context: Context.Context<never>) => context))
  )
