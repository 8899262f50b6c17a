/** A route handler of Next: `app/server-time/route.ts`. */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Effect, Either, GlobalValue, Layer, ManagedRuntime, Schema } from "effect"

// `next dev` loads this module again after each change. `globalValue` keeps the first runtime.
const runtime = GlobalValue.globalValue("app/cxone", () =>
  ManagedRuntime.make(
    CxoneHttpClient.layer().pipe(Layer.provide(CxoneAuth.layerFromEnv()), Layer.provide(FetchHttpClient.layer))
  )
)

const serverTime = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  return yield* HttpClientResponse.schemaBodyJson(Schema.Struct({ ServerTime: Schema.String }))(response)
})

export const dynamic = "force-dynamic"

export const GET = async (request: Request): Promise<Response> => {
  const result = await runtime.runPromise(Effect.either(serverTime), { signal: request.signal })
  return Either.isRight(result)
    ? Response.json(result.right)
    : Response.json({ error: result.left._tag }, { status: 502 })
}
