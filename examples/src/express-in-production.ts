/** An Express app with /health and /metrics, whose calls to CXone go through the proxy in HTTPS_PROXY, if there is one. */
import { once } from "node:events"
import * as Metrics from "@effect/opentelemetry/Metrics"
import * as Resource from "@effect/opentelemetry/Resource"
import { HttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Effect, Either, Layer, ManagedRuntime } from "effect"
import express from "express"

const ProxyLayer = Layer.scoped(
  NodeHttpClient.Dispatcher,
  Effect.acquireRelease(
    Effect.sync(() => new Undici.EnvHttpProxyAgent()),
    (agent) => Effect.promise(() => agent.destroy())
  )
)

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provideMerge(CxoneAuth.layerFromEnv({ name: "my-service" })),
  Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher),
  Layer.provide(ProxyLayer)
)

const exporter = new PrometheusExporter({ preventServerStart: true })
const MetricsLayer = Layer.provide(
  Metrics.layer(() => exporter),
  Resource.layer({ serviceName: "my-service" })
)

const runtime = ManagedRuntime.make(Layer.merge(CxoneLayer, MetricsLayer))

const app = express()

app.get("/health", async (_, response) => {
  const tokens = await runtime.runPromise(Effect.flatMap(CxoneAuth, ({ status }) => status))
  const isRefused = tokens.some(({ secondsToExpiry, state }) => secondsToExpiry === undefined && state === "refused")
  response.status(isRefused ? 503 : 200).json({ tokens })
})

app.get("/metrics", (request, response) => exporter.getMetricsRequestHandler(request, response))

app.get("/server-time", async (_, response) => {
  const call = Effect.gen(function* () {
    const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
    const answer = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
    return yield* answer.json
  })
  const result = await runtime.runPromise(Effect.either(call))
  if (Either.isRight(result)) {
    response.json(result.right)
  } else {
    response.status(502).json({ error: result.left._tag })
  }
})

await runtime.runtime()
const server = app.listen(Number(process.env.PORT ?? 3000))
await once(server, "listening")
console.log("listening on", server.address())

process.once("SIGTERM", async () => {
  await once(server.close(), "close")
  await runtime.dispose()
})
