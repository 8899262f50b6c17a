import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ConnectionLost } from "./Broken.js"

export const bytesOf = (response: HttpServerResponse.HttpServerResponse): Stream.Stream<Uint8Array, unknown> => {
  switch (response.body._tag) {
    case "Empty":
      return Stream.empty
    case "Uint8Array":
      return Stream.make(response.body.body)
    case "Stream":
      return response.body.stream
    case "Raw":
    case "FormData": {
      const { body } = HttpServerResponse.toWeb(response)
      return body === null
        ? Stream.empty
        : Stream.fromReadableStream(
            () => body,
            (cause) => cause
          )
    }
  }
}

export const collect = <E>(stream: Stream.Stream<Uint8Array, E>): Effect.Effect<Uint8Array, E> =>
  Effect.map(Stream.runCollect(stream), (pieces) => {
    const bytes = new Uint8Array(Chunk.reduce(pieces, 0, (length, piece) => length + piece.length))
    Chunk.reduce(pieces, 0, (offset, piece) => {
      bytes.set(piece, offset)
      return offset + piece.length
    })
    return bytes
  })

/**
 * The same response, but the connection breaks in the middle of its body: after half of the bytes, or after the first
 * chunk of a stream. The headers still announce the whole body. A response without a body breaks off after its headers.
 */
export const truncate = (response: HttpServerResponse.HttpServerResponse): HttpServerResponse.HttpServerResponse => {
  const { body } = response
  const sent =
    body._tag === "Uint8Array"
      ? Stream.make(body.body.subarray(0, Math.floor(body.body.length / 2)))
      : Stream.take(bytesOf(response), 1)
  return HttpServerResponse.setBody(
    response,
    HttpBody.stream(Stream.concat(sent, Stream.fail(new ConnectionLost())), body.contentType, body.contentLength)
  )
}
