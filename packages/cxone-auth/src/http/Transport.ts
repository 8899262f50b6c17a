import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as ConnectionHeaders from "./ConnectionHeaders.js"
import * as Redaction from "./Redaction.js"

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

/** The failure of the app's own stream, on its way through a transport. */
class BodyFailed extends Error {
  constructor(override readonly cause: unknown) {
    super()
  }
}

/**
 * The failure of the app's own stream, if a transport failed for it. The app made it before anything was sent, so it can
 * hold no secret of ours.
 */
export const bodyFailureIn = (failure: unknown): Option.Option<unknown> =>
  Option.map(Option.fromNullable(chainOf(failure).find((error) => error instanceof BodyFailed)), ({ cause }) => cause)

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
export const codeOf = (failure: unknown): string | undefined =>
  chainOf(failure)
    .map((error) => (Predicate.hasProperty(error, "code") ? error.code : undefined))
    .find((code): code is string => typeof code === "string" && errorCode.test(code))

/** A failure and its causes. No transport nests deeper, and a chain of causes can be a circle. */
const chainOf = (failure: unknown): ReadonlyArray<object> => {
  const chain: Array<object> = []
  for (let error = failure; chain.length < 5 && Predicate.isObject(error); ) {
    chain.push(error)
    error = Predicate.hasProperty(error, "cause") ? error.cause : undefined
  }
  return chain
}

/**
 * What a transport's failure says: the kind and the code of the error at its root, and its message as far as it may be
 * quoted (S2). Empty if that is nothing.
 */
export const explain = (failure: unknown, sent: Redaction.Sent): string => {
  const root = chainOf(failure).at(-1)
  const code = codeOf(failure)
  // A message with the code in it says no more than the code.
  const says = root instanceof Error && (code === undefined || !root.message.includes(code)) ? root.message : ""
  const text = Redaction.quote(says, sent)
  const kinds = [kindOf(root), code].filter(
    (kind): kind is string => kind !== undefined && kind !== "Error" && !Redaction.repeats(kind, sent)
  )
  return [kinds.join(" "), Redaction.isNothing(text) ? "" : text].filter((part) => part !== "").join(": ")
}
