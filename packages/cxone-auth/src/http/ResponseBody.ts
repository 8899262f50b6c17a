import type { ResponseError } from "@effect/platform/HttpClientError"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

const withoutBody = (error: ResponseError) => error.reason === "EmptyBody"

/**
 * Reads a body as UTF-8 text, up to `maxBytes`. If there is more, it gives `None` and drops the connection, so that an
 * endless answer costs no memory.
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
export const peek = (
  response: HttpClientResponse,
  maxBytes: number,
  within: Duration.Duration
): Effect.Effect<{ readonly text: Option.Option<string>; readonly body: Stream.Stream<Uint8Array, ResponseError> }> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const next = yield* Stream.toPull(response.stream).pipe(Scope.extend(scope))
    const timeIsUp = yield* Effect.forkIn(Effect.sleep(within), scope)
    const read = (seen: Chunk.Chunk<Uint8Array>): Effect.Effect<Seen> =>
      sizeOf(seen) > maxBytes
        ? Effect.succeed({ seen, rest: next })
        : Effect.gen(function* () {
            // It runs in a fiber of its own, because a part that was asked for must not get lost when the time is up.
            const asked = yield* Effect.forkIn(next, scope)
            const got = yield* Effect.raceFirst(
              Effect.asSome(Fiber.await(asked)),
              Effect.as(Fiber.await(timeIsUp), Option.none())
            )
            return yield* Option.match(got, {
              onNone: () => Effect.succeed({ seen, rest: firstThen(Fiber.join(asked), next) }),
              onSome: (exit) =>
                Effect.matchEffect(exit, {
                  onSuccess: (more) => read(Chunk.appendAll(seen, more)),
                  onFailure: (end) =>
                    Effect.succeed(
                      Option.exists(end, (error) => !withoutBody(error)) ? { seen, rest: Effect.fail(end) } : { seen }
                    )
                })
            })
          })
    const { rest, seen } = yield* Effect.onInterrupt(read(Chunk.empty()), () => Scope.close(scope, Exit.void))
    if (rest === undefined) {
      yield* Scope.close(scope, Exit.void)
      return { text: Option.some(decode(seen)), body: Stream.fromChunk(seen) }
    }
    const body = Stream.concat(Stream.fromChunk(seen), Stream.fromPull(Effect.succeed(rest)))
    return { text: Option.none(), body: Stream.ensuring(body, Scope.close(scope, Exit.void)) }
  })

type Pull = Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<ResponseError>>

/** The part that was read, and the way to the rest if there may be one. */
interface Seen {
  readonly seen: Chunk.Chunk<Uint8Array>
  readonly rest?: Pull
}

const firstThen = (first: Pull, then: Pull): Pull => {
  let current = first
  return Effect.suspend(() => {
    const pull = current
    current = then
    return pull
  })
}

const sizeOf = (parts: Chunk.Chunk<Uint8Array>): number => Chunk.reduce(parts, 0, (total, { length }) => total + length)
