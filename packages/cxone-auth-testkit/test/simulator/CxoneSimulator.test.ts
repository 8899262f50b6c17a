import { inspect } from "node:util"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { ClientAuth, CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, defaultClient, defaultUser, Fault } from "cxone-auth-testkit"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Logger, Redacted, Scope, Stream, TestClock } from "effect"
import { exchange, goodForm, mint, modes, secret, tokenRequest, users } from "../support/Harness.js"

const openServers = Effect.sync(
  () => process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap" || name === "TCPSocketWrap").length
)

describe.each(modes)("CxoneSimulator $name", ({ layer }) => {
  it.effect(
    "answers 1000 requests at once, each with another token",
    () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        const answers = yield* Effect.all(
          Array.from({ length: 1000 }, () => exchange()),
          { concurrency: "unbounded" }
        )
        assertTrue(answers.every(({ status }) => status === 200))
        strictEqual(new Set(answers.map(({ json }) => json.access_token)).size, 1000)
        strictEqual((yield* simulator.requestsTo("token")).length, 1000)
      }).pipe(Effect.provide(layer())),
    60_000
  )

  it.effect("logs nothing when faults and refusals occur", () => {
    const logged: Array<unknown> = []
    const logger = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ message }) => logged.push(message))
    )
    return Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const faults = [Fault.connectionReset, Fault.truncatedBody, Fault.respond({ status: 500 }), Fault.forgetClient]
      yield* Effect.forEach(faults, (fault) => simulator.inject(fault, { on: "token" }))
      yield* Effect.replicateEffect(Effect.ignore(exchange()), 5)
      yield* users(Redacted.make("made-up"))
      deepStrictEqual(logged, [])
    }).pipe(Effect.provide(Layer.provideMerge(layer(), logger)))
  })

  describe("layerAuth", () => {
    const program = Effect.gen(function* () {
      const http = yield* CxoneHttpClient
      return yield* Effect.flatMap(http.get("/api/v2/users/me"), (response) => response.json)
    })
    const wired = (options?: Parameters<typeof CxoneSimulator.layerAuth>[0]) =>
      CxoneHttpClient.layer().pipe(
        Layer.provideMerge(CxoneSimulator.layerAuth(options)),
        Layer.provideMerge(layer({ clients: [{ ...defaultClient, scopes: ["b", "read:users"] }] }))
      )

    it.effect("gives the app under test a CxoneAuth whose tokens the simulator accepts", () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        deepStrictEqual(yield* program, defaultUser)
        deepStrictEqual(yield* program, defaultUser)
        strictEqual((yield* simulator.requestsTo("token")).length, 1)
        yield* simulator.revokeAll
        // A token that is refused when it is younger than 2 s may not have arrived yet.
        yield* TestClock.adjust("2 seconds")
        deepStrictEqual(yield* program, defaultUser)
        strictEqual((yield* simulator.requestsTo("token")).length, 2)
      }).pipe(Effect.provide(wired({ scopes: "read:users" })))
    )

    it.effect("passes on scopes and client authentication", () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        const auth = yield* CxoneAuth
        deepStrictEqual((yield* auth.accessToken).scopes, ["b", "read:users"])
        const [request] = yield* simulator.requests
        assertTrue(request?.headers.authorization?.startsWith("Basic ") === true)
        strictEqual(new URLSearchParams(Redacted.value(request.body)).get("scope"), "b read:users")
        assertTrue(!Redacted.value(request.body).includes("client_secret"))
        yield* simulator.revoke(yield* auth.accessToken)
        strictEqual((yield* users((yield* auth.accessToken).value)).status, 401)
      }).pipe(Effect.provide(wired({ scopes: ["read:users", "b"], clientAuth: ClientAuth.basic })))
    )
  })
})

