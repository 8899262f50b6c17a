import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Effect, Fiber, Layer, Redacted, Schema, Stream, TestClock } from "effect"
import { collectGarbage } from "../support/Garbage.js"
import { json } from "../support/ScriptedHttpClient.js"
import { transports } from "../support/Transports.js"

const megabyte = 1024 * 1024

/** Four times what may be held at once; `pnpm test:deep` has a gigabyte pass. */
const megabytes = process.env.MODEL_RUNS === undefined ? 256 : 1024
const size = megabytes * megabyte

/** The origin of a server that runs in another process until the scope ends. */
const serve = Effect.gen(function* () {
  const program = fileURLToPath(new URL("../support/stream-server.mjs", import.meta.url))
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [program])),
    (running) => Effect.sync(() => running.kill("SIGKILL"))
  )
  const [port] = yield* Effect.promise(() => once(child.stdout, "data"))
  return `http://127.0.0.1:${String(port).trim()}`
})

const connect = (origin: string) =>
  Layer.provide(
    CxoneHttpClient.layer(),
    CxoneAuth.layer({
      credentials: Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("secret") }),
      environment: CxoneEnvironment.custom({ tokenEndpoint: `${origin}/oauth/token`, apiBaseUrl: origin })
    })
  )

/** The memory in use after a garbage collection: objects, and the buffers outside of the heap. */
const inUse = (): number => {
  collectGarbage()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Measures the memory each time that 64 MB have passed. */
const watching = () => {
  const before = inUse()
  let [total, next, highest] = [0, 0, before]
  return {
    pass: (bytes: Uint8Array) => {
      total += bytes.length
      if (total >= next) {
        next += 64 * megabyte
        highest = Math.max(highest, inUse())
      }
    },
    total: () => total,
    grownBy: () => highest - before
  }
}

/** One megabyte in the next turn of the event loop, as a file would give it. */
const readPart = () =>
  Effect.async<Uint8Array>((resume) => {
    setImmediate(() => resume(Effect.succeed(new Uint8Array(megabyte))))
  })

describe.each(transports)(`C8: ${megabytes} MB pass without being kept in memory, over %s`, (_, transport) => {
  it.scopedLive(
    "a download",
    () =>
      Effect.gen(function* () {
        const cxone = yield* CxoneHttpClient
        const memory = watching()
        const response = yield* cxone.get("/recording.wav", { urlParams: { bytes: size } })
        yield* Stream.runForEachChunk(response.stream, (chunk) =>
          Effect.sync(() => {
            for (const bytes of chunk) {
              memory.pass(bytes)
            }
          })
        )
        expect(memory.total()).toBe(size)
        expect(memory.grownBy()).toBeLessThan(64 * megabyte)
      }).pipe(Effect.provide(Layer.provide(Layer.unwrapScoped(Effect.map(serve, connect)), transport))),
    120_000
  )

  it.scopedLive(
    "an upload",
    () =>
      Effect.gen(function* () {
        const cxone = yield* CxoneHttpClient
        const memory = watching()
        const body = Stream.range(1, megabytes, 1).pipe(
          Stream.mapEffect(readPart),
          Stream.tap((bytes) => Effect.sync(() => memory.pass(bytes)))
        )
        const response = yield* cxone.execute(
          HttpClientRequest.put("/recording.wav").pipe(HttpClientRequest.bodyStream(body, { contentType: "audio/wav" }))
        )
        const { received } = yield* Schema.decodeUnknown(Schema.Struct({ received: Schema.Number }))(
          yield* response.json
        )
        expect(received).toBe(size)
        expect(memory.grownBy()).toBeLessThan(64 * megabyte)
      }).pipe(Effect.provide(Layer.provide(Layer.unwrapScoped(Effect.map(serve, connect)), transport))),
    120_000
  )
})

describe("C8: a token that ends during a transfer does not end the transfer", () => {
  const client = { clientId: "id", clientSecret: Redacted.make("secret"), scopes: ["read:users"] }

  it.effect("a download of ten minutes; other calls get the later tokens", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const cxone = yield* CxoneHttpClient
      yield* simulator.inject(Fault.endlessBody({ every: "1 second", chunk: "x" }), { on: "api" })
      const response = yield* cxone.get("/recording.wav")
      const reading = yield* Effect.fork(Stream.runCount(Stream.take(response.stream, 600)))
      for (let minute = 0; minute < 10; minute++) {
        yield* TestClock.adjust("1 minute")
        expect((yield* cxone.get("/api/v2/users/me")).status).toBe(200)
      }
      expect(yield* Fiber.join(reading)).toBe(600)
      expect((yield* simulator.requestsTo("token")).length).toBeGreaterThan(5)
    }).pipe(
      Effect.provide(
        CxoneHttpClient.layer().pipe(
          Layer.provide(CxoneSimulator.layerAuth({ scopes: "read:users" })),
          Layer.provideMerge(CxoneSimulator.layerMemory({ clients: [{ ...client, tokenLifetime: "1 minute" }] }))
        )
      )
    )
  )

  it.effect("an upload of ten minutes, to an API that checks the token when the request begins", () =>
    Effect.gen(function* () {
      let exchanges = 0
      const received: Array<number> = []
      const http = HttpClient.make((request, url) =>
        Effect.gen(function* () {
          if (url.pathname === "/oauth/token") {
            exchanges += 1
            return HttpClientResponse.fromWeb(request, json({ access_token: `t${exchanges}`, expires_in: 60 }))
          }
          expect(request.headers.authorization).toBe(`Bearer t${exchanges}`)
          if (request.body._tag === "Stream") {
            yield* Stream.runForEach(request.body.stream, (bytes) => Effect.sync(() => received.push(...bytes)))
          }
          return HttpClientResponse.fromWeb(request, json({}))
        }).pipe(Effect.orDie)
      )
      yield* Effect.gen(function* () {
        const cxone = yield* CxoneHttpClient
        const body = Stream.range(1, 100, 1).pipe(
          Stream.map((byte) => new Uint8Array([byte])),
          Stream.tap(() => Effect.sleep("6 seconds"))
        )
        const upload = yield* Effect.fork(
          cxone.execute(HttpClientRequest.put("/recording.wav").pipe(HttpClientRequest.bodyStream(body)))
        )
        for (let minute = 0; minute < 10; minute++) {
          yield* TestClock.adjust("1 minute")
          yield* cxone.get("/x")
        }
        expect((yield* Fiber.join(upload)).status).toBe(200)
        expect(received).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
        expect(exchanges).toBeGreaterThan(5)
      }).pipe(Effect.provide(connect("https://cxone.test")), Effect.provideService(HttpClient.HttpClient, http))
    })
  )
})
