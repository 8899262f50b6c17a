import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { constTrue, pipe } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as Spans from "../telemetry/Spans.js"
import * as ConnectionHeaders from "./ConnectionHeaders.js"
import * as RequestScope from "./RequestScope.js"
import { BodyFailed } from "./TransportFailure.js"

const manual: RequestInit = { redirect: "manual" }

// With these two, fetch does not keep a copy of the body for a redirect, which would hold a whole upload in memory (fetch
// standard, "HTTP-network-or-cache fetch").
const uncopied: RequestInit = { redirect: "error", window: null }

const merged = (ofTheApp: RequestInit, ours: RequestInit): RequestInit => ({
  ...ofTheApp,
  ...(ofTheApp.headers === undefined ? {} : { headers: ConnectionHeaders.strip([...new Headers(ofTheApp.headers)]) }),
  ...ours
})

/**
 * Some fetches, such as workerd's, throw a `TypeError` for a redirect mode other than "follow" and "manual". The body has
 * not been read then, and is sent with "manual". A `TypeError` for a failed connection has a cause.
 */
const whateverModesItKnows =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (input, init) => {
    try {
      return await fetch(input, init)
    } catch (failure) {
      const isUnread = init?.body instanceof ReadableStream && !init.body.locked
      if (failure instanceof TypeError && failure.cause === undefined && isUnread) {
        return fetch(input, { ...init, ...manual })
      }
      throw failure
    }
  }

const withInit = (context: Context.Context<never>, { body }: HttpClientRequest.HttpClientRequest) => {
  const ofTheApp = Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit))
  const isStream = body._tag === "Stream"
  const ours = isStream ? uncopied : manual
  const init = ofTheApp === undefined ? ours : merged(ofTheApp, ours)
  const withOurs = Context.add(context, FetchHttpClient.RequestInit, init)
  if (!isStream) {
    return withOurs
  }
  const fetch = Option.getOrElse(Context.getOption(context, FetchHttpClient.Fetch), () => globalThis.fetch)
  return Context.add(withOurs, FetchHttpClient.Fetch, whateverModesItKnows(fetch))
}

const nothing = new Uint8Array(0)

/**
 * Sends a streamed body no faster than the server takes it. The platform's sink for node:http writes the first part of
 * a chunk without waiting for the server, and waits only before further parts. So chunks of one part would all be held
 * in memory. Therefore each chunk gets a last part without bytes.
 */
const atThePaceOfTheServer = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  const { body, headers } = request
  if (body._tag !== "Stream") {
    return request
  }
  const stream = Stream.mapChunks(body.stream, Chunk.append(nothing)).pipe(
    Stream.mapErrorCause((cause) =>
      Cause.isInterruptedOnly(cause) ? cause : Cause.fail(new BodyFailed(Cause.squash(cause)))
    )
  )
  return request.pipe(
    HttpClientRequest.setBody(HttpBody.stream(stream, body.contentType, body.contentLength)),
    // Setting a body sets `Content-Type` and `Content-Length`, so the request's headers are set again after it.
    HttpClientRequest.setHeaders(headers)
  )
}

/** An app's client may make failures of statuses (`filterStatusOk`). They are answers, which this library reads itself. */
const answerIn = <E extends HttpClientError>(error: E) =>
  error._tag === "ResponseError" && error.reason === "StatusCode" ? Effect.succeed(error.response) : Effect.fail(error)

/**
 * Restores context and tracing after an effect that sets them. They share one bracket in place of two, because every call
 * pays for it.
 */
const ownContextAndTracing = <A, E, R>(response: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiberRuntime((fiber) => {
      const context = fiber.currentContext
      const isTracerDisabled = fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)
      const reset = Effect.zipRight(
        FiberRef.set(FiberRef.currentContext, context),
        FiberRef.set(HttpClient.currentTracerDisabledWhen, isTracerDisabled)
      )
      return Effect.matchCauseEffect(restore(response), {
        onFailure: (cause) => Effect.zipRight(reset, Effect.failCause(cause)),
        onSuccess: (answer) => Effect.as(reset, answer)
      })
    })
  )

/** Sends a request, and gives its answer. */
export type Send = (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<HttpClientResponse, HttpClientError>

// Another package sets it, so it has a name that both know.
const DirectId: unique symbol = Symbol.for("cxone-auth/DirectTransport")

/**
 * A transport that offers a shorter way: `send` makes no span and follows no redirect, whatever the fiber's settings are.
 * So nothing of the platform's has to be turned off for each call. `cxone-auth-undici` is one. A client that an app makes
 * from it, such as by `HttpClient.mapRequest`, offers none.
 */
interface Direct {
  readonly [DirectId]: { readonly execute: HttpClient.HttpClient["execute"]; readonly send: Send }
}

/** The shorter way, unless an app has put an `execute` of its own in the place of the transport's. */
const directOf = (http: HttpClient.HttpClient): Send | undefined => {
  // An app may have another version of the transport's package.
  const isDirect = (client: object): client is Direct =>
    Predicate.hasProperty(client, DirectId) &&
    Predicate.hasProperty(client[DirectId], "execute") &&
    Predicate.hasProperty(client[DirectId], "send") &&
    Predicate.isFunction(client[DirectId].send)
  return isDirect(http) && http[DirectId].execute === http.execute ? http[DirectId].send : undefined
}

/** The request as it is given to the transport. */
const prepare = (
  request: HttpClientRequest.HttpClientRequest,
  fiber: Fiber.RuntimeFiber<unknown, unknown>
): HttpClientRequest.HttpClientRequest =>
  RequestScope.enter(Spans.propagate(atThePaceOfTheServer(request), fiber), fiber.currentContext)

/**
 * The app's client, without the platform's span for each request, and without redirects. That span ends with the raw
 * response, which holds the request with the token or the credentials (S1). A redirect is handed out as a response,
 * because following it would take them to another place (C1, S3).
 *
 * Of the transports, only fetch follows redirects. The app's other settings for fetch, such as a proxy, stay. They are
 * merged within the call, because only there the settings of fetch's own layer are visible, too. The same holds for
 * what the app said about tracing to its own client. Two cases are out of reach. A client may follow redirects in its own
 * code, as `HttpClient.followRedirects` does. And what lies below an `HttpClient.transform` of the app's is not visible
 * here: provide settings of fetch's layer to `CxoneAuth.layer` as well, and say `HttpClient.withTracerDisabledWhen` above
 * it. Over fetch, a redirect in answer to a streamed body is a transport failure.
 */
export const make = (http: HttpClient.HttpClient): Send => {
  const direct = directOf(http)
  if (direct !== undefined) {
    return (request) => Effect.withFiberRuntime((fiber) => direct(prepare(request, fiber)))
  }
  // Not `http.pipe`: a client that an app has spread has none.
  return pipe(
    http,
    HttpClient.mapRequestEffect((request) =>
      Effect.withFiberRuntime((fiber) =>
        FiberRef.set(FiberRef.currentContext, withInit(fiber.currentContext, request)).pipe(
          Effect.zipRight(FiberRef.set(HttpClient.currentTracerDisabledWhen, constTrue)),
          Effect.as(prepare(request, fiber))
        )
      )
    ),
    HttpClient.transformResponse((response) => ownContextAndTracing(Effect.catchAll(response, answerIn)))
  ).execute
}
