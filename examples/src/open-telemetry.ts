/** Spans, metrics and the log go to an OpenTelemetry collector. */
import * as Otlp from "@effect/opentelemetry/Otlp"
import { FetchHttpClient, HttpClient } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Config, Console, Effect, Layer } from "effect"

const program = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const { status } = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  yield* Console.log(`server-time: ${status}`)
}).pipe(Effect.withSpan("my-job"))

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneAuth.layerFromEnv({ name: "my-service" })),
  Layer.provide(FetchHttpClient.layer)
)

const TelemetryLayer = Layer.unwrapEffect(
  Effect.map(
    Config.withDefault(Config.nonEmptyString("OTEL_EXPORTER_OTLP_ENDPOINT"), "http://localhost:4318"),
    (baseUrl) => Otlp.layerJson({ baseUrl, resource: { serviceName: "my-service" } })
  )
).pipe(Layer.provide(FetchHttpClient.layer))

// The telemetry is given to the layers of CXone, too. So it sees the token requests.
NodeRuntime.runMain(Effect.provide(program, Layer.provideMerge(CxoneLayer, TelemetryLayer)))
