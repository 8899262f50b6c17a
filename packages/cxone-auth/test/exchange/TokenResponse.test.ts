import { describe, expect, it } from "@effect/vitest"
import { TokenPolicy } from "cxone-auth"
import { Either, FastCheck as fc, Redacted } from "effect"
import * as TokenResponse from "../../src/exchange/TokenResponse.js"
import * as Expiry from "../../src/token/Expiry.js"

const answer = (fields: Record<string, unknown>) => JSON.stringify({ access_token: "t0k3n", ...fields })

const decoded = (fields: Record<string, unknown>) => Either.getOrThrow(TokenResponse.decode(answer(fields)))

const seconds = (fields: Record<string, unknown>, sentAt = 0) =>
  Expiry.lifetimeOf(decoded(fields), sentAt, TokenPolicy.defaults) / 1000

describe("TokenResponse", () => {
  it("reads the example of RFC 6749 §4.4.3", () => {
    const example = `{
       "access_token":"2YotnFZFEjr1zCsicMWpAA",
       "token_type":"example",
       "expires_in":3600,
       "example_parameter":"example_value"
     }`
    expect(TokenResponse.decode(example)).toEqual(Either.left("invalid_token_type"))
    const response = Either.getOrThrow(TokenResponse.decode(example.replace('"example",', '"Bearer",')))
    expect(Redacted.value(response.access_token)).toBe("2YotnFZFEjr1zCsicMWpAA")
    expect(response.expires_in).toBe(3600)
  })

  it.each([null, 7, {}])("an id_token that is %j names no tenant, and does no harm", (id_token) => {
    expect(TokenResponse.tenantOf(decoded({ id_token }), [])).toBeUndefined()
  })

  it.each([
    ["HTML", "<html>maintenance</html>", "not_json"],
    ["empty", "", "not_json"],
    ["cut off", '{"access_token":"a', "not_json"],
    ["an array", '["a"]', "not_json"],
    ["a string", '"a"', "not_json"],
    ["null", "null", "not_json"],
    ["no access_token", "{}", "invalid_access_token"],
    ["an empty access_token", answer({ access_token: "" }), "invalid_access_token"],
    ["a line break in access_token", answer({ access_token: "a\r\nX-Evil: 1" }), "invalid_access_token"],
    ["a space in access_token", answer({ access_token: "a b" }), "invalid_access_token"],
    ["an access_token that is not ASCII", answer({ access_token: "é" }), "invalid_access_token"],
    ["an access_token that is a number", answer({ access_token: 7 }), "invalid_access_token"],
    ["another token_type", answer({ token_type: "DPoP" }), "invalid_token_type"],
    ["a scope that is a list", answer({ scope: ["a"] }), "invalid_scope_field"]
  ])("refuses an answer without a valid token: %s", (_, body, reason) => {
    expect(TokenResponse.decode(body)).toEqual(Either.left(reason))
  })

  it.each([-1, -0.5, "-1", "", "soon", "1e3", "NaN", "Infinity", " 3600", "0x10", true, [3600], {}])(
    "L8: refuses expires_in %j",
    (expires_in) => {
      expect(TokenResponse.decode(answer({ expires_in }))).toEqual(Either.left("invalid_expires_in"))
    }
  )

  it.each([0, 0.5, "0"])("L8: takes expires_in %j for a token at its end, which is no fault of form", (expires_in) => {
    expect(decoded({ expires_in }).expires_in).toBe(Number(expires_in))
  })

  it("L8: expires_in null is missing", () => {
    expect(decoded({ expires_in: null }).expires_in).toBeUndefined()
  })

  it.each(["bearer", "Bearer", "BEARER"])("reads token_type %s (RFC 6749 §5.1: case does not matter)", (token_type) => {
    expect(decoded({ token_type }).token_type).toBe(token_type)
  })

  it("a missing token_type counts as Bearer", () => {
    expect(decoded({}).token_type).toBe("Bearer")
  })

  it("L8: expires_in is any number or numeric string of one second or more, capped at 24 hours", () => {
    const number = fc.oneof(fc.integer({ min: 1 }), fc.double({ min: 1, max: 1e6, noNaN: true }))
    fc.assert(
      fc.property(number, (expires_in) => {
        expect(seconds({ expires_in })).toBeCloseTo(Math.min(expires_in, 86_400), 6)
        if (!String(expires_in).includes("e")) {
          expect(seconds({ expires_in: String(expires_in) })).toBeCloseTo(Math.min(expires_in, 86_400), 6)
        }
      })
    )
    expect(TokenResponse.decode('{"access_token":"a","expires_in":1e999}')).toMatchObject({ _tag: "Right" })
    expect(seconds({ expires_in: 1e300 })).toBe(86_400)
  })
})
