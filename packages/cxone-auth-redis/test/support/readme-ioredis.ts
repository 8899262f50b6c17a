import { FetchHttpClient, HttpClientResponse } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { RedisTokenStore } from "cxone-auth-redis/ioredis"
import { Console, Effect, Layer, Schema } from "effect"

const User = Schema.Struct({ id: Schema.String })

const program = Effect.gen(function* () {
  const cxone = yield* CxoneHttpClient
  const response = yield* cxone.get("/api/v2/users/me")
  const { id } = yield* HttpClientResponse.schemaBodyJson(User)(response)
  yield* Console.log(`I am ${id}.`)
})

// Settings: CXONE_CLIENT_ID and so on, and CXONE_REDIS_URL.
const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneAuth.layerSharedFromEnv()),
  Layer.provide(RedisTokenStore.layerFromEnv()),
  Layer.provide(FetchHttpClient.layer)
)

program.pipe(Effect.provide(CxoneLayer), NodeRuntime.runMain)
