import { FetchHttpClient } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { CxoneAuth } from "cxone-auth"
import { RedisTokenStore } from "cxone-auth-redis/node-redis"
import { Config, Console, Effect, Layer, Redacted } from "effect"
import { createClient } from "redis"

/** The app's own client, which it uses for other things, too. */
const connect = Effect.gen(function* () {
  const url = yield* Config.redacted("REDIS_URL")
  const client = createClient({ url: Redacted.value(url) })
  // Without a listener, an error of node-redis ends the process.
  client.on("error", () => {})
  yield* Effect.addFinalizer(() => Effect.sync(() => client.isOpen && client.destroy()))
  // It connects by itself, and the app starts without it.
  client.connect().catch(() => {})
  return client
})

const StoreLayer = Layer.unwrapScoped(Effect.map(connect, (client) => RedisTokenStore.layerClient(client)))

const AuthLayer = CxoneAuth.layerSharedFromEnv().pipe(Layer.provide(StoreLayer), Layer.provide(FetchHttpClient.layer))

const program = Effect.gen(function* () {
  const auth = yield* CxoneAuth
  yield* auth.accessToken
  const [token] = yield* auth.status
  yield* Console.log(`The token came from: ${token?.source}.`)
})

program.pipe(Effect.provide(AuthLayer), NodeRuntime.runMain)
