import { HttpClient, type HttpClientError, HttpClientRequest, HttpRouter, HttpServerResponse } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual, throws } from "@effect/vitest/utils"
import { CxoneSimulator, defaultClient, Fault } from "cxone-auth-testkit"
import { Cause, Chunk, Deferred, Effect, Exit, Fiber, Option, Stream, TestClock } from "effect"
import {
  apiRequest,
  basic,
  exchange,
  get,
  goodForm,
  keyAlone,
  keyExchange,
  keyForm,
  mint,
  modes,
  placed,
  read,
  secret,
  tokenRequest,
  users
} from "../support/Harness.js"

const inject = (...[fault, options]: Parameters<CxoneSimulator["Type"]["inject"]>) =>
  Effect.flatMap(CxoneSimulator, (simulator) => simulator.inject(fault, options))

/** A token request. Only the headers of its answer are read. */
const beginExchange = Effect.flatMap(tokenRequest, (request) =>
  HttpClient.execute(HttpClientRequest.bodyUrlParams(request, goodForm))
)

const failure = <A, R>(effect: Effect.Effect<A, HttpClientError.HttpClientError, R>) =>
  Effect.map(Effect.flip(effect), ({ _tag, reason }) => `${_tag} ${reason}`)

const bytesIn = (chunks: Chunk.Chunk<Uint8Array>) => Chunk.reduce(chunks, 0, (total, { length }) => total + length)

