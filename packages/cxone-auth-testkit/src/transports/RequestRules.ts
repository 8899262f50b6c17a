/**
 * Which requests the clients don't send: of fetch, undici and `node:http`, the strictest counts.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Predicate from "effect/Predicate"
import { noBytes, objectionToHeaders, objectionToLength, trimmed } from "../http/HttpRules.js"
import type { RequestHead } from "../http/IncomingRequest.js"

/** A raw body that every client sends, as the text, bytes or nothing that it is. */
export const plain = (body: HttpBody.HttpBody): HttpBody.HttpBody => {
  if (body._tag !== "Raw") {
    return body
  }
  if (Predicate.isNullable(body.body)) {
    return HttpBody.empty
  }
  if (Predicate.isString(body.body)) {
    return HttpBody.text(body.body)
  }
  return body.body instanceof Uint8Array ? HttpBody.uint8Array(body.body) : body
}

/** Headers that undici, or `node:http`, refuses to send. */
const refusedHeaders = ["transfer-encoding", "keep-alive", "upgrade", "expect", "trailer"]

/** Why one of the clients sends no such request, as a sentence. */
export const objectionTo = (
  { headers, method }: HttpClientRequest.HttpClientRequest,
  body: HttpBody.HttpBody,
  url: URL
): string | undefined => {
  // Types have no such method, but an app may have a cast.
  if (!/^[A-Z]+$/.test(method) || ["CONNECT", "TRACE", "TRACK"].includes(method)) {
    return `the method ${JSON.stringify(method)}: fetch sends none`
  }
  if (url.username !== "" || url.password !== "") {
    return "a user or a password in the URL: fetch sends none"
  }
  if ((method === "GET" || method === "HEAD") && body._tag !== "Empty") {
    return `a ${method} with a body: fetch sends none`
  }
  if (body._tag === "Raw") {
    return "a raw body that is neither text nor bytes: node:http sends none"
  }
  const isMeasured = body._tag === "Empty" || body._tag === "Uint8Array" || headers["content-length"] !== undefined
  if ((method === "DELETE" || method === "OPTIONS") && !isMeasured) {
    return `a ${method} with a body of unknown length: node:http sends no end of it`
  }
  const refused = refusedHeaders.find((name) => headers[name] !== undefined)
  if (refused !== undefined) {
    return `the header ${refused}: undici sends none`
  }
  return objectionToHeaders(headers) ?? objectionToBytes(headers, body)
}

const objectionToBytes = (headers: Headers.Headers, body: HttpBody.HttpBody) =>
  body._tag === "Empty" || body._tag === "Uint8Array"
    ? objectionToLength(headers, body._tag === "Empty" ? noBytes : body.body)
    : undefined

/** What a server gets before the body. */
export const headOf = (
  { headers, method }: HttpClientRequest.HttpClientRequest,
  body: HttpBody.HttpBody,
  url: URL
): RequestHead => ({
  method,
  url: `${url.pathname}${url.search}`,
  headers: Headers.setAll(Headers.fromInput(trimmed(headers)), {
    host: url.host,
    ...(body._tag === "Uint8Array" ? { "content-length": String(body.body.length) } : {})
  })
})
