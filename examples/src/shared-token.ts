/** All processes with the same credentials share one token, through Redis. */
import { HttpClient } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { RedisTokenStore } from "cxone-auth-redis/ioredis"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Console, Effect, Layer } from "effect"

const CxoneLive = CxoneHttpClient.layer().pipe(
  Layer.provideMerge(CxoneAuth.layerSharedFromEnv()),
  Layer.provide(RedisTokenStore.layerFromEnv()),
  Layer.provide(UndiciHttpClient.layerFromEnv())
)

const program = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  yield* Console.log(yield* response.text)
  const [token] = yield* (yield* CxoneAuth).status
  yield* Console.log(`The token came from: ${token?.source}`)
})

NodeRuntime.runMain(Effect.provide(program, CxoneLive))
