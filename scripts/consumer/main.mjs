/**
 * A program of a user who installed the packages from npm: credentials in settings, a call to CXone, an error by its
 * tag. `scripts/package-check.mjs` runs it outside the repository.
 */
import assert from "node:assert/strict"
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { RedisTokenStore as OverIoredis } from "cxone-auth-redis/ioredis"
import { RedisTokenStore as OverNodeRedis } from "cxone-auth-redis/node-redis"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { UndiciHttpClient } from "cxone-auth-undici"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"

const whoAmI = Effect.gen(function* () {
  const cxone = yield* CxoneHttpClient
  const response = yield* cxone.get("/api/v2/users/me")
  return yield* response.json
})

const program = Effect.gen(function* () {
  const simulator = yield* CxoneSimulator
  const settings = new Map([
    ["CXONE_CLIENT_ID", simulator.credentials.clientId],
    ["CXONE_CLIENT_SECRET", Redacted.value(simulator.credentials.clientSecret)],
    ["CXONE_TOKEN_ENDPOINT", simulator.environment.tokenEndpoint],
    ["CXONE_API_BASE_URL", simulator.environment.apiBaseUrl],
    ["CXONE_SCOPES", "read:users"]
  ])
  const CxoneLayer = CxoneHttpClient.layer().pipe(
    Layer.provide(CxoneAuth.layerFromEnv()),
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(settings)))
  )

  const user = yield* Effect.provide(whoAmI, CxoneLayer)
  console.log(`a call with a token: ${JSON.stringify(user)}`)
  assert.equal((yield* simulator.requestsTo("token")).length, 1)

  for (const { layer } of [OverIoredis, OverNodeRedis]) {
    const AuthLayer = CxoneAuth.layerShared({
      credentials: simulator.credentials,
      environment: simulator.environment
    }).pipe(Layer.provide(layer({ url: "redis://127.0.0.1:1" })), Layer.provide(FetchHttpClient.layer))
    const token = yield* Effect.provide(
      Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken),
      AuthLayer
    )
    console.log(`without Redis: ${token.tokenType}`)
  }

  yield* simulator.inject(Fault.forgetClient, { on: "token" })
  const refused = yield* whoAmI.pipe(
    Effect.provide(CxoneLayer),
    Effect.catchTag("InvalidClient", (error) => Effect.succeed(error.reason))
  )
  console.log(`a client that was deleted: ${refused}`)
  assert.equal(refused, "invalid_client")

  const undici = yield* HttpClient.get(`${simulator.origin}/nowhere`).pipe(
    Effect.provide(UndiciHttpClient.layer({ connectTimeout: "5 seconds" }))
  )
  console.log(`over undici: ${undici.status}`)
  assert.equal(undici.status, 401)
})

await Effect.runPromise(Effect.provide(program, CxoneSimulator.layerServer()))
