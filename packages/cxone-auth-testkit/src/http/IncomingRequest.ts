import type * as Headers from "@effect/platform/Headers"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Option from "effect/Option"

/**
 * A request with its whole body, from a socket or from memory. It is plain data, because `TestClock` couldn't drive
 * an answer that waits for a Promise.
 */
export interface IncomingRequest {
  /** In upper case. */
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Headers.Headers
  readonly body: Uint8Array
}

export const pathOf = (incoming: IncomingRequest): string => incoming.url.replace(/[?#].*$/s, "")

export const queryOf = (incoming: IncomingRequest): URLSearchParams =>
  new URLSearchParams(incoming.url.split(/[?#]/s, 2)[1])

export const textOf = (incoming: IncomingRequest): string => new TextDecoder().decode(incoming.body)

/** The media type of the body in lower case, without parameters; empty if there is none. */
export const mediaTypeOf = (incoming: IncomingRequest): string =>
  (incoming.headers["content-type"] ?? "").replace(/;.*$/s, "").trim().toLowerCase()

export const isRead = ({ method }: IncomingRequest): boolean => method === "GET" || method === "HEAD"

/** What follows this scheme in the `Authorization` header. The case of the scheme doesn't matter (RFC 9110 §11.1). */
export const credentialsOf = (incoming: IncomingRequest, scheme: "basic" | "bearer"): Option.Option<string> => {
  const [name = "", rest = ""] = (incoming.headers.authorization ?? "").trim().split(/ +(.*)/s, 2)
  return name.toLowerCase() === scheme ? Option.some(rest) : Option.none()
}

/** The request in the form that an `HttpApp` of `@effect/platform` takes. */
export const toServerRequest = (incoming: IncomingRequest, origin: string): HttpServerRequest.HttpServerRequest =>
  HttpServerRequest.fromWeb(
    new Request(`${origin}${incoming.url}`, {
      method: incoming.method,
      headers: incoming.headers,
      // `Request` throws if a GET or HEAD has a body, even an empty one.
      ...(isRead(incoming) ? {} : { body: incoming.body })
    })
  )
