/** B2: what the library costs a call, by the measurement that `bench:calls` makes as well. */
import { FetchHttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { CxoneHttpClient } from "cxone-auth"
import { Effect, Layer } from "effect"
import { auth, CallServer } from "../CallServer.js"
import type { Measure } from "../Measure.js"
import type { Findings } from "../Section.js"
import { number } from "../Table.js"
import * as Throughput from "../Throughput.js"

const goal = 0.97

const transports = [
  ["undici", NodeHttpClient.layerUndici],
  ["fetch", FetchHttpClient.layer]
] as const

const run = (quick: boolean) =>
  Effect.gen(function* () {
    const settings = { rounds: quick ? 11 : 21, requests: quick ? 300 : 3_000, atOnce: 32 }
    const measured = yield* Effect.forEach(transports, ([name, transport]) =>
      Throughput.measure(settings).pipe(
        Effect.provide(CxoneHttpClient.layer.pipe(Layer.provide(auth), Layer.provideMerge(transport))),
        Effect.map((throughput) => ({
          name,
          ours: Throughput.median(throughput.cxone),
          plain: Throughput.median(throughput.plain),
          untraced: Throughput.median(throughput.untraced),
          ratio: Throughput.median(Throughput.ratios(throughput, "plain"))
        }))
      )
    )
    return {
      method:
        `${settings.rounds} rounds of ${number(settings.requests)} GETs with each, 32 at once, by turns; medians. The ` +
        "peer is the platform's client with a fixed token; the ratio is the median of those of the rounds.",
      figures: measured.map(({ name, ours, plain, untraced }) => ({
        name: `over ${name}`,
        unit: "requests/s",
        better: "more",
        ours,
        peers: { "the platform's `HttpClient`, without auth": plain },
        controls: { "the same, without its span": untraced }
      })),
      verdicts: measured.map(({ name, ratio }) => ({
        goal: `≥ ${goal} on ${name}`,
        found: number(ratio, 3),
        isMet: ratio >= goal,
        reason:
          "Over an answer that costs nothing our part of a call is some 10 µs. The platform's client opens a span for each " +
          "request, ours does not where nobody traces, and so the ratio is close to 1 and lands on either side."
      }))
    } satisfies Findings
  }).pipe(Effect.provide(CallServer.layer))

export const withoutAuth: Measure = {
  id: "B2",
  title: "Authenticated GETs against the same `HttpClient` without auth",
  isQuick: true,
  run
}
