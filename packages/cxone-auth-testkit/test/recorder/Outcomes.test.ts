import { HttpClientRequest, HttpRouter, HttpServerResponse } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, type CxoneSimulatorService, Fault, type SimulatorOptions } from "cxone-auth-testkit"
import { Deferred, Effect, Fiber, Layer, Option, Redacted, Stream, TestClock } from "effect"
import { apiRequest, exchange, get, mint, modes, read } from "../support/Harness.js"

const transports = [
  ...modes,
  {
    name: "on a socket, asked by node:http",
    layer: (options?: SimulatorOptions) => Layer.merge(CxoneSimulator.layerServer(options), NodeHttpClient.layer)
  }
]

const api = HttpRouter.empty.pipe(
  HttpRouter.all("/text", HttpServerResponse.text("abc")),
  HttpRouter.get("/never", Effect.never)
)

const call = (path: string) =>
  Effect.gen(function* () {
    return HttpClientRequest.bearerToken(yield* apiRequest(path), yield* mint())
  })

/** A server learns a little later than the client that the client has left. */
const settled = (simulator: CxoneSimulatorService, count: number) =>
  Effect.iterate(0, {
    while: (turns) => turns < 10_000,
    body: (turns) =>
      Effect.gen(function* () {
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        const ended = (yield* simulator.requestsTo("api")).filter(({ outcome }) => outcome !== "pending")
        return ended.length >= count ? 10_000 : turns + 1
      })
  })

describe.each(transports)("RequestOutcome $name", ({ layer }) => {
  it.effect("tells answered, reset, aborted and pending ones apart, in the order of arrival", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const text = yield* call("/text")
      yield* read(text)
      yield* simulator.inject(Fault.connectionReset, { on: "api" })
      yield* Effect.flip(read(text))
      yield* simulator.inject(Fault.blackHole, { on: "api", times: 2 })
      const leaving = yield* Effect.fork(read(text))
      yield* simulator.awaitRequests("api", 3)
      const staying = yield* Effect.fork(read(text))
      yield* simulator.awaitRequests("api", 4)
      const handled = yield* Effect.fork(read(yield* call("/never")))
      yield* simulator.awaitRequests("api", 5)
      deepStrictEqual(yield* simulator.answersOf("api"), [200, "reset", "pending", "pending", "pending"])
      yield* Fiber.interruptAll([leaving, handled])
      yield* settled(simulator, 4)
      deepStrictEqual(yield* simulator.answersOf("api"), [200, "reset", "aborted", "pending", "aborted"])
      yield* Fiber.interrupt(staying)
      yield* settled(simulator, 5)
      deepStrictEqual(yield* simulator.answersOf("api"), [200, "reset", "aborted", "aborted", "aborted"])
    }).pipe(Effect.provide(layer({ api })))
  )

  it.effect("an upload that the client breaks off is aborted, at the time of the Clock", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const request = HttpClientRequest.setMethod(yield* call("/text"), "POST")
      const begun = yield* Deferred.make<void>()
      const endless = Stream.concat(
        Stream.encodeText(Stream.make("abc")),
        Stream.drain(Stream.fromEffect(Deferred.succeed(begun, undefined)))
      ).pipe(Stream.concat(Stream.never))
      yield* TestClock.setTime(90_000)
      const fiber = yield* Effect.fork(read(HttpClientRequest.bodyStream(request, endless)))
      yield* Deferred.await(begun)
      // A fetch sends nothing before it has a piece: the server has to hear of the request first.
      yield* Effect.repeatN(
        Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
        50
      )
      yield* Fiber.interrupt(fiber)
      yield* settled(simulator, 1)
      const requests = yield* simulator.requestsTo("api")
      deepStrictEqual(
        requests.map(({ bodyLength, outcome, time }) => [outcome, bodyLength, time]),
        [["aborted", 0, 90_000]]
      )
    }).pipe(Effect.provide(layer({ api })))
  )

  it.effect("the end of a fiber after the answer changes nothing", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.endlessBody({ every: "1 second" }), { on: "token" })
      const fiber = yield* Effect.fork(exchange())
      yield* simulator.awaitRequests("token", 1)
      // Until the headers are there.
      yield* Effect.iterate(false, {
        while: (isAnswered) => !isAnswered,
        body: () =>
          Effect.zipRight(
            Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
            Effect.map(simulator.answersOf("token"), ([answer]) => answer === 200)
          )
      })
      yield* Fiber.interrupt(fiber)
      deepStrictEqual(yield* simulator.answersOf("token"), [200])
    }).pipe(Effect.provide(layer()))
  )
})

describe("RequestOutcome in memory", () => {
  it.effect("a request to another host is unreachable, and recorded as foreign", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* TestClock.setTime(5)
      const waiting = yield* Effect.fork(simulator.awaitRequests("foreign", 2))
      const lost = yield* Effect.flip(get("/a?key=secret", "https://api.example", { authorization: "Bearer secret" }))
      strictEqual(lost.reason, "Transport")
      yield* Effect.flip(get("/b", "http://cxone-simulator.test"))
      yield* Fiber.join(waiting)
      const foreign = yield* simulator.requestsTo("foreign")
      deepStrictEqual(
        foreign.map(({ origin, outcome, status, time, url }) => [origin, url, outcome, Option.isSome(status), time]),
        [
          ["https://api.example", "/a?key=secret", "unreachable", false, 5],
          ["http://cxone-simulator.test", "/b", "unreachable", false, 5]
        ]
      )
      strictEqual(foreign[0]?.headers.authorization, "Bearer secret")
      strictEqual(JSON.stringify(foreign).includes("secret"), false)
      strictEqual(Redacted.value(foreign[0]?.bytes ?? Redacted.make(new Uint8Array(1))).length, 0)
      deepStrictEqual(yield* simulator.answersOf("api"), [])
      deepStrictEqual(yield* simulator.requests, foreign)
      yield* simulator.clearRequests
      deepStrictEqual(yield* simulator.requestsTo("foreign"), [])
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )
})
