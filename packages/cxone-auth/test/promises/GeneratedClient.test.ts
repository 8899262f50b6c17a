import {
  HttpApi,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpClient,
  HttpClientError,
  HttpClientRequest
} from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneHttpClient, RateLimited } from "cxone-auth"
import { Cause, Data, Effect, Either, Runtime, Schema } from "effect"
import { bearerOf, host, invalidToken } from "../support/ClientWorld.js"
import * as ScopesWorld from "../support/ScopesWorld.js"
import { json } from "../support/ScriptedHttpClient.js"

const api = HttpApi.make("cxone").add(
  HttpApiGroup.make("users")
    .add(HttpApiEndpoint.get("me", "/api/v2/users/me").addSuccess(Schema.Struct({ name: Schema.String })))
    .add(
      HttpApiEndpoint.post("search", "/api/v2/users/search")
        .setPayload(Schema.Struct({ name: Schema.String }))
        .addSuccess(Schema.Array(Schema.String))
    )
)

/** A client that is generated over the authenticated one, as a plain `HttpClient`. */
const world = (...args: Parameters<typeof ScopesWorld.world>) =>
  Effect.gen(function* () {
    const made = yield* ScopesWorld.world(...args)
    const generated = Effect.provideService(HttpApiClient.make(api), HttpClient.HttpClient, made.plain)
    return { ...made, generated: yield* generated }
  })

const me = () => json({ name: "Ada" })

