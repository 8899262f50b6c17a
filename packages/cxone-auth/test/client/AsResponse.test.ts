import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup, HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneHttpClient, type CxoneHttpClientOptions } from "cxone-auth"
import { Effect, Either, Random, Schema, Stream } from "effect"
import { bearerOf, challenge, ended, invalidToken, notYet, type World, world } from "../support/ClientWorld.js"
import { json } from "../support/ScriptedHttpClient.js"

/** How a call ends that takes all of these statuses as responses: with a status and a body, or with an error's tag. */
const outcomeOf = (made: World, call = (client: CxoneHttpClient["Type"]) => client.get("/x")) =>
  Effect.gen(function* () {
    const { apiCalls, client, exchanges } = yield* world({
      ...made,
      options: { ...made.options, asResponse: [401, 403, 429, 503] }
    })
    const exit = yield* ended(call(client))
    const outcome = yield* Either.match(exit, {
      onLeft: (error) => Effect.succeed(error._tag),
      onRight: (response) => Effect.map(response.text, (text) => `${response.status} ${text}`)
    })
    return { outcome, tokens: (yield* apiCalls).map(bearerOf), exchanges: yield* exchanges }
  })

const said =
  (status: number, body: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(body, { status, headers })

/** A body that can be read only once. */
const upload = HttpClientRequest.post("/x").pipe(HttpClientRequest.bodyStream(Stream.make(new Uint8Array([1]))))

/** When each request of three calls in a row is sent, in milliseconds after the first, if the API says "not yet" for ever. */
const pausesOf = (options: CxoneHttpClientOptions) =>
  Effect.gen(function* () {
    const { apiCalls, client } = yield* world({ api: () => notYet(), options })
    yield* Effect.forEach([1, 2, 3], () => ended(client.get("/x")))
    const times = (yield* apiCalls).map(({ at }) => at)
    return times.map((at) => at - (times[0] ?? 0))
  }).pipe(Effect.withRandom(Random.fixed([0])))

const wait = { onRateLimited: { wait: "1 minute" } } as const

describe("asResponse", () => {
  describe("C2: a 401 is a response after what is done about it", () => {
    it.scoped("is renewed first, and the call is sent once more", () =>
      Effect.gen(function* () {
        const once = {
          api: (sent: Parameters<typeof bearerOf>[0]) => (bearerOf(sent) === "t1" ? invalidToken() : json("ok"))
        }
        expect(yield* outcomeOf(once)).toEqual({ outcome: '200 "ok"', tokens: ["t1", "t2"], exchanges: 2 })
      })
    )

    it.scoped("the second 401 is handed out, with its whole body", () =>
      Effect.gen(function* () {
        const body = "x".repeat(100_000)
        const always = { api: (_: unknown, index: number) => said(401, `${index} ${body}`)() }
        expect(yield* outcomeOf(always)).toEqual({ outcome: `401 1 ${body}`, tokens: ["t1", "t2"], exchanges: 2 })
      })
    )

    it.scoped("it is remembered as ever: the next call is sent once, and nothing is renewed", () =>
      Effect.gen(function* () {
        const { apiCalls, client, exchanges } = yield* world({ api: said(401, "no"), options: { asResponse: [401] } })
        yield* client.get("/x")
        const again = yield* client.get("/x")
        expect([again.status, yield* again.text]).toEqual([401, "no"])
        expect((yield* apiCalls).map(bearerOf)).toEqual(["t1", "t2", "t2"])
        expect(yield* exchanges).toBe(2)
        expect(yield* Effect.flip(CxoneHttpClient.withCallOptions(client.get("/x"), { asResponse: [] }))).toMatchObject(
          {
            _tag: "InvalidToken",
            reason: "refused_again"
          }
        )
      })
    )

    it.scoped("a stream that cannot be sent again is a response, too, and the next call has a new token", () =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world({ api: said(401, "no"), options: { asResponse: [401] } })
        expect((yield* client.execute(upload)).status).toBe(401)
        expect((yield* client.execute(upload)).status).toBe(401)
        expect((yield* apiCalls).map(bearerOf)).toEqual(["t1", "t2"])
      })
    )

    it.scoped("if the renewal fails, and no second answer comes, the call fails with the typed error", () =>
      Effect.gen(function* () {
        expect(yield* outcomeOf({ api: said(401, "no"), tokenValue: () => "same" })).toMatchObject({
          outcome: "401 no",
          tokens: ["same", "same"]
        })
        expect(yield* outcomeOf({ api: said(401, "no"), tokenValue: (n) => (n === 1 ? "t1" : "") })).toMatchObject({
          outcome: "InvalidTokenResponse",
          tokens: ["t1"]
        })
      })
    )
  })

  it.scoped.each([
    ["a 403 whose challenge says it", () => challenge('Bearer error="insufficient_scope"', 403), "403 {}"],
    ["a 401 whose challenge says it", () => challenge('Bearer error="insufficient_scope"'), "401 {}"],
    [
      "a 403 whose body says it",
      () => json({ error: "insufficient_scope" }, { status: 403 }),
      '403 {"error":"insufficient_scope"}'
    ]
  ] as const)("C3: insufficient_scope is a response: %s", ([_, api, outcome]) =>
    Effect.gen(function* () {
      expect(yield* outcomeOf({ api })).toEqual({ outcome, tokens: ["t1"], exchanges: 1 })
    })
  )

  describe('C4: "not yet" is a response after the wait', () => {
    it.scoped.each([
      [429, undefined],
      [429, "5"],
      [503, "5"]
    ] as const)("%s with Retry-After %s, if the call does not wait", ([status, retryAfter]) =>
      Effect.gen(function* () {
        const { client } = yield* world({ api: () => notYet(retryAfter, status), options: { asResponse: [429, 503] } })
        const response = yield* client.get("/x")
        expect([response.status, yield* response.text]).toEqual([status, "not yet"])
      })
    )

    it.scoped("the calls of the pause are held back as ever", () =>
      Effect.gen(function* () {
        const { apiCalls, client } = yield* world({ api: () => notYet("30"), options: { asResponse: [429] } })
        yield* client.get("/x")
        expect(yield* Effect.flip(client.get("/x"))).toMatchObject({ _tag: "RateLimited", reason: "held_back" })
        expect((yield* apiCalls).length).toBe(1)
      })
    )

    it.scoped("a call that waits is sent again first", () =>
      Effect.gen(function* () {
        const twice = (_: unknown, index: number) => (index < 2 ? notYet("5") : json("ok"))
        expect(yield* outcomeOf({ api: twice, options: wait })).toMatchObject({
          outcome: '200 "ok"',
          tokens: ["t1", "t1", "t1"]
        })
      })
    )

    it.scoped("the answer that asks for more than the call's patience is handed out", () =>
      Effect.gen(function* () {
        const api = (_: unknown, index: number) => said(429, `${index}`, { "retry-after": index === 0 ? "50" : "30" })()
        expect(yield* outcomeOf({ api, options: wait })).toMatchObject({ outcome: "429 1", tokens: ["t1", "t1"] })
      })
    )

    it.scoped("a POST is not sent again, and is a response", () =>
      Effect.gen(function* () {
        expect(
          yield* outcomeOf({ api: () => notYet("5"), options: wait }, (client) => client.post("/x"))
        ).toMatchObject({
          outcome: "429 not yet",
          tokens: ["t1"]
        })
      })
    )

    it.scoped("an answer that is handed out does not count as served: the pause goes on and doubles", () =>
      Effect.gen(function* () {
        const plain = yield* pausesOf(wait)
        expect(yield* pausesOf({ ...wait, asResponse: [429] })).toEqual(plain)
      })
    )
  })

  it.scoped("only the statuses that are named, and the innermost list counts", () =>
    Effect.gen(function* () {
      const { client } = yield* world({ api: () => notYet("0"), options: { asResponse: [401, 403] } })
      expect((yield* Effect.flip(client.get("/x")))._tag).toBe("RateLimited")
      const asked = client
        .get("/x")
        .pipe(
          CxoneHttpClient.withCallOptions({ asResponse: [429] }),
          CxoneHttpClient.withCallOptions({ asResponse: [401] })
        )
      expect((yield* asked).status).toBe(429)
      const undone = client
        .get("/x")
        .pipe(
          CxoneHttpClient.withCallOptions({ asResponse: [401] }),
          CxoneHttpClient.withCallOptions({ asResponse: [429] })
        )
      expect((yield* Effect.flip(undone))._tag).toBe("RateLimited")
      const open = client
        .get("/x")
        .pipe(
          CxoneHttpClient.withCallOptions({ asResponse: undefined, idempotent: true }),
          CxoneHttpClient.withCallOptions({ asResponse: [429] })
        )
      expect((yield* open).status).toBe(429)
    })
  )

  describe("a generated client gets the errors that its HttpApi declares", () => {
    class Refused extends Schema.TaggedError<Refused>()("Refused", { code: Schema.String }) {}
    class Busy extends Schema.TaggedError<Busy>()("Busy", { queue: Schema.Number }) {}
    class Down extends Schema.TaggedError<Down>()("Down", { until: Schema.String }) {}
    const api = HttpApi.make("cxone").add(
      HttpApiGroup.make("users").add(
        HttpApiEndpoint.get("me", "/me")
          .addSuccess(Schema.String)
          .addError(Refused, { status: 401 })
          .addError(Busy, { status: 429 })
          .addError(Down, { status: 503 })
      )
    )
    it.scoped.each([
      [401, new Refused({ code: "x" })],
      [429, new Busy({ queue: 7 })],
      [503, new Down({ until: "noon" })]
    ] as const)("%s", ([status, error]) =>
      Effect.gen(function* () {
        const { client } = yield* world({
          api: () => json(error, { status, headers: { "content-type": "application/json", "retry-after": "5" } })
        })
        const generated = yield* Effect.provideService(
          HttpApiClient.make(api),
          HttpClient.HttpClient,
          CxoneHttpClient.toHttpClient(client)
        )
        const asked = generated.users.me().pipe(CxoneHttpClient.withCallOptions({ asResponse: [status] }))
        expect(yield* Effect.flip(asked)).toEqual(error)
      })
    )
  })
})
