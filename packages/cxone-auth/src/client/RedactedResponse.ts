/**
 * Responses and errors as the caller may see them: without the token.
 */
import { type HttpClientError, RequestError, ResponseError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import { fromWeb, type HttpClientResponse, TypeId } from "@effect/platform/HttpClientResponse"
import * as IncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as NoAnswer from "../errors/NoAnswer.js"
import { quote } from "../http/Redaction.js"
import * as ResponseHeaders from "../http/ResponseHeaders.js"
import * as TransportFailure from "../http/TransportFailure.js"

/** What was sent and must not be shown: the token. */
type Sent = ReadonlyArray<Redacted.Redacted<string>>

type Body = Pick<HttpClientResponse, "stream" | "json" | "text" | "urlParamsBody" | "arrayBuffer" | "formData">

class RedactedResponse extends Inspectable.Class implements HttpClientResponse {
  readonly [TypeId]: TypeId = TypeId
  readonly [IncomingMessage.TypeId]: IncomingMessage.TypeId = IncomingMessage.TypeId
  readonly request: HttpClientRequest
  readonly #received: HttpClientResponse
  readonly #body: Body
  readonly #sent: Sent

  constructor(request: HttpClientRequest, received: HttpClientResponse, sent: Sent, body: Body = received) {
    super()
    this.request = request
    this.#received = received
    this.#sent = sent
    this.#body = body
  }

  get status() {
    return this.#received.status
  }

  get headers() {
    return ResponseHeaders.of(this.#received)
  }

  get cookies() {
    // Over XMLHttpRequest, the platform finds cookies only after the headers were read. Its own span of a request reads
    // them, and there is none here.
    void this.#received.headers
    return this.#received.cookies
  }

  get remoteAddress() {
    return this.#received.remoteAddress
  }

  get json() {
    return Effect.mapErrorCause(this.#body.json, this.#toCaller)
  }

  get text() {
    return Effect.mapErrorCause(this.#body.text, this.#toCaller)
  }

  get urlParamsBody() {
    return Effect.mapErrorCause(this.#body.urlParamsBody, this.#toCaller)
  }

  get arrayBuffer() {
    return Effect.mapErrorCause(this.#body.arrayBuffer, this.#toCaller)
  }

  get formData() {
    return Effect.mapErrorCause(this.#body.formData, this.#toCaller)
  }

  get stream() {
    return Stream.mapErrorCause(this.#body.stream, this.#toCaller)
  }

  toJSON(): unknown {
    return { _id: "@effect/platform/HttpClientResponse", request: this.request.toJSON(), status: this.status }
  }

  // A defect becomes a failure, as in `makeCause`.
  readonly #toCaller = (cause: Cause.Cause<ResponseError>): Cause.Cause<ResponseError> =>
    Either.match(Cause.failureOrCause(cause), {
      onLeft: (error) => Cause.fail(makeResponseError(error, this, this.#sent)),
      onRight: (defect) =>
        Cause.isInterruptedOnly(defect)
          ? defect
          : Cause.fail(
              makeResponseError(
                new ResponseError({
                  request: this.request,
                  response: this,
                  reason: "Decode",
                  cause: Cause.squash(defect)
                }),
                this,
                this.#sent
              )
            )
    })
}

const makeResponseError = (error: ResponseError, response: RedactedResponse, sent: Sent): ResponseError =>
  new ResponseError({
    request: response.request,
    response,
    reason: error.reason,
    ...described(error.cause instanceof SyntaxError ? "the body is not JSON" : wordsOf(error, sent))
  })

/**
 * A response with the request as the caller made it. The request that was sent carries the token, and printing a
 * response, or an error of its body, would print the token too (S1). When this response is printed, it shows neither
 * headers nor body, because a server may repeat there what it was sent.
 */
export const make = (request: HttpClientRequest, received: HttpClientResponse, sent: Sent): HttpClientResponse =>
  new RedactedResponse(request, received, sent)

/** The same with another body: one that was read in part and put back. */
export const makeWithBody = (
  request: HttpClientRequest,
  received: HttpClientResponse,
  sent: Sent,
  body: Stream.Stream<Uint8Array, ResponseError>
): Effect.Effect<HttpClientResponse> =>
  // An effect reads the body, because interrupting the reading of a web stream would not end it. The bytes are kept,
  // because the platform's responses can be read twice, too.
  Effect.map(Effect.cached(Stream.runCollect(body)), (whole) => {
    const read = <A>(as: (whole: HttpClientResponse) => Effect.Effect<A, ResponseError>) =>
      Effect.flatMap(whole, (parts) =>
        as(fromWeb(request, new Response(new Blob(Chunk.toArray(parts)), { headers: received.headers })))
      )
    return new RedactedResponse(request, received, sent, {
      stream: body,
      json: read(({ json }) => json),
      text: read(({ text }) => text),
      urlParamsBody: read(({ urlParamsBody }) => urlParamsBody),
      arrayBuffer: read(({ arrayBuffer }) => arrayBuffer),
      formData: read(({ formData }) => formData)
    })
  })

/**
 * A call's failure as the caller may see it. What the transport threw becomes a failure, because it may hold the token.
 */
export const makeCause = (
  cause: Cause.Cause<HttpClientError>,
  request: HttpClientRequest,
  sent: Sent
): Cause.Cause<HttpClientError> =>
  Either.match(Cause.failureOrCause(cause), {
    onLeft: (error) => Cause.fail(makeError(error, request, sent)),
    onRight: (defect) =>
      Cause.isInterruptedOnly(defect)
        ? defect
        : Cause.fail(
            makeError(new RequestError({ request, reason: "Transport", cause: Cause.squash(defect) }), request, sent)
          )
  })

/** A failure with the request as the caller made it. If the app's own stream failed, that is the cause. */
export const makeError = (error: HttpClientError, request: HttpClientRequest, sent: Sent): HttpClientError =>
  error._tag === "ResponseError"
    ? makeResponseError(error, new RedactedResponse(request, error.response, sent), sent)
    : Option.match(TransportFailure.bodyFailureIn(error.cause), {
        onNone: () =>
          new RequestError({ request, reason: error.reason, description: whyNoAnswer(error, request.url, sent) }),
        onSome: (cause) =>
          new RequestError({ request, reason: "Encode", description: "the stream of the body failed", cause })
      })

// These replace the cause, because a transport may throw anything, also what was sent.

const wordsOf = (error: HttpClientError, sent: Sent): string => {
  const explained = TransportFailure.explain(error, sent)
  return explained === "" && error.description !== undefined ? quote(error.description, sent) : explained
}

const described = (description: string): { readonly description?: string } =>
  description === "" ? {} : { description }

/** Why a call got no answer, and what to do. */
const whyNoAnswer = (error: RequestError, url: string, sent: Sent): string => {
  const noAnswer = TransportFailure.noAnswerOf(error, url, sent)
  const { peer, reason } = noAnswer
  const isPlain = reason === "http_client" || (reason === "transport" && peer === undefined)
  const words = isPlain ? wordsOf(error, sent) : ""
  const known = words === "" ? noAnswer : { ...noAnswer, detail: words }
  return NoAnswer.asSentences(url, known, "the URL (apiBaseUrl, CXONE_API_BASE_URL, or the call's own)")
}
