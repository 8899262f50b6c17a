import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect } from "effect"
import { run } from "./support/run.js"
import { settingsOf } from "./support/settings.js"

const ways = {
  "four-secrets": { wayIn: { way: "accessKey" }, says: /^It is \d{4}\S+ at http:\/\/127\.0\.0\.1:\d+\/$/m },
  "two-secrets": { wayIn: { way: "accessKeyOnly" }, says: /^It is \d{4}\S+ at http:\/\/127\.0\.0\.1:\d+\/$/m },
  "client-pair": { wayIn: { way: "clientSecret" }, says: /^I am Zoë Ångström-Łukasiewicz \(test-user\)\.$/m }
} as const

describe.each(Object.entries(ways))("%s", (example, { says, wayIn }) => {
  it.live("without settings, at a simulator", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run(example)
      expect(output).toMatch(says)
      expect(code).toBe(0)
    })
  )

  it.live("with `cxone`, where the settings lead", () =>
    Effect.gen(function* () {
      const scopes = wayIn.way === "clientSecret" ? { CXONE_SCOPES: "read:users" } : {}
      const { code, output } = yield* run(example, { ...(yield* settingsOf(wayIn)), ...scopes }, ["cxone"])
      expect(output).toMatch(says)
      expect(code).toBe(0)
      const simulator = yield* CxoneSimulator
      expect(yield* simulator.answersOf("token")).toEqual([200])
      expect(yield* simulator.answersOf("api")).toEqual([200])
    }).pipe(Effect.provide(CxoneSimulator.layerServer()))
  )

  it.live("with `cxone` and without settings: it says which are missing", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run(example, {}, ["cxone"])
      expect(output).toContain("Expected CXONE_CLIENT_ID and CXONE_CLIENT_SECRET, or CXONE_ACCESS_KEY_ID and")
      expect(code).toBe(1)
    })
  )
})
