/**
 * Everything that a user would pick instead, side by side: all of it, a minute's worth of it (`--quick`), or what is
 * named (`B1 B4`). Only all of it is written to files.
 */
import { fileURLToPath } from "node:url"
import { FileSystem } from "@effect/platform"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer, Record } from "effect"
import * as TutorialClass from "./contenders/TutorialClass.js"
import * as Machine from "./Machine.js"
import type { Measure } from "./Measure.js"
import { measures } from "./Measures.js"
import { Provider } from "./Provider.js"
import * as Results from "./Results.js"
import type { Section } from "./Section.js"

const isQuick = process.argv.includes("--quick")
const named = process.argv.slice(2).filter((argument) => argument !== "--quick")

const possible = measures.map((together) => together.filter((measure) => !isQuick || measure.isQuick))
const wanted = possible
  .map((together) => together.filter(({ id }) => named.length === 0 || named.includes(id)))
  .filter((together) => together.length > 0)

/** Refuses what is neither `--quick` nor a measure. */
const requireNames = Effect.gen(function* () {
  const ids = possible.flat().map(({ id }) => id)
  const unknown = named.filter((name) => !ids.includes(name))
  if (unknown.length > 0) {
    return yield* Effect.dieMessage(`bench: no measure is called ${unknown.join(", ")}; there are ${ids.join(", ")}`)
  }
})

const section = ({
  id,
  run,
  title
}: Measure): Effect.Effect<Section, unknown, Effect.Effect.Context<ReturnType<Measure["run"]>>> =>
  Effect.map(run(isQuick), (findings) => ({ id, title, ...findings }))

/** With a server of their own, so that none meets what another has left behind. */
const take = (together: ReadonlyArray<Measure>) =>
  Console.log(together.map(({ id, title }) => `${id} ${title}`).join("; ")).pipe(
    Effect.zipRight(Effect.forEach(together, section, { concurrency: "unbounded" })),
    Effect.scoped,
    Effect.provide(Provider.layer)
  )

const write = (name: string, content: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    files.writeFileString(fileURLToPath(new URL(`../${name}`, import.meta.url)), content)
  )

const writeAll = (sections: ReadonlyArray<Section>) =>
  Effect.gen(function* () {
    const machine = yield* Machine.current
    yield* write("RESULTS.md", Results.markdown(sections, machine))
    yield* write("results.json", Results.json(sections, machine))
    for (const { plots = {} } of sections) {
      yield* Effect.forEach(Record.toEntries(plots), ([file, plot]) => write(`reports/${file}`, plot))
    }
  })

const program = Effect.gen(function* () {
  yield* requireNames
  if (!isQuick) {
    yield* TutorialClass.tellIfMissing
  }
  const sections = (yield* Effect.forEach(wanted, take)).flat()
  yield* Console.log(`\n${Results.summary(sections)}`)
  if (!isQuick && named.length === 0) {
    yield* writeAll(sections)
  }
})

NodeRuntime.runMain(Effect.provide(program, Layer.merge(NodeContext.layer, NodeHttpClient.layerUndici)))
