import { brotliDecompressSync, constants, gunzipSync, inflateSync } from "node:zlib"
import * as Cookies from "@effect/platform/Cookies"
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
import type { ConnectionLost } from "../http/ConnectionError.js"
import { noBytes, setCookiesOf, trimmed } from "../http/HttpRules.js"
import { collect } from "../http/ResponseBody.js"

/** A body on its way to the client; `undefined` if the answer has none, as a 204. */
export type Body = Uint8Array | Stream.Stream<Uint8Array, ConnectionLost> | undefined

/**
 * A server's response as the client sees it. If the body breaks off, reading it fails with a `ResponseError` of the
 * reason `Decode`, as on every transport. The body can be read once: as text, which JSON and a form share, or otherwise.
 *
 * If it is printed, it shows status and headers only, because the request and the body hold secrets.
 */
export const make = (
  request: HttpClientRequest.HttpClientRequest,
  answer: HttpServerResponse.HttpServerResponse,
  body: Body
): HttpClientResponse.HttpClientResponse => new MemoryResponse(request, answer, body)

class MemoryResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly remoteAddress = Option.none<string>()
  readonly status: number
  readonly headers: Headers.Headers
  readonly cookies: Cookies.Cookies
  readonly #body: Body
  #isRead = false
  #text: Effect.Effect<string, HttpClientError.ResponseError> | undefined

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    answer: HttpServerResponse.HttpServerResponse,
    body: Body
  ) {
    super()
    const setCookies = setCookiesOf(answer)
    this.status = answer.status
    this.headers = Headers.fromInput({
      ...trimmed(answer.headers),
      ...(setCookies.length === 0 ? {} : { "set-cookie": setCookies })
    })
    this.cookies = Cookies.fromSetCookie(setCookies)
    this.#body = body
  }

  // vitest copies what it takes for a plain object, and a copy has no private part.
  get [Symbol.toStringTag](): string {
    return "MemoryResponse"
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.unwrap(
      Effect.map(this.#read, (body) => {
        if (body === undefined) {
          // As fetch does.
          const { request } = this
          return Stream.fail(new HttpClientError.ResponseError({ request, response: this, reason: "EmptyBody" }))
        }
        return body instanceof Uint8Array || this.#isCoded
          ? Stream.fromEffect(this.#bytesOf(body))
          : Stream.mapError(body, (cause) => this.#undecodable(cause))
      })
    )
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError> {
    return Effect.map(this.#bytes, (bytes) => new Uint8Array(bytes).buffer)
  }

  get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    // `node:http` keeps a byte order mark, and so no client of it reads JSON after one.
    this.#text ??= Effect.runSync(
      Effect.cached(Effect.map(this.#bytes, (bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)))
    )
    return this.#text
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return Effect.flatMap(this.text, (text) =>
      Effect.try({
        try: (): unknown => (text === "" ? null : JSON.parse(text)),
        catch: (cause) => this.#undecodable(cause)
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
        catch: (cause) => this.#undecodable(cause)
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

  /** The body, for the one reader that it can have. */
  get #read(): Effect.Effect<Body, HttpClientError.ResponseError> {
    return Effect.suspend(() => {
      if (this.#isRead) {
        return Effect.fail(this.#undecodable(new TypeError("In memory as on the wire: the body has been read")))
      }
      this.#isRead = true
      return Effect.succeed(this.#body)
    })
  }

  get #bytes(): Effect.Effect<Uint8Array, HttpClientError.ResponseError> {
    return Effect.flatMap(this.#read, (body) => (body === undefined ? Effect.succeed(noBytes) : this.#bytesOf(body)))
  }

  #bytesOf(body: NonNullable<Body>): Effect.Effect<Uint8Array, HttpClientError.ResponseError> {
    const bytes =
      body instanceof Uint8Array
        ? Effect.succeed(body)
        : Effect.mapError(collect(body), (cause) => this.#undecodable(cause))
    return this.#isCoded ? Effect.tap(bytes, (bytes) => this.#decodes(bytes)) : bytes
  }

  get #isCoded(): boolean {
    return Object.hasOwn(decoders, this.headers["content-encoding"] ?? "")
  }

  /** The bytes are handed out as they came, as undici and `node:http` do. But fetch decodes them, and fails if it can't. */
  #decodes(bytes: Uint8Array): Effect.Effect<void, HttpClientError.ResponseError> {
    return Effect.try({
      try: () => void decoders[this.headers["content-encoding"] ?? ""]?.(bytes),
      catch: (cause) => this.#undecodable(cause)
    })
  }

  #undecodable(cause: unknown): HttpClientError.ResponseError {
    return new HttpClientError.ResponseError({ request: this.request, response: this, reason: "Decode", cause })
  }
}

// As fetch, these don't mind if the end is missing.
const { BROTLI_OPERATION_FLUSH, Z_SYNC_FLUSH } = constants
const decoders: { readonly [coding: string]: (bytes: Uint8Array) => Uint8Array } = {
  gzip: (bytes) => gunzipSync(bytes, { finishFlush: Z_SYNC_FLUSH }),
  deflate: (bytes) => inflateSync(bytes, { finishFlush: Z_SYNC_FLUSH }),
  br: (bytes) => brotliDecompressSync(bytes, { finishFlush: BROTLI_OPERATION_FLUSH })
}
