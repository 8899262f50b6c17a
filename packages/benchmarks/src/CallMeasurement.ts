/** Takes all figures of the calls, one after the other. */
import type { HttpClient } from "@effect/platform"
import { CxoneHttpClient } from "cxone-auth"
import { Effect, Layer } from "effect"
import type { CallFigures } from "./CallReport.js"
import { auth } from "./CallServer.js"
import * as Stampede from "./Stampede.js"
import { number } from "./Table.js"
import * as Throughput from "./Throughput.js"

export interface CallSettings extends Throughput.ThroughputSettings {
  /** How many calls are made at once into an API that is closed. */
  readonly calls: number
  /** How many into one that takes 200 a second. */
  readonly overQuota: number
}

type Transports = readonly [Transport, ...ReadonlyArray<Transport>]
type Transport = readonly [name: string, layer: Layer.Layer<HttpClient.HttpClient>]

/** `tell` hears what comes next. The stampedes run over the first transport. */
export const run = (settings: CallSettings, transports: Transports, tell: (line: string) => Effect.Effect<void>) =>
  Effect.gen(function* () {
    const throughput = yield* Effect.forEach(transports, ([name, transport]) =>
      Effect.zipRight(
        tell(`${settings.rounds} rounds over ${name}`),
        Effect.map(
          Effect.provide(
            Throughput.measure(settings),
            CxoneHttpClient.layer().pipe(Layer.provide(auth), Layer.provideMerge(transport))
          ),
          (measured) => [name, measured] as const
        )
      )
    )
    const { calls, overQuota } = settings
    const few = Math.ceil(calls / 5)
    const [[, transport]] = transports
    yield* tell(`${number(calls)} calls at once into 429`)
    const closed = yield* Effect.all([
      Stampede.withLibrary("closed", `all may wait`, calls, calls),
      Stampede.withLibrary("closed", `${number(few)} may wait`, calls, few),
      Stampede.byThemselves("closed", "each by itself", calls)
    ]).pipe(Effect.provide(transport))
    yield* tell(`${number(overQuota)} calls at once into 200 a second`)
    const quota = yield* Effect.all([
      Stampede.withLibrary("quota", "all may wait", overQuota, overQuota),
      Stampede.byThemselves("quota", "each by itself", overQuota)
    ]).pipe(Effect.provide(transport))
    return { settings, throughput, closed, quota } satisfies CallFigures
  })
