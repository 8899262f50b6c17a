import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ConnectionLost } from "./ConnectionError.js"

/** The body, as a server sends it. If it can't be read as bytes, the stream fails or dies. */
export const bytesOf = ({
  body
}: Pick<HttpServerResponse.HttpServerResponse, "body">): Stream.Stream<Uint8Array, unknown> => {
  switch (body._tag) {
    case "Empty":
      return Stream.empty
    case "Uint8Array":
      return Stream.make(body.body)
    case "Stream":
      return body.stream
    case "Raw":
      // `@effect/platform` types this body as `unknown`. If it is none that the web platform can send, the stream dies.
      return Stream.suspend(() => bytesOfWeb(new Response(body.body as WebBody)))
    case "FormData":
      return Stream.suspend(() => bytesOfWeb(new Response(body.formData)))
  }
}

type WebBody = ConstructorParameters<typeof Response>[0]

export const bytesOfWeb = ({ body }: Response): Stream.Stream<Uint8Array, unknown> =>
  body === null
    ? Stream.empty
    : Stream.fromReadableStream(
        () => body,
        (cause) => cause
      )

/** No more bytes than were announced. If there are fewer, the stream dies, because the client would wait for the rest. */
export const measured = (
  bytes: Stream.Stream<Uint8Array, unknown>,
  length: number
): Stream.Stream<Uint8Array, unknown> =>
  Stream.suspend(() => {
    let missing = length
    const sent = bytes.pipe(
      Stream.mapAccum(length, (left, piece) => {
        const sent = piece.subarray(0, left)
        return [left - sent.length, { sent, left: left - sent.length }]
      }),
      Stream.takeUntil(({ left }) => left === 0),
      Stream.map(({ left, sent }) => {
        missing = left
        return sent
      })
    )
    const end = Stream.suspend(() =>
      missing === 0 ? Stream.empty : Stream.dieMessage(`content-length announces ${missing} bytes more`)
    )
    return length === 0 ? Stream.empty : Stream.concat(sent, end)
  })

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
 * chunk of a stream. The headers still announce the whole body. An empty body
 * breaks off after the headers.
 */
export const truncate = (response: HttpServerResponse.HttpServerResponse): HttpServerResponse.HttpServerResponse => {
  const { body } = response
  const sent =
    body._tag === "Uint8Array"
      ? Stream.make(body.body.subarray(0, Math.floor(body.body.length / 2)))
      : Stream.take(bytesOf(response), 1)
  return HttpServerResponse.setBody(
    response,
    HttpBody.stream(Stream.concat(sent, Stream.fail(new ConnectionLost())), body.contentType ?? "", body.contentLength)
  )
}
