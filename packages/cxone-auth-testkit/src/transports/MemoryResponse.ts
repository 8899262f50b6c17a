import type * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { hasBody } from "../http/Answer.js"
import { bytesOf, collect } from "../http/ResponseBody.js"

/**
 * A server's response as the client sees it. If the body breaks off, reading it fails with a `ResponseError` of the
 * reason `Decode`, as on every transport.
 *
 * If it is printed, it shows status and headers only, because the request and the body hold secrets.
 */
export const make = (
  request: HttpClientRequest.HttpClientRequest,
  answer: HttpServerResponse.HttpServerResponse
): HttpClientResponse.HttpClientResponse => new MemoryResponse(request, answer)

class MemoryResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly remoteAddress = Option.none<string>()
  readonly status: number
  readonly headers: Headers.Headers
  readonly cookies: Cookies.Cookies
  readonly stream: Stream.Stream<Uint8Array, HttpClientError.ResponseError>
  readonly #bytes: Effect.Effect<Uint8Array, HttpClientError.ResponseError>

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    answer: HttpServerResponse.HttpServerResponse
  ) {
    super()
    this.status = answer.status
    this.headers = Headers.fromInput(answer.headers)
    this.cookies = answer.cookies
    const { body } = answer
    if (!hasBody(request.method, answer.status) || body._tag === "Empty" || body._tag === "Uint8Array") {
      const bytes = hasBody(request.method, answer.status) && body._tag === "Uint8Array" ? body.body : noBytes
      this.stream = Stream.make(bytes)
      this.#bytes = Effect.succeed(bytes)
    } else {
      this.stream = Stream.mapError(bytesOf(answer), (cause) => undecodable(this, cause))
      // The stream can be read once, but the body can be asked for as text and again as JSON. `cached` reads nothing yet.
      this.#bytes = Effect.runSync(Effect.cached(collect(this.stream)))
    }
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError> {
    return Effect.map(this.#bytes, (bytes) => Uint8Array.from(bytes).buffer)
  }

  get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return Effect.map(this.#bytes, (bytes) => new TextDecoder().decode(bytes))
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return Effect.flatMap(this.text, (text) =>
      Effect.try({
        try: (): unknown => (text === "" ? null : JSON.parse(text)),
        catch: (cause) => undecodable(this, cause)
      })
    )
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.ResponseError> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get formData(): Effect.Effect<FormData, HttpClientError.ResponseError> {
    return Effect.flatMap(this.arrayBuffer, (bytes) =>
      Effect.tryPromise({
        try: () => new Response(bytes, { headers: this.headers }).formData(),
        catch: (cause) => undecodable(this, cause)
      })
    )
  }

  toJSON(): unknown {
    return {
      _id: "@effect/platform/HttpClientResponse",
      status: this.status,
      headers: Headers.redact(this.headers, "set-cookie")
    }
  }
}

const noBytes = new Uint8Array()

const undecodable = (response: MemoryResponse, cause: unknown): HttpClientError.ResponseError =>
  new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode", cause })
