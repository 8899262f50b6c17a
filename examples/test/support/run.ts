import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"

export const home = fileURLToPath(new URL("../..", import.meta.url))

const isSetting = (name: string) => name.startsWith("CXONE_") || name.startsWith("OTEL_")

export const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isSetting(name)))

/** Runs an example in a process of its own, as a user does. */
export const run = (example: string, settings: Record<string, string> = {}, args: ReadonlyArray<string> = []) =>
  Effect.async<{ readonly code: number | null; readonly output: string; readonly stdout: string }>((resume) => {
    const child = spawn(process.execPath, ["--import", "tsx", `src/${example}.ts`, ...args], {
      cwd: home,
      env: { ...inherited, NO_COLOR: "1", ...settings }
    })
    let output = ""
    let stdout = ""
    child.stdout.on("data", (chunk) => {
      output += chunk
      stdout += chunk
    })
    child.stderr.on("data", (chunk) => {
      output += chunk
    })
    child.on("close", (code) => resume(Effect.succeed({ code, output, stdout })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })
