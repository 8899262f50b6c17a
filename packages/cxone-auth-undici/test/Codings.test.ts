import { createHook } from "node:async_hooks"
import * as Zlib from "node:zlib"
import { HttpClient, HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { direct, get, serve, serveBytes } from "./support/Servers.js"

const body = JSON.stringify({ a: "é".repeat(100_000) })

const codings: ReadonlyArray<readonly [name: string, bytes: Buffer]> = [
  ["gzip", Zlib.gzipSync(body)],
  ["X-GZIP", Zlib.gzipSync(body)],
  ["deflate", Zlib.deflateSync(body)],
  ["deflate", Zlib.deflateRawSync(body)],
  ["br", Zlib.brotliCompressSync(body)],
  ["gzip, br", Zlib.brotliCompressSync(Zlib.gzipSync(body))],
  ["identity", Buffer.from(body)]
]

const send = (coding: string, bytes: Buffer, status = 200) =>
  serve((_, response) =>
    response.writeHead(status, { "content-encoding": coding, "content-length": bytes.length }).end(bytes)
  )

const streamed = ({ stream }: HttpClientResponse.HttpClientResponse) =>
  Effect.map(Stream.runCollect(stream), (parts) => Buffer.concat(Chunk.toReadonlyArray(parts)).toString())

/** How many decoders Node makes, until the scope ends. */
const decodersMade = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const made = { count: 0 }
      const hook = createHook({
        init: (_, type) => {
          made.count += type === "ZLIB" ? 1 : 0
        }
      })
      return { hook: hook.enable(), made }
    }),
    ({ hook }) => Effect.sync(() => hook.disable())
  ),
  ({ made }) => made
)

