import { describe, expect, it } from "@effect/vitest"
import { AccessToken } from "cxone-auth"
import { Duration, Option, Redacted } from "effect"
import * as StoredToken from "../../src/store/StoredToken.js"

const minute = 60_000

const token = new AccessToken({
  value: Redacted.make("value"),
  tokenType: "Bearer",
  scopes: ["granted"],
  requestedScopes: ["granted", "denied"],
  tenant: { tenantId: "acme", issuer: "https://cxone.test" },
  obtainedAt: 5 * minute,
  receivedAt: 6 * minute,
  expiresAt: 65 * minute
})

/** What another process gets at `now`, if so many milliseconds are left by the store's clock. */
const taken = (stored: AccessToken, left: number, now: number) =>
  StoredToken.decode(StoredToken.encode(stored), Duration.millis(left), now)

describe("L1 and F1: a token that another process takes from the store", () => {
  it("is the whole token, with times by the clock of that process", () => {
    const { value, ...rest } = Option.getOrThrow(taken(token, 50 * minute, 1_000 * minute))
    expect(Redacted.value(value)).toBe("value")
    expect(rest).toMatchObject({
      tokenType: "Bearer",
      scopes: ["granted"],
      requestedScopes: ["granted", "denied"],
      tenant: { tenantId: "acme", issuer: "https://cxone.test" },
      obtainedAt: 990 * minute,
      receivedAt: 1_000 * minute,
      expiresAt: 1_050 * minute
    })
  })

  it("has no tenant, or a tenant without an issuer, if it was so", () => {
    for (const tenant of [undefined, { tenantId: "acme" }]) {
      const other = taken(new AccessToken({ ...token, tenant }), minute, 0)
      expect(Option.getOrThrow(other).tenant).toStrictEqual(tenant)
    }
  })

  it("is none if it would live longer than it can, by more than clocks differ within an operation", () => {
    expect(Option.isSome(taken(token, 60 * minute + 1_000, 0))).toBe(true)
    expect(taken(token, 60 * minute + 1_001, 0)).toStrictEqual(Option.none())
  })

  it("is none if the text is anything else", () => {
    for (const text of ["", "{}", "null", StoredToken.encode(token).replace('"value":"value"', '"value":""')]) {
      expect(StoredToken.decode(text, Duration.minutes(1), 0)).toStrictEqual(Option.none())
    }
  })
})
