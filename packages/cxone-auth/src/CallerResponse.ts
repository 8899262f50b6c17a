/**
 * Responses and errors as the caller may see them: without the token.
 *
 * @since 0.1.0
 */
import { type HttpClientError, RequestError, ResponseError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import { fromWeb, type HttpClientResponse, TypeId } from "@effect/platform/HttpClientResponse"
import * as IncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Stream from "effect/Stream"
import * as TransportFailure from "./TransportFailure.js"

class CallerResponse extends Inspectable.Class implements HttpClientResponse {
  readonly [TypeId]: TypeId = TypeId
  readonly [IncomingMessage.TypeId]: IncomingMessage.TypeId = IncomingMessage.TypeId
  readonly request: HttpClientRequest
  readonly #received: HttpClientResponse
  readonly #body: HttpClientResponse

  constructor(request: HttpClientRequest, received: HttpClientResponse, body = received) {
    super()
    this.request = request
    this.#received = received
    this.#body = body
  }

  get status() {
    return this.#received.status
  }

  get headers() {
    return this.#received.headers
  }

  get cookies() {
    return this.#received.cookies
  }

  get remoteAddress() {
    return this.#received.remoteAddress
  }

  get json() {
    return Effect.mapError(this.#body.json, this.#toCaller)
  }

  get text() {
    return Effect.mapError(this.#body.text, this.#toCaller)
  }

  get urlParamsBody() {
    return Effect.mapError(this.#body.urlParamsBody, this.#toCaller)
  }

  get arrayBuffer() {
    return Effect.mapError(this.#body.arrayBuffer, this.#toCaller)
  }

  get formData() {
    return Effect.mapError(this.#body.formData, this.#toCaller)
  }

  get stream() {
    return Stream.mapError(this.#body.stream, this.#toCaller)
  }

  toJSON(): unknown {
    return { _id: "@effect/platform/HttpClientResponse", request: this.request.toJSON(), status: this.status }
  }

  readonly #toCaller = (error: ResponseError): ResponseError =>
    new ResponseError({ request: this.request, response: this, reason: error.reason, ...explanation(error) })
}

/**
 * A response as it came, but with the request as the caller made it. The one that was sent carries the token, and
 * whoever prints a response, or an error of reading its body, would print that too (S1). Printed, it
 * shows neither headers nor body: a server may repeat there what it was sent.
 *
 * @since 0.1.0
 * @category conversions
 */
export const make = (request: HttpClientRequest, received: HttpClientResponse): HttpClientResponse =>
  new CallerResponse(request, received)

/**
 * The same, with a body that has been read from it put back, so that it can be read again in any form.
 *
 * @since 0.1.0
 * @category conversions
 */
export const makeWithText = (
  request: HttpClientRequest,
  received: HttpClientResponse,
  text: string
): HttpClientResponse =>
  new CallerResponse(request, received, fromWeb(request, new Response(text, { headers: received.headers })))

/**
 * A failure to get a response, with the request as the caller made it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const makeError = (error: HttpClientError, request: HttpClientRequest): HttpClientError =>
  error._tag === "RequestError"
    ? new RequestError({ request, reason: error.reason, ...explanation(error) })
    : new ResponseError({
        request,
        response: new CallerResponse(request, error.response),
        reason: error.reason,
        ...explanation(error)
      })

// In place of the cause, which may be anything that a transport throws, and quote anything that was sent.
const explanation = (error: HttpClientError): { readonly description?: string } => {
  const description =
    TransportFailure.codeOf(error.cause) ??
    error.description ??
    (error.cause instanceof SyntaxError ? "the body is not JSON" : undefined)
  return description === undefined ? {} : { description }
}
