/** An Express app that calls CXone. One runtime serves the whole process: it holds the client, and with it the token. */
import { once } from "node:events"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Cause, Duration, Effect, Exit, Layer, ManagedRuntime, Option, Schema } from "effect"
import express from "express"

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneAuth.layerFromEnv()),
  Layer.provide(FetchHttpClient.layer),
  Layer.orDie
)

// Once for the process, and never in a handler.
const runtime = ManagedRuntime.make(CxoneLayer)

const serverTime = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  const body = yield* HttpClientResponse.schemaBodyJson(Schema.Struct({ ServerTime: Schema.String }))(response)
  return body.ServerTime
})

const app = express()

app.get("/server-time", async (_, response) => {
  // If the caller goes away, the call to CXone is interrupted.
  const gone = new AbortController()
  response.on("close", () => gone.abort())

  const exit = await runtime.runPromiseExit(serverTime, { signal: gone.signal })
  if (Exit.isSuccess(exit)) {
    response.json({ serverTime: exit.value })
    return
  }
  if (gone.signal.aborted) {
    console.log("the caller went away")
    return
  }
  console.error(Cause.pretty(exit.cause))
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (error?._tag === "RateLimited") {
    const seconds = Math.ceil(Duration.toSeconds(error.retryAfter ?? "1 second"))
    response.status(503).set("Retry-After", `${seconds}`).json({ error: error._tag })
    return
  }
  response.status(502).json({ error: error?._tag ?? "Defect" })
})

// Builds the layer now, so that a wrong setting ends the process here and not at the first request.
await runtime.runtime()

const server = app.listen(Number(process.env.PORT ?? 3000))
await once(server, "listening")
console.log("listening on", server.address())

process.once("SIGTERM", async () => {
  // First no new requests, then the end of those under way, then the runtime.
  await once(server.close(), "close")
  await runtime.dispose()
  console.log("stopped")
})