describe("CxoneSimulator.layerMemory", () => {
  it.effect("reaches no host but those of the simulator", () =>
    Effect.gen(function* () {
      for (const url of ["https://example.com/", "http://cxone-simulator.test/", "https://cxone-simulator.test:1/"]) {
        const error = yield* Effect.flip(HttpClient.get(url))
        strictEqual(`${error._tag} ${error.reason}`, "RequestError Transport")
      }
      const all = yield* Effect.flatMap(CxoneSimulator, ({ requests }) => requests)
      deepStrictEqual(
        all.map(({ endpoint, origin, outcome }) => [endpoint, origin, outcome]),
        ["https://example.com", "http://cxone-simulator.test", "https://cxone-simulator.test:1"].map((origin) => [
          "foreign",
          origin,
          "unreachable"
        ])
      )
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("lets other fibers run while a request is under way", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const one = (name: string) =>
        Effect.sync(() => order.push(`${name} begins`)).pipe(
          // The body isn't read, because reading it would also let other fibers run.
          Effect.zipRight(Effect.flatMap(tokenRequest, HttpClient.execute)),
          Effect.zipRight(Effect.sync(() => order.push(`${name} ends`)))
        )
      yield* Effect.all([one("a"), one("b")], { concurrency: "unbounded" })
      deepStrictEqual(order, ["a begins", "b begins", "a ends", "b ends"])
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("a time-out ends the reading of an endless body with `every`", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.endlessBody({ every: "1 second" }), { on: "token" })
      const fiber = yield* exchange().pipe(Effect.timeout("10 seconds"), Effect.flip, Effect.fork)
      yield* TestClock.adjust("10 seconds")
      strictEqual((yield* Fiber.join(fiber))._tag, "TimeoutException")
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("a time-out ends the reading of an endless body without `every`", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.endlessBody(), { on: "token" })
      const { stream } = yield* Effect.flatMap(tokenRequest, HttpClient.execute)
      const count = { pieces: 0 }
      const reading = Stream.runForEach(stream, () => Effect.sync(() => (count.pieces += 1)))
      const fiber = yield* reading.pipe(Effect.timeout("1 second"), Effect.flip, Effect.fork)
      yield* TestClock.adjust("1 second")
      strictEqual((yield* Fiber.join(fiber))._tag, "TimeoutException")
      // A few times what the scheduler runs before it looks at the timers. Without a pause between the chunks, it would
      // be 50 times as much.
      assertTrue(count.pieces < 20_000)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("sends every kind of request body", () =>
    Effect.gen(function* () {
      const { environment, requests } = yield* CxoneSimulator
      const to = HttpClientRequest.post(environment.tokenEndpoint)
      const form = new FormData()
      form.set("field", "value")
      const bytes = new TextEncoder().encode("streamed")
      yield* HttpClient.execute(HttpClientRequest.bodyFormData(to, form))
      yield* HttpClient.execute(HttpClientRequest.bodyStream(to, Stream.make(bytes.subarray(0, 4), bytes.subarray(4))))
      const [multipart, streamed] = yield* requests
      assertTrue(multipart?.headers["content-type"]?.startsWith("multipart/form-data; boundary=") === true)
      assertTrue(Redacted.value(multipart.body).includes('name="field"'))
      strictEqual(streamed && Redacted.value(streamed.body), "streamed")
      const broken = HttpClientRequest.bodyStream(to, Stream.fail("broken"))
      const error = yield* Effect.flip(HttpClient.execute(broken))
      strictEqual(`${error._tag} ${error.reason}`, "RequestError Transport")
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("a printed response shows no secret", () =>
    Effect.gen(function* () {
      const { environment } = yield* CxoneSimulator
      const request = HttpClientRequest.bodyUrlParams(HttpClientRequest.post(environment.tokenEndpoint), goodForm)
      const response = yield* HttpClient.execute(request)
      const token = String(((yield* response.json) as { readonly access_token: unknown }).access_token)
      for (const text of [JSON.stringify(response), inspect(response, { depth: 10 })]) {
        assertTrue(text.includes("200") && !text.includes(token) && !text.includes(secret))
      }
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )
})

describe("CxoneSimulator", () => {
  it.effect("reset restores the clients, and removes faults, tokens and recorded requests", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      yield* simulator.forgetClient(defaultClient.clientId)
      yield* simulator.registerClient({ ...defaultClient, clientId: "other" })
      yield* simulator.inject(Fault.connectionReset, { on: "token", times: 5 })
      yield* simulator.inject(Fault.delay("1 second"), { on: "api" })
      const late = yield* Effect.fork(users(token))
      yield* simulator.awaitRequests("api", 1)

      yield* simulator.reset
      deepStrictEqual(yield* simulator.requests, [])
      yield* TestClock.adjust("1 second")
      // This request arrived before the reset, so neither the request nor its answer is recorded.
      strictEqual((yield* Fiber.join(late)).status, 401)
      deepStrictEqual(yield* simulator.requests, [])
      strictEqual((yield* exchange()).status, 200)
      strictEqual((yield* exchange({ ...goodForm, client_id: "other" })).status, 401)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )
})

describe("CxoneSimulator.layerServer", () => {
  it.effect("listens on 127.0.0.1, and each layer on another port", () =>
    Effect.gen(function* () {
      const one = yield* Layer.build(CxoneSimulator.layerServer())
      const two = yield* Layer.build(Layer.fresh(CxoneSimulator.layerServer()))
      const [a, b] = [one, two].map((context) => new URL(Context.get(context, CxoneSimulator).origin))
      strictEqual(a?.hostname, "127.0.0.1")
      assertTrue(a?.port !== "" && a?.port !== b?.port)
    }).pipe(Effect.scoped)
  )

  it.live("closes at once during an endless body and a delay, and leaves no open handle", () =>
    Effect.gen(function* () {
      const before = yield* openServers
      const serverScope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(CxoneSimulator.layerServer(), serverScope)
      const simulator = Context.get(context, CxoneSimulator)
      yield* Effect.gen(function* () {
        yield* simulator.inject(Fault.endlessBody(), { on: "token" })
        yield* simulator.inject(Fault.delay("1 hour"), { on: "token" })
        const begun = yield* Deferred.make<void>()
        const endless = yield* HttpClient.post(simulator.environment.tokenEndpoint).pipe(
          Effect.flatMap((response) => Stream.runForEach(response.stream, () => Deferred.succeed(begun, undefined))),
          Effect.fork
        )
        yield* Deferred.await(begun)
        const delayed = yield* Effect.fork(HttpClient.post(simulator.environment.tokenEndpoint))
        yield* simulator.awaitRequests("token", 2)

        yield* Scope.close(serverScope, Exit.void).pipe(Effect.timeout("2 seconds"))
        assertTrue(Exit.isFailure(yield* Fiber.await(endless)))
        assertTrue(Exit.isFailure(yield* Fiber.await(delayed)))
      }).pipe(Effect.provide(NodeHttpClient.layerUndici))
      yield* Effect.repeat(openServers, { until: (now) => now <= before }).pipe(Effect.timeout("2 seconds"))
    })
  )

  it.effect("can't be reached after it was closed, even if it refused connections for longer", () =>
    Effect.gen(function* () {
      const origin = yield* Effect.scoped(
        Effect.flatMap(
          Effect.provide(
            Effect.flatMap(CxoneSimulator, (simulator) =>
              Effect.as(Effect.zipRight(simulator.refuseConnections, simulator.refuseConnections), simulator.origin)
            ),
            CxoneSimulator.layerServer()
          ),
          Effect.succeed
        )
      )
      strictEqual((yield* Effect.flip(HttpClient.get(origin))).reason, "Transport")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.effect("can't be reached after it was closed", () =>
    Effect.gen(function* () {
      const { origin } = yield* Effect.provide(CxoneSimulator, CxoneSimulator.layerServer())
      const error = yield* Effect.flip(HttpClient.get(origin))
      strictEqual(error.reason, "Transport")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})
