import { HttpClientRequest, HttpRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultClient, defaultTenant, defaultUser, Grant } from "cxone-auth-testkit"
import { Effect, Redacted, Stream, TestClock } from "effect"
import {
  apiRequest,
  get,
  goodForm,
  keyAlone,
  keyForm,
  mint,
  mintByKey,
  modes,
  placed,
  read,
  users
} from "../support/Harness.js"

const realm = 'Bearer realm="cxone-simulator"'

const headersOf = (token: Redacted.Redacted<string>) => ({
  authorization: `Bearer ${Redacted.value(token)}`,
  accept: "application/json"
})

describe.each(modes)("ApiRoute $name", ({ layer }) => {
  it.effect("answers the user to a token with the scope read:users", () =>
    Effect.gen(function* () {
      const answer = yield* users(yield* mint({ ...goodForm, scope: "read:users" }))
      strictEqual(answer.status, 200)
      strictEqual(answer.headers["content-type"], "application/json")
      deepStrictEqual(answer.json, defaultUser)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("answers the user of the option `user`", () =>
    Effect.gen(function* () {
      deepStrictEqual((yield* users(yield* mint())).json, { id: 7, name: "Grace" })
    }).pipe(Effect.provide(layer({ user: { id: 7, name: "Grace" } })))
  )

  it.effect("answers a request without a token with a challenge, but no error code (RFC 6750 §3.1)", () =>
    Effect.gen(function* () {
      for (const headers of [{}, { authorization: "Basic abc" }]) {
        const answer = yield* (yield* apiRequest()).pipe(HttpClientRequest.setHeaders(headers), read)
        strictEqual(answer.status, 401)
        strictEqual(answer.headers["www-authenticate"], realm)
        strictEqual(answer.json.error, undefined)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses an unknown token as invalid_token, and a malformed token as invalid_request", () =>
    Effect.gen(function* () {
      const unknown = yield* users(Redacted.make("made-up"))
      strictEqual(unknown.status, 401)
      strictEqual(
        unknown.headers["www-authenticate"],
        `${realm}, error="invalid_token", error_description="The token is unknown, revoked or expired"`
      )
      const malformed = yield* users(Redacted.make("two words"))
      strictEqual(malformed.status, 400)
      assertTrue(malformed.headers["www-authenticate"]?.includes('error="invalid_request"') === true)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("accepts a token up to the last millisecond of its lifetime", () =>
    Effect.gen(function* () {
      const token = yield* mint()
      yield* TestClock.setTime(119_999)
      strictEqual((yield* users(token)).status, 200)
      yield* TestClock.adjust("1 millis")
      const answer = yield* users(token)
      strictEqual(answer.status, 401)
      strictEqual(answer.json.error, "invalid_token")
    }).pipe(Effect.provide(layer({ clients: [{ ...defaultClient, tokenLifetime: "2 minutes" }] })))
  )

  it.effect("refuses a token without the scope as insufficient_scope, and names the scope", () =>
    Effect.gen(function* () {
      const answer = yield* users(yield* mint({ ...goodForm, scope: "offline_access" }))
      strictEqual(answer.status, 403)
      const challenge = answer.headers["www-authenticate"] ?? ""
      assertTrue(challenge.startsWith(`${realm}, error="insufficient_scope"`))
      assertTrue(challenge.endsWith(', scope="read:users"'))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("answers `No known way to render data` without an Accept of JSON, as CXone does", () =>
    Effect.gen(function* () {
      const token = yield* mint()
      const asked = (accept: string | undefined) =>
        Effect.flatMap(apiRequest(), (request) =>
          request.pipe(
            HttpClientRequest.bearerToken(token),
            accept === undefined ? (_) => _ : HttpClientRequest.setHeader("accept", accept),
            read
          )
        )
      for (const accept of [undefined, "*/*", "text/html", "application/jsonp"]) {
        const answer = yield* asked(accept)
        strictEqual(answer.status, 200)
        strictEqual(answer.headers["content-type"], "application/html")
        strictEqual(answer.text, "No known way to render data")
      }
      for (const accept of ["application/json", "text/html, Application/JSON;q=0.5", "application/*"]) {
        deepStrictEqual((yield* asked(accept)).json, defaultUser)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("answers other methods 405, other paths 404, and HEAD without a body", () =>
    Effect.gen(function* () {
      const token = yield* mint()
      const request = (yield* apiRequest()).pipe(HttpClientRequest.bearerToken(token), HttpClientRequest.acceptJson)
      strictEqual((yield* read(HttpClientRequest.setMethod(request, "DELETE"))).status, 405)
      strictEqual((yield* users(token, "/api/v2/users/you")).status, 404)
      strictEqual((yield* users(token, "/")).status, 404)
      const head = yield* read(HttpClientRequest.setMethod(request, "HEAD"))
      strictEqual(head.status, 200)
      strictEqual(head.text, "")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("server-time accepts any token, any version and any case of the prefix, on each host", () =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      const { apiOrigin } = yield* placed()
      const token = yield* mintByKey({ ...keyForm, client_id: "scopeless" })
      yield* TestClock.setTime(1_800_001)
      for (const host of [origin, apiOrigin]) {
        for (const base of [
          "/incontactAPI/services/v33.0",
          "/inContactAPI/services/v27.0",
          "/incontactapi/services/v2.0"
        ]) {
          const { json, status } = yield* get(`${base}/server-time`, host, headersOf(token))
          strictEqual(status, 200)
          deepStrictEqual(json, { ServerTime: "1970-01-01T00:30:00.001Z" })
        }
        const time = "/incontactAPI/services/v33.0/server-time"
        strictEqual((yield* get(time, host)).status, 401)
        const { accept: _, ...noAccept } = headersOf(token)
        const unrendered = yield* get(time, host, noAccept)
        strictEqual(unrendered.status, 200)
        strictEqual(unrendered.headers["content-type"], "application/html")
        strictEqual(unrendered.text, "No known way to render data")
        for (const path of ["/incontactAPI/services/v33/server-time", "/services/v33.0/server-time", `${time}s`]) {
          strictEqual((yield* get(path, host, headersOf(token))).status, 404)
        }
      }
      const posted = HttpClientRequest.post(new URL("/incontactAPI/services/v33.0/server-time", origin))
      strictEqual((yield* read(HttpClientRequest.bearerToken(posted, token))).status, 405)
    }).pipe(
      Effect.provide(layer({ clients: [defaultClient, { ...defaultClient, clientId: "scopeless", scopes: [] }] }))
    )
  )

  describe("with the option `api`", () => {
    const api = HttpRouter.empty.pipe(
      HttpRouter.get(
        "/api/v2/reports/:id",
        Effect.gen(function* () {
          const { id } = yield* HttpRouter.params
          const { clientId, scopes } = yield* Grant
          return HttpServerResponse.unsafeJson({ id, clientId, scopes })
        })
      ),
      HttpRouter.post(
        "/echo",
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          return HttpServerResponse.text(`${request.url} ${yield* Effect.orDie(request.text)}`, {
            headers: { "x-seen": request.headers["x-sent"] ?? "" }
          }).pipe(HttpServerResponse.unsafeSetCookie("seen", "yes"))
        })
      ),
      HttpRouter.get("/stream", HttpServerResponse.stream(Stream.make("a", "b").pipe(Stream.encodeText))),
      HttpRouter.get("/form", HttpServerResponse.raw("raw", { contentType: "text/plain" })),
      HttpRouter.get(
        "/whose",
        Effect.map(Grant, ({ clientId, tenantId }) => HttpServerResponse.unsafeJson({ clientId, tenantId }))
      ),
      HttpRouter.get("/dies", Effect.die("of a mistake"))
    )

    it.effect("serves its routes to a valid token, and describes the token in Grant", () =>
      Effect.gen(function* () {
        strictEqual((yield* read(yield* apiRequest("/api/v2/reports/7"))).status, 401)
        const token = yield* mint({ ...goodForm, scope: "read:reports" })
        deepStrictEqual((yield* users(token, "/api/v2/reports/7?a=b")).json, {
          id: "7",
          clientId: defaultClient.clientId,
          scopes: ["read:reports"]
        })
        strictEqual((yield* users(token, "/api/v2/other")).status, 404)
        strictEqual((yield* users(token)).status, 403)
      }).pipe(Effect.provide(layer({ api })))
    )

    it.effect("Grant has the tenant of an access key, but none for a client's own token", () =>
      Effect.gen(function* () {
        const { clientId } = defaultClient
        const byKey = { clientId, tenantId: defaultTenant.tenantId }
        deepStrictEqual((yield* users(yield* mintByKey(), "/whose")).json, byKey)
        const alone = Redacted.make(String((yield* keyAlone()).json.access_token))
        deepStrictEqual((yield* users(alone, "/whose")).json, byKey)
        deepStrictEqual((yield* users(yield* mint(), "/whose")).json, { clientId })
      }).pipe(Effect.provide(layer({ api })))
    )

    it.effect("serves its routes on the API host of an area too; the request has the URL of that host", () =>
      Effect.gen(function* () {
        const { apiOrigin } = yield* placed()
        const answer = yield* get("/where", apiOrigin, headersOf(yield* mintByKey()))
        strictEqual(answer.text, `${apiOrigin}/where`)
      }).pipe(
        Effect.provide(
          layer({
            api: Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ source }) =>
              Effect.succeed(HttpServerResponse.text(source instanceof Request ? source.url : ""))
            )
          })
        )
      )
    )

    it.effect("passes on the whole request and the whole response", () =>
      Effect.gen(function* () {
        const token = yield* mint()
        const { origin } = yield* CxoneSimulator
        const answer = yield* HttpClientRequest.post(new URL("/echo?q=1", origin)).pipe(
          HttpClientRequest.bearerToken(token),
          HttpClientRequest.setHeader("x-sent", "this"),
          HttpClientRequest.bodyText("grüße"),
          read
        )
        strictEqual(answer.text, "/echo?q=1 grüße")
        strictEqual(answer.headers["x-seen"], "this")
        strictEqual(answer.cookies.cookies.seen?.value, "yes")
        strictEqual((yield* users(token, "/stream")).text, "ab")
        strictEqual((yield* users(token, "/form")).text, "raw")
      }).pipe(Effect.provide(layer({ api })))
    )

    it.effect("answers 500 if `api` dies", () =>
      Effect.gen(function* () {
        strictEqual((yield* users(yield* mint(), "/dies")).status, 500)
      }).pipe(Effect.provide(layer({ api })))
    )
  })
})
