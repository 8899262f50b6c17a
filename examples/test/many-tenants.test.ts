import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator, type SimulatedTenant } from "cxone-auth-testkit"
import { Effect, Redacted } from "effect"
import { run } from "./support/run.js"

const tenantOf = (tenantId: string, area: string): SimulatedTenant => ({
  tenantId,
  area,
  accessKeys: [{ accessKeyId: `${tenantId}-KEY====`, accessKeySecret: Redacted.make(`${tenantId}-s3cr3t====`) }]
})

/** Each tenant's settings under its own prefix, one with four secrets, one with an access key alone. */
const settings = Effect.map(CxoneSimulator, ({ env }) => {
  const under = (prefix: string, settings: Record<string, string>) =>
    Object.fromEntries(Object.entries(settings).map(([name, value]) => [`${prefix}_${name}`, value]))
  return {
    TENANTS: "acme,globex",
    ...under("ACME", env({ way: "accessKey", tenant: "t-acme" })),
    ...under("GLOBEX", env({ way: "accessKeyOnly", tenant: "t-globex" }))
  }
})

const withSimulator = Effect.provide(
  CxoneSimulator.layerServer({ tenants: [tenantOf("t-acme", "na1"), tenantOf("t-globex", "eu1")] })
)

describe("tenants-by-prefix", () => {
  it.live("each tenant reads its own settings and has its own token", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const { code, output } = yield* run("tenants-by-prefix", yield* settings)
      expect(output).toMatch(/^acme: \d{4}\S+, with the token of t-acme$/m)
      expect(output).toMatch(/^globex: \d{4}\S+, with the token of t-globex$/m)
      expect(code).toBe(0)
      expect(yield* simulator.answersOf("token")).toEqual([200, 200])
    }).pipe(withSimulator)
  )

  it.live("a setting that is missing is named with its prefix, and nothing is sent", () =>
    Effect.gen(function* () {
      const incomplete = { ...(yield* settings), GLOBEX_CXONE_ACCESS_KEY_SECRET: "" }
      const { code, output } = yield* run("tenants-by-prefix", incomplete)
      expect(output).toContain("GLOBEX_CXONE_ACCESS_KEY_SECRET")
      expect(output).not.toMatch(/[^_.]CXONE_ACCESS_KEY_SECRET/)
      expect(code).toBe(1)
      expect(yield* (yield* CxoneSimulator).requests).toEqual([])
    }).pipe(withSimulator)
  )
})

/** A file for this, until the scope ends. */
const fileOf = (content: unknown) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const folder = await mkdtemp(join(tmpdir(), "cxone-auth-"))
        await writeFile(join(folder, "tenants.json"), JSON.stringify(content))
        return folder
      }),
      (folder) => Effect.promise(() => rm(folder, { recursive: true }))
    ),
    (folder) => ({ TENANTS_FILE: join(folder, "tenants.json") })
  )

const keyWithComma = { accessKeyId: "t-acme-KEY====", accessKeySecret: Redacted.make("s3cr3t,with-a-comma====") }

describe("nightly-batch", () => {
  it.live("a wrong secret and a missing setting fail their own tenants, and the exit code tells of it", () =>
    Effect.gen(function* () {
      const { env } = yield* CxoneSimulator
      const globex = env({ way: "accessKeyOnly", tenant: "t-globex" })
      const file = yield* fileOf({
        acme: env({ way: "accessKey", tenant: "t-acme" }),
        globex: { ...globex, CXONE_ACCESS_KEY_SECRET: "wr0ng-s3cr3t====" },
        initech: { ...globex, CXONE_ACCESS_KEY_SECRET: "" },
        umbrella: globex,
        hooli: { CXONE_ACCESS_KEY_SECRET: "s3cr3t====", CXONE_AREA: 1234 },
        pied: null
      })
      const { code, output, stdout } = yield* run("nightly-batch", file)
      expect(output).toMatch(/^acme: done at \d{4}-/m)
      expect(output).toMatch(/^globex: FAILED .*InvalidClient/m)
      expect(output).toMatch(/^initech: FAILED .*CXONE_ACCESS_KEY_SECRET/m)
      expect(output).toMatch(/^umbrella: done at \d{4}-/m)
      expect(output).toMatch(/^hooli: FAILED .*TENANTS_FILE/m)
      expect(output).toMatch(/^pied: FAILED .*TENANTS_FILE/m)
      expect(output).toMatch(/^2 done, 4 failed$/m)
      expect(output).not.toMatch(/wr0ng|s3cr3t====|1234/)
      // stdout has the report alone, and each warning is there once.
      expect(stdout.trim().split("\n")).toHaveLength(7)
      expect(output.match(/message="Token request failed/g)).toHaveLength(1)
      expect(code).toBe(1)
    }).pipe(Effect.scoped, withSimulator)
  )

  it.live.each([{ content: [] }, { content: {} }, { content: "s3cr3t====" }])(
    "a file without tenants is refused, and not quoted: %j",
    ({ content }) =>
      Effect.gen(function* () {
        const { code, output } = yield* run("nightly-batch", yield* fileOf(content))
        expect(output).toContain("TENANTS_FILE is no JSON object")
        expect(output).not.toContain("s3cr3t")
        expect(code).toBe(1)
      }).pipe(Effect.scoped)
  )

  it.live("if all goes well it ends with 0, also with a comma in a secret", () =>
    Effect.gen(function* () {
      const { env } = yield* CxoneSimulator
      const file = yield* fileOf({ acme: env({ way: "accessKey", tenant: "t-acme" }) })
      const { code, output } = yield* run("nightly-batch", file)
      expect(output).toMatch(/^acme: done at \S+\n1 done, 0 failed\n$/)
      expect(code).toBe(0)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        CxoneSimulator.layerServer({ tenants: [{ tenantId: "t-acme", area: "na1", accessKeys: [keyWithComma] }] })
      )
    )
  )
})
