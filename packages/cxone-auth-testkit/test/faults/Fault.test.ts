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

/** An exchange, up to the headers of the answer. */
const beginExchange = Effect.flatMap(tokenRequest, (request) =>
  HttpClient.execute(HttpClientRequest.bodyUrlParams(request, goodForm))
)

const failure = <A, R>(effect: Effect.Effect<A, HttpClientError.HttpClientError, R>) =>
  Effect.map(Effect.flip(effect), ({ _tag, reason }) => `${_tag} ${reason}`)

const bytesIn = (chunks: Chunk.Chunk<Uint8Array>) => Chunk.reduce(chunks, 0, (total, { length }) => total + length)

describe.each(modes)("Fault $name", ({ layer }) => {
  it.effect("respond answers what the test wants, once, and nothing else happens", () =>
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

  it.effect("delay waits by the Clock and then handles the request", () =>
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

  it.effect("delay ends when the client gives up", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* inject(Fault.delay("1 hour"), { on: "token" })
      const fiber = yield* Effect.fork(exchange())
      yield* simulator.awaitRequests("token", 1)
      yield* Fiber.interrupt(fiber)
      strictEqual((yield* exchange()).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("connectionReset is a transport failure, and the next request gets through", () =>
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

  it.effect("truncatedBody promises a whole token and sends half of it", () =>
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

  it.effect("truncatedBody breaks off a stream and an empty answer too", () =>
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

  it.effect("endlessBody floods for as long as the client reads, and no longer", () =>
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

  it.effect("endlessBody lets others run while it floods, so that the reading can be ended", () =>
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

  it.effect("endlessBody trickles a chunk at once and one each time that the interval has passed", () =>
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

  it.effect("revokeToken makes the 401 of a token that was good a moment ago", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      const other = yield* mint()
      strictEqual((yield* users(token)).status, 200)
      yield* simulator.inject(Fault.revokeToken, { on: "api", times: 2 })
      const refused = yield* users(token)
      strictEqual(refused.status, 401)
      strictEqual(refused.json.error, "invalid_token")
      // A request without a token uses a fault up and has nothing to revoke.
      strictEqual((yield* read(yield* apiRequest())).status, 401)
      strictEqual((yield* users(token)).status, 401)
      strictEqual((yield* users(other)).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("forgetClient makes the 401 of a client whose registration was deleted; its tokens live on", () =>
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

  it.effect("forgetClient forgets the client of an access key, by whichever way it is named", () =>
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

  it.effect("forgetClient has nobody to forget where an access key comes alone", () =>
    Effect.gen(function* () {
      yield* inject(Fault.forgetClient, { on: "token" })
      strictEqual((yield* keyAlone()).status, 200)
      strictEqual((yield* keyAlone()).status, 200)
      strictEqual((yield* exchange()).status, 200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("the faults of the token endpoint befall every route that gives tokens", () =>
    Effect.gen(function* () {
      yield* inject(Fault.respond({ status: 503 }), { on: "token", times: 3 })
      const answers = yield* Effect.all([keyAlone(), keyExchange(), exchange(), keyAlone(), keyExchange()])
      deepStrictEqual(
        answers.map(({ status }) => status),
        [503, 503, 503, 200, 200]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("the discovery documents have every fault that needs neither token nor client", () =>
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

  it.effect("each request takes one, in the order of injection, and each endpoint has its own", () =>
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
    }).pipe(Effect.provide(CxoneSimulator.layerHttpClient()))
  )

  it.effect("without end lasts until the faults are cleared", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.respond({ status: 500 }), { on: "token", times: Number.POSITIVE_INFINITY })
      const answers = yield* Effect.replicateEffect(exchange(), 50)
      assertTrue(answers.every((answer) => answer.status === 500))
      yield* simulator.inject(Fault.respond({ status: 500 }), { on: "discovery" })
      yield* simulator.clearFaults
      strictEqual((yield* exchange()).status, 200)
      strictEqual((yield* get("/.well-known/openid-configuration", simulator.origin)).status, 200)
    }).pipe(Effect.provide(CxoneSimulator.layerHttpClient()))
  )

  it.effect.each([0, -1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY])(
    "a fault for %s requests is a mistake in the test, and not silently none",
    (times) =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        const injected = yield* Effect.exit(simulator.inject(Fault.connectionReset, { on: "token", times }))
        assertTrue(Exit.isFailure(injected) && Cause.isDie(injected.cause))
      }).pipe(Effect.provide(CxoneSimulator.layerHttpClient()))
  )

  it.effect("of a token or a client is none that a document can have: the compiler says so", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      // @ts-expect-error a document is asked for without a token
      yield* simulator.inject(Fault.revokeToken, { on: "discovery" })
      // @ts-expect-error a document is asked for by no client
      yield* simulator.inject(Fault.forgetClient, { on: "discovery" })
    }).pipe(Effect.provide(CxoneSimulator.layerHttpClient()))
  )

  it("can't be built from what HTTP can't carry", () => {
    throws(() => Fault.respond({ status: 99 }))
    throws(() => Fault.respond({ status: 600 }))
    throws(() => Fault.respond({ status: 200.5 }))
    throws(() => Fault.respond({ status: 200, headers: { a: "b\r\nc: d" } }))
    throws(() => Fault.respond({ status: 200, body: () => 1 }))
    throws(() => Fault.endlessBody({ chunk: "" }))
  })
})
