/** B3: authenticated GETs, each library with what it sends them by. */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Array, Duration, Effect, Layer, Option, Record } from "effect"
import * as Bars from "../Bars.js"
import { contenders, open } from "../Contest.js"
import { CpuTime } from "../CpuTime.js"
import { fromFunctions, requestToken } from "../contenders/Contender.js"
import { cxoneAuth, overPlatform } from "../contenders/CxoneAuth.js"
import * as TutorialClass from "../contenders/TutorialClass.js"
import * as LongLived from "../LongLived.js"
import type { Measure } from "../Measure.js"
import * as Percentiles from "../Percentiles.js"
import * as Provider from "../Provider.js"
import type { Figure, Findings } from "../Section.js"
import { number } from "../Table.js"
import * as Turns from "../Turns.js"

const median = (values: ReadonlyArray<number>) => Percentiles.at(values, 50)

const lean = "`cxone-auth-undici`, no auth"
const platform = "the platform's `HttpClient` over undici, no auth"
const undici = "undici itself, no auth"
const path = "/api/v2/users/me"
const calls = 3_000
const atOnce = 32
const rounds = 9
/** In bytes. A call that is kept as a whole takes 5 KB. */
const mostKept = 1_500

/** The same requests with a fixed token, by the transports below ours. No library over them can be faster. */
const controls = Effect.gen(function* () {
  const { origin } = yield* Provider.Provider
  yield* Provider.set("control")
  const { access_token } = yield* Effect.promise(() =>
    requestToken({ origin, clientId: "control", clientSecret: "secret", buffer: 0 })
  )
  const headers = { accept: "application/json", authorization: `Bearer ${access_token}` }
  const get = Effect.flatMap(HttpClient.HttpClient, (http) =>
    Effect.replicateEffect(
      Effect.flatMap(http.execute(request), ({ json }) => json),
      calls,
      { concurrency: atOnce, discard: true }
    )
  )
  const request = HttpClientRequest.get(new URL(path, origin)).pipe(HttpClientRequest.setHeaders(headers))
  const agent = yield* Effect.acquireRelease(
    Effect.sync(() => new Undici.Agent()),
    (agent) => Effect.promise(() => agent.destroy())
  )
  const { load } = fromFunctions({
    token: async () => access_token,
    get: async (path) => {
      const { body, statusCode } = await agent.request({ origin: origin.origin, path, method: "GET", headers })
      await body.json()
      return statusCode
    }
  })
  return {
    [lean]: Effect.provide(get, yield* Layer.build(UndiciHttpClient.layer({ proxy: "none" }))),
    [platform]: Effect.provide(get, yield* Layer.build(NodeHttpClient.layerUndici)),
    [undici]: Effect.promise(() => load(path, calls, atOnce))
  }
})

const plot = ({ controls = {}, ours, peers }: Figure): string => {
  const bar = (kind: Bars.Bar["kind"]) => (value: number | string, name: string) =>
    typeof value === "number" ? [{ name: name.replaceAll("`", ""), value, kind }] : []
  const bars = [
    ...bar("ours")(ours, "cxone-auth"),
    ...Record.collect(peers, (name, value) => bar("peer")(value, name)).flat(),
    ...Record.collect(controls, (name, value) => bar("control")(value, name)).flat()
  ]
  return Bars.svg(
    "Authenticated GETs a second",
    "32 at once, each library with what it sends them by; more is better.",
    bars.sort((one, other) => other.value - one.value)
  )
}

