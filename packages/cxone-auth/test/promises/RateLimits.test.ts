import { HttpBody, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient, type CxoneHttpClientOptions } from "cxone-auth"
import {
  Array as Arr,
  Cause,
  Clock,
  Duration,
  Effect,
  Either,
  Exit,
  Fiber,
  Layer,
  Option,
  Random,
  Stream,
  TestClock
} from "effect"
import { after, bearerOf, ended, host, invalidToken, notYet, world } from "../support/ClientWorld.js"
import { json } from "../support/ScriptedHttpClient.js"
import * as SpanRecorder from "../support/SpanRecorder.js"
import * as VirtualTime from "../support/VirtualTime.js"

const patient = { onRateLimited: { wait: "1 minute" } } as const

const unjittered = Effect.withRandom(Random.fixed([0]))

describe("C4: by default a call that is answered 429 is RateLimited at once", () => {
  it.scoped.each([
    [429, "7", Duration.seconds(7)],
    [429, undefined, undefined],
    [429, "soon", undefined],
    [503, "7", Duration.seconds(7)]
  ] as const)("%s with Retry-After %s", ([status, retryAfter, expected]) =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: () => notYet(retryAfter, status) })
      const error = yield* Effect.flip(client.get("/x"))
      expect(error).toMatchObject({ _tag: "RateLimited", reason: "api", origin: host, status })
      expect(error._tag === "RateLimited" && error.retryAfter).toEqual(expected)
      expect(error.message).toContain(`${host} answered ${status}`)
      expect((yield* apiCalls).length).toBe(1)
    })
  )

  it.scoped.each([undefined, "soon"])("503 with Retry-After %s is a response", (retryAfter) =>
    Effect.gen(function* () {
      const { client } = yield* world({ api: () => notYet(retryAfter, 503) })
      const response = yield* client.get("/x")
      expect(response.status).toBe(503)
      expect(yield* response.text).toBe("not yet")
    })
  )

  it.scoped("until the Retry-After has passed nothing is sent to that route; then every call is", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({
        api: after(() => notYet("7")),
        options: { allowedOrigins: ["https://files.example.com"] }
      })
      yield* Effect.flip(client.get("/users/1"))
      yield* TestClock.adjust("3 seconds")
      const error = yield* Effect.flip(client.get("/users/2"))
      expect(error).toMatchObject({ _tag: "RateLimited", reason: "held_back", route: "GET /users/{id}" })
      expect(error.message).toBe(
        `This request was not sent: ${host} has said that it takes no API requests to GET /users/{id} for now. ` +
          "Try again in 4s. To let calls wait instead, set CxoneHttpClient.layer({ onRateLimited: { wait } })."
      )
      for (const other of ["https://files.example.com/users/1", "/users", "/calls/1"]) {
        expect((yield* client.get(other)).status).toBe(200)
      }
      expect((yield* client.post("/users/1")).status).toBe(200)
      yield* TestClock.adjust("4 seconds")
      expect((yield* client.get("/users/2")).status).toBe(200)
      expect((yield* apiCalls).length).toBe(6)
    })
  )
})

