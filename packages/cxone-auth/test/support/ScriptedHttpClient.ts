import { HttpClient, HttpClientError, type HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Chunk, Clock, Effect, Layer, Ref } from "effect"

export interface Sent {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: string
  readonly body: string
  readonly at: number
}

/** What the far side does with the request at hand: answer, or let the connection fail with this cause. */
export type Play = (sent: Sent, index: number) => Effect.Effect<Response, { readonly cause: unknown }>

/** An `HttpClient` without a wire, for exact looks at requests under `TestClock`. */
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

export const json = (body: unknown, init?: ResponseInit): Response =>
  new Response(JSON.stringify(body), { headers: { "content-type": "application/json" }, ...init })

export const answers =
  (...responses: ReadonlyArray<() => Response>): Play =>
  (_, index) =>
    Effect.sync(() => (responses[index] ?? responses[responses.length - 1] ?? (() => json({})))())
