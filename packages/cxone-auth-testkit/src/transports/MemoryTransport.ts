/**
 * An `HttpClient` that reaches the simulator without a socket.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type { IncomingRequest } from "../http/IncomingRequest.js"
import { type ConnectionLost, collect } from "../http/ResponseBody.js"
import * as MemoryResponse from "./MemoryResponse.js"

/**
 * Where a host of the simulator is in memory: on https, and no such host can exist.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = (name: string): Effect.Effect<{ readonly origin: URL }> =>
  Effect.succeed({ origin: new URL(`https://${name}`) })

/**
 * An `HttpClient` that is wired to `handle`: no socket, no Promise on the way, and no time but that of the `Clock`. A
 * request to any but these origins fails as one to a host that isn't there. Everything runs in the fiber of the caller,
 * so that interrupting it ends all of it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  origins: ReadonlyArray<URL>,
  handle: (incoming: IncomingRequest) => Effect.Effect<HttpServerResponse.HttpServerResponse, ConnectionLost>
): HttpClient.HttpClient => {
  const reached = origins.map(({ origin }) => origin)
  return HttpClient.make((request, url) => {
    const failed = (cause: unknown) => new HttpClientError.RequestError({ request, reason: "Transport", cause })
    if (!reached.includes(url.origin)) {
      const message = `${url.origin} is not the simulator, which is ${reached.join(", ")}`
      return Effect.fail(failed(withCode("ENOTFOUND", message)))
    }
    return Effect.gen(function* () {
      const incoming = yield* Effect.mapError(send(request, url), failed)
      // As on a wire, others run while a request is under way: it is what makes races show in tests.
      yield* Effect.yieldNow()
      const answer = yield* Effect.mapError(handle(incoming), () => failed(withCode("ECONNRESET", "read ECONNRESET")))
      yield* Effect.yieldNow()
      return MemoryResponse.make(request, answer)
    })
  })
}

const withCode = (code: string, message: string): Error => Object.assign(new Error(message), { code })

// What a transport would put on the wire.
const send = (request: HttpClientRequest.HttpClientRequest, url: URL): Effect.Effect<IncomingRequest, unknown> =>
  Effect.map(encode(request.body), ({ body, headers }) => ({
    method: request.method,
    url: `${url.pathname}${url.search}`,
    headers: Headers.setAll(request.headers, { host: url.host, ...headers }),
    body
  }))

interface Encoded {
  readonly body: Uint8Array
  readonly headers: { readonly [name: string]: string }
}

type WebBody = ConstructorParameters<typeof Response>[0]

const encode = (body: HttpBody.HttpBody): Effect.Effect<Encoded, unknown> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed({ body: new Uint8Array(), headers: {} })
    case "Uint8Array":
      return Effect.succeed({ body: body.body, headers: {} })
    case "Stream":
      return Effect.map(collect(body.stream), (bytes) => ({ body: bytes, headers: {} }))
    case "FormData":
      return encodeWeb(body.formData)
    case "Raw":
      // Platform knows no more of it than `unknown`; what fetch can't send, this can't either, and fails.
      return encodeWeb(body.body as WebBody)
  }
}

// Bodies that only the web platform can read, such as a form with its boundary: the one place with a Promise.
const encodeWeb = (body: WebBody): Effect.Effect<Encoded, unknown> =>
  Effect.tryPromise({
    try: async () => {
      const message = new Response(body)
      const contentType = message.headers.get("content-type")
      return {
        body: new Uint8Array(await message.arrayBuffer()),
        headers: contentType?.startsWith("multipart/") ? { "content-type": contentType } : {}
      }
    },
    catch: (cause) => cause
  })
