/** The app's `cxone` in production: secrets in files, proxy and certificates of the environment, JSON log, metrics. */
import * as Metrics from "@effect/opentelemetry/Metrics"
import * as Resource from "@effect/opentelemetry/Resource"
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus"
import { CxoneHttpClient } from "cxone-auth"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Layer, Logger } from "effect"
import { makeCxone } from "./make-cxone.js"
import { AuthLayer } from "./secret-files.js"

export const exporter = new PrometheusExporter({ preventServerStart: true })
const MetricsLayer = Layer.provide(
  Metrics.layer(() => exporter),
  Resource.layer({ serviceName: "my-service" })
)

const LogLayer = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.jsonLogger))

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provideMerge(AuthLayer),
  Layer.provide(UndiciHttpClient.layerFromEnv())
)

export const cxone = makeCxone(Layer.provideMerge(Layer.merge(CxoneLayer, MetricsLayer), LogLayer))
