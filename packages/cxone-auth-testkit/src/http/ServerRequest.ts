import * as Cookies from "@effect/platform/Cookies"
import type * as Headers from "@effect/platform/Headers"
import * as IncomingMessage from "@effect/platform/HttpIncomingMessage"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Multipart from "@effect/platform/Multipart"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type IncomingRequest, isRead, shownUrl, textOf } from "./IncomingRequest.js"

/**
 * A request in the form that an `HttpApp` of `@effect/platform` takes. The platform's own form over a web `Request` reads
 * the body by a Promise, and `TestClock` doesn't wait for one.
 */
export const make = (incoming: IncomingRequest, origin: string): HttpServerRequest.HttpServerRequest =>
  new ServerRequest(incoming, origin, {})

interface Changes {
  readonly url?: string
  readonly headers?: Headers.Headers
  readonly remoteAddress?: string
}

class ServerRequest extends Inspectable.Class implements HttpServerRequest.HttpServerRequest {
  readonly [HttpServerRequest.TypeId]: HttpServerRequest.TypeId = HttpServerRequest.TypeId
  readonly [IncomingMessage.TypeId]: IncomingMessage.TypeId = IncomingMessage.TypeId
  readonly #incoming: IncomingRequest
  readonly #origin: string
  readonly #changes: Changes

  constructor(incoming: IncomingRequest, origin: string, changes: Changes) {
    super()
    this.#incoming = incoming
    this.#origin = origin
    this.#changes = changes
  }

  // vitest copies what it takes for a plain object, and a copy has no private part.
  get [Symbol.toStringTag](): string {
    return "ServerRequest"
  }

  /** The request as the web has it. It is built when it is asked for, because it costs more than all the rest. */
  get source(): Request {
    const { body, headers, method } = this.#incoming
    return new Request(this.originalUrl, {
      method,
      headers,
      // `Request` throws if a GET or HEAD has a body, even an empty one.
      ...(isRead(this.#incoming) ? {} : { body: new Uint8Array(body) })
    })
  }

  get url() {
    return this.#changes.url ?? this.#incoming.url
  }

  get originalUrl() {
    return `${this.#origin}${this.#incoming.url}`
  }

  get method() {
    // The platform's type has the usual methods only.
    return this.#incoming.method as HttpMethod
  }

  get headers() {
    return this.#changes.headers ?? this.#incoming.headers
  }

  get cookies() {
    return Cookies.parseHeader(this.headers.cookie ?? "")
  }

  get remoteAddress() {
    return Option.fromNullable(this.#changes.remoteAddress)
  }

  get stream(): Stream.Stream<Uint8Array, HttpServerError.RequestError> {
    return Stream.make(this.#incoming.body)
  }

  get text(): Effect.Effect<string, HttpServerError.RequestError> {
    return Effect.sync(() => textOf(this.#incoming))
  }

  get json(): Effect.Effect<unknown, HttpServerError.RequestError> {
    return Effect.try({
      try: (): unknown => JSON.parse(textOf(this.#incoming)),
      catch: (cause) => new HttpServerError.RequestError({ request: this, reason: "Decode", cause })
    })
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpServerError.RequestError> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpServerError.RequestError> {
    return Effect.sync(() => new Uint8Array(this.#incoming.body).buffer)
  }

  get multipartStream(): Stream.Stream<Multipart.Part, Multipart.MultipartError> {
    const bytes = Stream.mapError(
      this.stream,
      (cause) => new Multipart.MultipartError({ reason: "InternalError", cause })
    )
    return Stream.pipeThroughChannel(bytes, Multipart.makeChannel(this.headers))
  }

  get multipart() {
    return Multipart.toPersisted(this.multipartStream)
  }

  get upgrade(): Effect.Effect<never, HttpServerError.RequestError> {
    const description = "the simulator upgrades no request"
    return new HttpServerError.RequestError({ request: this, reason: "Decode", description })
  }

  modify(changes: Changes): HttpServerRequest.HttpServerRequest {
    return new ServerRequest(this.#incoming, this.#origin, { ...this.#changes, ...changes })
  }

  toJSON(): unknown {
    return { _id: "@effect/platform/HttpServerRequest", method: this.method, url: shownUrl(this.originalUrl) }
  }
}
