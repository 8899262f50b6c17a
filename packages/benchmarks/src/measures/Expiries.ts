/** B5: the latency of calls while tokens end. */
import { Array, Effect } from "effect"
import { byName, type Call, contenders, failures, open, pace } from "../Contest.js"
import type { Contender } from "../contenders/Contender.js"
import * as Heap from "../Heap.js"
import type { Measure } from "../Measure.js"
import * as Percentiles from "../Percentiles.js"
import * as Plot from "../Plot.js"
import * as Provider from "../Provider.js"
import type { Figure, Findings } from "../Section.js"
import { number } from "../Table.js"

const path = "/api/v2/users/me"
const lifetime = 2
const delay = 200
const perSecond = 200
const seconds = 20 * lifetime

interface Run {
  /** With tokens that end. */
  readonly ending: ReadonlyArray<Call>
  /** At the same moments, with one that does not. */
  readonly lasting: ReadonlyArray<Call>
  readonly tokenRequests: number
}

const runOf = (contender: Contender) =>
  Effect.scoped(
    Effect.gen(function* () {
      const ending = yield* open(contender, "ending", { lifetime, delay })
      const lasting = yield* open(contender, "lasting", { lifetime: 3_600, delay })
      const both = (seconds: number) =>
        Effect.all([pace(ending, path, perSecond, seconds), pace(lasting, path, perSecond, seconds)], {
          concurrency: "unbounded"
        })
      // The token is there before, and so are the paths of the code.
      yield* both(2)
      yield* Heap.collect
      const before = yield* Provider.counts(ending.clientId)
      const [calls, control] = yield* both(seconds)
      const { tokenRequests } = yield* Provider.counts(ending.clientId)
      return { ending: calls, lasting: control, tokenRequests: tokenRequests - before.tokenRequests } satisfies Run
    })
  )

const millis = (calls: ReadonlyArray<Call>) => calls.map((call) => call.millis)

/** Seconds that are drawn. */
const shown = 12

/** The slowest call of each half second. */
const slowest = (calls: ReadonlyArray<Call>): ReadonlyArray<Plot.Point> =>
  Array.makeBy(2 * shown, (slot) => ({
    x: slot / 2,
    y: Math.max(...millis(calls.filter(({ due }) => Math.floor(due / 500) === slot)))
  }))

const latencies = [
  ["p50", 50],
  ["p99", 99],
  ["p99.9", 99.9],
  ["max", 100]
] as const

const run = Effect.gen(function* () {
  const results = yield* Effect.forEach(contenders(true), (contender) =>
    Effect.map(runOf(contender), (each) => [contender, each] as const)
  )
  const figure = (name: string, value: (of: Run) => number): Figure => ({
    name,
    unit: "ms",
    better: "less",
    digits: 1,
    ...byName(results, value)
  })
  const worst = byName(results, ({ ending }) => Percentiles.at(millis(ending), 100)).ours
  const worstLasting = byName(results, ({ lasting }) => Percentiles.at(millis(lasting), 100)).ours
  return {
    method:
      `${perSecond} calls a second for ${seconds} s, with tokens that live for ${lifetime} s. Each call is timed from when ` +
      "it was due. For comparison, as many calls run at the same moments with a token that does not end, so that both " +
      `meet the same pauses of the machine. The token endpoint takes ${delay} ms. Ours begins to renew a token 30 to 34 % before ` +
      "its end. Libraries whose buffer can be set renew when 30 % of the lifetime is left. One library is run after the " +
      "other, ours first. Simple-oauth2 and openid-client are left out, because they manage no tokens; so is the tutorial's " +
      "class, because its fixed buffer of 30 s would fetch a token for each call.",
    figures: [
      ...latencies.map(([name, percent]) => figure(name, ({ ending }) => Percentiles.at(millis(ending), percent))),
      figure("max without expiries", ({ lasting }) => Percentiles.at(millis(lasting), 100)),
      { name: "token requests", unit: "", better: "less", ...byName(results, ({ tokenRequests }) => tokenRequests) },
      { name: "failed calls", unit: "", better: "less", ...byName(results, ({ ending }) => failures(ending)) }
    ],
    verdicts: [
      {
        goal: "max within 1.2 × of a run without expiries",
        found: `${number(worst, 1)} ms against ${number(worstLasting, 1)} ms`,
        isMet: worst <= 1.2 * worstLasting,
        reason: `A call that waits for a token takes ${delay} ms. The rest is a pause of the machine.`
      }
    ],
    plots: {
      "expiries.svg": Plot.svg({
        title: `The slowest call of each half second, while tokens of ${lifetime} s end`,
        note: `The first ${shown} of ${seconds} s. The token endpoint takes ${delay} ms; ${perSecond} calls a second.`,
        x: "seconds",
        y: "milliseconds",
        lines: results.map(([{ name }, { ending }]) => ({ name, points: slowest(ending) }))
      })
    }
  } satisfies Findings
})

export const expiries: Measure = {
  id: "B5",
  title: "Latency across 20 expiries",
  isQuick: false,
  run: () => run
}
