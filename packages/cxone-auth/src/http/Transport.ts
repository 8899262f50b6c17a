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
import * as ConnectionHeaders from "./ConnectionHeaders.js"

const manual: RequestInit = { redirect: "manual" }

// With these two, fetch does not keep a copy of the body for a redirect, which would hold a whole upload in memory (fetch
// standard, "HTTP-network-or-cache fetch").
const uncopied: RequestInit = { redirect: "error", window: null }

const merged = (ofTheApp: RequestInit, ours: RequestInit): RequestInit => ({
  ...ofTheApp,
  ...(ofTheApp.headers === undefined ? {} : { headers: ConnectionHeaders.strip([...new Headers(ofTheApp.headers)]) }),
  ...ours
})

const withInit = (context: Context.Context<never>, { body }: HttpClientRequest.HttpClientRequest) => {
  const ofTheApp = Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit))
  const ours = body._tag === "Stream" ? uncopied : manual
  return Context.add(context, FetchHttpClient.RequestInit, ofTheApp === undefined ? ours : merged(ofTheApp, ours))
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
  const stream = Stream.mapChunks(body.stream, Chunk.append(nothing))
  return request.pipe(
    HttpClientRequest.setBody(HttpBody.stream(stream, body.contentType, body.contentLength)),
    HttpClientRequest.setHeaders(headers) // A new body sets its own; the app may have set others since.
  )
}

/**
 * Runs an effect with the platform's tracing off, and restores context and tracing afterwards. Context and tracing
 * share one bracket in place of two, because every call pays for it.
 */
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
 * The app's client, without the platform's span for each request, and without redirects. That span ends with the raw
 * response, which holds the request with the token or the credentials (S1). A redirect is handed out as a response,
 * because following it would take them to another place (C1, S3).
 *
 * Of the transports, only fetch follows redirects. The app's other settings for fetch, such as a proxy, stay. They are
 * merged within the call, because only there the settings of fetch's own layer are visible, too. Two cases are out of
 * reach. A client may follow redirects in its own code, as `HttpClient.followRedirects` does. And if the app applied
 * `HttpClient.transform` to its client, settings that only fetch's layer has are not visible here; provide these to
 * `CxoneAuth.layer` as well. Over fetch, a redirect in answer to a streamed body is a transport failure.
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

const identifier = /^[\w$./@-]{1,64}$/

/** The kind of a failure: its tag, or the name of its class. Nothing else of a failure is shown that may hold a secret. */
export const kindOf = (failure: unknown): string | undefined => {
  const kind = Predicate.hasProperty(failure, "_tag") ? failure._tag : failure instanceof Error && failure.name
  return typeof kind === "string" && identifier.test(kind) ? kind : undefined
}

const errorCode = /^[A-Z][A-Z0-9_]{2,63}$/

/**
 * The error code of a transport's failure, such as `ECONNREFUSED`, `UND_ERR_SOCKET` or `CERT_HAS_EXPIRED`, from its chain of
 * causes. Nothing else of a failure is shown, because a message may quote a header (S1).
 */
export const codeOf = (failure: unknown): string | undefined => {
  // No transport nests deeper than this, and a chain of causes can be a circle.
  for (let depth = 0, error = failure; depth < 5 && Predicate.isObject(error); depth++) {
    if (Predicate.hasProperty(error, "code") && typeof error.code === "string" && errorCode.test(error.code)) {
      return error.code
    }
    error = Predicate.hasProperty(error, "cause") ? error.cause : undefined
  }
  return undefined
}
