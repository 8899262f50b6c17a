/**
 * Whether HTTP can carry an answer. What no wire carries must not succeed in memory.
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"

/** What is wrong with these headers, as a sentence; `undefined` if HTTP can carry them. */
export const objectionToHeaders = (headers: { readonly [name: string]: string }): string | undefined => {
  for (const [name, value] of Object.entries(headers)) {
    if (!fieldName.test(name)) {
      return `${JSON.stringify(name)} is no name of a header (RFC 9110 §5.1)`
    }
    if (!fieldValue.test(value)) {
      return `the header ${name} has a line break, or a character outside of Latin-1 (RFC 9110 §5.5)`
    }
  }
  return undefined
}

const fieldName = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** An answer to a HEAD, a 204 and a 304 have no body, whatever the server wrote (RFC 9110 §6.4.1). */
export const hasBody = (method: string, status: number): boolean =>
  method !== "HEAD" && status !== 204 && status !== 304

/** What is wrong with an answer, as a sentence; `undefined` if HTTP can carry it. */
export const objectionTo = ({ body, headers, status }: HttpServerResponse.HttpServerResponse): string | undefined => {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    return `the status is ${status}; use a whole number from 200 to 599`
  }
  return objectionToHeaders(headers) ?? (body._tag === "Uint8Array" ? objectionToLength(headers, body.body) : undefined)
}

/** What is wrong with a `Content-Length`, as a sentence; `undefined` if there is none, or it is the body's. */
export const objectionToLength = (
  headers: { readonly [name: string]: string },
  { length }: Uint8Array
): string | undefined => {
  const announced = headers["content-length"]
  return announced === undefined || announced === String(length)
    ? undefined
    : `the header content-length is ${announced}, but the body has ${length} bytes`
}