describe("C4: a call that may wait is delayed, and sent again if that is safe", () => {
  it.scoped.each([
    ["429 with Retry-After", () => notYet("7"), 7_000],
    ["503 with Retry-After", () => notYet("7", 503), 7_000],
    ["429 without one", () => notYet(), 1_000],
    ["429 with one of zero", () => notYet("0"), 1_000],
    ["429 with a date", () => notYet("Thu, 01 Jan 1970 00:00:09 GMT"), 9_000],
    ["429 with a date that has passed", () => notYet("Thu, 01 Jan 1970 00:00:00 GMT"), 1_000]
  ] as const)("the caller sees only the success: %s", ([_, refuse, waits]) =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: after(refuse), options: patient })
      const response = yield* Either.getOrThrow(yield* ended(client.get("/x"))).json
      expect(response).toEqual({ ok: true })
      expect((yield* apiCalls).map(({ at }) => at)).toEqual([0, waits])
    }).pipe(unjittered)
  )

  const stream = HttpBody.stream(Stream.make(new Uint8Array([1])))
  const bytes = HttpBody.uint8Array(new Uint8Array([1]))
  it.scoped.each([
    ["GET", undefined, undefined, true],
    ["HEAD", undefined, undefined, true],
    ["OPTIONS", undefined, undefined, true],
    ["PUT", bytes, undefined, true],
    ["DELETE", undefined, undefined, true],
    ["POST", bytes, undefined, false],
    ["PATCH", bytes, undefined, false],
    ["PUT", stream, undefined, false],
    ["POST", bytes, true, true],
    ["PATCH", bytes, true, true],
    ["POST", stream, true, false],
    ["GET", undefined, false, false]
  ] as const)("%s, body %o, marked idempotent: %s; sent again: %s", ([method, body, mark, isRepeated]) =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: after(() => notYet("7")), options: patient })
      const request = HttpClientRequest.make(method)("/x").pipe(HttpClientRequest.setBody(body ?? HttpBody.empty))
      const call = client.execute(request)
      const result = yield* ended(
        mark === undefined ? call : CxoneHttpClient.withCallOptions({ idempotent: mark })(call)
      )
      expect(Either.isRight(result)).toBe(isRepeated)
      expect((yield* apiCalls).length).toBe(isRepeated ? 2 : 1)
      if (Either.isLeft(result)) {
        expect(result.left).toMatchObject({ _tag: "RateLimited", reason: "api" })
      }
    })
  )

  it.scoped("a call that may not be sent twice waits before it is sent", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: after(() => notYet("7")), options: patient })
      yield* Effect.flip(client.post("/x"))
      const second = yield* Effect.fork(client.post("/x"))
      yield* TestClock.adjust("6 seconds")
      expect((yield* apiCalls).length).toBe(1)
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(second)).status).toBe(200)
    }).pipe(unjittered)
  )

  it.scoped("a call does not wait for a Retry-After longer than it may; it fails with the API's answer", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: () => notYet("61", 503), options: patient })
      const error = yield* Effect.flip(client.get("/x"))
      expect(error).toMatchObject({ _tag: "RateLimited", reason: "api", status: 503, notSentAgain: "wait_too_short" })
      expect(error._tag === "RateLimited" && error.retryAfter).toEqual(Duration.seconds(61))
      expect(error.message).toContain("The call may not wait that long, or has waited already (onRateLimited.wait)")
      const next = yield* Effect.flip(client.get("/x"))
      expect(next).toMatchObject({ reason: "held_back", notSentAgain: "wait_too_short" })
      expect(next.message).toContain("The call may not wait that long, or has waited already (onRateLimited.wait)")
      expect((yield* apiCalls).length).toBe(1)
    })
  )

  it.scoped("the time to wait is for all attempts of a call together", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: () => notYet("25"), options: patient })
      const result = yield* ended(client.get("/x"))
      expect(Either.getLeft(result)).toMatchObject({
        value: { _tag: "RateLimited", reason: "api", status: 429, notSentAgain: "wait_too_short" }
      })
      expect((yield* apiCalls).map(({ at }) => at)).toEqual([0, 25_000, 50_000])
    }).pipe(unjittered)
  )

  it.scoped("L1: a call whose token ends while it waits is sent with a new token", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({
        api: after(() => notYet("3600")),
        options: { onRateLimited: { wait: "2 hours" } }
      })
      const call = yield* Effect.fork(client.get("/x"))
      yield* TestClock.adjust("1 hour")
      expect((yield* Fiber.join(call)).status).toBe(200)
      expect((yield* apiCalls).map(bearerOf)).toEqual(["t1", "t2"])
    }).pipe(unjittered)
  )

  it.scoped("C2: a 401 after the wait, and a 429 after the renewal, are handled as usual, and once", () =>
    Effect.gen(function* () {
      const late = yield* world({ api: after(() => notYet("1"), invalidToken), options: patient })
      expect(Either.isRight(yield* ended(late.client.get("/x")))).toBe(true)
      expect((yield* late.apiCalls).map(bearerOf)).toEqual(["t1", "t1", "t2"])
      const early = yield* world({ api: after(invalidToken, () => notYet("1")), options: patient })
      expect(Either.isRight(yield* ended(early.client.get("/x")))).toBe(true)
      expect((yield* early.apiCalls).map(bearerOf)).toEqual(["t1", "t2", "t2"])
      const twice = yield* world({ api: after(invalidToken, () => notYet("1"), invalidToken), options: patient })
      expect(Either.getLeft(yield* ended(twice.client.get("/x")))).toMatchObject({
        value: { _tag: "InvalidToken", reason: "refused_again" }
      })
      expect((yield* twice.apiCalls).length).toBe(3)
    })
  )

  it.scoped("a trace shows the wait between the two requests", () =>
    Effect.gen(function* () {
      const { spans, tracer } = SpanRecorder.make()
      const { client } = yield* world({ api: after(() => notYet("7")), options: patient })
      yield* ended(client.get("/x").pipe(Effect.withTracer(tracer)))
      const shown = spans.filter(({ name }) => name !== "CxoneAuth.accessToken")
      expect(shown.map(({ name }) => name)).toEqual(["http.client GET", "CxoneHttpClient.wait", "http.client GET"])
      expect(shown[1]?.attributes.get("server.address")).toBe(host)
      expect(shown.map(({ attributes }) => attributes.get("error.type"))).toEqual(["429", undefined, undefined])
    })
  )

  it.scoped("a trace says of a wait and of a request that failed why", () =>
    Effect.gen(function* () {
      const { spans, tracer } = SpanRecorder.make()
      // While the first call waits for 7 s, the second one hears of ten minutes.
      const api = (_: unknown, index: number) =>
        Effect.delay(
          Effect.sync(() => notYet(index === 0 ? "7" : "600")),
          index === 0 ? "500 millis" : "1 second"
        )
      const { client } = yield* world({ api, options: patient })
      const calls = Effect.all([client.get("/x"), client.get("/x")], { mode: "either", concurrency: 2 })
      yield* ended(calls.pipe(Effect.withTracer(tracer)))
      const waits = spans.filter(({ name }) => name === "CxoneHttpClient.wait")
      expect(waits.map(({ attributes }) => attributes.get("error.type"))).toEqual(["RateLimited"])
      const broken = yield* world({ api: () => Effect.fail({ cause: new Error("reset") }) })
      yield* ended(broken.client.get("/x").pipe(Effect.withTracer(tracer)))
      expect(spans.at(-1)?.attributes.get("error.type")).toBe("RequestError")
    })
  )

  it.scoped("a caller that times out ends at once, and its call is not sent again", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: after(() => notYet("7")), options: patient })
      const call = yield* Effect.fork(Effect.timeoutOption(client.get("/x"), "3 seconds"))
      yield* TestClock.adjust("3 seconds")
      expect(yield* Fiber.join(call)).toEqual(Option.none())
      yield* TestClock.adjust("1 minute")
      expect((yield* apiCalls).length).toBe(1)
    })
  )

  it("of 5,000 calls at once 1,000 wait and the others fail; then 1, 2, 4 and more are sent, each once", () => {
    const program = Effect.gen(function* () {
      const sent: Array<number> = []
      const http = HttpClient.make((request) =>
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          sent.push(now)
          yield* Effect.sleep("100 millis")
          const init = now < 2_000 ? { status: 429, headers: { "retry-after": "2" } } : { status: 204 }
          return HttpClientResponse.fromWeb(request, new Response(null, init))
        })
      )
      const call = Effect.flatMap(CxoneHttpClient, (client) => Effect.either(client.get("/x")))
      const results = yield* Effect.all(Arr.replicate(call, 5_000), { concurrency: "unbounded" }).pipe(
        Effect.provide(Layer.provide(CxoneHttpClient.layer(patient), CxoneAuth.layerTest("a-token"))),
        Effect.provideService(HttpClient.HttpClient, http),
        unjittered
      )
      return { sent, results }
    })
    const { results, sent } = Exit.getOrElse(VirtualTime.run(program), (cause) => {
      throw Cause.squash(cause)
    })
    expect(results.filter(Either.isRight).length).toBe(1_000)
    const failures = results.flatMap((result) => (Either.isLeft(result) ? [result.left] : []))
    expect(new Set(failures.map((error) => error._tag === "RateLimited" && error.reason))).toEqual(new Set(["api"]))
    const waves = Object.entries(Arr.groupBy(sent, String)).map(([at, { length }]) => [Number(at), length])
    expect(waves).toEqual([
      [0, 5_000],
      ...[1, 2, 4, 8, 16, 32, 64, 128, 256, 489].map((calls, wave) => [2_100 + 100 * wave, calls])
    ])
  })
})

