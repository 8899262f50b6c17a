/** Spans, metrics and status of an app's day. If a collector is set, they are exported to it. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Array, Config, Console, Effect, Option, Order } from "effect"
import * as Day from "./support/Day.js"
import { table } from "./support/MetricTable.js"
import * as OtlpExport from "./support/OtlpExport.js"
import { exitWithFailure, withoutWarnings } from "./support/print.js"
import * as Traces from "./support/Traces.js"

const byTime = Order.mapInput(Order.number, ({ at }: Traces.Entry) => at)

const observedDay = Effect.gen(function* () {
  const { spans, tracer } = yield* Traces.collect
  const { status, told } = yield* Effect.withTracer(Day.live, tracer)

  yield* Console.log("Spans: the first trace of each kind, and how many there were\n")
  for (const { text } of Array.sort([...told, ...Traces.entries(spans)], byTime)) {
    yield* Console.log(text)
  }
  yield* Console.log(`\nMetrics, at the end of the day\n\n${yield* table("cxone_auth_")}`)
  yield* Console.log(`\nauth.status, at the end of the day\n\n${JSON.stringify(status, undefined, 2)}`)
})

const exportedDay = (endpoint: URL) =>
  Effect.gen(function* () {
    const deliveries = yield* OtlpExport.exporting(endpoint, observedDay)
    yield* Console.log(`\nExport to ${endpoint.origin}\n`)
    for (const { isTaken, path, requests } of deliveries) {
      yield* Console.log(`${path.padEnd(14)}${isTaken ? "accepted" : "not accepted"} (requests: ${requests})`)
    }
    if (deliveries.length === 0 || deliveries.some(({ isTaken }) => !isTaken)) {
      yield* exitWithFailure
    }
  })

const program = Effect.gen(function* () {
  const endpoint = yield* Config.option(Config.url("OTEL_EXPORTER_OTLP_ENDPOINT"))
  yield* Option.match(endpoint, { onNone: () => observedDay, onSome: exportedDay })
})

NodeRuntime.runMain(Effect.provide(program, withoutWarnings))