describe("an answer in a coding", () => {
  it.scopedLive.each(codings)("%s is decoded, and read in each form, and twice", ([coding, bytes]) =>
    Effect.gen(function* () {
      const { host } = yield* send(coding, bytes)
      const response = yield* get(host)
      expect(yield* response.text).toBe(body)
      expect(yield* response.json).toEqual(JSON.parse(body))
      expect(yield* streamed(yield* get(host))).toBe(body)
      if (coding !== "identity") {
        expect(response.headers["content-encoding"]).toBeUndefined()
        expect(response.headers["content-length"]).toBeUndefined()
      }
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive.each([
    ["one that is unknown", "zstd", 200],
    ["one of several that is unknown", "gzip, zstd", 200],
    ["a part of it", "gzip", 206]
  ] as const)("stays as it is: %s", ([, coding, status]) =>
    Effect.gen(function* () {
      const { host } = yield* send(coding, Buffer.from("abc"), status)
      const response = yield* get(host)
      expect(response.headers).toMatchObject({ "content-encoding": coding, "content-length": "3" })
      expect(yield* response.text).toBe("abc")
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive.each([
    ["to HEAD", "HEAD", "200 OK\r\ncontent-length: 9"],
    ["of status 204", "GET", "204 No Content"],
    ["of status 304", "GET", "304 Not Modified"]
  ] as const)("%s keeps the headers that say so, because there is no body to decode", ([, method, head]) =>
    Effect.gen(function* () {
      const { host } = yield* serveBytes(`HTTP/1.1 ${head}\r\ncontent-encoding: gzip\r\n\r\n`)
      const client = yield* HttpClient.HttpClient
      const response = yield* client.execute(HttpClientRequest.make(method)(`http://${host}/`))
      expect(response.headers["content-encoding"]).toBe("gzip")
      expect(response.headers["content-length"]).toBe(head.includes("length") ? "9" : undefined)
      expect(yield* response.text).toBe("")
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive.each([
    ["broken", "gzip", Buffer.from("no gzip"), "Z_DATA_ERROR"],
    ["broken", "deflate", Buffer.from("x\x9c\xff\xff not deflate", "latin1"), "Z_DATA_ERROR"],
    ["broken", "br", Buffer.from("no brotli at all"), expect.stringMatching(/^ERR_/)],
    ["truncated", "gzip", Zlib.gzipSync(body).subarray(0, 100), "Z_BUF_ERROR"],
    ["truncated", "br", Zlib.brotliCompressSync(body).subarray(0, 20), "Z_BUF_ERROR"]
  ] as const)("that is %s (%s) fails with the cause", ([, coding, bytes, code]) =>
    Effect.gen(function* () {
      const { host } = yield* send(coding, bytes)
      for (const read of [streamed, ({ text }: HttpClientResponse.HttpClientResponse) => text]) {
        const error = yield* Effect.flip(read(yield* get(host)))
        expect(error).toMatchObject({ _tag: "ResponseError", reason: "Decode", cause: { code } })
      }
    }).pipe(Effect.provide(direct()))
  )

  const nested = (times: number): Buffer => (times === 0 ? Buffer.from("inside") : Zlib.gzipSync(nested(times - 1)))

  it.scopedLive("is decoded five times, and neither an empty coding nor identity counts", () =>
    Effect.gen(function* () {
      const { host } = yield* send("identity,,gzip,gzip,gzip,gzip,gzip", nested(5))
      expect(yield* (yield* get(host)).text).toBe("inside")
      expect(yield* streamed(yield* get(host))).toBe("inside")
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive.each([
    [6, true],
    [1_500, true],
    [6, false],
    [1_500, false]
  ] as const)("%i times over fails without a decoder, and gives its connection up (it ends: %s)", ([count, ends]) =>
    Effect.gen(function* () {
      const body = nested(6)
      const server = yield* serve((_, response) => {
        response.writeHead(200, { "content-encoding": Array(count).fill("gzip").join() }).write(body)
        if (ends) {
          response.end()
        }
      })
      for (const read of [streamed, ({ text }: HttpClientResponse.HttpClientResponse) => text]) {
        const response = yield* get(server.host)
        const made = yield* decodersMade
        const error = yield* Effect.flip(read(response))
        expect(error).toMatchObject({
          _tag: "ResponseError",
          reason: "Decode",
          description: `the body has ${count} codings, and at most 5 are undone`
        })
        expect(made.count).toBe(0)
      }
      if (!ends) {
        yield* server.allClosed
      }
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("whose connection breaks off fails with that", () =>
    Effect.gen(function* () {
      const { host } = yield* serve((_, response) => {
        response.writeHead(200, { "content-encoding": "gzip", "content-length": 1000 })
        response.write(Zlib.gzipSync(body).subarray(0, 100), () => response.destroy())
      })
      const error = yield* Effect.flip((yield* get(host)).text)
      expect(error).toMatchObject({ cause: { code: "UND_ERR_SOCKET" } })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("is decoded no faster than it is read", () =>
    Effect.gen(function* () {
      // 64 MB of zeros in 64 KB.
      const { host } = yield* send("gzip", Zlib.gzipSync(Buffer.alloc(64 * 1024 * 1024)))
      const before = process.memoryUsage().arrayBuffers
      let most = 0
      yield* Stream.runForEachChunk((yield* get(host)).stream, () =>
        Effect.sync(() => {
          most = Math.max(most, process.memoryUsage().arrayBuffers - before)
        }).pipe(Effect.zipRight(Effect.yieldNow()))
      ).pipe(Effect.provide(direct()))
      expect(most).toBeLessThan(24 * 1024 * 1024)
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("gives up its connection when its reader stops", () =>
    Effect.gen(function* () {
      const { allClosed, host } = yield* serve((_, response) => {
        const gzip = Zlib.createGzip()
        gzip.pipe(response.writeHead(200, { "content-encoding": "gzip" }))
        const write = () => {
          while (gzip.write(Buffer.from(String(gzip.bytesWritten).repeat(1000)))) {}
          gzip.once("drain", write)
        }
        response.once("close", () => gzip.destroy())
        gzip.on("error", () => {})
        write()
      })
      yield* Stream.runDrain(Stream.take((yield* get(host)).stream, 1))
      yield* allClosed
    }).pipe(Effect.provide(direct()))
  )
})
