import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect, Redacted } from "effect"

const home = fileURLToPath(new URL("..", import.meta.url))

const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CXONE_")))

/** Runs an example as a user does, in a process of its own. */
const run = (example: string, settings: Record<string, string> = {}) =>
  Effect.async<{ readonly code: number | null; readonly output: string }>((resume) => {
    const child = spawn(process.execPath, ["--import", "tsx", `src/${example}.ts`], {
      cwd: home,
      env: { ...inherited, NO_COLOR: "1", ...settings }
    })
    let output = ""
    child.stdout.on("data", (chunk) => {
      output += chunk
    })
    child.stderr.on("data", (chunk) => {
      output += chunk
    })
    child.on("close", (code) => resume(Effect.succeed({ code, output })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

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
