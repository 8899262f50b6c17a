/**
 * Bodies, read within limits.
 *
 * @since 0.1.0
 */

import type { ResponseError } from "@effect/platform/HttpClientError"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
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
        : Option.some(decode(Chunk.map(parts, ({ bytes }) => bytes)))
    ),
    Effect.catchIf(withoutBody, () => Effect.succeedSome(""))
  )

const decode = (parts: Chunk.Chunk<Uint8Array>): string => {
  const decoder = new TextDecoder()
  return Chunk.reduce(parts, "", (text, bytes) => text + decoder.decode(bytes, { stream: true })) + decoder.decode()
}

/**
 * Reads a body that the caller will not see, so that its connection can serve the next request. One that is longer than
 * `maxBytes`, takes longer than `within`, or breaks off, is given up with its connection, and `None`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const readWithin = (
  response: HttpClientResponse,
  maxBytes: number,
  within: Duration.Duration
): Effect.Effect<Option.Option<string>> =>
  readText(response, maxBytes).pipe(Effect.timeout(within), Effect.orElseSucceed(Option.none))

/**
 * Looks at the beginning of a body and puts it back: `text` is the whole body if it is no longer than `maxBytes`, and
 * `body` gives every byte as if nobody had looked. A body that breaks off does so for whoever reads it.
 *
 * @since 0.1.0
 * @category decoding
 */
export const peek = (
  response: HttpClientResponse,
  maxBytes: number
): Effect.Effect<{ readonly text: Option.Option<string>; readonly body: Stream.Stream<Uint8Array, ResponseError> }> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const next = yield* Stream.toPull(response.stream).pipe(Scope.extend(scope))
    const read = (seen: Chunk.Chunk<Uint8Array>): Effect.Effect<Seen> =>
      sizeOf(seen) > maxBytes
        ? Effect.succeed({ seen, whole: false })
        : Effect.matchEffect(next, {
            onSuccess: (more) => read(Chunk.appendAll(seen, more)),
            onFailure: (end) =>
              Effect.succeed({
                seen,
                whole: Option.match(end, { onNone: () => true, onSome: withoutBody }),
                ...Option.match(end, { onNone: () => ({}), onSome: (error) => ({ error }) })
              })
          })
    const { error, seen, whole } = yield* Effect.onInterrupt(read(Chunk.empty()), () => Scope.close(scope, Exit.void))
    const rest = error === undefined ? Stream.fromPull(Effect.succeed(next)) : Stream.fail(error)
    return {
      text: whole ? Option.some(decode(seen)) : Option.none(),
      body: whole
        ? Stream.fromChunk(seen)
        : Stream.ensuring(Stream.concat(Stream.fromChunk(seen), rest), Scope.close(scope, Exit.void))
    }
  })

interface Seen {
  readonly seen: Chunk.Chunk<Uint8Array>
  readonly whole: boolean
  readonly error?: ResponseError
}

const sizeOf = (parts: Chunk.Chunk<Uint8Array>): number => Chunk.reduce(parts, 0, (total, { length }) => total + length)
