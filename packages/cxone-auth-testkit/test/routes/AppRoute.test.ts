import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpApp,
  HttpClient,
  HttpClientRequest,
  HttpMiddleware,
  HttpRouter,
  HttpServer,
  HttpServerError,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultUser, Grant, type SimulatorOptions } from "cxone-auth-testkit"
import { Context, Effect, Fiber, FiberRef, Layer, Logger, Option, Schema, Stream, TestClock } from "effect"
import { apiRequest, mint, modes, read } from "../support/Harness.js"

/** The log lines of a test, without its DEBUG lines. */
const logged = () => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    lines.push(`${logLevel.label} ${String(message)}`)
  })
  return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
}

const call = (path: string, method = "GET", body?: unknown) =>
  Effect.gen(function* () {
    const token = yield* mint()
    const request = HttpClientRequest.setMethod(yield* apiRequest(path), method as "GET").pipe(
      HttpClientRequest.bearerToken(token),
      HttpClientRequest.acceptJson
    )
    return body === undefined ? request : HttpClientRequest.bodyUnsafeJson(request, body)
  })

const send = (...request: Parameters<typeof call>) => Effect.flatMap(call(...request), read)

const marked = HttpApp.appendPreResponseHandler((_, response) =>
  Effect.succeed(HttpServerResponse.setHeader(response, "x-marked", "yes"))
)

const conflict = HttpServerResponse.empty({ status: 409 })

class Note extends Schema.Class<Note>("Note")({ id: Schema.Number, text: Schema.String }) {}

/** Texts of the notes whose handler was interrupted. */
const left: Array<string> = []

/** A turn of the event loop, so that a socket can be heard of. */
const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const notes = HttpApiGroup.make("notes").add(
  HttpApiEndpoint.post("create", "/notes")
    .setPayload(Schema.Struct({ text: Schema.NonEmptyString }))
    .addSuccess(Note)
    .addError(HttpApiError.Conflict)
)

class Notes extends HttpApi.make("Notes").add(notes) {}

const NotesLive = HttpApiBuilder.api(Notes).pipe(
  Layer.provide(
    HttpApiBuilder.group(Notes, "notes", (handlers) =>
      handlers.handle("create", ({ payload: { text } }) =>
        text === "twice"
          ? Effect.fail(new HttpApiError.Conflict())
          : Effect.delay(Effect.succeed(new Note({ id: 7, text })), "1 minute").pipe(
              Effect.onInterrupt(() => Effect.sync(() => left.push(text)))
            )
      )
    )
  )
)

const httpApi = Effect.flatten(HttpApiBuilder.httpApp).pipe(
  Effect.provide(
    Layer.mergeAll(NotesLive, HttpApiBuilder.Router.Live, HttpApiBuilder.Middleware.layer, HttpServer.layerContext)
  )
)

