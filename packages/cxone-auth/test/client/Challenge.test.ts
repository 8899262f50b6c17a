import { describe, expect, it } from "@effect/vitest"
import { FastCheck as fc, Option } from "effect"
import * as Challenge from "../../src/client/Challenge.js"

const withParams = (scheme: string, params: Record<string, string>): Challenge.Challenge => ({
  scheme,
  token68: Option.none(),
  params: new Map(Object.entries(params))
})

describe("Challenge", () => {
  describe("reads the examples of the RFCs", () => {
    const examples: ReadonlyArray<readonly [string, string, ReadonlyArray<Challenge.Challenge>]> = [
      ["RFC 6750 §3, no error", 'Bearer realm="example"', [withParams("bearer", { realm: "example" })]],
      [
        "RFC 6750 §3, expired token",
        'Bearer realm="example", error="invalid_token", error_description="The access token expired"',
        [
          withParams("bearer", {
            realm: "example",
            error: "invalid_token",
            error_description: "The access token expired"
          })
        ]
      ],
      [
        "RFC 9110 §11.6.1, two challenges in one field",
        'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
        [
          withParams("basic", { realm: "simple" }),
          withParams("newauth", { realm: "apps", type: "1", title: 'Login to "apps"' })
        ]
      ],
      [
        "RFC 4559, a scheme alone and one with token68",
        "Negotiate, NTLM TlRMTVNTUAAB==",
        [withParams("negotiate", {}), { scheme: "ntlm", token68: Option.some("TlRMTVNTUAAB=="), params: new Map() }]
      ]
    ]
    it.each(examples)("%s", (_, header, expected) => {
      expect(Challenge.parse(header)).toEqual(expected)
    })
  })

  describe("reads what the grammar allows", () => {
    const allowed: ReadonlyArray<readonly [string, string, ReadonlyArray<Challenge.Challenge>]> = [
      [
        "empty list elements",
        ', ,Bearer realm="a",, ,Basic realm="b", ',
        [withParams("bearer", { realm: "a" }), withParams("basic", { realm: "b" })]
      ],
      ["white space around =", 'Bearer error = "invalid_token"', [withParams("bearer", { error: "invalid_token" })]],
      ["several spaces after the scheme", 'Bearer   error="x"', [withParams("bearer", { error: "x" })]],
      ["names in any case", 'BEARER Error="x"', [withParams("bearer", { error: "x" })]],
      [
        "a comma and a scheme inside quotes",
        'Bearer realm="a, Basic b=c"',
        [withParams("bearer", { realm: "a, Basic b=c" })]
      ],
      ["an empty quoted string", 'Bearer realm=""', [withParams("bearer", { realm: "" })]],
      ["a token that only looks like token68", "Bearer realm=abc", [withParams("bearer", { realm: "abc" })]],
      ["nothing", "", []]
    ]
    it.each(allowed)("%s", (_, header, expected) => {
      expect(Challenge.parse(header)).toEqual(expected)
    })
    it("an absent header", () => {
      expect(Challenge.parse(undefined)).toEqual([])
    })
  })

  describe("C2: a malformed header counts as no challenge", () => {
    it.each([
      'Bearer realm="open',
      'Bearer realm="a" error="b"',
      'Bearer realm="a", realm="b"',
      "Bearer =x",
      'Bearer "a"',
      "Bearer a b",
      "Bearer/abc",
      'Bearer realm="a", error=',
      'Bearer realm="\u0007"',
      "(Bearer)"
    ])("%s", (header) => {
      expect(Challenge.parse(header)).toEqual([])
    })
  })

  const tokenChars = "!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz"
  const token = fc.string({ unit: fc.constantFrom(...tokenChars), minLength: 1, maxLength: 12 })
  const quotable = fc.string({ unit: fc.constantFrom(...' \t!#"\\,=:Aaé\u00ff'), maxLength: 12 })
  const ows = fc.constantFrom("", " ", "\t", "  ")

  const printedParam = fc
    .tuple(token, fc.oneof(token, quotable), ows, ows, fc.boolean())
    .map(([name, value, before, after, escapeAll]) => {
      const bare = value !== "" && Array.from(value).every((character) => tokenChars.includes(character)) && !escapeAll
      const quoted = `"${value.replace(escapeAll ? /(.)/gs : /(["\\])/g, "\\$1")}"`
      return { name: name.toLowerCase(), value, text: `${name}${before}=${after}${bare ? value : quoted}` }
    })
  const printedChallenge = fc.oneof(
    fc
      .tuple(token, fc.uniqueArray(printedParam, { selector: ({ name }) => name, minLength: 1, maxLength: 4 }))
      .map(([scheme, params]) => ({
        challenge: withParams(scheme.toLowerCase(), Object.fromEntries(params.map(({ name, value }) => [name, value]))),
        text: `${scheme} ${params.map(({ text }) => text).join(", ")}`
      })),
    token.map((scheme) => ({ challenge: withParams(scheme.toLowerCase(), {}), text: scheme })),
    fc.tuple(token, fc.stringMatching(/^[A-Za-z0-9\-._~+/]{1,12}={0,2}$/)).map(([scheme, token68]) => ({
      challenge: { scheme: scheme.toLowerCase(), token68: Option.some(token68), params: new Map<string, string>() },
      text: `${scheme} ${token68}`
    }))
  )

  it("reads back any list of challenges that the grammar allows", () => {
    fc.assert(
      fc.property(fc.array(printedChallenge, { maxLength: 5 }), ows, (printed, gap) => {
        const header = printed.map(({ text }) => text).join(`${gap},${gap}`)
        expect(Challenge.parse(header)).toEqual(printed.map(({ challenge }) => challenge))
      }),
      { numRuns: 1000 }
    )
  })

  it("never throws, whatever the header", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.stringMatching(/^[A-Za-z "\\,=]*$/)),
        (header) => {
          expect(Array.isArray(Challenge.parse(header))).toBe(true)
        }
      ),
      { numRuns: 2000 }
    )
  })

  // In quadratic time each of these would take 10^10 steps, and the test would time out.
  it.each([
    ...[",", '"', "\\", " ", "=", "a", "a=", "a,", "a a=b,", 'a="\\"', "a ,", "a  ", '","', "\t,"],
    ..."\u0000\u00ff\uffff/~+"
  ])("C9: reads 100 KB of %j in linear time, alone and in a challenge", (part) => {
    const long = part.repeat(Math.ceil(100_000 / part.length))
    for (const header of [long, `Bearer ${long}`, `Bearer realm="${long}`, `Bearer realm="${long}", error="x"`]) {
      expect(Array.isArray(Challenge.parse(header))).toBe(true)
    }
  })

  it("finds the Bearer challenge among others", () => {
    const challenges = Challenge.parse('Basic realm="a", Bearer error="invalid_token"')
    expect(Challenge.bearer(challenges)).toEqual(Option.some(withParams("bearer", { error: "invalid_token" })))
    expect(Challenge.bearer(Challenge.parse("Basic"))).toEqual(Option.none())
  })

  it("of several Bearer challenges, finds the one that names an error", () => {
    const challenges = Challenge.parse('Bearer realm="a", Bearer error="insufficient_scope"')
    expect(Challenge.bearer(challenges)).toEqual(Option.some(withParams("bearer", { error: "insufficient_scope" })))
  })
})
