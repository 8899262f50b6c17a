/** Secrets in mounted files, one file for each setting: /etc/cxone/CXONE_CLIENT_SECRET. What has no file is in the environment. */
import { FetchHttpClient, PlatformConfigProvider } from "@effect/platform"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Config, ConfigProvider, Effect, Layer } from "effect"

const settings = Effect.gen(function* () {
  const rootDirectory = yield* Config.withDefault(Config.nonEmptyString("SECRETS_FOLDER"), "/etc/cxone")
  const files = yield* PlatformConfigProvider.fromFileTree({ rootDirectory })
  const provider = ConfigProvider.orElse(files, () => ConfigProvider.fromEnv())
  return yield* Effect.withConfigProvider(CxoneAuth.config, provider)
})

// The error of a call says only that the credentials are missing. This line says which file is.
const credentials = Effect.map(settings, ({ credentials }) => credentials).pipe(
  Effect.tapErrorCause((cause) => Effect.logWarning("Secrets in files", cause))
)

// The settings are read once for the environment and the scopes, and before each token request for the credentials.
export const AuthLayer = Layer.unwrapEffect(
  Effect.map(settings, ({ environment, scopes }) =>
    CxoneAuth.layer({
      credentials,
      environment,
      scopes,
      name: "my-service",
      // A token request ends with its error, within 18 s, before the time-out of a call.
      policy: { attemptTimeout: "5 seconds", maxRetries: 2 }
    })
  )
).pipe(Layer.provide(NodeContext.layer))

export const CxoneLayer = CxoneHttpClient.layer().pipe(Layer.provide(AuthLayer), Layer.provide(FetchHttpClient.layer))
