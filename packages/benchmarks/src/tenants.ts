/**
 * Ten thousand tenants in one process: what they weigh, and how soon each has its first answer. `--smoke` makes a few,
 * proves only that it runs, and writes nothing.
 */
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer } from "effect"
import { Cxone } from "./Cxone.js"
import { EmptyMap } from "./EmptyMap.js"
import * as Machine from "./Machine.js"
import * as Measurement from "./Measurement.js"
import * as Report from "./Report.js"
import * as Settings from "./Settings.js"
import { TenantMap } from "./TenantMap.js"

const reports = new URL("../reports/", import.meta.url)

const write = (name: string, content: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    files.writeFileString(fileURLToPath(new URL(name, reports)), content)
  )

const isSmoke = process.argv.includes("--smoke")

const program = Effect.gen(function* () {
  const settings = isSmoke ? Settings.smoke : yield* Settings.load(process.argv.slice(2))
  const figures = yield* Measurement.run(settings, Console.log)
  yield* Console.log(`\n${Report.tables(figures)}`)
  if (isSmoke) {
    return
  }
  yield* write("tenants.svg", Report.plot(figures))
  yield* write("tenants.md", Report.markdown(figures, yield* Machine.current, "tenants.svg"))
})

const MapsLayer = Layer.merge(TenantMap.Default, EmptyMap.Default).pipe(
  Layer.provideMerge(Layer.merge(Cxone.layer, NodeHttpClient.layerUndici)),
  Layer.provideMerge(NodeContext.layer)
)

NodeRuntime.runMain(Effect.provide(program, MapsLayer))
