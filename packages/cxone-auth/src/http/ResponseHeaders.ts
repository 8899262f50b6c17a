import * as Headers from "@effect/platform/Headers"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

const property = (name: string) => (of: unknown) =>
  Predicate.hasProperty(of, name) ? Option.some(of[name]) : Option.none()

/**
 * Every line of `Retry-After`. Node's `IncomingMessage.headers` has only the first (Node's documentation,
 * "message.headers"). The platform's response over node:http has the message as `source`, within a response that can be
 * interrupted. A test on sockets notices if that changes.
 */
const retryAfterOfNode = (response: HttpClientResponse): ReadonlyArray<unknown> =>
  property("original")(response).pipe(
    Option.flatMap(property("source")),
    Option.flatMap(property("headersDistinct")),
    Option.flatMap(property("retry-after")),
    Option.filter(Array.isArray),
    Option.getOrElse(() => [])
  )

/** The headers of a response, with all lines of `Retry-After`, joined by commas as fetch joins them (RFC 9110 §5.3). */
export const of = (response: HttpClientResponse): Headers.Headers => {
  const lines = response.status < 400 ? [] : retryAfterOfNode(response)
  return lines.length > 1 ? Headers.set(response.headers, "retry-after", lines.join(", ")) : response.headers
}
