import { describe, expect, it } from "@effect/vitest"
import { AccessToken, TokenPolicy } from "cxone-auth"
import { Encoding, FastCheck as fc, Redacted } from "effect"
import * as Expiry from "../../src/token/Expiry.js"

const jwt = (claims: unknown) =>
  [JSON.stringify({ alg: "RS256" }), JSON.stringify(claims), "signature"].map(Encoding.encodeBase64Url).join(".")

/** The lifetime of an answer, in seconds. */
const seconds = (answer: { readonly access_token?: string; readonly expires_in?: number }, sentAt = 0) => {
  const { access_token = "t0k3n", ...expiry } = answer
  return (
    Expiry.lifetimeOf({ access_token: Redacted.make(access_token), ...expiry }, sentAt, TokenPolicy.defaults) / 1000
  )
}

const tokenOf = (lifetime: number) =>
  new AccessToken({
    value: Redacted.make("t0k3n"),
    tokenType: "Bearer",
    scopes: [],
    requestedScopes: [],
    obtainedAt: 5_000,
    expiresAt: 5_000 + lifetime * 1000
  })

describe("Expiry.lifetimeOf", () => {
  it("L8: expires_in is the lifetime, at most 24 hours", () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 1 }), fc.double({ min: 1, max: 1e300, noNaN: true })), (expires_in) => {
        expect(seconds({ expires_in })).toBeCloseTo(Math.min(expires_in, 86_400), 6)
      })
    )
  })

  describe("L8: without expires_in, the times of a JWT count", () => {
    const sentAt = 1_700_000_000_000
    const now = sentAt / 1000
    it.each([
      ["exp alone", { exp: now + 900 }, 900],
      ["exp and iat", { iat: now, exp: now + 900 }, 900],
      ["a provider's clock that is 10 minutes ahead", { iat: now + 600, exp: now + 600 + 900 }, 900],
      ["a token that is not new", { iat: now - 600, exp: now + 300 }, 300],
      ["a token that has ended", { iat: now - 3600, exp: now - 1 }, 0],
      ["an absurd exp", { exp: 1e15 }, 86_400],
      ["an exp that is no number", { exp: "soon" }, 3600],
      ["no exp", { iat: now }, 3600]
    ])("%s", (_, claims, expected) => {
      expect(seconds({ access_token: jwt(claims) }, sentAt)).toBe(expected)
    })
  })

  it.each(["opaque", "a.b", "a.b.c", "a.b.c.d", `a.${Encoding.encodeBase64Url("[1]")}.c`])(
    "L8: without expires_in and without a JWT (%s), it is one hour",
    (access_token) => {
      expect(seconds({ access_token })).toBe(3600)
    }
  )
})

describe("Expiry, by the numbers of the policy", () => {
  const policy = TokenPolicy.make({
    expiryMargin: "1 minute",
    expiryMarginFraction: 0.05,
    refreshAhead: "10 minutes",
    refreshAheadFraction: 0.4,
    refreshAheadJitter: 0.5
  })
  /** How long before the end of a token something happens, in seconds. */
  const beforeEnd = (token: AccessToken, at: number) => (token.expiresAt - at) / 1000

  it("L1: the margin is a time, or a fraction of a short lifetime", () => {
    const [long, short] = [tokenOf(3600), tokenOf(100)]
    expect(beforeEnd(long, Expiry.usableUntil(policy, long))).toBe(60)
    expect(beforeEnd(short, Expiry.usableUntil(policy, short))).toBe(5)
  })

  it("L4: the window lies before the margin, and begins earlier by the jitter that was drawn", () => {
    const [long, short] = [tokenOf(3600), tokenOf(100)]
    expect(beforeEnd(long, Expiry.renewableFrom(policy, long, 0))).toBe(60 + 600)
    expect(beforeEnd(long, Expiry.renewableFrom(policy, long, 1))).toBe(60 + 900)
    expect(beforeEnd(short, Expiry.renewableFrom(policy, short, 0))).toBe(5 + 40)
  })
})
