/** B2: what the library costs a call, by the measurement that `bench:calls` makes as well. */
import { FetchHttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { CxoneHttpClient } from "cxone-auth"
import { Effect, Layer } from "effect"
import { auth } from "../CallServer.js"
import type { Section } from "../Section.js"
import { number } from "../Table.js"
import * as Throughput from "../Throughput.js"

const goal = 0.97

const transports = [
  ["undici", NodeHttpClient.layerUndici],
  ["fetch", FetchHttpClient.layer]
] as const

export const measure = (quick: boolean) =>
  Effect.gen(function* () {
    const settings = { rounds: quick ? 5 : 21, requests: quick ? 1_000 : 3_000, atOnce: 32 }
    const measured = yield* Effect.forEach(transports, ([name, transport]) =>
      Throughput.measure(settings).pipe(
        Effect.provide(CxoneHttpClient.layer.pipe(Layer.provide(auth), Layer.provideMerge(transport))),
        Effect.map((throughput) => ({
          name,
          ours: Throughput.median(throughput.cxone),
          plain: Throughput.median(throughput.plain),
          ratio: Throughput.median(Throughput.ratios(throughput, "plain"))
        }))
      )
    )
    return {
      id: "B2",
      title: "Authenticated GETs against the same `HttpClient` without auth",
      method:
        `${settings.rounds} rounds of ${number(settings.requests)} GETs with each, 32 at once, by turns; medians. The ` +
        "peer is the platform's client with a fixed token; the ratio is the median of those of the rounds.",
      figures: measured.map(({ name, ours, plain }) => ({
        name: `over ${name}`,
        unit: "requests/s",
        better: "more",
        ours,
        peers: { "the platform's `HttpClient`, without auth": plain }
      })),
      verdicts: measured.map(({ name, ratio }) => ({
        goal: `≥ ${goal} on ${name}`,
        found: number(ratio, 3),
        isMet: ratio >= goal,
        reason:
          "Some 3 µs of a call that takes some 130 µs are ours: the token, the guard, the look at the answer. Rounds " +
          "differ by more than that, so one run in two or three lands on either side."
      }))
    } satisfies Section
  })
