import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { objectionToHeaders, objectionToLength } from "../http/Answer.js"
import { ClientGone, type ConnectionLost } from "../http/Broken.js"
import type { RequestHead, Upload } from "../http/IncomingRequest.js"
import { collect } from "../http/ResponseBody.js"
import * as MemoryResponse from "./MemoryResponse.js"

/** The origin of a host in memory. */
export const open = (name: string): Effect.Effect<{ readonly origin: string }> =>
  Effect.succeed({ origin: `https://${name}` })

/** What answers the requests of a transport in memory. */
export interface Handlers {
  /** By the origin of the host. */
  readonly hosts: ReadonlyMap<
    string,
    (
      head: RequestHead,
      upload: Upload
    ) => Effect.Effect<HttpServerResponse.HttpServerResponse, ConnectionLost | ClientGone>
  >
  /** Called for a request to any other origin. */
  readonly onForeign: (origin: string, head: RequestHead) => Effect.Effect<void>
  /** Whether no host takes a connection now. */
  readonly isRefusing: () => boolean
}

/**
 * An `HttpClient` without a socket. What no wire carries fails here, too. A request to a foreign origin fails as if the host
 * didn't exist. Interrupting the caller ends the whole request.
 */
export const make = ({ hosts, isRefusing, onForeign }: Handlers): HttpClient.HttpClient =>
  HttpClient.make((request, url) => {
    const failed = (cause: unknown) => new HttpClientError.RequestError({ request, reason: "Transport", cause })
    const objection = objectionTo(request)
    if (objection !== undefined) {
      return Effect.fail(failed(new TypeError(`In memory as on the wire: ${objection}`)))
    }
    const head = headOf(request, url)
    const handle = hosts.get(url.origin)
    if (handle === undefined) {
      const message = `${url.origin} is not a host of the simulator; send the request to ${Array.from(hosts.keys()).join(", ")}`
      return Effect.zipRight(onForeign(url.origin, head), Effect.fail(failed(withCode("ENOTFOUND", message))))
    }
    if (isRefusing()) {
      return Effect.fail(failed(withCode("ECONNREFUSED", `connect ECONNREFUSED ${url.host}`)))
    }
    return Effect.gen(function* () {
      const { headers, upload } = yield* encode(request, failed)
      // Other fibers run while a request is under way, as on a network, so that tests find races.
      yield* Effect.yieldNow()
      const answer = yield* Effect.mapError(
        handle({ ...head, headers: Headers.setAll(head.headers, headers) }, upload),
        (broken) => failed(broken._tag === "ClientGone" ? broken.cause : withCode("ECONNRESET", "read ECONNRESET"))
      )
      yield* Effect.yieldNow()
      return MemoryResponse.make(request, answer)
    })
  })

const withCode = (code: string, message: string): Error => Object.assign(new Error(message), { code })

/** Why no wire carries a request, as a sentence. */
const objectionTo = ({ body, headers, method }: HttpClientRequest.HttpClientRequest): string | undefined => {
  if ((method === "GET" || method === "HEAD") && body._tag !== "Empty") {
    return `a ${method} with a body: fetch sends none`
  }
  return objectionToHeaders(headers) ?? (body._tag === "Uint8Array" ? objectionToLength(headers, body.body) : undefined)
}

const headOf = ({ headers, method }: HttpClientRequest.HttpClientRequest, url: URL): RequestHead => ({
  method,
  url: `${url.pathname}${url.search}`,
  headers: Headers.set(headers, "host", url.host)
})

interface Encoded {
  readonly upload: Upload
  readonly headers: { readonly [name: string]: string }
}

const uploadOf = (bytes: Uint8Array): Upload => ({ whole: Effect.succeed(bytes), first: Effect.succeed(bytes) })

type WebBody = ConstructorParameters<typeof Response>[0]

const encode = (
  { body }: HttpClientRequest.HttpClientRequest,
  failed: (cause: unknown) => HttpClientError.RequestError
): Effect.Effect<Encoded, HttpClientError.RequestError> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed({ upload: uploadOf(new Uint8Array()), headers: {} })
    case "Uint8Array":
      return Effect.succeed({ upload: uploadOf(body.body), headers: {} })
    case "Stream":
      return Effect.succeed({ upload: streamed(body), headers: {} })
    case "FormData":
      return Effect.mapError(encodeWeb(body.formData), failed)
    case "Raw":
      // `@effect/platform` types this body as `unknown`. If it isn't a body that fetch can send, the request fails.
      return Effect.mapError(encodeWeb(body.body as WebBody), failed)
  }
}

const streamed = ({ stream }: HttpBody.Stream): Upload => {
  const gone = (cause: unknown) => new ClientGone({ cause })
  return {
    whole: Effect.mapError(collect(stream), gone),
    first: Effect.mapBoth(Stream.runHead(stream), {
      onFailure: gone,
      onSuccess: Option.getOrElse(() => new Uint8Array())
    })
  }
}

// Only the web platform can encode these bodies, such as a multipart form, and it needs a Promise.
const encodeWeb = (body: WebBody): Effect.Effect<Encoded, unknown> =>
  Effect.tryPromise({
    try: async () => {
      const message = new Response(body)
      const contentType = message.headers.get("content-type")
      return {
        upload: uploadOf(new Uint8Array(await message.arrayBuffer())),
        headers: contentType?.startsWith("multipart/") ? { "content-type": contentType } : {}
      }
    },
    catch: (cause) => cause
  })