const lacking = () =>
  new Response(null, { status: 403, headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="x"' } })

describe("a client generated from an HttpApi, over CxoneHttpClient.layerHttpClient()", () => {
  it.scoped("needs no base URL and no token: the layer has both", () =>
    Effect.gen(function* () {
      const { apiCalls, generated } = yield* world((sent) => (sent.request.method === "POST" ? json(["Ada"]) : me()))
      expect(yield* generated.users.me()).toEqual({ name: "Ada" })
      expect(yield* generated.users.search({ payload: { name: "A" } })).toEqual(["Ada"])
      const calls = yield* apiCalls
      expect(calls.map(({ url }) => url)).toEqual([`${host}/api/v2/users/me`, `${host}/api/v2/users/search`])
      expect(calls.map(bearerOf)).toEqual(["t1", "t1"])
      expect(calls[1]?.body).toBe('{"name":"A"}')
    })
  )

  it.scoped("C2: a revoked token fails no call", () =>
    Effect.gen(function* () {
      const { apiCalls, generated } = yield* world((sent) => (bearerOf(sent) === "t1" ? invalidToken() : me()))
      expect(yield* generated.users.me()).toEqual({ name: "Ada" })
      expect((yield* apiCalls).map(bearerOf)).toEqual(["t1", "t2"])
    })
  )

  it.scoped("C3: fails with the platform's RequestError, with the message of the typed error", () =>
    Effect.gen(function* () {
      const { generated } = yield* world(lacking)
      const error = yield* Effect.flip(generated.users.me())
      expect(error).toMatchObject({ _tag: "RequestError", reason: "Encode", request: { method: "GET" } })
      expect(error.message).toMatch(/^Encode: InsufficientScope: .* needs more scopes/)
    })
  )

  it.scoped("toHttpClient: one app holds both clients, with the same errors, and keeps its own HttpClient", () =>
    Effect.gen(function* () {
      const { cxone } = yield* world(lacking)
      const generated = yield* Effect.provideService(
        HttpApiClient.make(api),
        HttpClient.HttpClient,
        CxoneHttpClient.toHttpClient(cxone)
      )
      const typed = yield* Effect.flip(cxone.get("/api/v2/users/me"))
      const plain = yield* Effect.flip(generated.users.me())
      expect(yield* Effect.flip(CxoneHttpClient.withTypedErrors(Effect.fail(plain)))).toEqual(typed)
    })
  )

  it.scoped("withTypedErrors gives the typed error back, for catchTag", () =>
    Effect.gen(function* () {
      const { generated } = yield* world(lacking)
      const required = yield* generated.users.me().pipe(
        Effect.map((): ReadonlyArray<string> => []),
        CxoneHttpClient.withTypedErrors,
        Effect.catchTag("InsufficientScope", (error) => Effect.succeed(error.required))
      )
      expect(required).toEqual(["x"])
    })
  )

  describe("withTypedErrors finds the typed error in what a library or an app made of it", () => {
    /** Has the form of the error of @effect/rpc. */
    class RpcClientError extends Schema.TaggedError<RpcClientError>()("RpcClientError", {
      message: Schema.String,
      cause: Schema.optional(Schema.Defect)
    }) {}
    class ReportFailed extends Data.TaggedError("ReportFailed")<{ readonly cause?: unknown }> {}

    const wrappings: ReadonlyArray<readonly [string, (error: unknown) => unknown]> = [
      ["an RpcClientError", (cause) => new RpcClientError({ message: "Failed to send HTTP request", cause })],
      ["an app's own error", (cause) => new ReportFailed({ cause })],
      [
        "an app's own error around an RpcClientError",
        (cause) => new ReportFailed({ cause: new RpcClientError({ message: "", cause }) })
      ],
      [
        "an UnknownException of a promise",
        (error) => new Cause.UnknownException(Runtime.makeFiberFailure(Cause.fail(error)))
      ],
      ["a Cause of Effect's", (error) => new RpcClientError({ message: "", cause: Cause.fail(error) })]
    ]
    it.scoped.each(
      wrappings.flatMap(([name, wrap]) => (["plain", "cxone"] as const).map((which) => [name, which, wrap] as const))
    )("%s, around an error of the client: %s", ([, which, wrap]) =>
      Effect.gen(function* () {
        const { cxone, plain } = yield* world(lacking)
        const call: Effect.Effect<unknown, unknown> = { cxone, plain }[which].get("/x")
        const required = yield* call.pipe(Effect.mapError(wrap), CxoneHttpClient.withTypedErrors, Effect.flip)
        expect(required).toMatchObject({ _tag: "InsufficientScope", required: ["x"] })
      })
    )

    it.effect("an error that a circle of causes follows is left unchanged", () =>
      Effect.gen(function* () {
        const circle: { cause?: unknown } = {}
        const error = new ReportFailed({ cause: circle })
        circle.cause = error
        expect(yield* Effect.flip(CxoneHttpClient.withTypedErrors(Effect.fail(error)))).toBe(error)
      })
    )

    it.effect("a typed error stays the same object", () =>
      Effect.gen(function* () {
        const error = new RateLimited({ reason: "api", origin: host })
        expect(yield* Effect.flip(CxoneHttpClient.withTypedErrors(Effect.fail(error)))).toBe(error)
      })
    )

    it.effect("an error that comes from a second copy of the library is found as well", () =>
      Effect.gen(function* () {
        const path = "../../src/errors/RateLimited.js?copy"
        const copy = yield* Effect.promise(() => import(path))
        const theirs = new copy.RateLimited({ reason: "api", origin: host })
        expect(theirs).not.toBeInstanceOf(RateLimited)
        const found = CxoneHttpClient.withTypedErrors(Effect.fail(new ReportFailed({ cause: theirs })))
        expect(yield* Effect.flip(found)).toBe(theirs)
      })
    )
  })

  it.scoped("withTypedErrors leaves other failures unchanged: the platform's and the app's", () =>
    Effect.gen(function* () {
      const { generated, plain } = yield* world(() => new Response("no JSON"))
      const decoding = yield* Effect.flip(CxoneHttpClient.withTypedErrors(generated.users.me()))
      expect(decoding._tag).toMatch(/^(ParseError|ResponseError)$/)
      const mine = { _tag: "Mine" } as const
      expect(yield* Effect.flip(CxoneHttpClient.withTypedErrors(Effect.fail(mine)))).toBe(mine)
      const request = HttpClientRequest.get("/x")
      const own = new HttpClientError.RequestError({ request, reason: "Encode", cause: "mine" })
      expect(yield* Effect.flip(CxoneHttpClient.withTypedErrors(Effect.fail(own)))).toBe(own)
      const foreign = yield* Effect.flip(CxoneHttpClient.withTypedErrors(plain.get("https://evil.example/")))
      expect(foreign._tag).toBe("ForeignOrigin")
    })
  )

  it.scoped("C4: retryTransient does not retry a typed error", () =>
    Effect.gen(function* () {
      const { apiCalls, plain } = yield* world(() => new Response(null, { status: 429 }))
      const client = plain.pipe(HttpClient.filterStatusOk, HttpClient.retryTransient({ times: 3 }))
      expect(Either.isLeft(yield* Effect.either(client.get("/x")))).toBe(true)
      expect((yield* apiCalls).length).toBe(1)
    })
  )

  it.scoped("a response passes unchanged, status and body", () =>
    Effect.gen(function* () {
      const { plain } = yield* world(() => new Response("teapot", { status: 418 }))
      const response = yield* plain.get("/x")
      expect([response.status, yield* response.text]).toEqual([418, "teapot"])
    })
  )
})