const run = Effect.gen(function* () {
  const opened = yield* Effect.forEach([...contenders(false), overPlatform], (contender) => open(contender, "load"))
  const loads: Record<string, Effect.Effect<unknown, unknown>> = {
    ...Object.fromEntries(
      opened.map(({ client, contender }) => [contender.name, Effect.promise(() => client.load(path, calls, atOnce))])
    ),
    ...(yield* controls)
  }
  const cpu = new CpuTime()
  const measurements = Record.map(loads, (load, name) =>
    Effect.map(Effect.timed(cpu.of(name, calls)(load)), ([took]) => calls / Duration.toSeconds(took))
  )
  yield* Turns.rounds(measurements, 1)
  const byRound = yield* Turns.rounds(measurements, rounds)
  const rates = Record.map(byRound, median)
  const longLived = yield* Effect.all(
    Record.map(loads, (load) => Effect.map(LongLived.bytes(load), (bytes) => bytes / calls))
  )
  const tutorial = yield* TutorialClass.load(calls, atOnce)
  const {
    [cxoneAuth.name]: ours = Number.NaN,
    [overPlatform.name]: oursOverPlatform = Number.NaN,
    [lean]: overLean = Number.NaN,
    [platform]: plain = Number.NaN,
    [undici]: bare = Number.NaN,
    ...others
  } = rates
  const controlNames = [overPlatform.name, lean, platform, undici]
  const perCall =
    (of: (name: string) => number) =>
    (names: ReadonlyArray<string>): Record.ReadonlyRecord<string, number> =>
      Object.fromEntries(names.map((name) => [name, of(name)]))
  const micros = perCall(cpu.median)
  const kept = perCall((name) => longLived[name] ?? Number.NaN)
  const ofRounds = byRound[cxoneAuth.name] ?? []
  /** Ours by theirs, round by round, because both met the same machine in each. */
  const times = (theirs: ReadonlyArray<number>) => median(Array.zipWith(ofRounds, theirs, (our, their) => our / their))
  const best = Math.min(...Object.keys(others).map((name) => times(byRound[name] ?? [])))
  const figure = {
    name: "GETs",
    unit: "requests/s",
    better: "more",
    ours,
    peers: { ...others, ...TutorialClass.asPeer(tutorial) },
    controls: { [overPlatform.name]: oursOverPlatform, [lean]: overLean, [platform]: plain, [undici]: bare },
    ratio: best
  } as const
  const timeOfProcessor = {
    name: "processor's time for each",
    unit: "µs",
    better: "less",
    ours: cpu.median(cxoneAuth.name),
    peers: micros(Object.keys(others)),
    controls: micros(controlNames)
  } as const
  const keptBytes = {
    name: "long-lived for each",
    unit: "bytes",
    better: "less",
    ours: longLived[cxoneAuth.name] ?? Number.NaN,
    peers: kept(Object.keys(others)),
    controls: kept(controlNames)
  } as const
  const percent = (part: number, whole: number) => number((100 * part) / whole)
  const reason =
    `In the same run, undici alone made ${number(bare)} requests/s, and the leanest client over it ${number(overLean)} ` +
    `(${percent(overLean, bare)} %). This library over that client made ${percent(ours, overLean)} % of those. Over the ` +
    `platform's own client it made ${number(oursOverPlatform)}.`
  return {
    method:
      `${rounds} rounds. In each round every client makes ${number(calls)} GETs, ${atOnce} at once, one client after the other. ` +
      "Every answer is parsed. Figures are medians, and the ratio to the best peer is the median of the rounds' ratios. The tutorial's class was run once. The processor's time is that of " +
      "this process alone, without the server's. What is long-lived of a call has outlived two collections of young objects. It " +
      "was measured once, after the rounds.",
    figures: [figure, timeOfProcessor, keptBytes],
    verdicts: [
      { goal: "≥ 1.2 × the best peer", found: `${number(best, 2)} ×`, isMet: best >= 1.2, reason },
      {
        goal: `≤ ${number(mostKept)} long-lived bytes a call`,
        found: number(keptBytes.ours),
        isMet: keptBytes.ours <= mostKept,
        reason: "An object of each call is allocated among the old ones, and keeps what it refers to."
      },
      ...Option.match(tutorial, {
        onNone: () => [],
        onSome: (theirs) => [
          {
            goal: "≥ 10 × the tutorial's class",
            found: `${number(ours / theirs, 1)} ×`,
            isMet: ours >= 10 * theirs,
            reason
          }
        ]
      })
    ],
    plots: { "throughput.svg": plot(figure) }
  } satisfies Findings
})

export const endToEnd: Measure = {
  id: "B3",
  title: "Authenticated GETs, end to end",
  isQuick: false,
  run: () => run
}
