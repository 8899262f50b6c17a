import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect, Redacted } from "effect"
import { run } from "./support/run.js"

/** The settings that lead to a simulator, as they would to the real CXone. */
const settingsOf = Effect.map(CxoneSimulator, ({ credentials, environment }) => ({
  CXONE_CLIENT_ID: credentials.clientId,
  CXONE_CLIENT_SECRET: Redacted.value(credentials.clientSecret),
  CXONE_TOKEN_ENDPOINT: environment.tokenEndpoint.href,
  CXONE_API_BASE_URL: environment.apiBaseUrl.href,
  CXONE_SCOPES: "offline_access read:users"
}))

const withSimulator = Effect.provide(CxoneSimulator.layerServer())

describe("examples, without settings, at the embedded simulator", () => {
  it.live("quickstart: minted, cached, 401 then renewed, 403 and 429 as typed errors", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("quickstart")
      expect(output).toContain("CXONE_CLIENT_ID is not set: this runs at a simulator, http://127.0.0.1:")
      for (const step of [
        /^token +minted +for offline_access read:users; ends in 60 minutes$/m,
        /^token +cached +nothing was sent$/m,
        /^GET users\/me +200 +Test User \(test-user\)$/m,
        /^token revoked +401, renewed, 200 +the caller saw only the 200; 1 token request$/m,
        /^scope missing +403, InsufficientScope$/m,
        /^too many calls +429, RateLimited$/m
      ]) {
        expect(output).toMatch(step)
      }
      expect(code).toBe(0)
    })
  )

  it.live("typed-errors: every tag has its own answer", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("typed-errors")
      expect(Array.from(output.matchAll(/^ {2}([A-Z]\w+):/gm), ([, tag]) => tag)).toEqual([
        "CredentialsUnavailable",
        "InvalidClient",
        "InsufficientScope",
        "RateLimited",
        "InvalidToken",
        "TokenEndpointUnavailable",
        "InvalidTokenResponse",
        "ForeignOrigin"
      ])
      expect(output.match(/^ {2}-> /gm)).toHaveLength(8)
      expect(code).toBe(0)
    })
  )

  it.live("test-layers: the same program under a fixed token and under the simulator", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("test-layers")
      expect(output).toMatch(/^a fixed token +Hello canned answer!/m)
      expect(output).toMatch(/^the simulator +Hello Test User!/m)
      expect(output).toMatch(/^CXone +not called/m)
      expect(code).toBe(0)
    })
  )

  it.live("scopes: two sets, two tokens", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("scopes")
      expect(output).toMatch(/^ +the same token\? +no$/m)
      expect(output).toMatch(/^write:users read:users +the same token\? +yes/m)
      expect(output).toContain("2 token requests for 3 calls.")
      expect(code).toBe(0)
    })
  )
})

describe("examples, with settings, where the settings lead", () => {
  it.live("who-am-i, the README's program", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("who-am-i", yield* settingsOf)
      expect(output).toBe("I am Test User (test-user).\n")
      expect(code).toBe(0)
      const { requests } = yield* CxoneSimulator
      expect((yield* requests).map(({ endpoint }) => endpoint)).toEqual(["token", "api"])
    }).pipe(withSimulator)
  )

  it.live("who-am-i with a wrong secret says which settings to look at, and not what they hold", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("who-am-i", { ...(yield* settingsOf), CXONE_CLIENT_SECRET: "wrong-canary" })
      expect(code).toBe(1)
      expect(output).toMatch(/^Fix the settings\. .*CXONE_CLIENT_ID.*CXONE_CLIENT_SECRET/)
      expect(output).not.toContain("wrong-canary")
    }).pipe(withSimulator)
  )

  it.live("who-am-i without settings names those that are missing", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("who-am-i")
      expect(output).toContain("CXONE_CLIENT_ID")
      expect(output).toContain("CXONE_CLIENT_SECRET")
      expect(code).toBe(1)
    })
  )

  it.live("quickstart with half a pair names the other half", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("quickstart", { CXONE_CLIENT_ID: "an-id" })
      expect(output).toContain("CXONE_CLIENT_SECRET")
      expect(code).toBe(1)
    })
  )

  it.live.each(["quickstart", "typed-errors", "test-layers", "scopes"])("%s", (example) =>
    Effect.gen(function* () {
      const { code, output } = yield* run(example, yield* settingsOf)
      expect(output).not.toContain("this runs at a simulator")
      expect(code).toBe(0)
      const { requestsTo } = yield* CxoneSimulator
      expect((yield* requestsTo("token")).length).toBeGreaterThan(0)
    }).pipe(withSimulator)
  )
})

// These take real time, most of it waiting: both at once.
describe.concurrent("outage", () => {
  const totals = (output: string) => {
    const [, served, exchanges, failures] =
      output.match(/^calls served: (\d+), exchanges tried: (\d+), failures: (\d+)/m) ?? []
    return { served: Number(served), exchanges: Number(exchanges), failures: Number(failures) }
  }
  const rows = (output: string) =>
    (output.match(/^ *[\d.]+ s .*$/gm) ?? []).map((row) => ({
      endpoint: row.slice(8, 24).trim(),
      exchanges: row.slice(56, 72).trim()
    }))
  const exchangesWhile = (state: string, output: string) =>
    rows(output)
      .map(({ endpoint, exchanges }) => (endpoint === state ? exchanges : ""))
      .join("")

  it.live("an outage shorter than the refresh window: nobody notices", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("outage")
      // 3 s, 3 s of them the outage, and 5 s, at 50 calls a second.
      expect(totals(output)).toMatchObject({ served: 550, failures: 0 })
      expect(exchangesWhile("DOWN: 503", output)).toMatch(/^x{2,}$/)
      expect(exchangesWhile("DOWN: no answer", output)).toMatch(/^x{2,}$/)
      expect(exchangesWhile("up", output).match(/o/g)?.length).toBeGreaterThanOrEqual(4)
      expect(totals(output).exchanges).toBe(rows(output).flatMap(({ exchanges }) => Array.from(exchanges)).length)
      expect(output.split("\n").every((line) => line.length <= 80)).toBe(true)
      expect(code).toBe(0)
    })
  )

  it.live("one longer than a token lives: it is counted, and the example fails", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("outage", { OUTAGE_SECONDS: "8" })
      const { failures, served } = totals(output)
      expect(failures).toBeGreaterThan(0)
      expect(served + failures).toBe(800)
      expect(output).toContain("(TokenEndpointUnavailable)")
      expect(code).toBe(1)
    })
  )
})
