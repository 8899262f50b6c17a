import * as Headers from "@effect/platform/Headers"

/**
 * Headers that belong to one connection, and not to the message (RFC 9110 §7.6.1, RFC 9112, RFC 9113 §8.2.2). The transport
 * writes them, or none does. `Host` is among them, because the URL says what it is.
 */
const names: ReadonlySet<string> = new Set([
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
])

/** Whether a header, by its name in lower case, is one of them. */
export const has = (name: string): boolean => names.has(name)

/** The other headers. */
export const strip = (headers: Headers.Input): Headers.Headers =>
  Headers.fromInput(Object.entries(Headers.fromInput(headers)).filter(([name]) => !has(name)))
