import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Console, Effect, Layer, Schema } from "effect"

const User = Schema.Struct({ id: Schema.String, name: Schema.String })

const stop = (advice: string) =>
  Effect.zipRight(
    Console.error(advice),
    Effect.sync(() => {
      process.exitCode = 1
    })
  )

const program = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/api/v2/users/me")
  const user = yield* HttpClientResponse.schemaBodyJson(User)(response)
  yield* Console.log(`I am ${user.name} (${user.id}).`)
}).pipe(
  Effect.catchTags({
    InvalidClient: (error) => stop(`Fix the settings. ${error.message}`),
    InsufficientScope: (error) => stop(`Ask for the scopes. ${error.message}`)
  })
)

const CxoneLayer = CxoneHttpClient.layer.pipe(
  Layer.provide(CxoneAuth.layerConfig),
  Layer.provide(FetchHttpClient.layer)
)

NodeRuntime.runMain(Effect.provide(program, CxoneLayer))
