/** Everything that a user would pick instead, side by side: `--quick` for a minute's worth of it. */
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer } from "effect"
import * as Bars from "./Bars.js"
import { CallServer } from "./CallServer.js"
import * as BriefsClass from "./contenders/BriefsClass.js"
import * as Machine from "./Machine.js"
import * as CachedToken from "./measures/CachedToken.js"
import * as ColdCache from "./measures/ColdCache.js"
import * as EndToEnd from "./measures/EndToEnd.js"
import * as Expiries from "./measures/Expiries.js"
import * as Footprint from "./measures/Footprint.js"
import * as LongRun from "./measures/LongRun.js"
import * as ManyKeys from "./measures/ManyKeys.js"
import * as ProviderDown from "./measures/ProviderDown.js"
import * as RevokedToken from "./measures/RevokedToken.js"
import * as WithoutAuth from "./measures/WithoutAuth.js"
import * as WrongSecret from "./measures/WrongSecret.js"
import { Provider } from "./Provider.js"
import * as Results from "./Results.js"
import type { Section } from "./Section.js"

const write = (name: string, content: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    files.writeFileString(fileURLToPath(new URL(`../${name}`, import.meta.url)), content)
  )

/** With a server of its own, so that none meets what another has left behind. */
const alone = <A, E, R>(name: string, measure: Effect.Effect<A, E, R>) =>
  Effect.zipRight(
    Console.log(name),
    Effect.scoped(measure).pipe(Effect.provide(Layer.merge(Provider.layer, CallServer.layer)))
  )

const quick = Effect.gen(function* () {
  const cached = yield* alone("B1: a cached token", CachedToken.measure(true))
  const without = yield* alone("B2: GETs with and without auth", WithoutAuth.measure(true))
  const cold = yield* alone("B4: 10,000 callers on a cold cache", ColdCache.measure(true))
  const steady = yield* alone(
    "B6, B8: the provider is down; the secret is wrong",
    Effect.all([ProviderDown.measure(true), WrongSecret.measure(true)], { concurrency: "unbounded" })
  )
  const revoked = yield* alone("B7: a revoked token", RevokedToken.measure(true))
  const sections: ReadonlyArray<Section> = [cached, without, cold, steady[0], revoked, steady[1]]
  yield* Console.log(`\n${Results.summary(sections)}`)
})

const throughputPlot = ({ figures }: Section): string => {
  const [gets] = figures
  const bars =
    gets === undefined
      ? []
      : [
          { name: "cxone-auth", value: gets.ours, isOurs: true },
          ...Object.entries(gets.peers).flatMap(([name, value]) =>
            typeof value === "number" ? [{ name: name.replaceAll("`", ""), value, isOurs: false }] : []
          )
        ].sort((one, other) => other.value - one.value)
  return Bars.svg(
    "Authenticated GETs a second",
    "32 at once, each library with what it sends them by; more is better.",
    bars
  )
}

const full = Effect.gen(function* () {
  yield* BriefsClass.requireIt
  const cached = yield* alone("B1: a cached token", CachedToken.measure(false))
  const without = yield* alone("B2: GETs with and without auth", WithoutAuth.measure(false))
  const endToEnd = yield* alone("B3: GETs end to end", EndToEnd.measure)
  const cold = yield* alone("B4: 10,000 callers on a cold cache", ColdCache.measure(false))
  const expiries = yield* alone("B5: latency across expiries (seven minutes)", Expiries.measure)
  const down = yield* alone("B6: the provider is down", ProviderDown.measure(false))
  const revoked = yield* alone("B7: a revoked token", RevokedToken.measure(false))
  const wrong = yield* alone("B8: a wrong secret", WrongSecret.measure(false))
  const keys = yield* alone("B9: 100,000 keys (two minutes)", ManyKeys.measure)
  const footprint = yield* alone("B10: import time and size", Footprint.measure)
  const longRun = yield* alone("B11: 1,000,000 calls (three minutes)", LongRun.measure)
  const sections = [cached, without, endToEnd, cold, expiries.section, down, revoked, wrong, keys, footprint, longRun]
  const machine = yield* Machine.current
  yield* write("RESULTS.md", Results.markdown(sections, machine))
  yield* write("results.json", Results.json(sections, machine))
  yield* write("reports/throughput.svg", throughputPlot(endToEnd))
  yield* write("reports/expiries.svg", expiries.plot)
  yield* Console.log(`\n${Results.summary(sections)}`)
})

const program = process.argv.includes("--quick") ? quick : full

NodeRuntime.runMain(Effect.provide(program, Layer.merge(NodeContext.layer, NodeHttpClient.layerUndici)))