describe.each(modes)("AppRoute $name", ({ layer }) => {
  const withApi = (api: NonNullable<SimulatorOptions["api"]>) => Effect.provide(layer({ api }))

  describe("middleware", () => {
    const origin = "https://app.example"
    const cors = HttpMiddleware.cors({ allowedOrigins: [origin], allowedMethods: ["GET", "PUT"] })
    const api = HttpRouter.empty.pipe(HttpRouter.get("/text", HttpServerResponse.text("abc")), cors)

    it.effect("CORS answers a preflight, which carries no token", () =>
      Effect.gen(function* () {
        const preflight = HttpClientRequest.setMethod(yield* apiRequest("/text"), "OPTIONS").pipe(
          HttpClientRequest.setHeaders({ origin, "access-control-request-method": "PUT" })
        )
        const { headers, status } = yield* read(preflight)
        strictEqual(status, 204)
        strictEqual(headers["access-control-allow-origin"], origin)
        strictEqual(headers["access-control-allow-methods"], "GET, PUT")
        // Any other request without a token is refused.
        strictEqual((yield* read(HttpClientRequest.setMethod(yield* apiRequest("/text"), "OPTIONS"))).status, 401)
      }).pipe(withApi(api))
    )

    it.effect("CORS marks the answers of routes, of the built-in ones, and of none", () =>
      Effect.gen(function* () {
        for (const [path, status] of [
          ["/text", 200],
          ["/api/v2/users/me", 200],
          ["/nowhere", 404]
        ] as const) {
          const answer = yield* read(HttpClientRequest.setHeader(yield* call(path), "origin", origin))
          strictEqual(answer.status, status)
          strictEqual(answer.headers["access-control-allow-origin"], origin)
        }
      }).pipe(withApi(api))
    )
  })

  it.effect("a handler of responses takes effect, for its own request only", () =>
    Effect.gen(function* () {
      strictEqual((yield* send("/marked")).headers["x-marked"], "yes")
      strictEqual((yield* send("/text")).headers["x-marked"], undefined)
      // A failure that becomes a response goes through the handler, too.
      const refused = yield* send("/marked/conflict")
      deepStrictEqual([refused.status, refused.headers["x-marked"]], [409, "yes"])
    }).pipe(
      withApi(
        HttpRouter.empty.pipe(
          HttpRouter.get("/text", HttpServerResponse.text("abc")),
          HttpRouter.get("/marked", Effect.as(marked, HttpServerResponse.text("abc"))),
          HttpRouter.get("/marked/conflict", Effect.zipRight(marked, Effect.fail(conflict)))
        )
      )
    )
  )

  it.effect("a handler of responses that dies is answered 500", () => {
    const { layer: logger, lines } = logged()
    return Effect.gen(function* () {
      strictEqual((yield* send("/text")).status, 500)
      deepStrictEqual(lines, [
        "ERROR CxoneSimulator: correct the option `api`. A route of it failed, and the answer was 500"
      ])
    }).pipe(
      withApi(
        HttpRouter.get(
          HttpRouter.empty,
          "/text",
          Effect.as(
            HttpApp.appendPreResponseHandler(() => Effect.die("of the handler")),
            HttpServerResponse.text("abc")
          )
        )
      ),
      Effect.provide(logger)
    )
  })

  it.effect("a route of the app wins over a built-in one; what it hasn't is answered by that", () =>
    Effect.gen(function* () {
      deepStrictEqual((yield* send("/api/v2/users/me")).json, { id: "mine" })
      strictEqual((yield* send("/incontactAPI/services/v33.0/server-time")).status, 200)
      strictEqual((yield* send("/api/v2/users/me", "POST")).status, 405)
    }).pipe(
      withApi(HttpRouter.get(HttpRouter.empty, "/api/v2/users/me", HttpServerResponse.unsafeJson({ id: "mine" })))
    )
  )

  it.effect("a route fails with a response: what reading a body fails with is 400, and nothing is logged", () => {
    const { layer: logger, lines } = logged()
    return Effect.gen(function* () {
      const answered = (...request: Parameters<typeof call>) => Effect.map(send(...request), ({ status }) => status)
      strictEqual(yield* answered("/request-error"), 400)
      strictEqual(yield* answered("/schema", "POST", { id: "7" }), 400)
      strictEqual(yield* answered("/schema", "POST", { id: 7 }), 201)
      const noJson = HttpClientRequest.bodyText(yield* call("/json", "POST"), "{")
      strictEqual((yield* read(noJson)).status, 400)
      strictEqual(yield* answered("/conflict"), 409)
      deepStrictEqual(lines, [])
    }).pipe(
      withApi(
        HttpRouter.empty.pipe(
          HttpRouter.get(
            "/request-error",
            Effect.flatMap(
              HttpServerRequest.HttpServerRequest,
              (request) => new HttpServerError.RequestError({ request, reason: "Decode" })
            )
          ),
          HttpRouter.post(
            "/schema",
            Effect.as(
              HttpServerRequest.schemaBodyJson(Schema.Struct({ id: Schema.Number })),
              HttpServerResponse.empty({ status: 201 })
            )
          ),
          HttpRouter.post(
            "/json",
            Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ json }) =>
              Effect.map(json, (json) => HttpServerResponse.unsafeJson(json))
            )
          ),
          HttpRouter.get("/conflict", Effect.fail(conflict))
        )
      ),
      Effect.provide(logger)
    )
  })

  it.effect.each([
    ["a defect", Effect.die("of a mistake")],
    ["a failure that is no response", Effect.fail("of a mistake")],
    ["an answer that can't be sent", HttpServerResponse.text("abc", { status: 204 })]
  ] as const)("%s is answered 500, and is one line of the log", ([, route]) => {
    const { layer: logger, lines } = logged()
    return Effect.gen(function* () {
      strictEqual((yield* send("/mistake")).status, 500)
      strictEqual(lines.length, 1)
      assertTrue(lines[0]?.startsWith("ERROR CxoneSimulator: correct the option `api`.") === true)
    }).pipe(withApi(HttpRouter.get(HttpRouter.empty, "/mistake", route)), Effect.provide(logger))
  })

  it.effect("a printed request of a route shows no query", () =>
    Effect.gen(function* () {
      const { text } = yield* send("/printed?secret=s3cr3t")
      assertTrue(text.includes("/printed?<redacted>") && !text.includes("s3cr3t"))
    }).pipe(
      Effect.provide(
        layer({
          api: Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
            HttpServerResponse.text(`${JSON.stringify(request)} ${request}`)
          )
        })
      )
    )
  )

  it.effect("a stream that dies in the middle is one line of the log", () => {
    const { layer: logger, lines } = logged()
    return Effect.gen(function* () {
      strictEqual((yield* Effect.flip(send("/stream")))._tag, "ResponseError")
      deepStrictEqual(lines, [
        "ERROR CxoneSimulator: correct the option `api`. The body of its response failed, and the answer broke off"
      ])
    }).pipe(
      withApi(
        HttpRouter.get(
          HttpRouter.empty,
          "/stream",
          HttpServerResponse.stream(Stream.concat(Stream.encodeText(Stream.make("a")), Stream.die("of a mistake")))
        )
      ),
      Effect.provide(logger)
    )
  })

  describe("an HttpApi", () => {
    it.effect("decodes the body, and waits by the Clock", () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        const fiber = yield* Effect.fork(send("/notes", "POST", { text: "abc" }))
        yield* simulator.awaitRequests("api", 1)
        yield* TestClock.adjust("59 seconds")
        strictEqual(Option.isNone(yield* Fiber.poll(fiber)), true)
        yield* TestClock.adjust("1 second")
        const { json, status } = yield* Fiber.join(fiber)
        strictEqual(status, 200)
        deepStrictEqual(json, { id: 7, text: "abc" })
      }).pipe(withApi(httpApi))
    )

    it.effect("refuses what it can't decode, and fails with its own errors", () =>
      Effect.gen(function* () {
        const undecodable = yield* send("/notes", "POST", { text: "" })
        strictEqual(undecodable.status, 400)
        strictEqual(undecodable.json._tag, "HttpApiDecodeError")
        strictEqual((yield* send("/notes", "POST", { text: "twice" })).status, 409)
        deepStrictEqual((yield* send("/api/v2/users/me")).json, defaultUser)
        strictEqual((yield* send("/nowhere")).status, 404)
      }).pipe(withApi(httpApi))
    )

    it.effect("is interrupted by a time-out of the client", () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        left.length = 0
        const fiber = yield* send("/notes", "POST", { text: "abc" }).pipe(
          Effect.timeoutOption("10 seconds"),
          Effect.fork
        )
        yield* simulator.awaitRequests("api", 1)
        yield* TestClock.adjust("10 seconds")
        strictEqual(Option.isNone(yield* Fiber.join(fiber)), true)
        // A server learns a little later than the client that the client has left.
        yield* Effect.iterate(0, {
          while: (turns) => left.length === 0 && turns < 1000,
          body: (turns) => Effect.as(turn, turns + 1)
        })
        deepStrictEqual(left, ["abc"])
        deepStrictEqual(yield* simulator.answersOf("api"), ["aborted"])
      }).pipe(withApi(httpApi))
    )
  })

  it.effect("the scope of a route ends with its answer, and that of a stream with the stream", () => {
    const events: Array<string> = []
    const opened = (name: string) =>
      Effect.acquireRelease(
        Effect.sync(() => events.push(`${name} opened`)),
        () => Effect.sync(() => events.push(`${name} closed`))
      )
    const body = Stream.encodeText(Stream.make("a", "b")).pipe(Stream.ensuring(Effect.sync(() => events.push("read"))))
    return Effect.gen(function* () {
      yield* send("/text")
      deepStrictEqual(events.splice(0), ["text opened", "text closed"])
      strictEqual((yield* send("/stream")).text, "ab")
      deepStrictEqual(events.splice(0), ["stream opened", "read", "stream closed"])
      yield* send("/stream", "HEAD")
      deepStrictEqual(events.splice(0), ["stream opened", "stream closed"])
      strictEqual((yield* send("/dies")).status, 500)
      deepStrictEqual(events.splice(0), ["dies opened", "dies closed"])
    }).pipe(
      withApi(
        HttpRouter.empty.pipe(
          HttpRouter.get("/text", Effect.as(opened("text"), HttpServerResponse.text("abc"))),
          HttpRouter.get("/stream", Effect.as(opened("stream"), HttpServerResponse.stream(body))),
          HttpRouter.get("/dies", Effect.zipRight(opened("dies"), Effect.die("of a mistake")))
        )
      ),
      Effect.provide(Logger.remove(Logger.defaultLogger))
    )
  })

  it.effect("a call from an uninterruptible region works, as text and as a stream", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const fiber = yield* send("/slow").pipe(Effect.uninterruptible, Effect.fork)
      yield* simulator.awaitRequests("api", 1)
      yield* TestClock.adjust("1 minute")
      strictEqual((yield* Fiber.join(fiber)).text, "abc")
      const streamed = Effect.flatMap(call("/stream"), HttpClient.execute).pipe(
        Effect.flatMap(({ stream }) => Stream.runFold(stream, 0, (total, { length }) => total + length))
      )
      strictEqual(yield* Effect.uninterruptible(streamed), 2)
      strictEqual((yield* Effect.uninterruptible(send("/stream"))).text, "ab")
    }).pipe(
      withApi(
        HttpRouter.empty.pipe(
          HttpRouter.get("/slow", Effect.delay(HttpServerResponse.text("abc"), "1 minute")),
          HttpRouter.get("/stream", HttpServerResponse.stream(Stream.encodeText(Stream.make("a", "b"))))
        )
      )
    )
  )

  it.effect("what a route sets in its fiber doesn't reach the app under test, and the other way round", () => {
    const setting = FiberRef.unsafeMake("of the app")
    class Service extends Context.Tag("Service")<Service, string>() {}
    const seen: Array<unknown> = []
    return Effect.gen(function* () {
      yield* marked
      const answer = yield* Effect.provideService(send("/sets"), Service, "of the app")
      strictEqual(answer.status, 200)
      // The app under test may be a server, and its handler of responses is for its own.
      strictEqual(answer.headers["x-marked"], undefined)
      deepStrictEqual(seen, [Option.none()])
      strictEqual(yield* FiberRef.get(setting), "of the app")
      strictEqual(Option.isSome(yield* Effect.serviceOption(Grant)), false)
    }).pipe(
      withApi(
        HttpRouter.get(
          HttpRouter.empty,
          "/sets",
          Effect.gen(function* () {
            seen.push(yield* Effect.serviceOption(Service))
            yield* FiberRef.set(setting, "of the route")
            yield* marked.pipe(Effect.locally(HttpApp.currentPreResponseHandlers, Option.none()))
            return HttpServerResponse.text("abc")
          })
        )
      )
    )
  })
})
