import { HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Duration, Effect, Fiber, Option, Queue, Stream, TestClock } from "effect"
import * as ResponseBody from "../../src/http/ResponseBody.js"
import { collectGarbage } from "../support/Garbage.js"

const request = HttpClientRequest.get("https://cxone.test/x")
const bytes = (text: string) => new TextEncoder().encode(text)
const broken = (response: HttpClientResponse.HttpClientResponse) =>
  new HttpClientError.ResponseError({ request, response, reason: "Decode" })

/** A response with this body. Only the body of the platform's response is replaced. */
const responseOf = (
  body: (response: HttpClientResponse.HttpClientResponse) => Stream.Stream<Uint8Array, HttpClientError.ResponseError>
): HttpClientResponse.HttpClientResponse => {
  const response = HttpClientResponse.fromWeb(request, new Response(null, { status: 403 }))
  return Object.create(response, { stream: { get: () => body(response) } })
}

const textOf = <E>(body: Stream.Stream<Uint8Array, E>) =>
  Effect.map(Stream.runCollect(body), (parts) => Chunk.toArray(parts).map((part) => new TextDecoder().decode(part)))

const peek = (response: HttpClientResponse.HttpClientResponse) => ResponseBody.peek(response, 10, Duration.seconds(1))

describe("ResponseBody.peek", () => {
  it.effect("gives a short body as text, and every byte again", () =>
    Effect.gen(function* () {
      const { body, text } = yield* peek(responseOf(() => Stream.make(bytes("abc"), bytes("def"))))
      expect(text).toEqual(Option.some("abcdef"))
      expect((yield* textOf(body)).join("")).toBe("abcdef")
    })
  )

  it.effect("takes an answer without a body for an empty text", () =>
    Effect.gen(function* () {
      const empty = HttpClientResponse.fromWeb(request, new Response(null, { status: 403 }))
      const { body, text } = yield* peek(empty)
      expect(text).toEqual(Option.some(""))
      expect(yield* textOf(body)).toEqual([])
    })
  )

  it.effect("reads no further than the limit, and hands on the rest", () =>
    Effect.gen(function* () {
      let pulled = 0
      const parts = Stream.mapChunks(Stream.rechunk(Stream.range(1, 100), 1), (chunk) => {
        pulled += 1
        return Chunk.map(chunk, (n) => bytes(`part ${n};`))
      })
      const { body, text } = yield* peek(responseOf(() => parts))
      expect(text).toEqual(Option.none())
      expect(pulled).toBe(2)
      expect(yield* textOf(body)).toHaveLength(100)
    })
  )

  it.effect("C7: stops after its time; a part that comes then, or at that moment, reaches the reader of the body", () =>
    Effect.gen(function* () {
      for (const late of [999, 1_000, 1_001, 5_000]) {
        const slow = Stream.concat(
          Stream.make(bytes("a")),
          Stream.fromEffect(Effect.delay(Effect.succeed(bytes("b")), late))
        )
        const peeking = yield* Effect.fork(peek(responseOf(() => slow)))
        yield* TestClock.adjust("1 second")
        const { body } = yield* Fiber.join(peeking)
        const reading = yield* Effect.fork(textOf(body))
        yield* TestClock.adjust("10 seconds")
        expect(yield* Fiber.join(reading), `${late} ms`).toEqual(["a", "b"])
      }
    })
  )

  it.effect(
    "a body that was not kept as a whole can be read once: the second reader is told so, and gets no part of it",
    () =>
      Effect.gen(function* () {
        const { body } = yield* peek(responseOf(() => Stream.make(bytes("more than "), bytes("ten bytes"))))
        expect((yield* textOf(body)).join("")).toBe("more than ten bytes")
        expect(yield* Effect.flip(textOf(body))).toMatchObject({
          reason: "Decode",
          description: "the body was read before"
        })
      })
  )

  it.effect("tells a failure in the middle of the body to its reader", () =>
    Effect.gen(function* () {
      const { body, text } = yield* peek(
        responseOf((response) => Stream.concat(Stream.make(bytes("abc")), Stream.fail(broken(response))))
      )
      expect(text).toEqual(Option.none())
      const read: Array<string> = []
      const error = yield* Effect.flip(
        Stream.runForEach(body, (part) => Effect.sync(() => read.push(String(part.length))))
      )
      expect(error).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
      expect(read).toEqual(["3"])
    })
  )

  it.effect("C8: gives the body up if the peeking is interrupted, or the body is not read to its end", () =>
    Effect.gen(function* () {
      let closed = 0
      const queue = yield* Queue.unbounded<Uint8Array>()
      const open = Stream.ensuring(
        Stream.fromQueue(queue),
        Effect.sync(() => {
          closed += 1
        })
      )
      const interrupted = yield* Effect.fork(peek(responseOf(() => open)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(interrupted)
      yield* TestClock.adjust(0)
      expect(closed).toBe(1)
      yield* Queue.offer(queue, bytes("more than ten bytes"))
      const { body } = yield* peek(responseOf(() => open))
      yield* Stream.runHead(body)
      yield* TestClock.adjust(0)
      expect(closed).toBe(2)
    })
  )

  const stalling = (onClose: () => void) =>
    responseOf(() => Stream.ensuring(Stream.concat(Stream.make(bytes("a")), Stream.never), Effect.sync(onClose)))

  it.effect("C7: ends in its time in an uninterruptible region, too", () =>
    Effect.gen(function* () {
      const peeking = yield* Effect.fork(Effect.uninterruptible(peek(stalling(() => {}))))
      const reading = yield* Effect.fork(
        Effect.uninterruptible(
          ResponseBody.readWithin(
            stalling(() => {}),
            10,
            Duration.seconds(1)
          )
        )
      )
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(peeking)).text).toEqual(Option.none())
      expect(yield* Fiber.join(reading)).toEqual(Option.none())
    })
  )

  it.live("C8: a body that is put back and forgotten is given up, and one that is being read is not", () =>
    Effect.gen(function* () {
      const closed: Array<string> = []
      const put = (name: string) =>
        ResponseBody.peek(
          stalling(() => closed.push(name)),
          10,
          Duration.millis(1)
        )
      yield* put("forgotten")
      const { body } = yield* put("read")
      const reading = yield* Effect.fork(Stream.runDrain(body))
      yield* Effect.repeat(Effect.sync(collectGarbage).pipe(Effect.zipRight(Effect.sleep(10))), {
        until: () => closed.length > 0,
        times: 200
      })
      yield* Fiber.interrupt(reading)
      yield* Effect.repeat(Effect.yieldNow(), { until: () => closed.length > 1, times: 100 })
      expect(closed).toEqual(["forgotten", "read"])
    })
  )
})
