/** C6: authenticated GETs, many at once, against the same `HttpClient` without auth. */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { CxoneHttpClient } from "cxone-auth"
import { Array, Duration, Effect, Record } from "effect"
import { CallServer } from "./CallServer.js"
import { CpuTime } from "./CpuTime.js"
import * as Percentiles from "./Percentiles.js"
import * as Turns from "./Turns.js"

export interface ThroughputSettings {
  readonly rounds: number
  /** How many requests a round makes with each client. */
  readonly requests: number
  readonly atOnce: number
}

/** Requests a second, round by round. */
export interface Throughput {
  readonly cxone: ReadonlyArray<number>
  /** The platform's client with a fixed token. */
  readonly plain: ReadonlyArray<number>
  /** The same, without the span that it opens for each request. */
  readonly untraced: ReadonlyArray<number>
  /** The processor's time of each client for a request, in microseconds; the median of the rounds. */
  readonly cpuMicros: { readonly [_ in Client]: number }
}

type Client = "cxone" | "plain" | "untraced"

/** The ratios of the rounds: in each, the clients met the same machine. */
export const ratios = (throughput: Pick<Throughput, Client>, to: Client): ReadonlyArray<number> =>
  Array.zipWith(throughput.cxone, throughput[to], (ours, theirs) => ours / theirs)

export const median = (numbers: ReadonlyArray<number>): number => Percentiles.of(numbers).p50

const rate = <E, R>(call: Effect.Effect<unknown, E, R>, { atOnce, requests }: Omit<ThroughputSettings, "rounds">) =>
  Effect.map(
    Effect.timed(Effect.forEach(Array.range(1, requests), () => call, { concurrency: atOnce, discard: true })),
    ([took]) => requests / Duration.toSeconds(took)
  )

/** What the engine needs to compile all that is run. It is not counted. */
export const warmUp = { atOnce: 32, requests: 1_500 }

/** By turns, each client first in a third of the rounds, over the `HttpClient` that is there. */
export const measure = (settings: ThroughputSettings) =>
  Effect.gen(function* () {
    const { origin } = yield* CallServer
    const cxone = yield* CxoneHttpClient
    const http = yield* HttpClient.HttpClient
    const untraced = HttpClient.withTracerDisabledWhen(http, () => true)
    const url = new URL("/free", origin)
    const request = HttpClientRequest.get(url).pipe(
      HttpClientRequest.acceptJson,
      HttpClientRequest.bearerToken("t".repeat(1_000))
    )
    const calls: { readonly [Name in Client]: Effect.Effect<string, unknown> } = {
      cxone: Effect.flatMap(cxone.execute(HttpClientRequest.get("/free")), ({ text }) => text),
      plain: Effect.flatMap(http.execute(request), ({ text }) => text),
      untraced: Effect.flatMap(untraced.execute(request), ({ text }) => text)
    }
    const cpu = new CpuTime()
    const rates = (settings: Omit<ThroughputSettings, "rounds">) =>
      Record.map(calls, (call, name) => cpu.of(name, settings.requests)(rate(call, settings)))
    yield* Effect.all(rates(warmUp), { discard: true })
    const measured = yield* Turns.rounds(rates(settings), settings.rounds)
    return { ...measured, cpuMicros: Record.map(calls, (_, name) => cpu.median(name)) } satisfies Throughput
  })
