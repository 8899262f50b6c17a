/** A Lambda function that calls CXone. Each instance has one runtime, and keeps its token from one event to the next. */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Effect, Either, Layer, ManagedRuntime, Schema } from "effect"

const runtime = ManagedRuntime.make(
  CxoneHttpClient.layer().pipe(Layer.provide(CxoneAuth.layerFromEnv()), Layer.provide(FetchHttpClient.layer))
)

const serverTime = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  return yield* HttpClientResponse.schemaBodyJson(Schema.Struct({ ServerTime: Schema.String }))(response)
})

export const handler = async () => {
  const result = await runtime.runPromise(Effect.either(serverTime))
  return Either.isRight(result)
    ? { statusCode: 200, body: JSON.stringify(result.right) }
    : { statusCode: 502, body: JSON.stringify({ error: result.left._tag }) }
}
