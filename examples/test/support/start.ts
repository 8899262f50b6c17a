import { spawn } from "node:child_process"
import { Effect } from "effect"
import { home, inherited } from "./run.js"

/** An example that serves requests, in a process of its own until it is stopped, at the latest with the scope. */
export const start = (example: string, settings: Record<string, string>) =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, ["--import", "tsx", `src/${example}.ts`], {
          cwd: home,
          env: { ...inherited, NO_COLOR: "1", PORT: "0", ...settings }
        })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    let output = ""
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve))

    /** Waits until the process has printed this, and fails if it ends without. */
    const printed = (pattern: RegExp) =>
      Effect.async<RegExpMatchArray>((resume) => {
        const look = () => {
          const found = output.match(pattern)
          if (found !== null) {
            resume(Effect.succeed(found))
          }
        }
        child.stdout.on("data", look)
        child.stderr.on("data", look)
        ended.then(() => resume(Effect.dieMessage(`${example} ended without ${pattern}\n${output}`)))
        look()
      })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk
      })
    }
    const [, port] = yield* printed(/listening on.*?(?:port: |:)(\d+)/is)
    const get = (path: string) =>
      Effect.promise(async () => {
        const response = await fetch(`http://localhost:${port}${path}`)
        return {
          status: response.status,
          headers: Object.fromEntries(response.headers.entries()),
          body: await response.text()
        }
      })
    const stop = Effect.promise(async () => {
      child.kill("SIGTERM")
      return { code: await ended, output }
    })
    return { get, printed, stop, url: `http://localhost:${port}` }
  })
