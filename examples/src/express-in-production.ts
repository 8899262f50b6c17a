/** An Express app in production: secrets in files, the proxy of HTTPS_PROXY, JSON log, /ready, /health and /metrics. */
import { once } from "node:events"
import * as Metrics from "@effect/opentelemetry/Metrics"
import * as Resource from "@effect/opentelemetry/Resource"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Clock, Duration, Effect, Exit, Layer, Logger } from "effect"
import express, { type ErrorRequestHandler } from "express"
import { answerFor, makeCxone, signalOf } from "./cxone.js"
import { AuthLayer } from "./secret-files.js"

const ProxyLayer = Layer.scoped(
  NodeHttpClient.Dispatcher,
  Effect.acquireRelease(
    Effect.sync(() => new Undici.EnvHttpProxyAgent()),
    (agent) => Effect.promise(() => agent.destroy())
  )
)

const exporter = new PrometheusExporter({ preventServerStart: true })
const MetricsLayer = Layer.provide(
  Metrics.layer(() => exporter),
  Resource.layer({ serviceName: "my-service" })
)

const LogLayer = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.jsonLogger))

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provideMerge(AuthLayer),
  Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher),
  Layer.provide(ProxyLayer)
)

const cxone = makeCxone(Layer.provideMerge(Layer.merge(CxoneLayer, MetricsLayer), LogLayer))

const app = express()

/** For a readiness probe. It asks for a token as a call does, so it recovers when CXone does. */
app.get("/ready", async (_, response) => {
  const token = Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken)
  const exit = await cxone.runtime.runPromiseExit(Effect.timeout(token, "2 seconds"))
  response.sendStatus(Exit.isSuccess(exit) ? 200 : 503)
})

/** For an alert: there is no token to hand out, and the last try to get one failed within five minutes. Sends nothing. */
app.get("/health", async (_, response) => {
  const status = Effect.flatMap(CxoneAuth, ({ status }) => status)
  const [tokens, now] = await cxone.runtime.runPromise(Effect.all([status, Clock.currentTimeMillis]))
  const isFailing = tokens.some(
    ({ lastFailure, secondsToExpiry }) =>
      secondsToExpiry === undefined &&
      lastFailure !== undefined &&
      now - lastFailure.at < Duration.toMillis("5 minutes")
  )
  response.status(isFailing ? 503 : 200).json({ tokens })
})

app.get("/metrics", (request, response) => exporter.getMetricsRequestHandler(request, response))

app.get("/server-time", async (_, response) => {
  response.json(await cxone.getJson("/incontactAPI/services/v33.0/server-time", signalOf(response)))
})

const explain: ErrorRequestHandler = (error, _request, response, _next) => {
  const { body, headers, status } = answerFor(error)
  response.status(status).set(headers).json(body)
}
app.use(explain)

await cxone.start()
const server = app.listen(Number(process.env.PORT ?? 3000))
await once(server, "listening")
console.log("listening on", server.address())

process.once("SIGTERM", async () => {
  await once(server.close(), "close")
  await cxone.stop()
})
