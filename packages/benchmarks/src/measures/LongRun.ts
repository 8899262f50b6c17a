/** B11: memory, after a million calls and a hundred expiries. */
import { Array, Effect } from "effect"
import { open } from "../Contest.js"
import { cxoneAuth } from "../contenders/CxoneAuth.js"
import * as Heap from "../Heap.js"
import type { Measure } from "../Measure.js"
import * as Provider from "../Provider.js"
import type { Findings } from "../Section.js"
import { number } from "../Table.js"

const stages = 10
const callsInStage = 100_000
const megabyte = 1_024 * 1_024

const run = Effect.gen(function* () {
  const { client, clientId } = yield* open(cxoneAuth, "long-run", { lifetime: 1 })
  const stage = Effect.zipRight(
    Effect.promise(() => client.load("/api/v2/users/me", callsInStage, 32)),
    Heap.sample
  )
  // The first ten thousand are those in which the engine compiles.
  yield* Effect.promise(() => client.load("/api/v2/users/me", 10_000, 32))
  const before = yield* Heap.sample
  const samples = yield* Effect.all(Array.replicate(stage, stages))
  const { tokenRequests } = yield* Provider.counts(clientId)
  const heaps = samples.map(({ heap }) => heap / megabyte)
  const grown = Math.max(...heaps) - before.heap / megabyte
  return {
    method:
      `${number(stages * callsInStage)} GETs, 32 at once, with tokens that live for 1 s. The heap is measured after a ` +
      `garbage collection, at the start and after each ${number(callsInStage)} calls.`,
    figures: [
      { name: "token requests", unit: "", better: "less", ours: tokenRequests, peers: {} },
      { name: "heap at the start", unit: "MB", better: "less", digits: 2, ours: before.heap / megabyte, peers: {} },
      {
        name: "most in between",
        unit: "MB",
        better: "less",
        digits: 2,
        ours: Math.max(...heaps.slice(0, -1)),
        peers: {}
      },
      { name: "at the end", unit: "MB", better: "less", digits: 2, ours: heaps.at(-1) ?? Number.NaN, peers: {} }
    ],
    verdicts: [
      {
        goal: "flat (never 1 MB more), 100 tokens or more",
        found: `${grown < 0 ? "−" : "+"}${number(Math.abs(grown), 2)} MB, ${number(tokenRequests)} tokens`,
        isMet: grown < 1 && tokenRequests > 100
      }
    ]
  } satisfies Findings
})

export const longRun: Measure = {
  id: "B11",
  title: "Memory after 1,000,000 calls",
  isQuick: false,
  run: () => run
}
