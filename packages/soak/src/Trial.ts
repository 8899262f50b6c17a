/** One transport on trial: a provider here, the app in a process of its own, and what was found. */
import { fileURLToPath } from "node:url"
import { Command } from "@effect/platform"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Clock, Console, Duration, Effect, Option, Random, Ref, Schema, Stream } from "effect"
import type { Findings } from "./Findings.js"
import * as Provider from "./Provider.js"
import * as Report from "./Report.js"
import type { Settings } from "./Settings.js"
import * as Table from "./Table.js"

const lineEvery = Duration.seconds(5)

/** How long a process may take to end once nothing is left to do, and to load its code, on a busy machine. */
const endLimit = Duration.seconds(5)
const extraTime = Duration.seconds(45)

const command = (transport: string, origin: string, { fibers, seconds, seed }: Settings) =>
  Command.make(
    process.execPath,
    "--expose-gc",
    // Counting the objects of a class is one.
    "--disable-warning=ExperimentalWarning",
    "--import",
    import.meta.resolve("tsx"),
    fileURLToPath(new URL("./app.ts", import.meta.url))
  ).pipe(
    Command.env({
      SOAK_TRANSPORT: transport,
      SOAK_ORIGIN: origin,
      SOAK_SECONDS: String(seconds),
      SOAK_FIBERS: String(fibers),
      SOAK_SEED: seed
    }),
    Command.stderr("inherit")
  )

/** Lets the app run, tells of it every few seconds, and says what was found. */
export const run = (transport: string, settings: Settings) =>
  Effect.gen(function* () {
    const { origin } = yield* CxoneSimulator
    const provider = yield* Provider.make
    const app = yield* Command.start(command(transport, origin, settings))
    const startedAt = yield* Clock.currentTimeMillis
    const nextLine = yield* Ref.make(startedAt + Duration.toMillis(lineEvery))

    const drawLine = (progress: Extract<Report.Message, { readonly _tag: "Progress" }>) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        if (now >= (yield* Ref.get(nextLine))) {
          yield* Ref.set(nextLine, now + Duration.toMillis(lineEvery))
          yield* Console.log(Table.progress(transport, now - startedAt, progress, yield* provider.tally))
        }
      })

    const report = yield* app.stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.mapEffect(Schema.decode(Report.Line)),
      Stream.tap((message) => (message._tag === "Progress" ? drawLine(message) : Effect.void)),
      Stream.takeUntil((message) => message._tag === "Report"),
      Stream.runLast,
      Effect.timeoutTo({
        duration: Duration.sum(Duration.seconds(settings.seconds), extraTime),
        onSuccess: (last) => Option.filter(last, (message) => message._tag === "Report"),
        onTimeout: Option.none
      })
    )
    const exit = yield* Effect.timeoutOption(Effect.timed(app.exitCode), endLimit)
    if (Option.isNone(exit)) {
      yield* app.kill("SIGKILL")
    }
    return {
      transport,
      server: yield* provider.tally,
      report,
      exit: Option.map(exit, ([took, code]) => ({ code, millis: Duration.toMillis(took) }))
    } satisfies Findings
  }).pipe(
    Effect.scoped,
    Effect.provide(Provider.layer),
    Effect.withRandom(Random.make(`${settings.seed}/${transport}`))
  )
