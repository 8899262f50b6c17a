/** Goes through the proxy that HTTPS_PROXY names, over undici. Hosts in NO_PROXY are asked directly. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Undici from "@effect/platform-node/Undici"
import { CxoneAuth } from "cxone-auth"
import { Console, Effect, Layer } from "effect"

const Proxy = Layer.scoped(
  NodeHttpClient.Dispatcher,
  Effect.acquireRelease(
    Effect.sync(() => new Undici.EnvHttpProxyAgent()),
    (agent) => Effect.promise(() => agent.destroy())
  )
)

const program = Effect.gen(function* () {
  const auth = yield* CxoneAuth
  const { scopes } = yield* auth.accessToken
  yield* Console.log(`undici: a token for ${scopes.join(" ")}`)
})

const HttpClientLayer = Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher, Proxy)

program.pipe(Effect.provide(Layer.provide(CxoneAuth.layerFromEnv(), HttpClientLayer)), NodeRuntime.runMain)