describe("C4: RateLimited says what the API said, and why the call was not sent again", () => {
  const said = (body: object) => () =>
    new Response(JSON.stringify(body), {
      status: 429,
      headers: { "retry-after": "7", "content-type": "application/json" }
    })

  it.scoped.each([
    ["a JSON body", said({ error: "too_many", message: "150 requests in a minute" }), "150 requests in a minute"],
    ["a text", () => notYet("7"), "not yet"],
    ["no body", () => new Response(null, { status: 429 }), undefined]
  ] as const)("%s", ([_, api, description]) =>
    Effect.gen(function* () {
      const { client } = yield* world({ api })
      const error = yield* Effect.flip(client.get("/users/1"))
      expect(error).toMatchObject({ _tag: "RateLimited", route: "GET /users/{id}" })
      expect(error._tag === "RateLimited" && error.description).toBe(description)
      expect(error.message.includes("The server said")).toBe(description !== undefined)
    })
  )

  it.scoped("S1: without the token that it repeats", () =>
    Effect.gen(function* () {
      const { client } = yield* world({
        api: said({ message: "slow down, s3cr3t-t0k3n", route: "s3cr3t-t0k3n" }),
        tokenValue: () => "s3cr3t-t0k3n"
      })
      const error = yield* Effect.flip(client.get("/x"))
      expect(`${error.message} ${JSON.stringify(error)}`).not.toContain("s3cr3t-t0k3n")
    })
  )

  const stream = HttpBody.stream(Stream.make(new Uint8Array(1)))

  it.scoped.each([
    ["a POST", HttpClientRequest.post("/x"), "not_idempotent", "its method is not idempotent"],
    ["a stream", HttpClientRequest.put("/x", { body: stream }), "stream_body", "its body is a stream"]
  ] as const)("%s is not sent again, although the call may wait", ([_, request, notSentAgain, why]) =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: () => notYet("7"), options: patient })
      const error = yield* Effect.flip(client.execute(request))
      expect(error).toMatchObject({ _tag: "RateLimited", reason: "api", notSentAgain })
      expect(error.message).toContain(why)
      expect((yield* apiCalls).length).toBe(1)
      const impatient = yield* world({ api: () => notYet("7") })
      expect(yield* Effect.flip(impatient.client.execute(request))).not.toHaveProperty("notSentAgain")
      // To mark it as idempotent would not help.
      const lessPatient = yield* world({ api: () => notYet("7"), options: { onRateLimited: { wait: "6 seconds" } } })
      expect(yield* Effect.flip(lessPatient.client.execute(request))).toHaveProperty("notSentAgain", "wait_too_short")
    })
  )
})

