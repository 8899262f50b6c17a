import type { ResponseError } from "@effect/platform/HttpClientError"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** The bytes of a body. An answer without a body has none, which the platform calls a failure. */
const bytesOf = ({ stream }: HttpClientResponse): Stream.Stream<Uint8Array, ResponseError> =>
  Stream.catchSome(stream, ({ reason }) => (reason === "EmptyBody" ? Option.some(Stream.empty) : Option.none()))

/**
 * Reads a body as UTF-8 text, up to `maxBytes`. If there is more, it gives `None` and drops the connection, so that an
 * endless answer costs no memory.
 */
export const readText = (
  response: HttpClientResponse,
  maxBytes: number
): Effect.Effect<Option.Option<string>, ResponseError> =>
  bytesOf(response).pipe(
    Stream.mapAccum(0, (total, bytes) => [total + bytes.length, { total: total + bytes.length, bytes }]),
    Stream.takeUntil(({ total }) => total > maxBytes),
    Stream.runCollect,
    Effect.map((parts) =>
      Chunk.last(parts).pipe(Option.exists(({ total }) => total > maxBytes))
        ? Option.none()
        : Option.some(decode(Chunk.map(parts, ({ bytes }) => bytes)))
    )
  )

const decode = (parts: Chunk.Chunk<Uint8Array>): string => {
  const decoder = new TextDecoder()
  return Chunk.reduce(parts, "", (text, bytes) => text + decoder.decode(bytes, { stream: true })) + decoder.decode()
}

/**
 * Reads a body that the caller will not see, so that its connection can serve the next request. If the body is longer than
 * `maxBytes`, takes longer than `within`, or breaks off, it gives `None` and drops the connection.
 */
export const readWithin = (
  response: HttpClientResponse,
  maxBytes: number,
  within: Duration.Duration
): Effect.Effect<Option.Option<string>> =>
  readText(response, maxBytes).pipe(Effect.timeout(within), Effect.orElseSucceed(Option.none))

/**
 * Looks at the beginning of a body, and puts it back. `text` is the whole body if it has at most `maxBytes` and came
 * `within` that time. `body` gives every byte as if nothing had been read; if the body breaks off or is slow, its reader
 * notices that.
 */
export const peek = Effect.fnUntraced(function* (
  response: HttpClientResponse,
  maxBytes: number,
  within: Duration.Duration
) {
  const scope = yield* Scope.make()
  const close = Scope.close(scope, Exit.void)
  // A failure is told to each reader of the mailbox. A part that comes when the time is up stays there.
  const mailbox = yield* Scope.extend(Mailbox.fromStream(bytesOf(response), { capacity: 1 }), scope)
  const seen = yield* Ref.make(Chunk.empty<Uint8Array>())

  // Nothing interrupts between the two steps, because a part that was taken must be seen.
  const take = Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(restore(mailbox.takeAll), ([parts, isAtEnd]) =>
      Effect.map(Ref.updateAndGet(seen, Chunk.appendAll(parts)), (all) => ({ all, isAtEnd }))
    )
  )

  const readOn: Effect.Effect<Option.Option<string>, ResponseError> = Effect.gen(function* () {
    const { all, isAtEnd } = yield* take
    if (sizeOf(all) > maxBytes) {
      return Option.none()
    }
    return isAtEnd ? Option.some(decode(all)) : yield* readOn
  })

  const text = yield* readOn.pipe(
    Effect.timeout(within),
    Effect.orElseSucceed(Option.none),
    Effect.onInterrupt(() => close)
  )
  yield* Effect.when(close, () => Option.isSome(text))
  const body = Stream.concat(Stream.fromChunk(yield* Ref.get(seen)), Mailbox.toStream(mailbox))
  return { text, body: Stream.ensuring(body, close) }
})

const sizeOf = (parts: Chunk.Chunk<Uint8Array>): number => Chunk.reduce(parts, 0, (total, { length }) => total + length)
