import {
  FetchHttpClient,
  HttpBody,
  HttpClient,
  HttpClientError,
  HttpClientRequest,
  HttpClientResponse
} from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient, RateLimited } from "cxone-auth"
import {
  Array,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  FastCheck as fc,
  Layer,
  Option,
  Redacted,
  Stream,
  TestClock
} from "effect"
import { bearerOf, challenge, host, invalidToken, world } from "../support/ClientWorld.js"
import { json, type Sent, scripted } from "../support/ScriptedHttpClient.js"

describe("CxoneHttpClient", () => {
  it.scoped("C1, C5: a call to a relative URL gets the token, and asks for JSON", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ api: () => json({ id: "u1" }) })
      const response = yield* client.get("/api/v2/users/me", { urlParams: { fields: "a b" } })
      expect(yield* response.json).toEqual({ id: "u1" })
      const [call] = yield* apiCalls
      expect(call?.url).toBe(`${host}/api/v2/users/me?fields=a+b`)
      expect({ ...call?.request.headers }).toEqual({ accept: "application/json", authorization: "Bearer t1" })
    })
  )

  it.scoped(
    "C5: the caller's own Accept header is kept, and tracing headers are sent only if the app asks for them",
    () =>
      Effect.gen(function* () {
        const quiet = yield* world()
        yield* quiet.client.get("/a", { accept: "audio/wav" }).pipe(Effect.withSpan("caller"))
        const [silent] = yield* quiet.apiCalls
        expect(silent?.request.headers.accept).toBe("audio/wav")
        expect(Object.keys(silent?.request.headers ?? {})).not.toContain("traceparent")
        const traced = yield* world({ options: { tracerPropagation: true } })
        yield* traced.client.get("/a").pipe(Effect.withSpan("caller"))
        const [spoken] = yield* traced.apiCalls
        expect(Object.keys(spoken?.request.headers ?? {})).toContain("traceparent")
      })
  )

  describe("C1: the token goes only to the API's origin", () => {
    const foreign: ReadonlyArray<readonly [string, string]> = [
      ["https://evil.example/api", "not_allowed"],
      ["//evil.example/api", "not_allowed"],
      ["\\\\evil.example\\api", "not_allowed"],
      ["https:\\\\evil.example", "not_allowed"],
      ["\thttps://evil.example", "not_allowed"],
      ["https://platform.nice-ic.com.evil.example/", "not_allowed"],
      ["https://evilplatform.nice-ic.com/", "not_allowed"],
      ["https://platform.nice-ic.com:8443/", "not_allowed"],
      ["https://platform.nice-ic.com./", "not_allowed"],
      ["http://platform.nice-ic.com/", "not_confidential"],
      ["https://user:pass@platform.nice-ic.com/", "user_info"],
      ["https://platform.nice-ic.com@evil.example/", "user_info"],
      ["ws://platform.nice-ic.com/", "not_http"],
      ["wss://platform.nice-ic.com/", "not_http"],
      ["ftp://platform.nice-ic.com/", "not_http"],
      ["data:text/plain,x", "not_http"],
      ["javascript:alert(1)", "not_http"]
    ]
    it.scoped.each(foreign)("nothing is sent to %s", ([url, reason]) =>
      Effect.gen(function* () {
        const { apiCalls, client, exchanges } = yield* world()
        expect(yield* Effect.flip(client.get(url))).toMatchObject({ _tag: "ForeignOrigin", reason })
        expect(yield* apiCalls).toEqual([])
        expect(yield* exchanges).toBe(0)
      })
    )

    it.scoped("no WebSocket is opened, and the error says what to do instead", () =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world()
        const upgraded = client.get("/notifications", { headers: { connection: "Upgrade", upgrade: "websocket" } })
        for (const call of [client.get("wss://platform.nice-ic.com/notifications"), upgraded]) {
          const error = yield* Effect.flip(call)
          expect(error).toMatchObject({ _tag: "ForeignOrigin", reason: "not_http" })
          expect(error.message).toMatch(/opens no WebSocket.* take the token from CxoneAuth\.accessToken/)
        }
        expect(yield* apiCalls).toEqual([])
      })
    )

    it.scoped.each([
      [host, `${host}/`],
      [`${host}:443/x`, `${host}/x`],
      ["HTTPS://PLATFORM.NICE-IC.COM/x", `${host}/x`],
      ["/x/../y", `${host}/y`],
      ["x", `${host}/x`],
      ["?q=1", `${host}/?q=1`]
    ] as const)("%s gets the token", ([url, sent]) =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world()
        yield* client.get(url)
        expect((yield* apiCalls).map((call) => call.url)).toEqual([sent])
      })
    )

    it.scoped("an origin that the app allows gets the token", () =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world({ options: { allowedOrigins: ["https://files.example.com/any"] } })
        yield* client.get("https://files.example.com/recording.wav")
        const [call] = yield* apiCalls
        expect(call && bearerOf(call)).toBe("t1")
        expect(yield* Effect.flip(client.get("https://files.example.com:8443/"))).toMatchObject({
          _tag: "ForeignOrigin"
        })
      })
    )

    it.each(["files.example.com", "http://files.example.com", "https://me@files.example.com"])(
      "an invalid allowed origin throws when the layer is made: %s",
      (origin) => {
        expect(() => CxoneHttpClient.layer({ allowedOrigins: [host, origin] })).toThrow(TypeError)
        expect(() => CxoneHttpClient.layer({ allowedOrigins: [host, origin] })).toThrow(
          /^CxoneHttpClient: allowedOrigins\[1\] must/
        )
      }
    )

    it.scoped("plain http is sent to this machine only", () =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world({ apiBaseUrl: "http://127.0.0.1:8080" })
        yield* client.get("/x")
        expect((yield* apiCalls).map(({ url }) => url)).toEqual(["http://127.0.0.1:8080/x"])
      })
    )

    it.scoped("a URL that cannot be parsed is the platform's InvalidUrl", () =>
      Effect.gen(function* () {
        const { client } = yield* world()
        expect(yield* Effect.flip(client.get("https://[/"))).toMatchObject({
          _tag: "RequestError",
          reason: "InvalidUrl"
        })
      })
    )

    it.effect("no random URL gets the token to another origin, by the WHATWG parser", () =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world()
        const part = fc.constantFrom(
          "https:",
          "http:",
          "//",
          "\\",
          "/",
          "@",
          ":",
          ".",
          "#",
          "?",
          "evil.example",
          "platform.nice-ic.com",
          "%2e",
          "xn--",
          "\t",
          "443",
          "a",
          "。",
          "\u00ad"
        )
        const urls = fc.sample(
          fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")),
          { numRuns: 2_000, seed: 6749 }
        )
        yield* Effect.forEach(urls, (url) => Effect.exit(client.get(url)))
        const sent = yield* apiCalls
        expect(sent.length).toBeGreaterThan(50)
        for (const { url } of sent) expect(new URL(url).origin).toBe(host)
      }).pipe(Effect.scoped)
    )
  })

  describe("C2: after a 401 about the token it is renewed once, and the call is sent once more", () => {
    const refuseFirstToken = (sent: Sent) => (bearerOf(sent) === "t1" ? invalidToken() : json({ ok: true }))

    it.scoped("the caller sees only the success", () =>
      Effect.gen(function* () {
        const { apiCalls, client, exchanges } = yield* world({ api: refuseFirstToken })
        const response = yield* client.post("/x", {
          body: (yield* HttpClientRequest.bodyJson(HttpClientRequest.post("/"), { a: 1 })).body
        })
        expect(response.status).toBe(200)
        const calls = yield* apiCalls
        expect(calls.map(bearerOf)).toEqual(["t1", "t2"])
        expect(calls.map(({ body }) => body)).toEqual(['{"a":1}', '{"a":1}'])
        expect(yield* exchanges).toBe(2)
      })
    )

    it.scoped.each([
      ["no challenge at all", () => new Response("", { status: 401 })],
      ["a challenge that cannot be parsed", () => challenge('Bearer realm="open')],
      ["Bearer without an error code (RFC 6750 §3.1)", () => challenge('Bearer realm="api"')],
      ["Bearer beside another scheme", () => challenge('Basic realm="x", Bearer error="invalid_token"')]
    ] as const)("a 401 with %s is about the token", ([_, refuse]) =>
      Effect.gen(function* () {
        const { client, exchanges } = yield* world({ api: (sent) => (bearerOf(sent) === "t1" ? refuse() : json({})) })
        expect((yield* client.get("/x")).status).toBe(200)
        expect(yield* exchanges).toBe(2)
      })
    )

    it.scoped("L9: 500 calls at once whose token is refused make one renewal, and each is sent once more", () =>
      Effect.gen(function* () {
        const { apiCalls, client, exchanges } = yield* world({ api: refuseFirstToken })
        const responses = yield* Effect.all(Array.replicate(client.get("/x"), 500), { concurrency: "unbounded" })
        expect(responses.every(({ status }) => status === 200)).toBe(true)
        expect(yield* exchanges).toBe(2)
        expect((yield* apiCalls).length).toBe(1_000)
      })
    )

    it.scoped("a token that was renewed meanwhile is used, and not renewed again", () =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        const { auth, client, exchanges } = yield* world({
          api: (sent) => (bearerOf(sent) === "t1" ? Effect.as(Deferred.await(gate), invalidToken()) : json({}))
        })
        const call = yield* Effect.fork(client.get("/x"))
        yield* Effect.yieldNow()
        yield* auth.invalidate(yield* auth.accessToken)
        yield* auth.accessToken
        yield* Deferred.succeed(gate, undefined)
        expect((yield* Fiber.join(call)).status).toBe(200)
        expect(yield* exchanges).toBe(2)
      })
    )

    it.scoped("a second 401 is InvalidToken, with what the challenge says", () =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world({ api: invalidToken })
        const error = yield* Effect.flip(client.get("/x"))
        expect(error).toMatchObject({
          _tag: "InvalidToken",
          reason: "refused_again",
          origin: host,
          error: "invalid_token",
          description: "it has ended"
        })
        expect((yield* apiCalls).map(bearerOf)).toEqual(["t1", "t2"])
      })
    )

    it.scoped("a permanent 401 is remembered: calls are sent once, and no token is renewed for them", () =>
      Effect.gen(function* () {
        const { apiCalls, client, exchanges } = yield* world({ api: invalidToken })
        yield* Effect.flip(client.get("/x"))
        const before = (yield* apiCalls).length
        for (let call = 0; call < 10; call++) {
          expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ _tag: "InvalidToken", reason: "refused_again" })
        }
        expect((yield* apiCalls).length - before).toBe(10)
        expect(yield* exchanges).toBe(2)
      })
    )

    it.scoped("a lost race costs a second: then a renewed token that was refused is replaced", () =>
      Effect.gen(function* () {
        const { client, exchanges } = yield* world({
          api: (sent) => (["t1", "t2"].includes(bearerOf(sent)) ? invalidToken() : json({}))
        })
        expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ retryAfter: Duration.seconds(1) })
        yield* TestClock.adjust(999)
        expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ retryAfter: Duration.millis(1) })
        expect(yield* exchanges).toBe(2)
        yield* TestClock.adjust(1)
        expect((yield* client.get("/x")).status).toBe(200)
        expect(yield* exchanges).toBe(3)
      })
    )

    it.scoped("a place that has taken a token again has its next refused one renewed at once", () =>
      Effect.gen(function* () {
        let bad = ["t1", "t2"]
        const { client, exchanges } = yield* world({
          api: (sent) => (bad.includes(bearerOf(sent)) ? invalidToken() : json({}))
        })
        yield* Effect.flip(client.get("/x"))
        bad = []
        yield* client.get("/x")
        bad = ["t2"]
        expect((yield* client.get("/x")).status).toBe(200)
        expect(yield* exchanges).toBe(3)
      })
    )

    it.scoped("what a token is refused for at one path costs another path nothing", () =>
      Effect.gen(function* () {
        const { client, exchanges } = yield* world({
          api: ({ url }) => (url.endsWith("/refusing") ? invalidToken() : json({}))
        })
        for (const _ of Array.range(1, 20)) {
          yield* Effect.flip(client.get("/refusing"))
          expect((yield* client.get("/taking")).status).toBe(200)
          yield* TestClock.adjust("100 millis")
        }
        expect(yield* exchanges).toBe(3)
      })
    )

    it.scoped("a token that is accepted only 300 ms after its issue is used, and not renewed", () =>
      Effect.gen(function* () {
        const issued = new Map<string, number>()
        let now = 0
        const { client, exchanges } = yield* world({
          api: (sent) => {
            now = sent.at
            const since = issued.get(bearerOf(sent)) ?? now
            issued.set(bearerOf(sent), since)
            return now - since < 300 ? invalidToken() : json({})
          },
          options: { policy: { tokenArrival: "2 seconds" } }
        })
        const calls = yield* Effect.fork(
          Effect.all([client.get("/x"), client.get("/x"), client.get("/y")], { concurrency: 3 })
        )
        yield* TestClock.adjust("1 second")
        expect((yield* Fiber.join(calls)).map(({ status }) => status)).toEqual([200, 200, 200])
        expect(yield* exchanges).toBe(1)
      })
    )

    it.scoped.each([
      ["an iterator", () => [new Uint8Array([1])].values()],
      ["a web stream", () => new Response("x").body],
      ["a generator", async function* () {}]
    ] as const)("a raw body that can be read only once is not sent again: %s", ([_, body]) =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world({ api: refuseFirstToken })
        const upload = HttpClientRequest.post("/x").pipe(HttpClientRequest.setBody(HttpBody.raw(body())))
        expect(yield* Effect.flip(client.execute(upload))).toMatchObject({ reason: "body_not_replayable" })
        expect((yield* apiCalls).length).toBe(1)
      })
    )

    it.scoped.each(["text", new Uint8Array([1]), new URLSearchParams("a=1"), new Blob(["x"])])(
      "a raw body that can be read twice is sent again: %#",
      (body) =>
        Effect.gen(function* () {
          const { apiCalls, client } = yield* world({ api: refuseFirstToken })
          const upload = HttpClientRequest.post("/x").pipe(HttpClientRequest.setBody(HttpBody.raw(body)))
          expect((yield* client.execute(upload)).status).toBe(200)
          expect((yield* apiCalls).length).toBe(2)
        })
    )

    it.scoped("the call is sent again if the provider gives the same token, and once", () =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world({ api: invalidToken, tokenValue: () => "same" })
        expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ _tag: "InvalidToken", reason: "refused_again" })
        expect((yield* apiCalls).length).toBe(2)
      })
    )

    it.scoped("a stream is not sent again: the call fails, and the next call has a new token", () =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world({ api: refuseFirstToken })
        const upload = HttpClientRequest.post("/x").pipe(HttpClientRequest.bodyStream(Stream.make(new Uint8Array([1]))))
        expect(yield* Effect.flip(client.execute(upload))).toMatchObject({
          _tag: "InvalidToken",
          reason: "body_not_replayable"
        })
        expect((yield* client.execute(upload)).status).toBe(200)
        expect((yield* apiCalls).map(bearerOf)).toEqual(["t1", "t2"])
      })
    )

    it.scoped("a permanent 401 for streams costs one renewal", () =>
      Effect.gen(function* () {
        const { apiCalls, client, exchanges } = yield* world({ api: invalidToken })
        const upload = HttpClientRequest.post("/x").pipe(HttpClientRequest.bodyStream(Stream.make(new Uint8Array([1]))))
        const reasons: Array<unknown> = []
        for (let call = 0; call < 10; call++) {
          reasons.push(yield* Effect.flip(client.execute(upload)))
        }
        expect(reasons).toMatchObject([
          { reason: "body_not_replayable" },
          ...Array.replicate({ _tag: "InvalidToken", reason: "refused_again" }, 9)
        ])
        expect((yield* apiCalls).length).toBe(10)
        expect(yield* exchanges).toBe(2)
      })
    )

    const upload = HttpClientRequest.post("/x").pipe(HttpClientRequest.bodyStream(Stream.make(new Uint8Array([1]))))

    it.scoped("a stream whose token is refused hears if there is no new token", () =>
      Effect.gen(function* () {
        let isRefused = false
        const { client } = yield* world({
          api: invalidToken,
          refusal: () => (isRefused ? json({ error: "invalid_client" }, { status: 401 }) : undefined)
        })
        expect(yield* Effect.flip(client.execute(upload))).toMatchObject({ reason: "body_not_replayable" })
        isRefused = true
        yield* TestClock.adjust("2 minutes")
        expect(yield* Effect.flip(client.execute(upload))).toMatchObject({ _tag: "InvalidClient" })
        expect(
          (yield* client.execute(upload).pipe(CxoneHttpClient.withCallOptions({ asResponse: [401] }))).status
        ).toBe(401)
      })
    )

    it.scoped("L6: renewals that the token service holds back don't count among the 8", () =>
      Effect.gen(function* () {
        let valid = "t1"
        const { client, exchanges } = yield* world({
          api: (sent) => (bearerOf(sent) === valid ? json({}) : invalidToken()),
          refusal: () => (valid === "none" ? json({ error: "invalid_client" }, { status: 401 }) : undefined)
        })
        yield* client.get("/x")
        valid = "none"
        for (let call = 0; call < 20; call++) {
          expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ _tag: "InvalidClient" })
        }
        expect(yield* exchanges).toBe(2)
        valid = "t3"
        yield* TestClock.adjust("30 seconds")
        expect((yield* client.get("/x")).status).toBe(200)
      })
    )

    it.scoped("nor do they if their callers have left", () =>
      Effect.gen(function* () {
        let isUp = true
        const valid = new Set<string>()
        const { client } = yield* world({
          api: (sent) => (valid.has(bearerOf(sent)) ? json({}) : invalidToken()),
          refusal: () => (isUp ? undefined : new Response("", { status: 503 })),
          tokenValue: (n) => {
            valid.add(`t${n}`)
            return `t${n}`
          }
        })
        const sets = ["a", "b", "c", "d"]
        const callAll = (within: Duration.DurationInput) =>
          Effect.forEach(
            sets,
            (scopes) => Effect.exit(Effect.timeout(CxoneHttpClient.withScopes(client.get("/x"), scopes), within)),
            { concurrency: "unbounded" }
          )
        yield* callAll("3 seconds")
        valid.clear()
        isUp = false
        for (let round = 0; round < 2; round++) {
          yield* Effect.fork(callAll("3 seconds"))
          yield* TestClock.adjust("25 seconds")
        }
        isUp = true
        // They wait for the end of the pause that the 503s began.
        const last = yield* Effect.fork(callAll("1 minute"))
        yield* TestClock.adjust("1 minute")
        expect((yield* Fiber.join(last)).map(Exit.isSuccess)).toEqual(sets.map(() => true))
      })
    )

    it.scoped("those that fail because the credentials can't be read do count: a vault is no place for a loop", () =>
      Effect.gen(function* () {
        let reads = 0
        const { layer } = yield* scripted((sent) =>
          Effect.succeed(sent.url.endsWith("/token") ? json({ access_token: "t1", expires_in: 3600 }) : invalidToken())
        )
        const credentials = Effect.suspend(() => {
          reads += 1
          return reads > 1
            ? Effect.fail("down")
            : Effect.succeed(Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("s3cr3t") }))
        })
        const environment = CxoneEnvironment.custom({ tokenEndpoint: `${host}/token`, apiBaseUrl: host })
        const context = yield* Layer.build(
          CxoneHttpClient.layer({ policy: { tokenArrival: 0 } }).pipe(
            Layer.provide(CxoneAuth.layer({ credentials, environment })),
            Layer.provide(layer)
          )
        )
        const client = yield* Effect.provide(CxoneHttpClient, context)
        const errors = yield* Effect.forEach(Array.range(1, 100), () => Effect.flip(client.get("/x")))
        expect(errors.at(-1)).toMatchObject({ reason: "too_many_renewals" })
        expect(reads).toBe(7)
      })
    )

    it.scoped("those that fail because nobody answers do count", () =>
      Effect.gen(function* () {
        let isUp = true
        const { client } = yield* world({
          api: () => (isUp ? json({}) : invalidToken()),
          refusal: () => (isUp ? undefined : new Response(new ReadableStream({ pull: (body) => body.error("cut") })))
        })
        yield* client.get("/x")
        isUp = false
        const errors = yield* Effect.forEach(Array.range(1, 7), () =>
          Effect.gen(function* () {
            const call = yield* Effect.fork(Effect.flip(client.get("/x")))
            yield* TestClock.adjust("8500 millis")
            return yield* Fiber.join(call)
          })
        )
        expect(errors).toMatchObject([
          ...Array.replicate({ _tag: "TokenEndpointUnavailable", reason: "transport" }, 6),
          { _tag: "InvalidToken", reason: "too_many_renewals" }
        ])
      })
    )

    it.scoped("a token that the provider gave for two sets of scopes is renewed for the set of the call", () =>
      Effect.gen(function* () {
        const { auth, client, exchanges } = yield* world({
          api: (sent) => (bearerOf(sent) === "same" ? invalidToken() : json({})),
          tokenValue: (n) => (n <= 2 ? "same" : `t${n}`)
        })
        yield* auth.accessTokenFor("other")
        expect((yield* client.get("/x")).status).toBe(200)
        expect(yield* exchanges).toBe(3)
        expect(Redacted.value((yield* auth.accessTokenFor("other")).value)).toBe("same")
      })
    )

    it.scoped("10 streams at once whose token is refused fail with body_not_replayable, and cost one renewal", () =>
      Effect.gen(function* () {
        const { client, exchanges } = yield* world({ api: refuseFirstToken })
        const upload = HttpClientRequest.post("/x").pipe(HttpClientRequest.bodyStream(Stream.make(new Uint8Array([1]))))
        const errors = yield* Effect.all(Array.replicate(Effect.flip(client.execute(upload)), 10), {
          concurrency: "unbounded"
        })
        expect(errors).toMatchObject(Array.replicate({ reason: "body_not_replayable" }, 10))
        expect((yield* client.execute(upload)).status).toBe(200)
        expect(yield* exchanges).toBe(2)
      })
    )

    it.scoped.each(['Basic realm="x"', 'OAuth2 realm="x"', 'Bearer error="token_revoked"', 'Bearer realm="open', ""])(
      "any other 401 is about the token: %s",
      (header) =>
        Effect.gen(function* () {
          const { apiCalls, client } = yield* world({
            api: (sent) => (bearerOf(sent) === "t1" ? challenge(header) : json({}))
          })
          expect((yield* client.get("/x")).status).toBe(200)
          expect((yield* apiCalls).map(bearerOf)).toEqual(["t1", "t2"])
        })
    )

    it.scoped("a 401 that says insufficient_scope is InsufficientScope, and nothing is renewed", () =>
      Effect.gen(function* () {
        const { client, exchanges } = yield* world({ api: () => challenge('Bearer error="insufficient_scope"') })
        expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ _tag: "InsufficientScope" })
        expect(yield* exchanges).toBe(1)
      })
    )

    it.scoped("403, 429 and 500 to the second request are treated as those to a first one", () =>
      Effect.gen(function* () {
        const after = (second: () => Response) => ({
          api: (sent: Sent) => (bearerOf(sent) === "t1" ? invalidToken() : second())
        })
        const scopes = yield* world(after(() => challenge('Bearer error="insufficient_scope"', 403)))
        expect(yield* Effect.flip(scopes.client.get("/x"))).toMatchObject({ _tag: "InsufficientScope" })
        const busy = yield* world(after(() => new Response("", { status: 429 })))
        expect(yield* Effect.flip(busy.client.get("/x"))).toMatchObject({ _tag: "RateLimited" })
        const broken = yield* world(after(() => new Response("", { status: 500 })))
        expect((yield* broken.client.get("/x")).status).toBe(500)
      })
    )

    it.scoped("interrupting the caller during the second request ends that request", () =>
      Effect.gen(function* () {
        const ended = yield* Deferred.make<void>()
        const hang = Effect.onInterrupt(Effect.never, () => Deferred.succeed(ended, undefined))
        const { client } = yield* world({ api: (sent) => (bearerOf(sent) === "t1" ? invalidToken() : hang) })
        const call = yield* Effect.fork(client.get("/x"))
        yield* TestClock.adjust(1)
        yield* Fiber.interrupt(call)
        expect(yield* Deferred.isDone(ended)).toBe(true)
      })
    )
  })

  describe("C2: tokens that are refused although they are new", () => {
    const refuses = (path: string, tokens: ReadonlyArray<string>) => (sent: Sent) =>
      new URL(sent.url).pathname === path || tokens.includes(bearerOf(sent)) ? invalidToken() : json({})

    it.scoped("a late 401 renews the token that the provider meanwhile gave out once more", () =>
      Effect.gen(function* () {
        const late = (sent: Sent) =>
          bearerOf(sent) === "same" ? Effect.as(Effect.sleep("3 seconds"), invalidToken()) : Effect.succeed(json({}))
        const { auth, client, exchanges } = yield* world({ api: late, tokenValue: (n) => (n < 3 ? "same" : "other") })
        const call = yield* Effect.fork(client.get("/users"))
        yield* TestClock.adjust("1 second")
        yield* auth.invalidate(yield* auth.accessToken)
        yield* auth.accessToken
        yield* TestClock.adjust("2 seconds")
        expect((yield* Fiber.join(call)).status).toBe(200)
        expect(yield* exchanges).toBe(3)
      })
    )

    it.scoped("one route that always answers 401 does not stop renewals for the others", () =>
      Effect.gen(function* () {
        const revoked: Array<string> = []
        const { client, exchanges } = yield* world({ api: refuses("/broken", revoked) })
        yield* Effect.flip(client.get("/broken"))
        revoked.push("t1", "t2")
        expect((yield* client.get("/users")).status).toBe(200)
        expect(yield* exchanges).toBe(3)
      })
    )

    it.scoped("many routes that always answer 401 cost at most eight renewals", () =>
      Effect.gen(function* () {
        const { apiCalls, client, exchanges } = yield* world({ api: invalidToken })
        for (const n of Array.range(1, 50)) {
          expect(yield* Effect.flip(client.get(`/contacts/${n}`))).toMatchObject({ _tag: "InvalidToken" })
        }
        expect(yield* exchanges).toBeLessThanOrEqual(9)
        expect((yield* apiCalls).length).toBeLessThanOrEqual(50 + 8)
      })
    )
  })

  describe("C3: a 403 that says insufficient_scope is InsufficientScope; every other 403 is a response", () => {
    const expected = {
      _tag: "InsufficientScope",
      reason: "insufficient_scope",
      origin: host,
      requested: ["offline_access", "read:users"],
      granted: ["offline_access"],
      required: ["read:users", "write:users"]
    }

    it.scoped("in the challenge, as in RFC 6750 §3.1", () =>
      Effect.gen(function* () {
        const { client, exchanges } = yield* world({
          api: () => challenge('Bearer error="insufficient_scope", scope="write:users read:users"', 403)
        })
        const error = yield* Effect.flip(client.get("/x"))
        expect(error).toMatchObject(expected)
        expect(error.message).toContain("Required: read:users write:users; granted: offline_access")
        expect(yield* exchanges).toBe(1)
      })
    )

    const inBody = (body: string, headers: Record<string, string> = {}) =>
      new Response(body, {
        status: 403,
        headers: { "content-type": "application/json", "content-length": String(body.length), ...headers }
      })

    it.scoped("in a JSON body", () =>
      Effect.gen(function* () {
        const body = JSON.stringify({
          error: "insufficient_scope",
          scope: "write:users read:users",
          error_description: "no"
        })
        const { client } = yield* world({ api: () => inBody(body) })
        expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ ...expected, description: "no" })
      })
    )

    it.scoped("in a JSON body of unknown length, with fields that are null", () =>
      Effect.gen(function* () {
        const error = { error: "insufficient_scope", scope: null, error_description: null }
        const { client } = yield* world({ api: () => json(error, { status: 403 }) })
        expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ _tag: "InsufficientScope", required: [] })
      })
    )

    it.scoped("the error has every required scope, however many they are", () =>
      Effect.gen(function* () {
        const required = Array.makeBy(20, (n) => `cxone:reporting:${String.fromCharCode(97 + n)}`)
        const { client } = yield* world({
          api: () => challenge(`Bearer error="insufficient_scope", scope="${required.join(" ")}"`, 403)
        })
        expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ required })
      })
    )

    it.scoped("a JSON body that breaks off is a response with its status", () =>
      Effect.gen(function* () {
        const broken = () =>
          new ReadableStream({
            start: (controller) => {
              controller.enqueue(new TextEncoder().encode('{"error":'))
              controller.error(new Error("cut off"))
            }
          })
        const headers = { "content-type": "application/json" }
        const { client } = yield* world({ api: () => new Response(broken(), { status: 403, headers }) })
        const response = yield* client.get("/x")
        expect(response.status).toBe(403)
        expect(yield* Effect.flip(response.text)).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
      })
    )

    it.scoped("bytes that are not UTF-8 pass unchanged", () =>
      Effect.gen(function* () {
        const bytes = new Uint8Array([0xff, 0xfe, 0x7b, 0x80])
        const headers = { "content-type": "application/json" }
        const { client } = yield* world({ api: () => new Response(bytes, { status: 403, headers }) })
        const response = yield* client.get("/x")
        expect(new Uint8Array(yield* response.arrayBuffer)).toEqual(bytes)
      })
    )

    it.scoped("C7: a body that stalls is read for one second, and then is a response with every byte", () =>
      Effect.gen(function* () {
        let push: (text: string) => void = () => {}
        let finish: () => void = () => {}
        const stalling = new ReadableStream<Uint8Array>({
          start: (controller) => {
            push = (text) => controller.enqueue(new TextEncoder().encode(text))
            finish = () => controller.close()
          }
        })
        const headers = { "content-type": "application/json" }
        const { client } = yield* world({ api: () => new Response(stalling, { status: 403, headers }) })
        push('{"error":')
        const call = yield* Effect.fork(client.get("/x"))
        yield* TestClock.adjust("1 second")
        const response = yield* Fiber.join(call)
        expect(response.status).toBe(403)
        const reading = yield* Effect.fork(response.text)
        yield* TestClock.adjust("1 minute")
        push('"no_role"}')
        finish()
        expect(Exit.getOrElse(yield* Fiber.await(reading), () => "")).toBe('{"error":"no_role"}')
      })
    )

    it.scoped.each([
      ["another JSON body", () => inBody('{"error":"no_role"}'), '{"error":"no_role"}'],
      ["a text", () => new Response("no", { status: 403 }), "no"],
      ...[
        'error="insufficient_scope", error="insufficient_scope"',
        'error="insufficient_scope", error="invalid_token"',
        'error="insufficient_scope", scope="a", scope="b"',
        'realm="a", REALM="b", error="insufficient_scope"'
      ].map(
        (params) =>
          [
            `a challenge that names a parameter twice: ${params}`,
            () => challenge(`Bearer ${params}`, 403),
            "{}"
          ] as const
      ),
      ["broken JSON", () => inBody("{"), "{"],
      ["a JSON body of unknown length", () => json({ error: "x" }, { status: 403 }), '{"error":"x"}'],
      ["a JSON body of 20 KB", () => inBody(JSON.stringify("x".repeat(20_000))), JSON.stringify("x".repeat(20_000))]
    ] as const)("%s passes unchanged, as text and as a stream", ([_, respond, text]) =>
      Effect.gen(function* () {
        const { client } = yield* world({ api: respond })
        const response = yield* client.get("/x")
        expect(response.status).toBe(403)
        expect(yield* response.text).toBe(text)
        const again = yield* client.get("/x")
        const bytes = yield* Stream.runCollect(again.stream)
        expect(Buffer.concat([...bytes]).toString()).toBe(text)
      })
    )
  })

  it.scoped("C4: 429 is RateLimited with the Retry-After that was sent", () =>
    Effect.gen(function* () {
      const { client } = yield* world({ api: () => new Response("", { status: 429, headers: { "retry-after": "7" } }) })
      const error = yield* Effect.flip(client.get("/x"))
      expect(error).toMatchObject({ _tag: "RateLimited", reason: "api", origin: host })
      expect(error._tag === "RateLimited" && error.retryAfter).toEqual(Duration.seconds(7))
    })
  )

  it.scoped.each([200, 201, 204, 301, 304, 400, 404, 409, 418, 500, 502, 503])("status %s is a response", (status) =>
    Effect.gen(function* () {
      const { client } = yield* world({ api: () => new Response(null, { status }) })
      expect((yield* client.get("/x")).status).toBe(status)
    })
  )

  it.scoped("C7: an endless 403 is a response, and no more of it is read than the limit of an error body", () =>
    Effect.gen(function* () {
      let pulled = 0
      const endless = () =>
        new ReadableStream({
          pull: (controller) => {
            pulled += 1
            controller.enqueue(new Uint8Array(1024).fill(32))
          }
        })
      const headers = { "content-type": "application/json" }
      const { client } = yield* world({ api: () => new Response(endless(), { status: 403, headers }) })
      const response = yield* client.get("/x")
      expect(response.status).toBe(403)
      expect(pulled).toBeLessThan(20)
      const [first] = yield* Stream.runCollect(Stream.take(response.stream, 1))
      expect(first).toHaveLength(1024)
    })
  )

  it.scoped("leaves the caller's own fetch settings unchanged", () =>
    Effect.gen(function* () {
      const { client } = yield* world()
      yield* HttpClient.withTracerDisabledWhen(client, () => true).get("/x")
      expect(yield* Effect.serviceOption(FetchHttpClient.RequestInit)).toEqual(Option.none())
    })
  )

  it.scoped("a failed token exchange is the call's failure, and nothing is sent to the API", () =>
    Effect.gen(function* () {
      const { apiCalls, client } = yield* world({ tokenValue: () => "" })
      expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ _tag: "InvalidTokenResponse" })
      expect(yield* apiCalls).toEqual([])
    })
  )

  it.scoped("a transport failure is the platform's RequestError, with its code", () =>
    Effect.gen(function* () {
      const { client } = yield* world({ api: () => Effect.fail({ cause: { code: "ECONNRESET" } }) })
      const error = yield* Effect.flip(client.get("/x"))
      expect(error).toMatchObject({ _tag: "RequestError", reason: "Transport" })
      expect(error.message).toBe(
        `Transport: the connection to ${host} broke off (ECONNRESET). Check the URL (apiBaseUrl, CXONE_API_BASE_URL, or ` +
          "the call's own), DNS, and the proxy or firewall in between, or try again later. If a proxy must be used, tell the HttpClient: it " +
          `may ignore HTTPS_PROXY. (GET ${host}/x)`
      )
    })
  )

  describe("S1: a transport's description of a failure is quoted without the token", () => {
    const description = ({ headers }: HttpClientRequest.HttpClientRequest) => `it broke at ${headers.authorization}`
    const transports = [
      [
        "of a call",
        HttpClient.make((request) =>
          Effect.fail(
            new HttpClientError.RequestError({ request, reason: "Transport", description: description(request) })
          )
        )
      ],
      [
        "of a body",
        HttpClient.make((request) => {
          const response = HttpClientResponse.fromWeb(request, new Response())
          const broken = new HttpClientError.ResponseError({
            request,
            response,
            reason: "Decode",
            description: description(request)
          })
          return Effect.succeed(Object.defineProperty(response, "text", { value: Effect.fail(broken) }))
        })
      ]
    ] as const
    it.effect.each(transports)("%s", ([_, http]) =>
      Effect.gen(function* () {
        const call = Effect.flatMap(CxoneHttpClient, (client) => client.get("/x"))
        const error = yield* Effect.flip(Effect.flatMap(call, ({ text }) => text))
        expect(error.message).toContain("it broke at")
        expect(error.message).not.toContain("mF_9.B5f-4.1JqM")
      }).pipe(
        Effect.provide(Layer.provide(CxoneHttpClient.layer(), CxoneAuth.layerTest("mF_9.B5f-4.1JqM"))),
        Effect.provideService(HttpClient.HttpClient, http)
      )
    )
  })

  it.scoped("works with the platform's combinators: mapRequest, filterStatusOk, retryTransient", () =>
    Effect.gen(function* () {
      let failures = 2
      const { apiCalls, client } = yield* world({
        api: () => (failures-- > 0 ? new Response("", { status: 503 }) : json({ id: 1 }))
      })
      const resilient = client.pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl("/api/v2")),
        HttpClient.filterStatusOk,
        HttpClient.retryTransient({ times: 3 })
      )
      const response = yield* resilient.get("/users/me")
      expect(yield* response.json).toEqual({ id: 1 })
      expect((yield* apiCalls).map(({ url }) => url)).toEqual(Array.replicate(`${host}/api/v2/users/me`, 3))
    })
  )

  it.effect("CxoneAuth.layerTest gives a token or a failure, and sends no token request", () =>
    Effect.gen(function* () {
      const { layer, sent } = yield* scripted(() => Effect.succeed(json({})))
      const call = Effect.flatMap(CxoneHttpClient, (client) => client.get("/x"))
      const provide = (auth: Layer.Layer<CxoneAuth>) =>
        Effect.provide(CxoneHttpClient.layer().pipe(Layer.provide([auth, layer])))
      yield* call.pipe(
        Effect.withSpan("caller"),
        provide(CxoneAuth.layerTest("mF_9.B5f-4.1JqM", { apiBaseUrl: "https://api.test/" }))
      )
      expect((yield* sent).map(({ request }) => Object.keys(request.headers).sort())).toEqual([
        ["accept", "authorization"]
      ])
      expect((yield* sent).map(({ url, request }) => [url, request.headers.authorization])).toEqual([
        ["https://api.test/x", "Bearer mF_9.B5f-4.1JqM"]
      ])
      const busy = new RateLimited({ reason: "token_endpoint", origin: host })
      expect(yield* Effect.flip(call.pipe(provide(CxoneAuth.layerTest(busy))))).toBe(busy)
      expect((yield* sent).length).toBe(1)
    })
  )
})
