/**
 * A request, as every transport hands it over.
 *
 * @since 0.1.0
 */
import type * as Headers from "@effect/platform/Headers"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Option from "effect/Option"

/**
 * A request as it arrived, body and all, from a socket or from memory. That it is plain data keeps Promises out of the
 * way from request to answer, so that `TestClock` drives all of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface IncomingRequest {
  /** In upper case. */
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** Those that were sent. `host` tells which of the simulator's hosts is meant. */
  readonly headers: Headers.Headers
  readonly body: Uint8Array
}

/**
 * The path without the query.
 *
 * @since 0.1.0
 * @category getters
 */
export const pathOf = (incoming: IncomingRequest): string => incoming.url.replace(/[?#].*$/s, "")

/**
 * The parameters of the query.
 *
 * @since 0.1.0
 * @category getters
 */
export const queryOf = (incoming: IncomingRequest): URLSearchParams =>
  new URLSearchParams(incoming.url.split(/[?#]/s, 2)[1])

/**
 * The body as UTF-8.
 *
 * @since 0.1.0
 * @category getters
 */
export const textOf = (incoming: IncomingRequest): string => new TextDecoder().decode(incoming.body)

/**
 * The media type of the body in lower case, without parameters; empty if there is none.
 *
 * @since 0.1.0
 * @category getters
 */
export const mediaTypeOf = (incoming: IncomingRequest): string =>
  (incoming.headers["content-type"] ?? "").replace(/;.*$/s, "").trim().toLowerCase()

/** Whether the method is GET or HEAD. */
export const isRead = ({ method }: IncomingRequest): boolean => method === "GET" || method === "HEAD"

/**
 * What follows the scheme in the `Authorization` header, if that is the scheme (RFC 9110 §11.4: in any case).
 *
 * @since 0.1.0
 * @category decoding
 */
export const credentialsOf = (incoming: IncomingRequest, scheme: "basic" | "bearer"): Option.Option<string> => {
  const [name = "", rest = ""] = (incoming.headers.authorization ?? "").trim().split(/ +(.*)/s, 2)
  return name.toLowerCase() === scheme ? Option.some(rest) : Option.none()
}

/**
 * The request as platform's HTTP apps take it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toServerRequest = (incoming: IncomingRequest, origin: URL): HttpServerRequest.HttpServerRequest =>
  HttpServerRequest.fromWeb(
    new Request(`${origin.origin}${incoming.url}`, {
      method: incoming.method,
      headers: incoming.headers,
      // A GET or HEAD of the web has no body at all.
      ...(isRead(incoming) ? {} : { body: incoming.body })
    })
  )
