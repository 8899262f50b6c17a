import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Clock, Effect, Redacted } from "effect"
import * as Collector from "./support/Collector.js"
import { run } from "./support/run.js"
import { settingsOf as settingsBy } from "./support/settings.js"

/** Settings that point to a simulator, as they would point to the real CXone. */
const settingsOf = Effect.map(CxoneSimulator, ({ credentials, environment }) => ({
  CXONE_CLIENT_ID: credentials.clientId,
  CXONE_CLIENT_SECRET: Redacted.value(credentials.clientSecret),
  CXONE_TOKEN_ENDPOINT: environment.tokenEndpoint,
  CXONE_API_BASE_URL: environment.apiBaseUrl,
  CXONE_SCOPES: "offline_access read:users"
}))

const withSimulator = Effect.provide(CxoneSimulator.layerServer())

describe("examples, without settings, at the embedded simulator", () => {
  it.live("quickstart: a new token, a cached one, 401 then renewed, 403 and 429 as typed errors", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("quickstart")
      expect(output).toContain("CXONE_CLIENT_ID is not set: this runs at a simulator, http://127.0.0.1:")
      for (const step of [
        /^token +new +for offline_access read:users; ends in 60 minutes$/m,
        /^token +cached +nothing was sent$/m,
        /^GET users\/me +200 +Zoë Ångström-Łukasiewicz \(test-user\)$/m,
        /^token revoked +401, renewed, 200 +the caller saw only the 200; 1 token request$/m,
        /^scope missing +403, InsufficientScope$/m,
        /^too many calls +429, RateLimited$/m
      ]) {
        expect(output).toMatch(step)
      }
      expect(code).toBe(0)
    })
  )

  it.live("call-options: a call with options, and one that may be repeated", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("call-options")
      expect(output).toBe("with options: 200\nrepeated, if need be: 200\n")
      expect(code).toBe(0)
    })
  )

  it.live("get-and-post: a GET, and a POST with a JSON body", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("get-and-post")
      expect(output).toMatch(/^It is \d{4}-\S+\nThe new tag is 7\n$/)
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
        "InvalidClient",
        "DiscoveryFailed",
        "ForeignOrigin"
      ])
      expect(output.match(/^ {2}-> /gm)).toHaveLength(10)
      expect(code).toBe(0)
    })
  )

  it.live("test-layers: the same program under a fixed token and under the simulator", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("test-layers")
      expect(output).toMatch(/^a fixed token +Hello canned answer!/m)
      expect(output).toMatch(/^the simulator +Hello Zoë Ångström-Łukasiewicz!/m)
      expect(output).toMatch(/^CXone +not called/m)
      expect(code).toBe(0)
    })
  )

  it.live("api-client: a generated client is renewed, waits, and has typed errors", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("api-client")
      for (const step of [
        /^users\.me +200 +Zoë Ångström-Łukasiewicz \(test-user\)$/m,
        /^token revoked +200 +401, renewed, sent again/m,
        /^too many calls +200 +429, waited a second, 2 requests$/m,
        /^scope missing +403 +InsufficientScope: needs read:users$/m
      ]) {
        expect(output).toMatch(step)
      }
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

/**
 * The settings of a customer with four secrets. NICE sends the client pair; the access key is made in an employee's
 * record in CXone.
 */
const fourSecretsOf = Effect.map(CxoneSimulator, ({ origin, tenants: [{ credentials }] }) => ({
  CXONE_CLIENT_ID: credentials.clientId,
  CXONE_CLIENT_SECRET: Redacted.value(credentials.clientSecret),
  CXONE_ACCESS_KEY_ID: credentials.accessKeyId,
  CXONE_ACCESS_KEY_SECRET: Redacted.value(credentials.accessKeySecret),
  CXONE_ISSUER: origin
}))

describe("access-key and multi-tenant", () => {
  it.live("access-key, without settings: both ways in at the embedded simulator, and a key that is dead", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("access-key")
      expect(output.match(/^tenant +test-tenant +the token names it$/gm)).toHaveLength(2)
      expect(output.match(/^API +http:\/\/127\.0\.0\.1:\d+\/ +found by discovery$/gm)).toHaveLength(2)
      expect(output.match(/^GET server-time +\d{4}-\d\d-\d\dT/gm)).toHaveLength(2)
      expect(output).toMatch(/^InvalidClient +no token$/m)
      expect(output.replaceAll(/\s+/g, " ")).toContain("the employee it belongs to is neither deactivated nor locked")
      expect(code).toBe(0)
    })
  )

  it.live("access-key, with settings: the same program where they lead", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("access-key", yield* fourSecretsOf)
      expect(output).not.toContain("this runs at a simulator")
      expect(output).toMatch(/^GET server-time +\d{4}/m)
      expect(code).toBe(0)
      const { requests, tenants } = yield* CxoneSimulator
      const all = yield* requests
      expect(all.map(({ endpoint }) => endpoint)).toEqual(["discovery", "token", "discovery", "api"])
      expect(all.at(-1)?.headers.host).toBe(new URL(tenants[0].apiOrigin).host)
    }).pipe(withSimulator)
  )

  it.live("access-key with a mix-up: the error names the setting, and not what it holds", () =>
    Effect.gen(function* () {
      const settings = yield* fourSecretsOf
      const { code, output } = yield* run("access-key", { ...settings, CXONE_CLIENT_ID: settings.CXONE_ACCESS_KEY_ID })
      expect(code).toBe(1)
      expect(output).toMatch(/^\s*CXONE_CLIENT_ID ends in "===="/)
      expect(output).not.toContain(settings.CXONE_ACCESS_KEY_ID)
    }).pipe(withSimulator)
  )

  it.live("multi-tenant: three tenants, each with a token and an API of its own", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("multi-tenant")
      const apis = Array.from(output.matchAll(/^(\w+) +200 +the token of (\w+), at (\S+)$/gm), ([, ...parts]) => parts)
      expect(apis.map(([name, tenant]) => [name, tenant])).toEqual([
        ["acme", "acme"],
        ["globex", "globex"],
        ["initech", "initech"]
      ])
      expect(new Set(apis.map(([, , api]) => api)).size).toBe(2)
      expect(output).toContain("9 calls for 3 tenants: 3 token requests")
      expect(output).toMatch(/^umbrella +CredentialsUnavailable +.*NoSuchTenant/m)
      expect(code).toBe(0)
    })
  )
})

