import { HttpClient, HttpClientError, type HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Chunk, Clock, Effect, Layer, Ref } from "effect"

/** A request, with its full URL, its body as text, and when it was sent, in milliseconds. */
export interface Sent {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: string
  readonly body: string
  readonly at: number
}

/** How a server treats a request: it answers, or the connection fails with this cause. */
export type Play = (sent: Sent, index: number) => Effect.Effect<Response, { readonly cause: unknown }>

/**
 * An `HttpClient` without a network, which answers as `play` says and keeps every request. Take it to compare a request
 * to the letter, or to answer with a `Response` that no server would send. Take `FakeCxone` for its play where discovery
 * is involved, and the simulator of cxone-auth-testkit where tokens must be checked.
 */
export const scripted = (play: Play) =>
  Effect.gen(function* () {
    const log = yield* Ref.make(Chunk.empty<Sent>())
    const client = HttpClient.make((request, url) =>
      Effect.gen(function* () {
        const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
        const sent: Sent = { request, url: url.href, body, at: yield* Clock.currentTimeMillis }
        const all = yield* Ref.updateAndGet(log, Chunk.append(sent))
        const response = yield* Effect.mapError(
          play(sent, all.length - 1),
          ({ cause }) => new HttpClientError.RequestError({ request, reason: "Transport", cause })
        )
        return HttpClientResponse.fromWeb(request, response)
      })
    )
    return {
      layer: Layer.succeed(HttpClient.HttpClient, client),
      sent: Effect.map(Ref.get(log), Chunk.toReadonlyArray)
    }
  })

/** An answer with this body as JSON. */
export const json = (body: unknown, init?: ResponseInit): Response =>
  new Response(JSON.stringify(body), { headers: { "content-type": "application/json" }, ...init })

/** A play of these answers, one for each request in order; the last one is repeated. */
export const answers =
  (...responses: ReadonlyArray<() => Response>): Play =>
  (_, index) =>
    Effect.sync(() => (responses[index] ?? responses[responses.length - 1] ?? (() => json({})))())
