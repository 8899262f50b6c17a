import { HttpClientRequest, HttpRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, type RecordedRequest } from "cxone-auth-testkit"
import { Effect, Redacted, Stream } from "effect"
import { apiRequest, mint, modes, read } from "../support/Harness.js"

const upload = Effect.gen(function* () {
  const token = yield* mint()
  return HttpClientRequest.setMethod(yield* apiRequest("/upload"), "POST").pipe(HttpClientRequest.bearerToken(token))
})

const recorded = Effect.flatMap(CxoneSimulator, ({ requestsTo }) =>
  Effect.map(requestsTo("api"), ([request]): RecordedRequest => {
    if (request === undefined) {
      throw new Error("nothing was recorded")
    }
    return request
  })
)

const bytesOf = ({ bytes }: RecordedRequest) => Redacted.value(bytes)

describe.each(modes)("RecordedRequest $name", ({ layer }) => {
  it.effect("keeps bytes that are no UTF-8, and decodes them when it is asked", () =>
    Effect.gen(function* () {
      const sent = Uint8Array.of(0x61, 0xff, 0x00, 0xc3)
      yield* read(HttpClientRequest.bodyUint8Array(yield* upload, sent))
      const request = yield* recorded
      deepStrictEqual(Array.from(bytesOf(request)), Array.from(sent))
      strictEqual(Redacted.value(request.body), "a\ufffd\0\ufffd")
      strictEqual(request.isCut, false)
      strictEqual(request.bodyLength, 4)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("keeps a byte order mark, because the routes do", () =>
    Effect.gen(function* () {
      yield* read(HttpClientRequest.bodyText(yield* upload, "\ufeffa"))
      strictEqual(Redacted.value((yield* recorded).body), "\ufeffa")
    }).pipe(Effect.provide(layer()))
  )

  it.effect.each([
    { max: 4, length: 4, kept: 4 },
    { max: 4, length: 5, kept: 4 },
    { max: 0, length: 1, kept: 0 },
    { max: 0, length: 0, kept: 0 }
  ])("with maxRecordedBytes of $max, $kept of $length bytes are kept", ({ kept, length, max }) =>
    Effect.gen(function* () {
      const sent = new Uint8Array(length).fill(0x61)
      strictEqual((yield* read(HttpClientRequest.bodyUint8Array(yield* upload, sent))).text, String(length))
      const request = yield* recorded
      const bytes = bytesOf(request)
      deepStrictEqual([bytes.length, request.bodyLength, request.isCut], [kept, length, kept < length])
      // No view of the whole body, which would be kept for it.
      strictEqual(bytes.buffer.byteLength, kept)
    }).pipe(Effect.provide(layer({ api, maxRecordedBytes: max })))
  )
})

const api = HttpRouter.post(
  HttpRouter.empty,
  "/upload",
  Effect.gen(function* () {
    const { arrayBuffer } = yield* HttpServerRequest.HttpServerRequest
    return HttpServerResponse.text(String((yield* arrayBuffer).byteLength))
  })
)

describe("RecordedRequest in memory", () => {
  it.effect("of an upload of 300 MB, 1 MiB is kept, and all of it is counted", () =>
    Effect.gen(function* () {
      const piece = new Uint8Array(1_000_000)
      const pieces = Stream.take(Stream.repeatValue(piece), 300)
      strictEqual((yield* read(HttpClientRequest.bodyStream(yield* upload, pieces))).text, "300000000")
      const request = yield* recorded
      strictEqual(request.bodyLength, 300_000_000)
      strictEqual(bytesOf(request).buffer.byteLength, 1024 * 1024)
      assertTrue(request.isCut)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory({ api })))
  )

  it.effect("the app may use its bytes again after the call", () =>
    Effect.gen(function* () {
      const sent = Uint8Array.of(1, 2, 3)
      yield* read(HttpClientRequest.bodyUint8Array(yield* upload, sent))
      sent.fill(0)
      deepStrictEqual(Array.from(bytesOf(yield* recorded)), [1, 2, 3])
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )
})