describe.each(modes)("Fault $name", ({ layer }) => {
  it.effect("respond gives one request the chosen status, headers and body", () =>
    Effect.gen(function* () {
      yield* inject(Fault.respond({ status: 429, headers: { "Retry-After": "7" }, body: { error: "slow_down" } }), {
        on: "token"
      })
      const answer = yield* exchange()
      strictEqual(answer.status, 429)
      strictEqual(answer.headers["retry-after"], "7")
      strictEqual(answer.headers["content-type"], "application/json")
      deepStrictEqual(answer.json, { error: "slow_down" })
      strictEqual((yield* exchange()).status, 200)

      yield* inject(Fault.respond({ status: 503, headers: { "content-type": "text/html" }, body: "<p>Höhö" }), {
        on: "token"
      })
      const page = yield* exchange()
      strictEqual(page.headers["content-type"], "text/html")
      strictEqual(page.text, "<p>Höhö")

      yield* inject(Fault.respond({ status: 204 }), { on: "api" })
      const empty = yield* read(yield* apiRequest())
      strictEqual(empty.status, 204)
      strictEqual(empty.text, "")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("delay waits by the Clock, and then handles the request", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* inject(Fault.delay("3 seconds"), { on: "token" })
      const fiber = yield* Effect.fork(exchange())
      yield* simulator.awaitRequests("token", 1)
      yield* TestClock.adjust("2999 millis")
      deepStrictEqual(
        (yield* simulator.requests).map(({ status }) => status),
        [Option.none()]
      )
      yield* TestClock.adjust("1 millis")
      strictEqual((yield* Fiber.join(fiber)).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("delay ends if the client is interrupted", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* inject(Fault.delay("1 hour"), { on: "token" })
      const fiber = yield* Effect.fork(exchange())
      yield* simulator.awaitRequests("token", 1)
      yield* Fiber.interrupt(fiber)
      strictEqual((yield* exchange()).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("connectionReset fails the request with a transport error; the next request succeeds", () =>
    Effect.gen(function* () {
      const token = yield* mint()
      yield* inject(Fault.connectionReset, { on: "token", times: 2 })
      yield* inject(Fault.connectionReset, { on: "api" })
      strictEqual(yield* failure(exchange()), "RequestError Transport")
      strictEqual(yield* failure(beginExchange), "RequestError Transport")
      strictEqual(yield* failure(users(token)), "RequestError Transport")
      strictEqual((yield* exchange()).status, 200)
      strictEqual((yield* users(token)).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("truncatedBody announces the whole body and sends half of it", () =>
    Effect.gen(function* () {
      yield* inject(Fault.truncatedBody, { on: "token", times: 2 })
      const response = yield* beginExchange
      strictEqual(response.status, 200)
      const promised = Number(response.headers["content-length"])
      const received: Array<Uint8Array> = []
      const read = Stream.runForEach(response.stream, (bytes) => Effect.sync(() => received.push(bytes)))
      strictEqual(yield* failure(read), "ResponseError Decode")
      strictEqual(bytesIn(Chunk.fromIterable(received)), Math.floor(promised / 2))
      assertTrue(Buffer.concat(received).toString().startsWith('{"access_token":"'))

      strictEqual(yield* failure(exchange()), "ResponseError Decode")
      strictEqual((yield* exchange()).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("truncatedBody also breaks off a streamed and an empty body", () =>
    Effect.gen(function* () {
      const token = yield* mint()
      yield* inject(Fault.truncatedBody, { on: "api", times: 2 })
      strictEqual(yield* failure(users(token, "/stream")), "ResponseError Decode")
      strictEqual(yield* failure(users(token, "/empty")), "ResponseError Decode")
    }).pipe(
      Effect.provide(
        layer({
          api: HttpRouter.empty.pipe(
            HttpRouter.get("/stream", HttpServerResponse.stream(Stream.encodeText(Stream.make("a", "b")))),
            HttpRouter.get("/empty", HttpServerResponse.empty({ status: 200 }))
          )
        })
      )
    )
  )

  it.effect("endlessBody sends chunks for as long as the client reads", () =>
    Effect.gen(function* () {
      yield* inject(Fault.endlessBody(), { on: "token" })
      const response = yield* beginExchange
      strictEqual(response.status, 200)
      const received = yield* response.stream.pipe(
        Stream.scan(0, (total, { length }) => total + length),
        Stream.takeUntil((total) => total > 1024 * 1024),
        Stream.runLast
      )
      assertTrue(Option.exists(received, (total) => total > 1024 * 1024 && total < 2 * 1024 * 1024))
      strictEqual((yield* exchange()).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("endlessBody lets other fibers run, so that the reader can be interrupted", () =>
    Effect.gen(function* () {
      yield* inject(Fault.endlessBody(), { on: "token" })
      const response = yield* beginExchange
      const begun = yield* Deferred.make<void>()
      const reading = response.stream.pipe(Stream.runForEach(() => Deferred.succeed(begun, undefined)))
      const fiber = yield* Effect.fork(reading)
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      strictEqual((yield* exchange()).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("endlessBody with `every` sends one chunk at once, and one after each interval", () =>
    Effect.gen(function* () {
      yield* inject(Fault.endlessBody({ every: "1 second", chunk: "…" }), { on: "api" })
      const response = yield* HttpClient.execute(yield* apiRequest())
      const count = { pieces: 0 }
      const fiber = yield* response.stream.pipe(
        Stream.tap(() => Effect.sync(() => (count.pieces += 1))),
        Stream.take(4),
        Stream.runCollect,
        Effect.fork
      )
      yield* TestClock.adjust("999 millis")
      assertTrue(count.pieces <= 1)
      yield* TestClock.adjust("1 millis")
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("1 second")
      const text = Chunk.map(yield* Fiber.join(fiber), (bytes) => new TextDecoder().decode(bytes))
      deepStrictEqual(Chunk.toReadonlyArray(text), ["…", "…", "…", "…"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("revokeToken revokes the token of the call, which is answered 401", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      const other = yield* mint()
      strictEqual((yield* users(token)).status, 200)
      yield* simulator.inject(Fault.revokeToken, { on: "api", times: 2 })
      const refused = yield* users(token)
      strictEqual(refused.status, 401)
      strictEqual(refused.json.error, "invalid_token")
      // A request without a token takes a fault too, and nothing is revoked.
      strictEqual((yield* read(yield* apiRequest())).status, 401)
      strictEqual((yield* users(token)).status, 401)
      strictEqual((yield* users(other)).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("forgetClient removes the client of the request, which is answered 401; its tokens stay valid", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      yield* simulator.inject(Fault.forgetClient, { on: "token" })
      for (const _ of [1, 2]) {
        const refused = yield* exchange()
        strictEqual(refused.status, 401)
        strictEqual(refused.json.error, "invalid_client")
      }
      strictEqual((yield* users(token)).status, 200)
      yield* simulator.registerClient(defaultClient)
      strictEqual((yield* exchange()).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("forgetClient finds the client of an access key in the form and in the Authorization header", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const { client_id: _, client_secret: __, ...key } = keyForm
      const raw = basic(`${defaultClient.clientId}:${secret}`)
      for (const refused of [keyExchange(), keyExchange(key, raw)]) {
        yield* simulator.inject(Fault.forgetClient, { on: "token" })
        strictEqual((yield* refused).json.error, "invalid_client")
        strictEqual((yield* keyExchange()).json.error, "invalid_client")
        yield* simulator.registerClient(defaultClient)
        strictEqual((yield* keyExchange()).status, 200)
      }
    }).pipe(Effect.provide(layer({ quirks: { basic: "raw" } })))
  )

  it.effect("forgetClient does nothing if an access key comes without a client", () =>
    Effect.gen(function* () {
      yield* inject(Fault.forgetClient, { on: "token" })
      strictEqual((yield* keyAlone()).status, 200)
      strictEqual((yield* keyAlone()).status, 200)
      strictEqual((yield* exchange()).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a fault on `token` hits every route that issues tokens", () =>
    Effect.gen(function* () {
      yield* inject(Fault.respond({ status: 503 }), { on: "token", times: 3 })
      const answers = yield* Effect.all([keyAlone(), keyExchange(), exchange(), keyAlone(), keyExchange()])
      deepStrictEqual(
        answers.map(({ status }) => status),
        [503, 503, 503, 200, 200]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a fault on `discovery` hits both documents", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const { areaOrigin } = yield* placed()
      const openid = get("/.well-known/openid-configuration", simulator.origin)
      const cxone = get("/.well-known/cxone-configuration", areaOrigin)

      yield* inject(Fault.respond({ status: 200, body: "<p>proxy" }), { on: "discovery", times: 2 })
      strictEqual((yield* openid).text, "<p>proxy")
      strictEqual((yield* cxone).text, "<p>proxy")

      yield* inject(Fault.connectionReset, { on: "discovery" })
      strictEqual(yield* failure(cxone), "RequestError Transport")
      yield* inject(Fault.truncatedBody, { on: "discovery" })
      strictEqual(yield* failure(openid), "ResponseError Decode")

      yield* inject(Fault.endlessBody({ chunk: "x" }), { on: "discovery" })
      const begun = yield* HttpClient.get(new URL("/.well-known/openid-configuration", simulator.origin))
      const pieces = yield* Stream.runCollect(Stream.take(begun.stream, 3))
      strictEqual(Chunk.size(pieces), 3)

      yield* inject(Fault.delay("3 seconds"), { on: "discovery" })
      const before = (yield* simulator.requestsTo("discovery")).length
      const fiber = yield* Effect.fork(cxone)
      yield* simulator.awaitRequests("discovery", before + 1)
      yield* TestClock.adjust("2999 millis")
      strictEqual(Option.isNone(yield* Fiber.poll(fiber)), true)
      yield* TestClock.adjust("1 millis")
      strictEqual((yield* Fiber.join(fiber)).status, 200)
    }).pipe(Effect.provide(layer()))
  )
})

describe("Fault", () => {
  const status = (fault: Fault) => (fault._tag === "Respond" ? fault.status : undefined)

  it.effect("each request takes one fault, in the order of injection; each endpoint has its own queue", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.respond({ status: 500 }), { on: "token", times: 2 })
      yield* simulator.inject(Fault.respond({ status: 502 }), { on: "token" })
      yield* simulator.inject(Fault.respond({ status: 503 }), { on: "api" })
      yield* simulator.inject(Fault.respond({ status: 504 }), { on: "discovery" })
      const statuses = yield* Effect.replicateEffect(exchange(), 4)
      deepStrictEqual(
        statuses.map((answer) => answer.status),
        [500, 500, 502, 200]
      )
      strictEqual((yield* read(yield* apiRequest())).status, 503)
      strictEqual((yield* get("/.well-known/openid-configuration", simulator.origin)).status, 504)
      deepStrictEqual(
        (yield* simulator.requests).map(({ fault }) => Option.getOrUndefined(Option.map(fault, status))),
        [500, 500, 502, undefined, 503, 504]
      )
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("with `times: Infinity`, a fault stays until clearFaults", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.respond({ status: 500 }), { on: "token", times: Number.POSITIVE_INFINITY })
      const answers = yield* Effect.replicateEffect(exchange(), 50)
      assertTrue(answers.every((answer) => answer.status === 500))
      yield* simulator.inject(Fault.respond({ status: 500 }), { on: "discovery" })
      yield* simulator.clearFaults
      strictEqual((yield* exchange()).status, 200)
      strictEqual((yield* get("/.well-known/openid-configuration", simulator.origin)).status, 200)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect.each([0, -1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY])("`times: %s` is a defect", (times) =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const injected = yield* Effect.exit(simulator.inject(Fault.connectionReset, { on: "token", times }))
      assertTrue(Exit.isFailure(injected) && Cause.isDie(injected.cause))
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("revokeToken and forgetClient can't be injected on `discovery`: the compiler refuses it", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      // @ts-expect-error a request for a document carries no token
      yield* simulator.inject(Fault.revokeToken, { on: "discovery" })
      // @ts-expect-error a request for a document names no client
      yield* simulator.inject(Fault.forgetClient, { on: "discovery" })
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it("the constructors throw if HTTP can't carry the answer", () => {
    throws(() => Fault.respond({ status: 99 }))
    throws(() => Fault.respond({ status: 600 }))
    throws(() => Fault.respond({ status: 200.5 }))
    throws(() => Fault.respond({ status: 200, headers: { a: "b\r\nc: d" } }))
    throws(() => Fault.respond({ status: 200, body: () => 1 }))
    throws(() => Fault.endlessBody({ chunk: "" }))
  })
})
