import * as Http from "node:http"
import { buffer } from "node:stream/consumers"
import { Effect } from "effect"

/** A request as it is written to the socket. An `HttpClient` would correct some of it, such as a missing content type. */
export interface RawRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly text: string
}

/** Sends a request on a connection of its own. */
export const send = (url: string, { body, headers, method }: RawRequest): Effect.Effect<RawAnswer> =>
  Effect.async((resume) => {
    const request = Http.request(url, { method, headers: withLength(headers, body), agent: false })
    request.once("error", (error) => resume(Effect.die(error)))
    request.once("response", (response) =>
      resume(
        Effect.map(
          Effect.promise(() => buffer(response)),
          (bytes) => ({ status: response.statusCode ?? 0, headers: response.headers, text: bytes.toString() })
        )
      )
    )
    request.end(body)
    return Effect.sync(() => request.destroy())
  })

/** Node would leave the length out for a GET, and the server would read the body as the next request. */
const withLength = (headers: RawRequest["headers"], body: RawRequest["body"]) =>
  headers["transfer-encoding"] === undefined ? { ...headers, "content-length": Buffer.byteLength(body) } : headers
