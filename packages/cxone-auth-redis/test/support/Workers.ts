/** Processes of a fleet, which a test starts, tells what to do, and kills. */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Option, Schema, type Scope } from "effect"
import { build } from "esbuild"
import { temporaryFolder } from "./RedisServer.js"
import { Report } from "./worker.js"

export type { Report } from "./worker.js"

/** The program as one file, because sixteen processes that each compile it would take a minute. */
export const bundle: Effect.Effect<string, never, Scope.Scope> = Effect.gen(function* () {
  const outfile = join(yield* temporaryFolder, "worker.cjs")
  yield* Effect.promise(() =>
    build({
      entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      outfile,
      logLevel: "error"
    })
  )
  return outfile
})

export interface Worker {
  /** Lets this many fibers need a token, again and again for this time, and gives what has become of them. */
  readonly work: (fibers: number, millis: number) => Effect.Effect<Report>
  readonly kill: Effect.Effect<void>
}

const decode = Schema.decodeUnknownOption(Report)

const nextReport = (child: ChildProcess) =>
  Effect.async<Report>((resume) => {
    const listen = (message: unknown) => Option.map(decode(message), (report) => resume(Effect.succeed(report)))
    child.on("message", listen)
    return Effect.sync(() => child.off("message", listen))
  })

/** Starts one, and waits until it has loaded its program. Its settings are in the environment. */
export const start = (program: string, settings: Record<string, string>): Effect.Effect<Worker, never, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        // Without the flags of this process: under its loader, each worker would load a compiler.
        const started = fork(program, { env: { ...process.env, ...settings }, execArgv: [], stdio: "inherit" })
        await once(started, "message")
        return started
      }),
      (started) => Effect.sync(() => started.kill("SIGKILL"))
    )
    return {
      work: (fibers, millis) =>
        Effect.zipRight(
          Effect.sync(() => child.send({ fibers, millis })),
          nextReport(child)
        ),
      kill: Effect.sync(() => void child.kill("SIGKILL"))
    }
  })
