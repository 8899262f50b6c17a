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
