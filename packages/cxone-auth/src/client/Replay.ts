/**
 * Which requests can be sent twice (the body can be read again), and which may be (the method is idempotent).
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { RateLimited } from "../errors/CxoneAuthError.js"

/** Whether a request's body can be read a second time. A stream can't. */
export const canBeSentAgain = ({ body }: HttpClientRequest): boolean =>
  body._tag !== "Stream" && (body._tag !== "Raw" || isKept(body.body))

// These raw bodies are the same after they were read. Streams and iterators are not.
const isKept = (body: unknown): boolean =>
  typeof body === "string" ||
  ArrayBuffer.isView(body) ||
  [ArrayBuffer, Blob, FormData, URLSearchParams].some((kind) => body instanceof kind)

/** Whether sending a request twice has the effect of sending it once, by its method (RFC 9110 §9.2.2). */
const isIdempotent = ({ method }: HttpClientRequest): boolean => method !== "POST" && method !== "PATCH"

/** Why a request may not be sent again after "not yet", if so. `isMarked` is what the app says about it. */
export const objectionTo = (request: HttpClientRequest, isMarked: boolean | undefined): RateLimited["notSentAgain"] => {
  if (!canBeSentAgain(request)) {
    return "stream_body"
  }
  return (isMarked ?? isIdempotent(request)) ? undefined : "not_idempotent"
}
