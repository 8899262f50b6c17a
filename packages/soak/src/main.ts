/** The soak: minutes of real sockets, random faults and many fibers, after which nothing is wrong, late, or left. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect } from "effect"
import * as Settings from "./Settings.js"
import * as Table from "./Table.js"
import * as Trial from "./Trial.js"
import * as Verdict from "./Verdict.js"

const transports = ["fetch", "undici", "cxone-auth-undici"]

const program = Effect.gen(function* () {
  const settings = yield* Settings.load(process.argv.slice(2))
  const { fibers, seconds, seed } = settings
  yield* Console.log(`${fibers} fibers, ${seconds} s for each transport, SOAK_SEED=${seed}\n`)

  const findings = yield* Effect.forEach(transports, (transport) => Trial.run(transport, settings))

  const passed = findings.flatMap(Verdict.checks).every((check) => check.passed)
  yield* Console.log(`\n${Table.table(findings)}\n\n${passed ? "The soak passed." : "The soak FAILED."}`)
  yield* Effect.sync(() => {
    process.exitCode = passed ? 0 : 1
  })
})

NodeRuntime.runMain(Effect.provide(program, NodeContext.layer))
