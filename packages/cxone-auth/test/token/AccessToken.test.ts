import { inspect } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { Encoding, Option, Redacted } from "effect"
import { AccessToken, claimsOf, isSame } from "../../src/token/AccessToken.js"

const tokenOf = (value: string) =>
  new AccessToken({
    value: Redacted.make(value),
    tokenType: "Bearer",
    scopes: ["a"],
    requestedScopes: ["a", "b"],
    obtainedAt: 0,
    expiresAt: 1000
  })

const jwtOf = (payload: string) => `${Encoding.encodeBase64Url('{"alg":"RS256"}')}.${payload}.c2ln`

describe("AccessToken", () => {
  it("reads the claims of a JWT: base64url and UTF-8, names in any language", () => {
    const claims = { tenantId: "11ea", name: "Zoë Müller-Łukasz 山田", icBUId: -1 }
    const token = tokenOf(jwtOf(Encoding.encodeBase64Url(JSON.stringify(claims))))
    expect(token.claims).toEqual(Option.some(claims))
  })

  it.each([
    "opaque",
    "",
    "a.b",
    "a.!!!.c",
    "a.b.c.d",
    jwtOf(Encoding.encodeBase64Url("not json")),
    jwtOf(Encoding.encodeBase64Url("[1,2]")),
    jwtOf(Encoding.encodeBase64Url("null"))
  ])("has no claims if the token is not a JWT: %j", (value) => {
    expect(claimsOf(Redacted.make(value))).toEqual(Option.none())
  })

  it("tokens with the same value are the same", () => {
    expect(isSame(tokenOf("a"), tokenOf("a"))).toBe(true)
    expect(isSame(tokenOf("a"), tokenOf("b"))).toBe(false)
  })

  it("S1: shows scopes and times but neither value nor claims, in every way to print it", () => {
    const value = jwtOf(Encoding.encodeBase64Url('{"name":"Canary"}'))
    const token = tokenOf(value)
    const printed = [
      String(token),
      JSON.stringify(token),
      inspect(token, { depth: 9, showHidden: true, getters: false }),
      inspect(token, { customInspect: false, depth: 9, showHidden: true })
    ]
    for (const text of printed) {
      expect(text).not.toContain(value)
      expect(text).not.toContain("Canary")
      expect(text).toContain("expiresAt")
    }
  })
})
