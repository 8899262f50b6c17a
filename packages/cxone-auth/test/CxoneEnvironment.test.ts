import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneEnvironment } from "cxone-auth"
import { Redacted } from "effect"

const api = "https://a.example"

describe("CxoneEnvironment.custom", () => {
  it.each([
    "https://a.example/token",
    "http://localhost:1/token",
    "http://127.0.0.1/",
    "http://127.1.2.3/",
    "http://[::1]:9/"
  ])("S3: takes %s", (tokenEndpoint) => {
    expect(CxoneEnvironment.custom({ tokenEndpoint, apiBaseUrl: api }).tokenEndpoint.href).toBe(
      new URL(tokenEndpoint).href
    )
  })

  it.each([
    "http://a.example/token",
    "http://localhost.evil.example/",
    "http://127.0.0.1.evil.example/",
    "http://[::2]/",
    "ftp://a.example/",
    "wss://a.example/",
    "https://user@a.example/",
    "https://:pass@a.example/",
    "/oauth/token",
    "a.example",
    ""
  ])("S3: refuses %j, and names the field", (url) => {
    expect(() => CxoneEnvironment.custom({ tokenEndpoint: url, apiBaseUrl: api })).toThrow(
      /^CxoneEnvironment: tokenEndpoint must/
    )
    expect(() => CxoneEnvironment.custom({ tokenEndpoint: api, apiBaseUrl: url })).toThrow(
      /^CxoneEnvironment: apiBaseUrl must/
    )
  })

  it("keeps to the URLs it was given, though somebody changes them later", () => {
    const tokenEndpoint = new URL("https://a.example/token")
    const environment = CxoneEnvironment.custom({ tokenEndpoint, apiBaseUrl: api })
    tokenEndpoint.host = "evil.example"
    expect(environment.tokenEndpoint.host).toBe("a.example")
  })
})

describe("Credentials.clientSecret", () => {
  it.each([
    ["clientId", "", "s"],
    ["clientId", " id", "s"],
    ["clientSecret", "id", " "],
    ["clientSecret", "id", "canary-secret\n"]
  ])("refuses a bad %s at once, and does not repeat it", (field, clientId, secret) => {
    const build = () => Credentials.clientSecret({ clientId, clientSecret: Redacted.make(secret) })
    expect(build).toThrow(`Credentials.clientSecret: ${field}`)
    expect(build).not.toThrow(/canary/)
  })
})
