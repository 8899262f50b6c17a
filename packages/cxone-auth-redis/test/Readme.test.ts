import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, it } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect } from "effect"
import * as RedisServer from "./support/RedisServer.js"

it.scopedLive("the programs of the README run, share a token, and end", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    const server = yield* RedisServer.started()
    const settings = {
      ...simulator.env(),
      CXONE_SCOPES: "read:users",
      CXONE_REDIS_URL: server.url,
      REDIS_URL: server.url
    }
    const run = (name: string) =>
      Effect.promise(async () => {
        const program = fileURLToPath(new URL(`support/${name}.ts`, import.meta.url))
        const env = { ...process.env, ...settings }
        const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", program], { env })
        return stdout
      })
    expect(yield* run("readme-ioredis")).toBe("I am test-user.\n")
    // The second process takes the token of the first, if it is not too busy to wait for it.
    expect(yield* run("readme-node-redis")).toMatch(/^The token came from: (store|exchange)\.$/m)
    const exchanges = yield* simulator.requestsTo("token")
    expect(exchanges.length).toBeLessThanOrEqual(2)
  }).pipe(Effect.provide(CxoneSimulator.layerServer()))
)
