/** B3: authenticated GETs, each library with what it sends them by. */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import { Array, Duration, Effect, Record } from "effect"
import * as Bars from "../Bars.js"
import { contenders, open } from "../Contest.js"
import { fromFunctions, requestToken } from "../contenders/Contender.js"
import * as TutorialClass from "../contenders/TutorialClass.js"
import type { Measure } from "../Measure.js"
import * as Provider from "../Provider.js"
import { bestPeer, type Figure, type Findings } from "../Section.js"
import { number } from "../Table.js"
import * as Turns from "../Turns.js"

const platform = "the platform's `HttpClient` over undici, no auth"
const undici = "undici itself, no auth"
const path = "/api/v2/users/me"
const calls = 3_000
const atOnce = 32
const rounds = 9

/** The same requests with a fixed token, by the transports below ours. No library over them can be faster. */
const controls = Effect.gen(function* () {
  const { origin } = yield* Provider.Provider
  yield* Provider.set("control")
  const { access_token } = yield* Effect.promise(() =>
    requestToken({ origin, clientId: "control", clientSecret: "secret", buffer: 0 })
  )
  const headers = { accept: "application/json", authorization: `Bearer ${access_token}` }
  const http = yield* HttpClient.HttpClient
  const request = HttpClientRequest.get(new URL(path, origin)).pipe(HttpClientRequest.setHeaders(headers))
  const call = Effect.flatMap(http.execute(request), ({ json }) => json)
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
    [platform]: Effect.forEach(Array.range(1, calls), () => call, { concurrency: atOnce, discard: true }),
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
  const opened = yield* Effect.forEach(contenders(false), (contender) => open(contender, "load"))
  const loads: Record<string, Effect.Effect<unknown, unknown>> = {
    ...Object.fromEntries(
      opened.map(({ client, contender }) => [contender.name, Effect.promise(() => client.load(path, calls, atOnce))])
    ),
    ...(yield* controls)
  }
  const rates = yield* Turns.medians(
    Record.map(loads, (load) => Effect.map(Effect.timed(load), ([took]) => calls / Duration.toSeconds(took))),
    rounds
  )
  const tutorial = yield* TutorialClass.load(calls, atOnce)
  const {
    "cxone-auth": ours = Number.NaN,
    [platform]: overPlatform = Number.NaN,
    [undici]: overUndici = Number.NaN,
    ...others
  } = rates
  const figure = {
    name: "GETs",
    unit: "requests/s",
    better: "more",
    ours,
    peers: { ...others, [TutorialClass.name]: tutorial },
    controls: { [platform]: overPlatform, [undici]: overUndici }
  } as const
  const best = bestPeer(figure) ?? Number.NaN
  const percent = (part: number, whole: number) => number((100 * part) / whole)
  const reason =
    `In the same run, undici alone made ${number(overUndici)} requests/s. The platform's client over undici made ` +
    `${number(overPlatform)} (${percent(overPlatform, overUndici)} %). This library over the platform's client made ` +
    `${percent(ours, overPlatform)} % of those ${number(overPlatform)}. That can be above 100 %, because this library opens ` +
    "no span if there is no tracer. So no library over the platform's client can reach the goal. Separate profiles show " +
    "no single place where that client spends its time. For each request the platform's client makes a span, an abort " +
    "controller and an entry in a finalization registry, and for each body a fiber. Collecting this garbage takes 12 to " +
    "16 % of the time. Over fetch it is slower still (B2). A leaner transport is an `HttpClient` like any other and works " +
    "below this library unchanged."
  return {
    method:
      `${rounds} rounds. In each round every client makes ${number(calls)} GETs, ${atOnce} at once, one client after the other. ` +
      "Every answer is parsed. Figures are medians; the tutorial's class was run once.",
    figures: [figure],
    verdicts: [
      { goal: "≥ 1.2 × the best peer", found: `${number(ours / best, 2)} ×`, isMet: ours >= 1.2 * best, reason },
      {
        goal: "≥ 10 × the tutorial's class",
        found: `${number(ours / tutorial, 1)} ×`,
        isMet: ours >= 10 * tutorial,
        reason
      }
    ],
    plots: { "throughput.svg": plot(figure) }
  } satisfies Findings
}).pipe(Effect.provide(NodeHttpClient.layerUndici))

export const endToEnd: Measure = {
  id: "B3",
  title: "Authenticated GETs, end to end",
  isQuick: false,
  run: () => run
}
