import * as Http from "node:http"
import { HttpServerResponse } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, strictEqual } from "@effect/vitest/utils"
import { Deferred, Effect, Logger, Schedule, Stream } from "effect"
import * as SocketTransport from "../../src/transports/SocketTransport.js"

/** A client that doesn't read the body. */
const connect = (origin: string) =>
  Effect.acquireRelease(
    Effect.async<Http.IncomingMessage, Error>((resume) => {
      const request = Http.get(origin, (response) => {
        response.on("error", () => undefined)
        resume(Effect.succeed(response))
      })
      request.on("error", (error) => resume(Effect.fail(error)))
    }),
    (response) => Effect.sync(() => response.destroy())
  )

describe("SocketTransport", () => {
  it.live("produces an endless body only as fast as the client reads, and stops when the client disconnects", () =>
    Effect.gen(function* () {
      const chunk = new Uint8Array(64 * 1024)
      const made = { chunks: 0 }
      const ended = yield* Deferred.make<void>()
      const endless = Stream.repeatEffect(
        Effect.sync(() => {
          made.chunks += 1
          return chunk
        })
      ).pipe(Stream.ensuring(Deferred.succeed(ended, undefined)))

      const { origin, serve } = yield* SocketTransport.listen
      yield* serve(() => Effect.succeed(HttpServerResponse.stream(endless)))
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* connect(origin)
          // Chunks are made until the buffers of the kernel are full.
          const blocked = Effect.gen(function* () {
            const before = made.chunks
            yield* Effect.sleep("5 millis")
            return before > 0 && made.chunks === before
          })
          yield* Effect.repeat(blocked, { until: (still) => still, schedule: Schedule.recurs(200) })
          assertTrue(made.chunks > 0 && made.chunks < 1000)
        })
      )
      yield* Deferred.await(ended).pipe(Effect.timeout("2 seconds"))
    }).pipe(Effect.scoped)
  )

  it.live("interrupts the handler when the client disconnects", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const { origin, serve } = yield* SocketTransport.listen
      yield* serve(() =>
        Deferred.succeed(begun, undefined).pipe(
          Effect.zipRight(Effect.never),
          Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
        )
      )
      const request = Http.get(origin).on("error", () => undefined)
      yield* Deferred.await(begun)
      request.destroy()
      yield* Deferred.await(interrupted).pipe(Effect.timeout("2 seconds"))
    }).pipe(Effect.scoped)
  )

  it.live("answers 500 and logs an error if a response can't be sent", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const keep = Logger.replace(
        Logger.defaultLogger,
        Logger.map(Logger.stringLogger, (line) => void lines.push(line))
      )
      const { origin, serve } = yield* SocketTransport.listen
      yield* serve(() => Effect.succeed(HttpServerResponse.empty({ headers: { bad: "a\r\nb" } }))).pipe(
        Effect.provide(keep)
      )
      strictEqual((yield* connect(origin)).statusCode, 500)
      strictEqual(lines.length, 1)
    }).pipe(Effect.scoped)
  )
})
