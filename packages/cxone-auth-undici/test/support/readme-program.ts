import { HttpClient, HttpClientResponse } from "@effect/platform"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Config, Console, Effect, Schema } from "effect"

const Health = Schema.Struct({ status: Schema.String })

const program = Effect.gen(function* () {
  const http = yield* HttpClient.HttpClient
  const response = yield* http.get(yield* Config.string("HEALTH_URL"))
  const { status } = yield* HttpClientResponse.schemaBodyJson(Health)(response)
  yield* Console.log(`health: ${status}`)
})

program.pipe(Effect.provide(UndiciHttpClient.layerFromEnv()), Effect.runPromise)
