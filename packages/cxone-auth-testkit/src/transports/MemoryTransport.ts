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

/** The origin of a host in memory. */
export const open = (name: string): Effect.Effect<{ readonly origin: string }> =>
  Effect.succeed({ origin: `https://${name}` })

/**
 * An `HttpClient` that calls `handle` without a socket. A request to an origin outside of `origins` fails as if the
 * host didn't exist. Everything runs in the caller's fiber, so that interrupting the caller ends the whole request.
 */
export const make = (
  origins: ReadonlyArray<string>,
  handle: (incoming: IncomingRequest) => Effect.Effect<HttpServerResponse.HttpServerResponse, ConnectionLost>
): HttpClient.HttpClient => {
  return HttpClient.make((request, url) => {
    const failed = (cause: unknown) => new HttpClientError.RequestError({ request, reason: "Transport", cause })
    if (!origins.includes(url.origin)) {
      const message = `${url.origin} is not a host of the simulator; send the request to ${origins.join(", ")}`
      return Effect.fail(failed(withCode("ENOTFOUND", message)))
    }
    return Effect.gen(function* () {
      const incoming = yield* Effect.mapError(send(request, url), failed)
      // Other fibers run while a request is under way, as on a network, so that tests find races.
      yield* Effect.yieldNow()
      const answer = yield* Effect.mapError(handle(incoming), () => failed(withCode("ECONNRESET", "read ECONNRESET")))
      yield* Effect.yieldNow()
      return MemoryResponse.make(request, answer)
    })
  })
}

const withCode = (code: string, message: string): Error => Object.assign(new Error(message), { code })

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
      // `@effect/platform` types this body as `unknown`. If it isn't a body that fetch can send, the request fails.
      return encodeWeb(body.body as WebBody)
  }
}

// Only the web platform can encode these bodies, such as a multipart form, and it needs a Promise.
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
