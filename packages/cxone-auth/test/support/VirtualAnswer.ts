import { type HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Stream } from "effect"

/** An answer whose body is read without a Promise, because virtual time does not wait for one. */
export const respond = (
  request: HttpClientRequest.HttpClientRequest,
  status: number,
  body: unknown,
  headers: Record<string, string> = {}
): HttpClientResponse.HttpClientResponse =>
  Object.defineProperty(HttpClientResponse.fromWeb(request, new Response(null, { status, headers })), "stream", {
    value: Stream.make(new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)))
  })
