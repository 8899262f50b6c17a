/** A service with a health endpoint, and with Effect's metrics in Prometheus' format. */
import { createServer } from "node:http"
import * as Metrics from "@effect/opentelemetry/Metrics"
import * as Resource from "@effect/opentelemetry/Resource"
import { FetchHttpClient, HttpClient, HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Clock, Config, Duration, Effect, Layer } from "effect"

const exporter = new PrometheusExporter({ preventServerStart: true })
const MetricsLayer = Layer.provide(
  Metrics.layer(() => exporter),
  Resource.layer({ serviceName: "my-service" })
)

const metrics = Effect.map(
  Effect.promise(() => exporter.collect()),
  ({ resourceMetrics }) => HttpServerResponse.text(new PrometheusSerializer().serialize(resourceMetrics))
)

/** For a readiness probe. It asks for a token as a call does, so it recovers when CXone does. */
const ready = Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken).pipe(
  Effect.timeout("2 seconds"),
  Effect.match({ onFailure: () => 503, onSuccess: () => 200 }),
  Effect.flatMap((status) => HttpServerResponse.empty({ status }))
)

/** For an alert: no new token came, and the last try failed within five minutes. The token before may still serve. Sends nothing. */
const health = Effect.gen(function* () {
  const { status } = yield* CxoneAuth
  const [tokens, now] = yield* Effect.all([status, Clock.currentTimeMillis])
  const isFailing = tokens.some(
    ({ failingSince, lastFailure }) =>
      failingSince !== undefined && lastFailure !== undefined && now - lastFailure.at < Duration.toMillis("5 minutes")
  )
  return yield* HttpServerResponse.json({ tokens }, { status: isFailing ? 503 : 200 })
})

const serverTime = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  return yield* HttpServerResponse.json(yield* response.json)
}).pipe(
  Effect.tapError((error) => Effect.logError(error)),
  Effect.catchAll(({ _tag }) => HttpServerResponse.json({ error: _tag }, { status: 502 }))
)

const ServiceLayer = HttpRouter.empty.pipe(
  HttpRouter.get("/ready", ready),
  HttpRouter.get("/health", health),
  HttpRouter.get("/metrics", metrics),
  HttpRouter.get("/server-time", serverTime),
  HttpServer.serve(),
  HttpServer.withLogAddress
)

const ServerLayer = Layer.unwrapEffect(
  Effect.map(Config.withDefault(Config.integer("PORT"), 3000), (port) => NodeHttpServer.layer(createServer, { port }))
)

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provideMerge(CxoneAuth.layerFromEnv({ name: "my-service" })),
  Layer.provide(FetchHttpClient.layer)
)

// On SIGTERM the layers close from top to bottom: first the server, then the client and its token.
ServiceLayer.pipe(
  Layer.provide(ServerLayer),
  Layer.provide(CxoneLayer),
  Layer.provide(MetricsLayer),
  Layer.launch,
  NodeRuntime.runMain
)
