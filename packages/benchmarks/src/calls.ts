/**
 * Calls through the client: how many a second, and what an API sees of many at once that it has no time for. `--smoke`
 * takes seconds, proves only that it runs, and writes nothing.
 */
import { fileURLToPath } from "node:url"
import { FetchHttpClient, FileSystem } from "@effect/platform"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer } from "effect"
import * as CallMeasurement from "./CallMeasurement.js"
import * as CallReport from "./CallReport.js"
import { CallServer } from "./CallServer.js"
import * as Machine from "./Machine.js"

const reports = new URL("../reports/", import.meta.url)

const write = (name: string, content: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    files.writeFileString(fileURLToPath(new URL(name, reports)), content)
  )

const isSmoke = process.argv.includes("--smoke")

const settings = isSmoke
  ? { rounds: 3, requests: 100, atOnce: 32, calls: 50, overQuota: 20 }
  : { rounds: 21, requests: 3_000, atOnce: 32, calls: 5_000, overQuota: 2_000 }

const transports = [
  ["undici", NodeHttpClient.layerUndici],
  ["fetch", FetchHttpClient.layer]
] as const

const program = Effect.gen(function* () {
  const figures = yield* CallMeasurement.run(settings, transports, Console.log)
  yield* Console.log(`\n${CallReport.tables(figures)}`)
  if (isSmoke) {
    return
  }
  yield* write("calls.svg", CallReport.plot(figures))
  yield* write("calls.md", CallReport.markdown(figures, yield* Machine.current, "calls.svg"))
})

NodeRuntime.runMain(Effect.provide(program, Layer.provideMerge(CallServer.layer, NodeContext.layer)))
