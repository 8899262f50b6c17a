/**
 * Bodies, read within limits.
 *
 * @since 0.1.0
 */

import type { ResponseError } from "@effect/platform/HttpClientError"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

const withoutBody = (error: ResponseError) => error.reason === "EmptyBody"

/**
 * Reads a body as UTF-8 text, but no more than `maxBytes` of it: `None` if there is more, and then the connection is
 * given up at once, so that an endless answer costs no memory.
 *
 * @since 0.1.0
 * @category decoding
 */
export const readText = (
  response: HttpClientResponse,
  maxBytes: number
): Effect.Effect<Option.Option<string>, ResponseError> =>
  response.stream.pipe(
    Stream.mapAccum(0, (total, bytes) => [total + bytes.length, { total: total + bytes.length, bytes }]),
    Stream.takeUntil(({ total }) => total > maxBytes),
    Stream.runCollect,
    Effect.map((parts) =>
      Chunk.last(parts).pipe(Option.exists(({ total }) => total > maxBytes))
        ? Option.none()
        : Option.some(decode(parts))
    ),
    Effect.catchIf(withoutBody, () => Effect.succeedSome(""))
  )

const decode = (parts: Chunk.Chunk<{ readonly bytes: Uint8Array }>): string => {
  const decoder = new TextDecoder()
  return Chunk.reduce(parts, "", (text, { bytes }) => text + decoder.decode(bytes, { stream: true })) + decoder.decode()
}

/**
 * Reads a body that nobody will look at, so that its connection can serve the next request. One that is longer than
 * `maxBytes`, takes more than a second, or breaks off, is given up with its connection.
 *
 * @since 0.1.0
 * @category decoding
 */
export const discard = (response: HttpClientResponse, maxBytes: number): Effect.Effect<void> =>
  readText(response, maxBytes).pipe(Effect.timeout("1 second"), Effect.ignore)
