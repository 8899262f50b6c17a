/**
 * A fleet on paper: 2,000 processes over 24 hours of virtual time, alone and with a store that they share. Two numbers mean
 * as many processes and hours instead. `--smoke` takes seconds, proves only that it runs, and writes nothing.
 */
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect } from "effect"
import * as FleetDay from "./FleetDay.js"
import * as FleetReport from "./FleetReport.js"
import * as Machine from "./Machine.js"

const reports = new URL("../reports/", import.meta.url)

const write = (name: string, content: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    files.writeFileString(fileURLToPath(new URL(name, reports)), content)
  )

const isSmoke = process.argv.includes("--smoke")
const [processes = FleetDay.full.processes, hours = FleetDay.full.hours] = process.argv.slice(2).map(Number)
const settings = isSmoke ? FleetDay.smoke : { processes, hours }

const program = Effect.gen(function* () {
  const days = yield* Effect.forEach(FleetDay.scenarios, (scenario) =>
    Effect.zipRight(
      Console.log(`${settings.processes} processes ${scenario.name}`),
      Effect.promise(() => FleetDay.run(scenario, settings))
    )
  )
  const figures = { settings, days }
  yield* Console.log(`\n${FleetReport.dayTable(figures)}`)
  if (isSmoke) {
    return
  }
  yield* write("fleet.svg", FleetReport.plot(figures))
  yield* write("fleet.md", FleetReport.markdown(figures, yield* Machine.current, "fleet.svg"))
})

NodeRuntime.runMain(Effect.provide(program, NodeContext.layer))
