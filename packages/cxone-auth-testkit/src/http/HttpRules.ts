/**
 * What HTTP can carry. What it can't must not succeed in memory.
 */
import * as Cookies from "@effect/platform/Cookies"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"

interface Headers {
  readonly [name: string]: string
}

/** What is wrong with the headers of a request or an answer, as a sentence; `undefined` if HTTP can carry them. */
export const objectionToHeaders = (headers: Headers): string | undefined => {
  for (const [name, value] of Object.entries(headers)) {
    if (!fieldName.test(name)) {
      return `${JSON.stringify(name)} is no name of a header (RFC 9110 §5.1)`
    }
    if (!fieldValue.test(value)) {
      return `the header ${name} has a line break, or a character outside of Latin-1 (RFC 9110 §5.5)`
    }
  }
  const announced = headers["content-length"]
  return announced === undefined || /^\d+$/.test(announced)
    ? undefined
    : `the header content-length is ${announced}, which is no number`
}

const fieldName = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** Node's parsers take 16 KiB. Some of it is left for the headers that a client and a server add. */
const mostHeaderBytes = 16_000

/** Whether a parser refuses headers because they are too long, together with the first line. */
export const areTooLong = (headers: Headers, firstLine = ""): boolean =>
  Object.entries(headers).reduce((total, [name, value]) => total + name.length + value.length, firstLine.length) >
  mostHeaderBytes

/** The same for the headers of an answer. The server decides how it marks the end of the body. */
const objectionToAnswerHeaders = (headers: Headers): string | undefined => {
  const framing = ["transfer-encoding", "trailer"].find((name) => headers[name] !== undefined)
  if (framing !== undefined) {
    return `the header ${framing} is the server's own`
  }
  return objectionToHeaders(headers) ?? (areTooLong(headers) ? "the headers are too long, together" : undefined)
}

/** Header values as they arrive: without white space at either end (RFC 9110 §5.5). */
export const trimmed = <H extends Headers>(headers: H): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, withoutOuterSpace(value)]))

// Not `trim`, which takes away more, and not a pattern, which would take quadratic time.
const withoutOuterSpace = (value: string): string => {
  const isSpace = (at: number) => value[at] === " " || value[at] === "\t"
  let [start, end] = [0, value.length]
  while (start < end && isSpace(start)) start += 1
  while (start < end && isSpace(end - 1)) end -= 1
  return value.slice(start, end)
}

/** An answer to a HEAD, a 204, a 205 and a 304 have no body, whatever the server wrote (RFC 9110 §6.4.1, §15.3.6). */
export const hasBody = (method: string, status: number): boolean =>
  method !== "HEAD" && status !== 204 && status !== 205 && status !== 304

/** An answer as far as HTTP has rules for it. `bytes` is absent if the body is a stream. */
export interface PlainAnswer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array | undefined
}

/** What is wrong with an answer to a request of this method, as a sentence; `undefined` if HTTP can carry it. */
export const objectionTo = (method: string, { bytes, headers, status }: PlainAnswer): string | undefined => {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    return `the status is ${status}; use a whole number from 200 to 599`
  }
  const objection = objectionToAnswerHeaders(headers)
  if (objection !== undefined) {
    return objection
  }
  if (!hasBody("GET", status) && bytes?.length !== 0) {
    return `an answer with status ${status} has no body (RFC 9110 §6.4.1)`
  }
  // Of an answer to a HEAD, the length is that of the body that a GET would get.
  return bytes === undefined || method === "HEAD" ? undefined : objectionToLength(headers, bytes)
}

export const noBytes: Uint8Array = new Uint8Array()

/** What is wrong with a `Content-Length`, as a sentence; `undefined` if there is none, or it is the body's. */
export const objectionToLength = (headers: Headers, { length }: Uint8Array): string | undefined => {
  const announced = headers["content-length"]
  return announced === undefined || Number(announced) === length
    ? undefined
    : `the header content-length is ${announced}, but the body has ${length} bytes`
}

/** The `Set-Cookie` lines of an answer: one for each cookie (RFC 6265 §3), or that of the headers. */
export const setCookiesOf = ({ cookies, headers }: HttpServerResponse.HttpServerResponse): ReadonlyArray<string> => {
  const lines = Cookies.toSetCookieHeaders(cookies)
  const line = headers["set-cookie"]
  return lines.length > 0 || line === undefined ? lines : [line]
}
