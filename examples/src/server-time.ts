import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Cause, Console, Effect, Layer, Schema } from "effect"

const Answer = Schema.Struct({ ServerTime: Schema.String })

const program = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  const { ServerTime } = yield* HttpClientResponse.schemaBodyJson(Answer)(response)
  yield* Console.log(`It is ${ServerTime} at CXone.`)
}).pipe(Effect.catchTag("RateLimited", (error) => Console.log(`Not now. ${error.message}`)))

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneAuth.layerFromEnv()),
  Layer.provide(FetchHttpClient.layer)
)

const explained = program.pipe(
  Effect.provide(CxoneLayer),
  Effect.tapErrorCause((cause) => Console.error(String(Cause.squash(cause))))
)

NodeRuntime.runMain(explained, { disableErrorReporting: true })
