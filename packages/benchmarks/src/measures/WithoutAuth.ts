/** B2: what the library costs a call, by the measurement that `bench:calls` makes as well. */
import { FetchHttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { CxoneHttpClient } from "cxone-auth"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Effect, Layer } from "effect"
import { auth, CallServer } from "../CallServer.js"
import type { Measure } from "../Measure.js"
import * as Percentiles from "../Percentiles.js"
import type { Figure, Findings } from "../Section.js"
import { number } from "../Table.js"
import * as Throughput from "../Throughput.js"

const platform = "the same `HttpClient`, without auth"

/** The leaner the transport, the more of a call is ours. */
const transports = [
  { name: "cxone-auth-undici", transport: UndiciHttpClient.layer({ proxy: "none" }), goal: 0.75 },
  { name: "the platform's undici", transport: NodeHttpClient.layerUndici, goal: 0.97 },
  { name: "fetch", transport: FetchHttpClient.layer, goal: 0.97 }
] as const

const run = (quick: boolean) =>
  Effect.gen(function* () {
    const settings = { rounds: quick ? 9 : 51, requests: quick ? 300 : 500, atOnce: 32 }
    const measured = yield* Effect.forEach(transports, ({ goal, name, transport }) =>
      Throughput.measure(settings).pipe(
        Effect.provide(CxoneHttpClient.layer().pipe(Layer.provide(auth), Layer.provideMerge(transport))),
        Effect.map((throughput) => ({
          name,
          goal,
          cpu: throughput.cpuMicros,
          ratios: Throughput.ratios(throughput, "plain"),
          ours: Throughput.median(throughput.cxone),
          plain: Throughput.median(throughput.plain),
          untraced: Throughput.median(throughput.untraced)
        })),
        Effect.map((measured) => ({ ...measured, ratio: Throughput.median(measured.ratios) }))
      )
    )
    return {
      method:
        `${settings.rounds} rounds. In each round every client makes ${number(settings.requests)} GETs, 32 at once, one client ` +
        "after the other. Figures are medians. The peer is the same transport with a fixed token. The ratio is the " +
        "median of the ratios of the rounds. Over the platform's own clients it is near 1 because they open a span for each " +
        "request, and ours opens none if there is no tracer. The span costs about as much as our part of a call. " +
        "cxone-auth-undici opens none either.",
      figures: measured.flatMap(
        ({ cpu, name, ours, plain, ratio, untraced }): ReadonlyArray<Figure> => [
          {
            name: `over ${name}`,
            unit: "requests/s",
            better: "more",
            ours,
            peers: { [platform]: plain },
            controls: { "the same, without its span": untraced },
            ratio
          },
          {
            name: `over ${name}, processor's time for each`,
            unit: "µs",
            better: "less",
            ours: cpu.cxone,
            peers: { [platform]: cpu.plain },
            controls: { "the same, without its span": cpu.untraced }
          }
        ]
      ),
      verdicts: measured.map(({ cpu, goal, name, ratio, ratios }) => ({
        goal: `≥ ${goal} over ${name}`,
        found: number(ratio, 3),
        isMet: ratio >= goal,
        reason:
          `Over ${name}, half of the rounds lay between ${number(Percentiles.at(ratios, 25), 2)} and ` +
          `${number(Percentiles.at(ratios, 75), 2)}. This library's part of a call takes ${number(cpu.cxone - cpu.plain)} µs of the ` +
          `processor's time, beside ${number(cpu.plain)} without it.`
      }))
    } satisfies Findings
  }).pipe(Effect.provide(CallServer.layer))

export const withoutAuth: Measure = {
  id: "B2",
  title: "Authenticated GETs against the same `HttpClient` without auth",
  isQuick: true,
  run
}
