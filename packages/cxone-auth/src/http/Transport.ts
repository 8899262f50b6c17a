/**
 * The app's `HttpClient`, as this library uses it.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"

const manual: RequestInit = { redirect: "manual" }

// Only with these two does fetch not copy the body in case of a redirect: it would hold an upload of any size (fetch
// standard, "HTTP-network-or-cache fetch").
const uncopied: RequestInit = { redirect: "error", window: null }

const withInit = (
  context: Context.Context<never>,
  { body }: HttpClientRequest.HttpClientRequest
): Context.Context<never> => {
  const ours = body._tag === "Stream" ? uncopied : manual
  const init = Option.match(Context.getOption(context, FetchHttpClient.RequestInit), {
    onNone: () => ours,
    onSome: (ofTheApp) => ({ ...ofTheApp, ...ours })
  })
  return Context.add(context, FetchHttpClient.RequestInit, init)
}

const nothing = new Uint8Array(0)

/**
 * A body that is sent as fast as it is taken. The platform's sink for node:http waits for a slow server before each part
 * of a chunk but the first, and a chunk of one part would be followed by the next at once: memory would hold the rest of
 * the upload. So each chunk ends with a part of no bytes.
 */
const atThePaceOfTheServer = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  const { body, headers } = request
  if (body._tag !== "Stream") {
    return request
  }
  const stream = Stream.mapChunks(body.stream, Chunk.append(nothing))
  return request.pipe(
    HttpClientRequest.setBody(HttpBody.stream(stream, body.contentType, body.contentLength)),
    HttpClientRequest.setHeaders(headers) // A new body sets its own; the app may have set others since.
  )
}

/** Runs an effect that may change both, and sets them back: in one step, for it is on the path of every call. */
const ownContextAndTracing = <A, E, R>(response: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiberRuntime((fiber) => {
      const context = fiber.currentContext
      const isTracerDisabled = fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)
      return Effect.onExit(
        Effect.zipRight(FiberRef.set(HttpClient.currentTracerDisabledWhen, constTrue), restore(response)),
        () =>
          Effect.zipRight(
            FiberRef.set(FiberRef.currentContext, context),
            FiberRef.set(HttpClient.currentTracerDisabledWhen, isTracerDisabled)
          )
      )
    })
  )

/**
 * The client without the span that the platform opens for each request: that ends with the raw response, which holds the
 * request as it was sent, and with it the token or the credentials (S1). And without redirects: it hands one out as the
 * response that it is.
 *
 * Of the transports only fetch would follow a redirect, and take the credentials or its trust in the answer along (C1,
 * S3). What else the app set for fetch, such as a proxy, stays: fetch's layer merges its own context under that of the
 * call, so the init is amended within the call, where both can be seen. Two things are beyond this: a client that follows
 * redirects in code of its own, as `HttpClient.followRedirects` does; and an init that only fetch's layer knows, below a
 * client that `HttpClient.transform` was applied to (provide such an init to `CxoneAuth.layer` as well). Over fetch, a
 * redirect in answer to a body that is a stream is a transport failure.
 *
 * @since 0.1.0
 * @category combinators
 */
export const make = (http: HttpClient.HttpClient): HttpClient.HttpClient =>
  http.pipe(
    HttpClient.mapRequestEffect((request) =>
      Effect.withFiberRuntime(({ currentContext }) =>
        Effect.as(
          FiberRef.set(FiberRef.currentContext, withInit(currentContext, request)),
          atThePaceOfTheServer(request)
        )
      )
    ),
    HttpClient.transformResponse(ownContextAndTracing)
  )

const errorCode = /^[A-Z][A-Z0-9_]{2,63}$/

/**
 * The error code that a transport failed with, such as `ECONNREFUSED`, `UND_ERR_SOCKET` or `CERT_HAS_EXPIRED`, found
 * along the chain of causes. Nothing else of the failure is safe to show: messages may quote a header (S1).
 *
 * @since 0.1.0
 * @category getters
 */
export const codeOf = (failure: unknown): string | undefined => {
  // A chain of causes can be a circle; no transport nests deeper than this.
  for (let depth = 0, error = failure; depth < 5 && Predicate.isObject(error); depth++) {
    if (Predicate.hasProperty(error, "code") && typeof error.code === "string" && errorCode.test(error.code)) {
      return error.code
    }
    error = Predicate.hasProperty(error, "cause") ? error.cause : undefined
  }
  return undefined
}
