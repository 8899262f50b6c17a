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
import * as Spans from "../telemetry/Spans.js"
import * as CauseChain from "./CauseChain.js"
import * as RequestScope from "./RequestScope.js"

const manual: RequestInit = { redirect: "manual" }

// With these two, fetch does not keep a copy of the body for a redirect, which would hold a whole upload in memory (fetch
// standard, "HTTP-network-or-cache fetch").
const uncopied: RequestInit = { redirect: "error", window: null }

const withInit = (context: Context.Context<never>, { body }: HttpClientRequest.HttpClientRequest) => {
  const ofTheApp = Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit))
  const ours = body._tag === "Stream" ? uncopied : manual
  return Context.add(context, FetchHttpClient.RequestInit, ofTheApp === undefined ? ours : { ...ofTheApp, ...ours })
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
 * Restores context and tracing after an effect that sets them. They share one bracket in place of two, because every call
 * pays for it.
 */
const ownContextAndTracing = <A, E, R>(response: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiberRuntime((fiber) => {
      const context = fiber.currentContext
      const isTracerDisabled = fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)
      return Effect.onExit(restore(response), () =>
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
 * merged within the call, because only there the settings of fetch's own layer are visible, too. The same holds for
 * what the app said about tracing to its own client. Two cases are out of reach. A client may follow redirects in its own
 * code, as `HttpClient.followRedirects` does. And what lies below an `HttpClient.transform` of the app's is not visible
 * here: provide settings of fetch's layer to `CxoneAuth.layer` as well, and say `HttpClient.withTracerDisabledWhen` above
 * it. Over fetch, a redirect in answer to a streamed body is a transport failure.
 */
export const make = (http: HttpClient.HttpClient): HttpClient.HttpClient =>
  http.pipe(
    HttpClient.mapRequestEffect((request) =>
      Effect.withFiberRuntime((fiber) =>
        FiberRef.set(FiberRef.currentContext, withInit(fiber.currentContext, request)).pipe(
          Effect.zipRight(FiberRef.set(HttpClient.currentTracerDisabledWhen, constTrue)),
          Effect.as(RequestScope.enter(Spans.propagate(atThePaceOfTheServer(request), fiber), fiber.currentContext))
        )
      )
    ),
    HttpClient.transformResponse(ownContextAndTracing)
  )

const errorCode = /^[A-Z][A-Z0-9_]{2,63}$/

/**
 * The error code of a transport's failure, such as `ECONNREFUSED`, `UND_ERR_SOCKET` or `CERT_HAS_EXPIRED`, from its chain of
 * causes. Nothing else of a failure is shown, because a message may quote a header (S1).
 */
export const codeOf = (failure: unknown): string | undefined =>
  Array.from(CauseChain.of(failure))
    .map((error) => (Predicate.hasProperty(error, "code") ? error.code : undefined))
    .find((code): code is string => typeof code === "string" && errorCode.test(code))

// The codes that Node gives to a failed check of a certificate (its documentation of TLS, "X509 certificate error codes"),
// and undici's for the certificate of a proxy. Codes about a certificate that the app itself gives are not among them.
const certificateErrors: ReadonlySet<string> = new Set([
  "CERT_CHAIN_TOO_LONG",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "CRL_HAS_EXPIRED",
  "CRL_NOT_YET_VALID",
  "CRL_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERROR_IN_CERT_NOT_AFTER_FIELD",
  "ERROR_IN_CERT_NOT_BEFORE_FIELD",
  "ERROR_IN_CRL_LAST_UPDATE_FIELD",
  "ERROR_IN_CRL_NEXT_UPDATE_FIELD",
  "ERR_TLS_CERT_ALTNAME_FORMAT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "ERR_TLS_CERT_SIGNATURE_ALGORITHM_UNSUPPORTED",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
  "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
  "UNABLE_TO_DECRYPT_CRL_SIGNATURE",
  "UNABLE_TO_GET_CRL",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UND_ERR_PRX_TLS"
])

// undici has no code for this, only its message.
const isProxyRefusal = (error: object): boolean =>
  Predicate.hasProperty(error, "message") &&
  typeof error.message === "string" &&
  error.message.startsWith("Proxy response (407)")

/**
 * Why a transport failed: a certificate that is not trusted, a proxy that wants credentials, or anything else. The first
 * two fail again at each try, until somebody mends them.
 */
export const reasonOf = (failure: unknown): "certificate" | "proxy_authentication" | "transport" => {
  if (certificateErrors.has(codeOf(failure) ?? "")) {
    return "certificate"
  }
  return Array.from(CauseChain.of(failure)).some(isProxyRefusal) ? "proxy_authentication" : "transport"
}
