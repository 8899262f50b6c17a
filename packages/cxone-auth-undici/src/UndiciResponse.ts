/** An answer as the platform has it. */
import * as Cookies from "@effect/platform/Cookies"
import type * as Headers from "@effect/platform/Headers"
import { ResponseError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type Codings, decode } from "./ContentCoding.js"
import { type ResponseBody, Unreadable } from "./ResponseBody.js"

/** What knows where the answer came from, and how long it might take. */
interface Describing {
  readonly describe: (cause: unknown) => { readonly description?: string }
}

/**
 * The whole body can be read any number of times, in any form. As a stream it can be read once, unless it was read as a
 * whole before.
 */
export class UndiciResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly #setCookie: ReadonlyArray<string>
  #body: ResponseBody
  #codings: Codings
  #cookies: Cookies.Cookies | undefined
  readonly #exchange: Describing

  constructor(
    readonly request: HttpClientRequest,
    readonly status: number,
    readonly headers: Headers.Headers,
    setCookie: ReadonlyArray<string>,
    body: ResponseBody,
    codings: Codings,
    exchange: Describing
  ) {
    super()
    this.#setCookie = setCookie
    this.#body = body
    this.#codings = codings
    this.#exchange = exchange
  }

  get cookies(): Cookies.Cookies {
    this.#cookies ??= this.#setCookie.length === 0 ? Cookies.empty : Cookies.fromSetCookie(this.#setCookie)
    return this.#cookies
  }

  /** undici does not say. */
  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }

  get text(): Effect.Effect<string, ResponseError> {
    return this.#decoded(textOf)
  }

  get json(): Effect.Effect<unknown, ResponseError> {
    return this.#decoded((bytes): unknown => (bytes.length === 0 ? null : JSON.parse(textOf(bytes))))
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, ResponseError> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, ResponseError> {
    return Effect.map(this.#bytes, (bytes) => new Uint8Array(bytes).buffer)
  }

  get formData(): Effect.Effect<FormData, ResponseError> {
    return Effect.flatMap(this.#bytes, (bytes) =>
      Effect.tryPromise({
        try: () => new Response(bytes, { headers: { "content-type": this.headers["content-type"] ?? "" } }).formData(),
        catch: (cause) => this.#failure(cause)
      })
    )
  }

  get stream(): Stream.Stream<Uint8Array, ResponseError> {
    return Stream.mapError(
      Stream.suspend(() => this.#open().stream()),
      (cause) => this.#failure(cause)
    )
  }

  /** Shows the body only if it has been read: to print an answer must not read it. */
  toJSON(): unknown {
    const shown = { _id: "@effect/platform/HttpClientResponse", request: this.request.toJSON(), status: this.status }
    return this.#body.isRead
      ? HttpIncomingMessage.inspect(this, shown)
      : { ...shown, headers: Inspectable.redact(this.headers), remoteAddress: this.remoteAddress.toJSON() }
  }

  get #bytes(): Effect.Effect<Buffer, ResponseError> {
    return this.#decoded(identity)
  }

  #decoded<A>(read: (bytes: Buffer) => A): Effect.Effect<A, ResponseError> {
    const decode = (bytes: Buffer): Effect.Effect<A, ResponseError> => {
      try {
        return Effect.succeed(read(bytes))
      } catch (cause) {
        return Effect.fail(this.#failure(cause))
      }
    }
    return Effect.withFiberRuntime((reader) => {
      const most = mostOf(Context.get(reader.currentContext, HttpIncomingMessage.MaxBodySize))
      return Effect.matchEffect(this.#open().whole(most), {
        onFailure: (cause) => Effect.fail(this.#failure(cause)),
        onSuccess: decode
      })
    })
  }

  /** Nothing is decoded before somebody reads it. */
  #open(): ResponseBody {
    if (this.#codings.length > 0) {
      this.#body = decode(this.#body, this.#codings)
      this.#codings = []
    }
    return this.#body
  }

  #failure(cause: unknown): ResponseError {
    const { request } = this
    return cause instanceof Unreadable
      ? new ResponseError({ request, response: this, reason: "Decode", description: cause.message })
      : new ResponseError({ request, response: this, reason: "Decode", cause, ...this.#exchange.describe(cause) })
  }
}

/** UTF-8, without a byte order mark, as fetch reads it. */
const textOf = (bytes: Buffer): string =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.toString("utf8", 3) : bytes.toString("utf8")

const mostOf = (size: Option.Option<bigint>): number =>
  Option.isSome(size) ? Number(size.value) : Number.POSITIVE_INFINITY
