import type * as Headers from "@effect/platform/Headers"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ClientGone } from "./ConnectionError.js"

/** A request whose body is still on its way. */
export interface RequestHead {
  /** In upper case. */
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Headers.Headers
}

/** The body of a request, as long as it is on its way. One of the two can be read, once. */
export interface Upload {
  readonly whole: Effect.Effect<Uint8Array, ClientGone>
  /** Its first piece. */
  readonly first: Effect.Effect<Uint8Array, ClientGone>
}

/**
 * A request with its whole body, from a socket or from memory. It is plain data, because `TestClock` couldn't drive
 * an answer that waits for a Promise.
 */
export interface IncomingRequest extends RequestHead {
  readonly body: Uint8Array
}

export const pathOf = (incoming: RequestHead): string => incoming.url.replace(/[?#].*$/s, "")

/** A URL as it may be printed: its query may hold a secret. */
export const shownUrl = (url: string): string => url.replace(/\?.*$/s, "?<redacted>")

export const queryOf = (incoming: RequestHead): URLSearchParams =>
  new URLSearchParams(incoming.url.split(/[?#]/s, 2)[1])

/** A byte order mark is a character as any other: a server that doesn't drop it reads another name or value. */
export const utf8 = (bytes: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)

export const textOf = (incoming: IncomingRequest): string => utf8(incoming.body)

/** The media type of the body in lower case, without parameters; empty if there is none. */
export const mediaTypeOf = (incoming: RequestHead): string =>
  (incoming.headers["content-type"] ?? "").replace(/;.*$/s, "").trim().toLowerCase()

export const isRead = ({ method }: RequestHead): boolean => method === "GET" || method === "HEAD"

/** What follows this scheme in the `Authorization` header. The case of the scheme doesn't matter (RFC 9110 §11.1). */
export const credentialsOf = (incoming: RequestHead, scheme: "basic" | "bearer"): Option.Option<string> => {
  const [name = "", rest = ""] = (incoming.headers.authorization ?? "").trim().split(/ +(.*)/s, 2)
  return name.toLowerCase() === scheme ? Option.some(rest) : Option.none()
}
