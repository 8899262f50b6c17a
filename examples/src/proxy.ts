/** Goes through the proxy that HTTPS_PROXY names, and past it to hosts in NO_PROXY. Trusts the authorities of SSL_CERT_FILE, too. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth } from "cxone-auth"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Console, Effect, Layer } from "effect"

const program = Effect.gen(function* () {
  const auth = yield* CxoneAuth
  const { scopes } = yield* auth.accessToken
  yield* Console.log(`cxone-auth-undici: a token for ${scopes.join(" ")}`)
})

const AuthLayer = Layer.provide(CxoneAuth.layerFromEnv(), UndiciHttpClient.layerFromEnv())

NodeRuntime.runMain(Effect.provide(program, AuthLayer))
