import * as Zlib from "node:zlib"
import { HttpClient, type HttpClientResponse, HttpIncomingMessage } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Option, Stream } from "effect"
import { direct, get, serve, serveBytes } from "./support/Servers.js"

type Response = HttpClientResponse.HttpClientResponse

const streamed = ({ stream }: Response) =>
  Effect.map(Stream.runCollect(stream), (parts) => Buffer.concat(Chunk.toReadonlyArray(parts)).toString())

const forms: ReadonlyArray<readonly [string, (response: Response) => Effect.Effect<unknown, unknown>]> = [
  ["text", ({ text }) => text],
  ["json", ({ json }) => Effect.map(json, JSON.stringify)],
  ["arrayBuffer", ({ arrayBuffer }) => Effect.map(arrayBuffer, (bytes) => Buffer.from(bytes).toString())],
  ["urlParamsBody", ({ urlParamsBody }) => Effect.map(urlParamsBody, (params) => params[0]?.[0])],
  ["stream", streamed]
]

const json = '{"a":1}'

describe("an answer", () => {
  it.scopedLive.each(forms)("is read as %s", ([, read]) =>
    Effect.gen(function* () {
      const { host } = yield* serve((_, response) => response.end(json))
      expect(yield* read(yield* get(host))).toBe(json)
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive.each(
    forms.flatMap(([one, first]) => forms.map(([other, second]) => [one, other, first, second] as const))
  )("that was read as %s is read as %s", ([one, _, first, second]) =>
    Effect.gen(function* () {
      const { host } = yield* serve((_, response) => response.end(json))
      const response = yield* get(host)
      expect(yield* first(response)).toBe(json)
      const again = yield* Effect.either(second(response))
      if (one === "stream") {
        expect(again).toMatchObject({
          left: { _tag: "ResponseError", reason: "Decode", description: "the body was read before, as a stream" }
        })
      } else {
        expect(again).toMatchObject({ right: json })
      }
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive.each([66_000, 100_000, 190_000, 300_000])("of %i bytes is read whole, however late", (length) =>
    Effect.gen(function* () {
      const { host } = yield* serve((_, response) => response.end("a".repeat(length)))
      const responses = yield* Effect.all(
        Array.from({ length: 20 }, () => get(host)),
        { concurrency: "unbounded" }
      )
      yield* Effect.sleep("20 millis")
      const texts = yield* Effect.forEach(responses, ({ text }) => text, { concurrency: "unbounded" })
      expect(texts.map((text) => text.length)).toEqual(Array.from({ length: 20 }, () => length))
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("is read by two at once, before it has come", () =>
    Effect.gen(function* () {
      let answer = () => {}
      const { host } = yield* serve((_, response) => {
        response.writeHead(200).flushHeaders()
        answer = () => response.end(json)
      })
      const response = yield* get(host)
      const both = yield* Effect.fork(
        Effect.all([response.text, response.json, response.arrayBuffer], { concurrency: "unbounded" })
      )
      yield* Effect.yieldNow()
      answer()
      expect((yield* both)[1]).toEqual({ a: 1 })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("in a form is read as FormData", () =>
    Effect.gen(function* () {
      const { host } = yield* serve((_, response) =>
        response
          .writeHead(200, { "content-type": 'multipart/form-data; boundary="b"' })
          .end('--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n')
      )
      const response = yield* get(host)
      expect((yield* response.formData).get("a")).toBe("1")
      const plain = yield* Effect.flip((yield* get((yield* serve((_, other) => other.end("a"))).host)).formData)
      expect(plain).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive.each([
    ["an empty body", "GET", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"],
    ["an empty chunked body", "GET", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["204", "GET", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["304", "GET", "HTTP/1.1 304 Not Modified\r\n\r\n"],
    ["204 with a length", "GET", "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n"],
    ["304 with the length of the answer to come", "GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"],
    ["HEAD", "HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-encoding: gzip\r\n\r\n"],
    [
      "an empty body that is said to be coded",
      "GET",
      "HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-encoding: gzip\r\n\r\n"
    ]
  ] as const)("has nothing to read: %s", ([, method, bytes]) =>
    Effect.gen(function* () {
      const { host } = yield* serveBytes(bytes)
      const client = yield* HttpClient.HttpClient
      const ask = method === "HEAD" ? client.head(`http://${host}`) : client.get(`http://${host}`)
      const response = yield* ask
      expect(yield* response.text).toBe("")
      expect(yield* response.json).toBe(null)
      expect(yield* streamed(yield* ask)).toBe("")
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("without a length ends with its connection", () =>
    Effect.gen(function* () {
      const { host } = yield* serveBytes("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc")
      expect(yield* (yield* get(host)).text).toBe("abc")
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("comes after informational ones, and its trailers are not its headers", () =>
    Effect.gen(function* () {
      const { host } = yield* serveBytes(
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-end\r\n\r\n" +
          "2\r\nab\r\n0\r\nx-end: 1\r\n\r\n"
      )
      const response = yield* get(host)
      expect([response.status, response.headers.link, response.headers["x-end"]]).toEqual([200, undefined, undefined])
      expect(yield* response.text).toBe("ab")
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("has its headers joined, and its cookies", () =>
    Effect.gen(function* () {
      const { host } = yield* serveBytes(
        "HTTP/1.1 200 OK\r\nRetry-After: 5\r\nretry-after: 9\r\nset-cookie: a=1; Path=/\r\nset-cookie: b=2\r\nx: \xe9\r\ncontent-length: 0\r\n\r\n"
      )
      const response = yield* get(host)
      expect(response.headers).toMatchObject({ "retry-after": "5, 9", "set-cookie": "a=1; Path=/, b=2", x: "é" })
      expect(response.headers).toBe(response.headers)
      expect(Object.keys(response.cookies.cookies)).toEqual(["a", "b"])
      expect(response.cookies).toBe(response.cookies)
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("is UTF-8, without a byte order mark", () =>
    Effect.gen(function* () {
      const { host } = yield* serve((_, response) =>
        response.end(Buffer.from([0xef, 0xbb, 0xbf, 0x22, 0xc3, 0xa9, 0x22]))
      )
      const response = yield* get(host)
      expect([yield* response.text, yield* response.json]).toEqual(['"é"', "é"])
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("that is no JSON fails with what JSON.parse says", () =>
    Effect.gen(function* () {
      const { host } = yield* serve((_, response) => response.end("{"))
      const error = yield* Effect.flip((yield* get(host)).json)
      expect(error).toMatchObject({ _tag: "ResponseError", reason: "Decode", cause: expect.any(SyntaxError) })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("that breaks off fails, whether it is read before or after", () =>
    Effect.gen(function* () {
      const { host } = yield* serveBytes("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")
      for (const read of [(response: Response) => response.text, streamed]) {
        const response = yield* get(host)
        const error = yield* Effect.flip(read(response))
        expect(error).toMatchObject({ _tag: "ResponseError", reason: "Decode", cause: { code: "UND_ERR_SOCKET" } })
        expect(yield* Effect.flip(response.text)).toMatchObject({ reason: "Decode" })
      }
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("shows its body when it is printed only if that was read", () =>
    Effect.gen(function* () {
      const { host } = yield* serve((_, response) => response.setHeader("content-type", "application/json").end(json))
      const response = yield* get(host)
      expect(response.toJSON()).not.toHaveProperty("body")
      yield* response.text
      expect(response.toJSON()).toMatchObject({ status: 200, body: { a: 1 } })
    }).pipe(Effect.provide(direct()))
  )
})

const wholeForms: ReadonlyArray<readonly [string, (response: Response) => Effect.Effect<unknown, unknown>]> = [
  ...forms.filter(([name]) => name !== "stream"),
  ["formData", ({ formData }) => formData]
]

const atMost = (bytes: number) => HttpIncomingMessage.withMaxBodySize(Option.some(bytes))

const tooLarge = (bytes: number) => ({
  _tag: "ResponseError",
  reason: "Decode",
  description: `the body is larger than the ${bytes} bytes that MaxBodySize allows`
})

describe("an answer larger than MaxBodySize", () => {
  it.scopedLive.each(wholeForms)("is not read as %s, and its connection is given up", ([, read]) =>
    Effect.gen(function* () {
      const endless = yield* serve((_, response) => {
        const write = () => {
          while (!response.destroyed && response.write("a".repeat(10_000))) {}
        }
        response.on("drain", write)
        write()
      })
      expect(yield* Effect.flip(read(yield* get(endless.host)).pipe(atMost(1_000_000)))).toMatchObject(
        tooLarge(1_000_000)
      )
      yield* endless.allClosed
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive.each(["gzip", "gzip, gzip"])("is not decoded further (%s)", (coding) =>
    Effect.gen(function* () {
      const once = Zlib.gzipSync(Buffer.alloc(64_000_000))
      const bomb = coding === "gzip" ? once : Zlib.gzipSync(once)
      const { allClosed, host } = yield* serve((_, response) =>
        response.writeHead(200, { "content-encoding": coding }).write(bomb)
      )
      const response = yield* get(host)
      const before = process.memoryUsage().arrayBuffers
      expect(yield* Effect.flip(response.text.pipe(atMost(1_000_000)))).toMatchObject(tooLarge(1_000_000))
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
      yield* allClosed
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("is what has more bytes, however it comes, and no other", () =>
    Effect.gen(function* () {
      const { host } = yield* serve((request, response) => {
        if (request.url === "/coded") {
          response.setHeader("content-encoding", "gzip").end(Zlib.gzipSync("aaaaé"))
        } else {
          response.write("aaaa", () => response.end("é"))
        }
      })
      for (const path of ["/", "/coded"]) {
        for (const late of [false, true]) {
          const response = yield* get(host, path)
          yield* late ? Effect.sleep("20 millis") : Effect.void
          expect(yield* response.text.pipe(atMost(6))).toBe("aaaaé")
          const other = yield* get(host, path)
          yield* late ? Effect.sleep("20 millis") : Effect.void
          expect(yield* Effect.flip(other.text.pipe(atMost(5)))).toMatchObject(tooLarge(5))
        }
      }
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("fails for all who wait for it, if one of them bounds it", () =>
    Effect.gen(function* () {
      let answer = () => {}
      const { host } = yield* serve((_, response) => {
        response.writeHead(200).flushHeaders()
        answer = () => response.end(json)
      })
      const response = yield* get(host)
      const readers = [response.text.pipe(atMost(5)), response.text, response.text.pipe(atMost(9))]
      const reading = yield* Effect.fork(Effect.forEach(readers, Effect.flip, { concurrency: "unbounded" }))
      yield* Effect.yieldNow()
      answer()
      for (const error of yield* Fiber.join(reading)) {
        expect(error).toMatchObject(tooLarge(5))
      }
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("is refused to whoever bounds it, and still read by others if it has come", () =>
    Effect.gen(function* () {
      const { host } = yield* serve((_, response) => response.end(json))
      const response = yield* get(host)
      expect(yield* response.text).toBe(json)
      expect(yield* Effect.flip(response.json.pipe(atMost(6)))).toMatchObject(tooLarge(6))
      expect(yield* response.json.pipe(atMost(7))).toEqual({ a: 1 })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("is not bounded as a stream, whose reader can stop", () =>
    Effect.gen(function* () {
      const { host } = yield* serve((_, response) => response.end(json))
      expect(yield* streamed(yield* get(host)).pipe(atMost(1))).toBe(json)
    }).pipe(Effect.provide(direct()))
  )
})
