import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { serve } from "./support/Servers.js"

it.scopedLive("the program of the README runs, and ends", () =>
  Effect.gen(function* () {
    const { host } = yield* serve((_, response) => response.end('{"status":"up"}'))
    const program = fileURLToPath(new URL("./support/readme-program.ts", import.meta.url))
    const env = { ...process.env, HEALTH_URL: `http://${host}/` }
    const { stdout } = yield* Effect.promise(() =>
      promisify(execFile)(process.execPath, ["--import", "tsx", program], { env })
    )
    expect(stdout).toBe("health: up\n")
  })
)
