import {
  HttpApi,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpClient,
  HttpClientError,
  HttpClientRequest,
  type HttpClientResponse
} from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient, type CxoneHttpClientOptions } from "cxone-auth"
import { Effect, Either, Layer, Redacted, Schema } from "effect"
import { bearerOf, host, invalidToken } from "../support/ClientWorld.js"
import { json, type Sent, scripted } from "../support/ScriptedHttpClient.js"

const api = HttpApi.make("cxone").add(
  HttpApiGroup.make("users")
    .add(HttpApiEndpoint.get("me", "/api/v2/users/me").addSuccess(Schema.Struct({ name: Schema.String })))
    .add(
      HttpApiEndpoint.post("search", "/api/v2/users/search")
        .setPayload(Schema.Struct({ name: Schema.String }))
        .addSuccess(Schema.Array(Schema.String))
    )
)

/** A token provider and an API behind one `HttpClient`, and a generated client over the authenticated one. */
const world = (answer: (sent: Sent, scopes: string) => Response, options: CxoneHttpClientOptions = {}) =>
  Effect.gen(function* () {
    const scopesOf = new Map<string, string>()
    const { layer, sent } = yield* scripted((request) => {
      if (request.url !== `${host}/oauth/token`) {
        return Effect.sync(() => answer(request, scopesOf.get(bearerOf(request)) ?? ""))
      }
      const token = `t${scopesOf.size + 1}`
      scopesOf.set(token, new URLSearchParams(request.body).get("scope") ?? "")
      return Effect.succeed(json({ access_token: token, expires_in: 3600 }))
    })
    const auth = CxoneAuth.layer({
      credentials: Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("secret") }),
      environment: CxoneEnvironment.custom({ tokenEndpoint: `${host}/oauth/token`, apiBaseUrl: host }),
      scopes: "broad"
    })
    const context = yield* Layer.build(
      Layer.merge(CxoneHttpClient.layerHttpClientWith(options), CxoneHttpClient.layerWith(options)).pipe(
        Layer.provide(auth),
        Layer.provide(layer)
      )
    )
    return {
      generated: yield* Effect.provide(HttpApiClient.make(api), context),
      plain: yield* Effect.provide(HttpClient.HttpClient, context),
      cxone: yield* Effect.provide(CxoneHttpClient, context),
      scopes: Effect.sync(() => [...scopesOf.values()]),
      apiCalls: Effect.map(sent, (all) => all.filter(({ url }) => url !== `${host}/oauth/token`))
    }
  })

const me = () => json({ name: "Ada" })

const lacking = () =>
  new Response(null, { status: 403, headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="x"' } })

describe("a client generated from an HttpApi, over CxoneHttpClient.layerHttpClient", () => {
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
      expect(error.message).toMatch(/^Encode: InsufficientScope: .* wants more scopes/)
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

describe("L2: the scopes of a client, and of a single call", () => {
  const echoScopes = (_: Sent, scopes: string) => json(scopes)

  const scopesSeen = <E, R>(response: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>) =>
    Effect.flatMap(response, ({ json }) => json)

  it.scoped("the scopes are those of CxoneAuth, unless the client has its own", () =>
    Effect.gen(function* () {
      const broad = yield* world(echoScopes)
      expect(yield* scopesSeen(broad.cxone.get("/x"))).toBe("broad")
      const narrow = yield* world(echoScopes, { scopes: ["b", "a"] })
      expect(yield* scopesSeen(narrow.cxone.get("/x"))).toBe("a b")
      expect(yield* scopesSeen(narrow.plain.get("/x"))).toBe("a b")
      expect(yield* narrow.scopes).toEqual(["a b"])
    })
  )

  it.scoped("a call may have its own scopes; each set of scopes has one token for all clients", () =>
    Effect.gen(function* () {
      const { cxone, plain, scopes } = yield* world(echoScopes, { scopes: "client" })
      const asAdmin = CxoneHttpClient.withScopes(["admin", "read"])
      expect(yield* asAdmin(scopesSeen(cxone.get("/x")))).toBe("admin read")
      expect(yield* CxoneHttpClient.withScopes("read admin")(scopesSeen(plain.get("/x")))).toBe("admin read")
      expect(yield* scopesSeen(cxone.get("/x"))).toBe("client")
      expect(yield* scopes).toEqual(["admin read", "client"])
    })
  )

  it.scoped("withScopes on a client applies to each of its requests", () =>
    Effect.gen(function* () {
      const { cxone } = yield* world(echoScopes)
      const admin = HttpClient.transformResponse(cxone, CxoneHttpClient.withScopes("admin"))
      expect(yield* scopesSeen(admin.get("/x"))).toBe("admin")
      expect(yield* scopesSeen(cxone.get("/x"))).toBe("broad")
    })
  )

  it.scoped("two calls at once with different scopes never share a token", () =>
    Effect.gen(function* () {
      const { cxone } = yield* world(echoScopes)
      const wanted = Array.from({ length: 50 }, (_, n) => `s${n % 5}`)
      const seen = yield* Effect.forEach(
        wanted,
        (scope) => CxoneHttpClient.withScopes(scope)(scopesSeen(cxone.get("/x"))),
        { concurrency: "unbounded" }
      )
      expect(seen).toEqual(wanted)
    })
  )

  it.scoped("C2: a scoped token that is refused is renewed with the same scopes, and the others stay", () =>
    Effect.gen(function* () {
      const refused = new Set<string>()
      const { apiCalls, cxone, scopes } = yield* world((sent, granted) =>
        refused.has(bearerOf(sent)) ? invalidToken() : json(granted)
      )
      const admin = CxoneHttpClient.withScopes("admin")(scopesSeen(cxone.get("/x")))
      yield* scopesSeen(cxone.get("/x"))
      yield* admin
      refused.add("t2")
      expect(yield* admin).toBe("admin")
      expect(yield* scopesSeen(cxone.get("/x"))).toBe("broad")
      expect(yield* scopes).toEqual(["broad", "admin", "admin"])
      expect((yield* apiCalls).map(bearerOf)).toEqual(["t1", "t2", "t2", "t3", "t1"])
    })
  )
})