describe("examples, with settings, where the settings lead", () => {
  it.live.each(["accessKey", "accessKeyOnly"] as const)("server-time, the README's program: %s", (way) =>
    Effect.gen(function* () {
      const { code, output } = yield* run("server-time", yield* settingsBy({ way }))
      expect(output).toMatch(/^It is \d{4}-\d\d-\d\dT[\d:.]+Z at CXone\.\n$/)
      expect(code).toBe(0)
      const { answersOf } = yield* CxoneSimulator
      expect(yield* answersOf("token")).toEqual([200])
      expect(yield* answersOf("api")).toEqual([200])
    }).pipe(withSimulator)
  )

  it.live("server-time with a wrong secret says which settings to look at, and not what they hold", () =>
    Effect.gen(function* () {
      const wrong = { CXONE_ACCESS_KEY_SECRET: "wrong-canary====" }
      const { code, output } = yield* run("server-time", { ...(yield* settingsBy({ way: "accessKey" })), ...wrong })
      expect(code).toBe(1)
      expect(output).toMatch(/^InvalidClient: .*CXONE_ACCESS_KEY_ID.*CXONE_ACCESS_KEY_SECRET/m)
      expect(output).not.toContain("wrong-canary")
    }).pipe(withSimulator)
  )

  it.live("server-time without settings names those that are missing", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("server-time")
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

describe("observability", () => {
  const secrets = /test\+secret|test%2Bsecret|the-secret-of-the-evening|eyJ|Bearer |Basic /

  it.live("a day: its traces, its metrics, its status", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("observability")
      for (const line of [
        /^00:00:00 +2 x {2}dashboard\.refresh +160 ms\n +CxoneAuth\.accessToken +cache=joined +120 ms\n/m,
        /^00:04:00 +\d{3} x {2}dashboard\.refresh +40 ms\n +CxoneAuth\.accessToken +cache=hit +0 ms\n/m,
        /^ +CxoneAuth\.accessToken +cache=stale +0 ms$/m,
        /^09:\d\d:\d\d +\d+ x {2}CxoneAuth\.exchange +outcome=TokenEndpointUnavailable attempts=4 /m,
        /^12:\d\d:\d\d +1 x {2}CxoneAuth\.exchange +outcome=token attempts=2 +2\d\.\d s$/m,
        /^15:00:\d\d +1 x {2}dashboard\.refresh +200 ms\n.*cache=hit.*\n.*status=401.*\n.*cache=hit.*\n.*status=200/m,
        /^18:\d\d:\d\d +1 x {2}CxoneAuth\.exchange +outcome=InvalidClient attempts=1 /m,
        /^cxone_auth_exchange_seconds +client=dashboard unit=s +\d+ \(average .*, longest .*\)$/m,
        /^cxone_auth_rate_limit_waits +at=token_endpoint client=dashboard +1$/m,
        /^cxone_auth_renewals +client=dashboard reason=ahead +2\d$/m,
        /^cxone_auth_renewals +client=dashboard reason=expired +1$/m,
        /^cxone_auth_renewals +client=dashboard reason=first +1$/m,
        /^cxone_auth_renewals +client=dashboard reason=invalidated +1$/m,
        /^cxone_auth_token_expiry_timestamp_seconds +client=dashboard scopes=read:users unit=s +\d/m,
        /^cxone_auth_tokens_served +cache=joined client=dashboard +2$/m,
        /^ {4}"state": "fresh",$/m
      ]) {
        expect(output).toMatch(line)
      }
      expect(output).not.toMatch(secrets)
      expect(code).toBe(0)
    })
  )

  it.scopedLive("the same at a collector, by way of OTLP", () =>
    Effect.gen(function* () {
      const collector = yield* Collector.make
      const { code, output } = yield* run("observability", { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint })
      expect(output).toMatch(/^\/v1\/traces +accepted/m)
      expect(output).toMatch(/^\/v1\/metrics +accepted/m)

      const spans = yield* collector.spans
      expect(new Set(spans.map(({ name }) => name))).toEqual(
        new Set(["dashboard.refresh", "CxoneAuth.accessToken", "CxoneAuth.exchange", "http.client GET"])
      )
      const starts = spans.map(({ startTimeUnixNano }) => startTimeUnixNano / 3_600e9)
      expect(Math.max(...starts) - Math.min(...starts)).toBeGreaterThan(23)
      expect(Math.max(...starts) * 3_600e3).toBeLessThan(yield* Clock.currentTimeMillis)

      const metrics = yield* collector.metrics
      expect(metrics.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          "cxone_auth_exchanges",
          "cxone_auth_exchange_seconds",
          "cxone_auth_tokens_served",
          "cxone_auth_renewals",
          "cxone_auth_refusals",
          "cxone_auth_token_expiry_timestamp_seconds",
          "cxone_auth_rate_limit_waits"
        ])
      )
      const inSeconds = metrics.filter(({ unit }) => unit === "s").map(({ name }) => name)
      expect(new Set(inSeconds)).toEqual(
        new Set(["cxone_auth_exchange_seconds", "cxone_auth_token_expiry_timestamp_seconds"])
      )
      // Spans and metrics must agree, because nothing may be lost in the export.
      const points = metrics.flatMap(({ name, sum }) =>
        name === "cxone_auth_exchanges" ? (sum?.dataPoints ?? []) : []
      )
      const exchanges = points.reduce((total, { asDouble }) => total + (asDouble ?? 0), 0)
      expect(spans.filter(({ name }) => name === "CxoneAuth.exchange")).toHaveLength(exchanges)
      expect(exchanges).toBeGreaterThan(24)

      expect(yield* collector.everything).not.toMatch(secrets)
      expect(code).toBe(0)
    })
  )

  it.live("without a collector where one was promised: it says so, and fails", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("observability", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" })
      expect(output).toMatch(/^\/v1\/traces +not accepted/m)
      expect(output).toMatch(/^\/v1\/metrics +not accepted/m)
      expect(code).toBe(1)
    })
  )
})