describe("C4: what is limited together", () => {
  const namingRoute = (route: string) => () =>
    new Response(JSON.stringify({ message: "limit", route }), { status: 429, headers: { "retry-after": "60" } })

  it.scoped("routes that the API calls by one name, as soon as each has been answered with it", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: after(namingRoute("media"), namingRoute("media")) })
      for (const path of ["/voice/1", "/chat/1"]) {
        expect(yield* Effect.flip(client.get(path))).toMatchObject({ reason: "api", route: "media" })
      }
      yield* TestClock.adjust("61 seconds")
      // From now on they have one gate, which a 429 to either of them closes for both.
      const { apiCalls: calls, client: other } = yield* world({
        api: after(namingRoute("media"), namingRoute("media"), () => new Response(), namingRoute("media"))
      })
      yield* Effect.flip(other.get("/voice/1"))
      yield* Effect.flip(other.get("/chat/1"))
      yield* TestClock.adjust("61 seconds")
      yield* other.get("/voice/1")
      expect(yield* Effect.flip(other.get("/chat/1"))).toMatchObject({ reason: "api" })
      expect(yield* Effect.flip(other.get("/voice/2"))).toMatchObject({ reason: "held_back", route: "media" })
      expect([(yield* apiCalls).length, (yield* calls).length]).toEqual([2, 4])
    })
  )

  it.scoped.each([
    ["origin", { "/users/1": false, "/calls/1": false }, undefined],
    ["route", { "/users/1": false, "/calls/1": true }, "GET /users/{id}"],
    [() => "everything", { "/users/1": false, "/calls/1": false }, "everything"],
    [
      ({ url }: HttpClientRequest.HttpClientRequest) => url,
      { "/users/1": true, "/users/2": false, "/calls/1": true },
      `${host}/users/2`
    ]
  ] as const)("rateLimitKey %s", ([rateLimitKey, expected, route]) =>
    Effect.gen(function* () {
      const { client } = yield* world({ api: after(() => notYet("60")), options: { rateLimitKey } })
      const error = yield* Effect.flip(client.get("/users/2"))
      expect(error._tag === "RateLimited" && error.route).toBe(route)
      for (const [path, isSent] of Object.entries(expected)) {
        expect(Either.isRight(yield* Effect.either(client.get(path))), path).toBe(isSent)
      }
    })
  )

  it.scoped("calls that wait when their route gets a name wait for the gate of that name", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({
        api: after(namingRoute("media"), () => notYet("60")),
        options: { onRateLimited: { wait: "10 minutes" } }
      })
      const calls = yield* Effect.fork(
        Effect.all(Arr.replicate(client.get("/voice/1"), 30), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("61 seconds")
      const sent = (yield* apiCalls).length
      yield* TestClock.adjust("50 seconds")
      expect((yield* apiCalls).length).toBe(sent)
      yield* Fiber.interrupt(calls)
    }).pipe(unjittered)
  )

  const broken: ReadonlyArray<readonly [string, () => string]> = [
    ["a function that throws", () => JSON.parse("{")],
    ["a function that gives nothing", () => ""]
  ]
  it.scoped.each(broken)("%s: the route counts", ([_, rateLimitKey]) =>
    Effect.gen(function* () {
      const { client } = yield* world({ api: () => notYet("60"), options: { rateLimitKey } })
      const error = yield* Effect.flip(client.get("/users/1"))
      expect(error).toMatchObject({ reason: "api", route: "GET /users/{id}" })
    })
  )

  it("a rateLimitKey that is none is refused where the layer is called", () => {
    // What plain JavaScript may pass, regardless of the types.
    const options: CxoneHttpClientOptions = Object.assign({}, JSON.parse('{"rateLimitKey":"orgin"}'))
    expect(() => CxoneHttpClient.layer(options)).toThrow(
      'CxoneHttpClient: rateLimitKey is orgin; expected "route", "origin" or a function'
    )
  })

  it.scoped("of more routes than 256, the others are held back as one", () =>
    Effect.gen(function* () {
      const name = (n: number) => `/${n.toString().replace(/\d/g, (digit) => "abcdefghij"[Number(digit)] ?? "")}`
      const { apiCalls, client } = yield* world({ api: () => notYet("60") })
      const routes = Arr.makeBy(256, name)
      yield* Effect.forEach(routes, (path) => Effect.flip(client.get(path)))
      expect((yield* apiCalls).length).toBe(256)
      expect(yield* Effect.flip(client.get(name(300)))).toMatchObject({ reason: "api" })
      expect(yield* Effect.flip(client.get(name(301)))).toMatchObject({ reason: "held_back" })
      // The gates that are open again make room.
      yield* TestClock.adjust("61 seconds")
      expect(yield* Effect.flip(client.get(name(302)))).toMatchObject({ reason: "api" })
      expect(yield* Effect.flip(client.get(name(303)))).toMatchObject({ reason: "api" })
    })
  )
})

