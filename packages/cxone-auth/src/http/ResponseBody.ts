import { ResponseError } from "@effect/platform/HttpClientError"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Deadline from "./Deadline.js"

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
  readText(response, maxBytes).pipe(Deadline.within(within), Effect.orElseSucceed(Option.none))

/**
 * Gives up the rest of a body that was put back and then forgotten. The platform does the same for a response, but only
 * until the first byte is read. Without a `FinalizationRegistry`, the server ends such a connection.
 */
const forgotten =
  "FinalizationRegistry" in globalThis
    ? new FinalizationRegistry<Effect.Effect<unknown>>((close) => Effect.runFork(close))
    : undefined

/**
 * A body that can be read once. It calls `close` when it has been read, when its reader stops, or when nobody can read it any
 * more. A second reader gets `readBefore`, because it would get the body in part.
 */
const closing = <E>(
  body: Stream.Stream<Uint8Array, E>,
  close: Effect.Effect<unknown>,
  readBefore: E
): Stream.Stream<Uint8Array, E> => {
  const readable = { isRead: false }
  forgotten?.register(readable, close, readable)
  return Stream.suspend(() => {
    if (readable.isRead) {
      return Stream.fail(readBefore)
    }
    readable.isRead = true
    // From now on the reader's end closes it. A stream that runs doesn't keep `readable` alive.
    forgotten?.unregister(readable)
    return Stream.ensuring(body, close)
  })
}

/**
 * Reads a body until it ends, has more than `maxBytes`, or takes longer than `within`, and puts back what was read.
 * `text` is the whole body, or `None` if the reading stopped before the end or the body broke off. `body` gives every
 * byte as if nothing had been read; if the body breaks off or is slow, its reader notices that. With `None`, it can be read
 * once.
 */
export const peek = Effect.fnUntraced(function* (
  response: HttpClientResponse,
  maxBytes: number,
  within: Duration.Duration
) {
  const scope = yield* Scope.make()
  // Nobody waits for the transport to give up the body, because some never say that they have.
  const close = Effect.forkDaemon(Scope.close(scope, Exit.void))
  const pull = yield* Scope.extend(Stream.toPull(bytesOf(response)), scope)
  let seen = Chunk.empty<Uint8Array>()
  let size = 0
  let asked: Fiber.Fiber<Chunk.Chunk<Uint8Array>, Option.Option<ResponseError>> | undefined

  // Each part is asked for in a fiber of its own. If the reader of a part is interrupted, the next reader gets that
  // part, because `asked` is cleared only in the step that also keeps the part.
  const next = (keep: (parts: Chunk.Chunk<Uint8Array>) => void) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        asked ??= yield* Effect.forkIn(Effect.interruptible(pull), scope)
        const parts = yield* restore(Fiber.join(asked))
        asked = undefined
        keep(parts)
        return parts
      })
    )

  const part = next((parts) => {
    seen = Chunk.appendAll(seen, parts)
    size += sizeOf(parts)
  })
  const text = yield* Effect.repeat(part, { until: () => size > maxBytes }).pipe(
    Effect.as(Option.none<string>()),
    Effect.catchAll(Option.match({ onNone: () => Effect.sync(() => Option.some(decode(seen))), onSome: Effect.fail })),
    Deadline.within(within),
    Effect.orElseSucceed(Option.none),
    Effect.onInterrupt(() => close)
  )
  if (Option.isSome(text)) {
    yield* close
    return { text, body: Stream.fromChunk(seen) }
  }
  const rest = Stream.fromPull(Effect.succeed(next(constVoid)))
  const { request } = response
  const readBefore = new ResponseError({ request, response, reason: "Decode", description: "the body was read before" })
  return { text, body: closing(Stream.concat(Stream.fromChunk(seen), rest), close, readBefore) }
})

const sizeOf = (parts: Chunk.Chunk<Uint8Array>): number => Chunk.reduce(parts, 0, (total, { length }) => total + length)
