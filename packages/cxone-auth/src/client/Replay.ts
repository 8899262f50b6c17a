/**
 * Which requests can be sent twice, and which may be.
 *
 * @since 0.1.0
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"

/**
 * Whether a request's body can be read a second time. A stream can't.
 *
 * @since 0.1.0
 * @category predicates
 */
export const canBeSentAgain = ({ body }: HttpClientRequest): boolean =>
  body._tag !== "Stream" && (body._tag !== "Raw" || isKept(body.body))

// Of what a transport takes as a raw body, these stay as they are when they are read; streams and iterators do not.
const isKept = (body: unknown): boolean =>
  typeof body === "string" ||
  ArrayBuffer.isView(body) ||
  [ArrayBuffer, Blob, FormData, URLSearchParams].some((kind) => body instanceof kind)

/**
 * Whether sending a request twice has the effect of sending it once, by its method (RFC 9110 §9.2.2).
 *
 * @since 0.1.0
 * @category predicates
 */
export const isIdempotent = ({ method }: HttpClientRequest): boolean => method !== "POST" && method !== "PATCH"
