/** Goes through the proxy that HTTPS_PROXY names, over Node's fetch. */
import { FetchHttpClient } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Undici from "@effect/platform-node/Undici"
import { CxoneAuth } from "cxone-auth"
import { Console, Effect, Layer } from "effect"

// For every fetch of the process, so once, where the program starts.
Undici.setGlobalDispatcher(new Undici.EnvHttpProxyAgent())

const program = Effect.gen(function* () {
  const auth = yield* CxoneAuth
  const { scopes } = yield* auth.accessToken
  yield* Console.log(`fetch: a token for ${scopes.join(" ")}`)
})

program.pipe(Effect.provide(Layer.provide(CxoneAuth.layerFromEnv(), FetchHttpClient.layer)), NodeRuntime.runMain)
