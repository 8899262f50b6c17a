import { HttpClientResponse, HttpRouter, HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, defaultTenant, Fault, Grant, type SimulatorOptions, timePasses } from "cxone-auth-testkit"
import { ConfigProvider, Effect, Fiber, Layer, Redacted, Schema } from "effect"

// The app: it doesn't know where its token comes from.
const greeting = Effect.gen(function* () {
  const cxone = yield* CxoneHttpClient
  const response = yield* cxone.get("/api/v2/users/me")
  const { id } = yield* HttpClientResponse.schemaBodyJson(Schema.Struct({ id: Schema.String }))(response)
  return `Hello ${id}`
})

// In production: CxoneAuth.layerFromEnv() over FetchHttpClient.layer.
const app = (options?: SimulatorOptions) =>
  CxoneHttpClient.layer({ onRateLimited: { wait: "1 minute" } }).pipe(
    Layer.provideMerge(CxoneSimulator.layerAuth({ scopes: "read:users" })),
    Layer.provideMerge(CxoneSimulator.layerTest(options))
  )

it.effect("1. two calls need one token", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    expect(yield* greeting).toBe("Hello test-user")
    yield* greeting
    expect(yield* simulator.answersOf("token")).toEqual([200])
    expect(yield* simulator.answersOf("api")).toEqual([200, 200])
  }).pipe(Effect.provide(app()))
)

it.effect("2. the token request asks for the scope that the app needs", () =>
  Effect.gen(function* () {
    yield* greeting
    const [form] = yield* (yield* CxoneSimulator).forms
    expect(form).toMatchObject({ grant_type: "client_credentials", scope: "read:users", client_secret: "<redacted>" })
  }).pipe(Effect.provide(app()))
)

it.effect("3. an outage of two attempts is over before anyone notices", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    yield* simulator.inject(Fault.respond({ status: 503 }), { on: "token", times: 2, latency: "2 seconds" })
    expect(yield* greeting.pipe(timePasses("10 seconds"))).toBe("Hello test-user")
    expect(yield* simulator.answersOf("token")).toEqual([503, 503, 200])
  }).pipe(Effect.provide(app()))
)

it.effect("4. a long outage is a typed error", () =>
  Effect.gen(function* () {
    const outage = yield* (yield* CxoneSimulator).fail("token")
    const error = yield* Effect.flip(greeting).pipe(timePasses("1 minute"))
    expect(error).toMatchObject({ _tag: "TokenEndpointUnavailable", status: 503, attempts: 4 })
    yield* outage.remove
  }).pipe(Effect.provide(app()))
)

it.effect("5. a wrong secret is not sent again and again", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    yield* simulator.forgetClient("test-client")
    expect(yield* Effect.flip(greeting)).toMatchObject({ _tag: "InvalidClient" })
    expect(yield* Effect.flip(greeting)).toMatchObject({ _tag: "InvalidClient" })
    expect(yield* simulator.answersOf("token")).toEqual([401])
  }).pipe(Effect.provide(app()))
)

it.effect("6. a 429 of one route is waited for", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    const limit = Fault.respond({ status: 429, headers: { "Retry-After": "30" } })
    yield* simulator.inject(limit, { on: "api", path: "/api/v2/users/me" })
    expect(yield* greeting.pipe(timePasses("1 minute"))).toBe("Hello test-user")
    expect(yield* simulator.answersOf("api")).toEqual([429, 200])
  }).pipe(Effect.provide(app()))
)

it.effect("7. a token that was revoked is replaced", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    yield* greeting
    yield* simulator.revokeAll
    expect(yield* greeting.pipe(timePasses("5 seconds"))).toBe("Hello test-user")
    expect((yield* simulator.answersOf("token")).length).toBe(2)
  }).pipe(Effect.provide(app()))
)

it.effect("8. a call that the app gives up is aborted", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    yield* simulator.inject(Fault.blackHole, { on: "api" })
    const call = yield* Effect.fork(greeting)
    yield* simulator.awaitRequests("api", 1)
    yield* Fiber.interrupt(call)
    expect(yield* simulator.answersOf("api")).toEqual(["aborted"])
  }).pipe(Effect.provide(app()))
)

const reports = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/api/v2/reports/:id",
    Effect.map(Grant, ({ scopes }) =>
      scopes.includes("read:reports")
        ? HttpServerResponse.unsafeJson({ rows: [] })
        : HttpServerResponse.empty({
            status: 403,
            headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="read:reports"' }
          })
    )
  )
)

it.effect("9. a route of the app's own API says which scope is missing", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip((yield* CxoneHttpClient).get("/api/v2/reports/7"))
    expect(error).toMatchObject({ _tag: "InsufficientScope", required: ["read:reports"], granted: ["read:users"] })
  }).pipe(Effect.provide(app({ api: reports })))
)

it.effect("10. the settings of one tenant never use the key of another", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    const env = new Map(Object.entries(simulator.env({ way: "accessKey", tenant: "eu" })))
    const auth = CxoneAuth.layerFromEnv().pipe(Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(env))))
    yield* greeting.pipe(Effect.provide(CxoneHttpClient.layer().pipe(Layer.provide(auth))))
    expect((yield* simulator.forms).map(({ username }) => username)).toEqual(["EU===="])
  }).pipe(
    Effect.provide(
      CxoneSimulator.layerTest({
        tenants: [
          defaultTenant,
          {
            tenantId: "eu",
            area: "eu1",
            accessKeys: [{ accessKeyId: "EU====", accessKeySecret: Redacted.make("eu====") }]
          }
        ]
      })
    )
  )
)
