/** A simulator of CXone for programs in other processes. Prints the settings that lead to it, and runs until Ctrl-C. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Console, Effect } from "effect"

const program = Effect.gen(function* () {
  const { env } = yield* CxoneSimulator
  for (const [name, value] of Object.entries(env({ way: "accessKey" }))) {
    yield* Console.log(`export ${name}='${value}'`)
  }
  return yield* Effect.never
})

NodeRuntime.runMain(Effect.provide(program, CxoneSimulator.layerServer()))
