/** A Fastify app that calls CXone. Errors become answers in one place, where their tag is read. */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Cause, Effect, Layer, ManagedRuntime, Option, Runtime, Schema } from "effect"
import Fastify from "fastify"

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneAuth.layerFromEnv()),
  Layer.provide(FetchHttpClient.layer)
)

const runtime = ManagedRuntime.make(CxoneLayer)

const serverTime = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  return yield* HttpClientResponse.schemaBodyJson(Schema.Struct({ ServerTime: Schema.String }))(response)
})

/** The tag of the error that a promise of the runtime was rejected with. */
const tagOf = (rejection: unknown): string | undefined =>
  Runtime.isFiberFailure(rejection)
    ? Option.getOrUndefined(
        Option.map(
          Cause.failureOption(rejection[Runtime.FiberFailureCauseId]),
          (error) => (error as { readonly _tag?: string })._tag
        )
      )
    : undefined

// Fastify's default is 72 s. A connection that was in use when the app began to close may keep it open for so long.
const app = Fastify({ keepAliveTimeout: 5000 })
app.get("/server-time", () => runtime.runPromise(serverTime))
app.setErrorHandler((rejection, _, reply) => {
  console.error(String(rejection))
  return reply.status(502).send({ error: tagOf(rejection) ?? "Defect" })
})
app.addHook("onReady", async () => {
  await runtime.runtime()
})
app.addHook("onClose", () => runtime.dispose())

console.log("listening on", await app.listen({ port: Number(process.env.PORT ?? 3000) }))
process.once("SIGTERM", async () => {
  await app.close()
  console.log("stopped")
})