describe("C4: the time that the body of a 429 takes counts as a wait", () => {
  it.scoped.each([
    ["a GET", HttpClientRequest.get("/x"), "wait_too_short", 4],
    ["a POST", HttpClientRequest.post("/x"), "not_idempotent", 1]
  ] as const)(
    "%s is not sent for ever to a route whose pause is over when its body has been read",
    ([, request, reason, sent]) =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world({
          api: () =>
            new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), {
              status: 429,
              headers: { "retry-after": "1" }
            }),
          options: { onRateLimited: { wait: "3 seconds" } }
        })
        const calls = yield* Effect.fork(Effect.flip(client.execute(request)))
        for (const _ of Arr.range(1, 20)) yield* TestClock.adjust("1 second")
        expect(yield* Fiber.join(calls)).toMatchObject({ _tag: "RateLimited", notSentAgain: reason })
        expect((yield* apiCalls).length).toBeLessThanOrEqual(sent)
      }).pipe(unjittered)
  )
})

describe("C4: calls that wait in one line while a 429 closes another one", () => {
  const letters = (n: number) => `/${n.toString().replace(/\d/g, (digit) => "abcdefghij"[Number(digit)] ?? "")}`

  it.scoped("stand in the other line, and are not sent one after the other", () =>
    Effect.gen(function* () {
      const open = 60_000
      const { apiCalls, auth, layer } = yield* world({
        api: ({ at }) =>
          at < open ? notYet(String(Math.ceil((at < 4_999 ? 5_000 - at : open - at) / 1_000))) : json({})
      })
      const client = (options: CxoneHttpClientOptions) =>
        Effect.provide(CxoneHttpClient.make(options), [layer, Layer.succeed(CxoneAuth, auth)])
      const byOrigin = yield* client({ rateLimitKey: "origin" })
      const byRoute = yield* client({ onRateLimited: { wait: "20 minutes" } })
      yield* Effect.flip(byOrigin.get("/a"))
      const calls = yield* Effect.fork(Effect.all(Arr.replicate(byRoute.get("/b"), 100), { concurrency: "unbounded" }))
      yield* TestClock.adjust("59 seconds")
      expect((yield* apiCalls).length).toBe(2)
      yield* TestClock.adjust("10 minutes")
      expect((yield* Fiber.join(calls)).length).toBe(100)
    }).pipe(unjittered)
  )

  it.scoped("leave their places in the first line to calls that may go", () =>
    Effect.gen(function* () {
      const { auth, layer } = yield* world({
        api: ({ at, url }) => {
          const open = url.endsWith("/b") ? 300_000 : 5_000
          return at < open ? notYet(String(Math.ceil(((at < 4_999 ? 5_000 : open) - at) / 1_000))) : json({})
        }
      })
      const client = (options: CxoneHttpClientOptions) =>
        Effect.provide(CxoneHttpClient.make(options), [layer, Layer.succeed(CxoneAuth, auth)])
      const byOrigin = yield* client({ rateLimitKey: "origin" })
      const byRoute = yield* client({ onRateLimited: { wait: "1 minute" } })
      yield* Effect.flip(byOrigin.get("/a"))
      yield* Effect.fork(Effect.all(Arr.replicate(Effect.either(byRoute.get("/b")), 100), { concurrency: "unbounded" }))
      yield* TestClock.adjust(1)
      const calls = yield* Effect.fork(Effect.all(Arr.replicate(byRoute.get("/c"), 100), { concurrency: "unbounded" }))
      yield* TestClock.adjust("10 seconds")
      expect(Option.isSome(yield* Fiber.poll(calls))).toBe(true)
    }).pipe(unjittered)
  )

  it.scoped("the names of routes that were given last count", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({
        api: ({ url }) =>
          json({ route: url.includes("/named/") ? "named" : url }, { status: 429, headers: { "retry-after": "60" } })
      })
      for (const n of Arr.range(1, 300)) {
        yield* Effect.flip(client.get(letters(n)))
        yield* TestClock.adjust("1 minute")
      }
      const before = (yield* apiCalls).length
      expect(yield* Effect.flip(client.get("/named/a"))).toMatchObject({ reason: "api" })
      yield* TestClock.adjust("1 minute")
      expect(yield* Effect.flip(client.get("/named/b"))).toMatchObject({ reason: "api" })
      expect(yield* Effect.flip(client.get("/named/a"))).toMatchObject({ reason: "held_back" })
      expect((yield* apiCalls).length).toBe(before + 2)
    })
  )
})

describe("C4: the app's own retries are not multiplied by the client's", () => {
  const resilient = (client: HttpClient.HttpClient.With<unknown>) =>
    client.pipe(HttpClient.filterStatusOk, HttpClient.retryTransient({ times: 3 }))

  it.scoped.each([
    ["no connection", () => Effect.fail({ cause: { code: "ECONNRESET" } }), 4],
    ["503", () => notYet(undefined, 503), 4],
    ["503 with Retry-After", () => notYet("1", 503), 1],
    ["429", () => notYet("1"), 1],
    ["a refused token", invalidToken, 2],
    ["404", () => new Response("", { status: 404 }), 1]
  ] as const)("%s", ([_, api, requests]) =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api })
      expect(Either.isLeft(yield* ended(resilient(client).get("/x")))).toBe(true)
      expect((yield* apiCalls).length).toBe(requests)
    })
  )

  it.scoped("a client that waits does not wait again for each retry", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: () => notYet("50"), options: patient })
      expect(Either.isLeft(yield* ended(resilient(client).get("/x")))).toBe(true)
      expect((yield* apiCalls).length).toBe(2)
    })
  )
})
