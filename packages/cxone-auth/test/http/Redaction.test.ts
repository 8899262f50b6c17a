import { describe, expect, it } from "@effect/vitest"
import { Encoding, FastCheck as fc, Redacted } from "effect"
import * as FormEncoding from "../../src/http/FormEncoding.js"
import { quote } from "../../src/http/Redaction.js"

const secret = `p@ss "w+rd"/%3D&£€`

const hex = (character: string) => (character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")
const special = /[^A-Za-z0-9]/gu

const spellings: ReadonlyArray<readonly [string, string]> = [
  ["as it is", secret],
  ["form-encoded", new URLSearchParams({ s: secret }).toString().slice(2)],
  ["percent-encoded", encodeURIComponent(secret)],
  ["percent-encoded in lower case", encodeURIComponent(secret).toLowerCase()],
  ["percent-encoded, but for its slashes", encodeURIComponent(secret).replaceAll("%2F", "/")],
  ["percent-encoded twice", encodeURIComponent(encodeURIComponent(secret))],
  ["in JSON", JSON.stringify(secret).slice(1, -1)],
  ["in JSON with escaped slashes", JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/")],
  ["in JSON with all but letters escaped", secret.replace(special, (c) => `\\u${hex(c)}`)],
  ["in JSON within JSON", JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)],
  ["in base64", Buffer.from(secret).toString("base64")],
  ["in HTML", secret.replaceAll("&", "&amp;").replaceAll('"', "&quot;")],
  ["in HTML with decimal numbers", secret.replace(special, (c) => `&#${c.codePointAt(0)};`)],
  ["in HTML with hexadecimal numbers", secret.replace(special, (c) => `&#x${hex(c)};`)]
]

describe("Redaction", () => {
  it.each(spellings)("S2: strikes a secret out, %s", (_, spelling) => {
    expect(quote(`before ${spelling} after`, [Redacted.make(secret)])).toBe("before <redacted> after")
  })

  it("S2: strikes the whole text if it holds a piece of a secret, cut off or in an unknown spelling", () => {
    const long = Redacted.make("Zm9v/YmFy+cXV4/aGVsbG8=")
    expect(quote("client_secret=Zm9v/YmFy+cX... is wrong", [long])).toBe("<redacted>")
    expect(quote("Z-m-9-v / Y-m-F-y + c-X-V-4", [long])).toBe("<redacted>")
    expect(quote("client_secret=Zm9v... is wrong", [long])).toBe("client_secret=Zm9v... is wrong")
  })

  const body = new URLSearchParams({ grant_type: "password", username: "an-id", password: "KEYSEC-qwertyuiop====" })
  const base64 = Buffer.from(String(body)).toString("base64")

  it.each([
    ["base64 of the whole body", base64],
    ["the same, of base64url", Buffer.from(String(body)).toString("base64url")],
    ["the same, behind other letters", `body-${base64}`],
    ["the same, cut off", base64.slice(0, -5)],
    ["base64 of a plain pair", Buffer.from("an-id7:KEYSEC-qwertyuiop====").toString("base64")],
    ["hex", Buffer.from("an-id:KEYSEC-qwertyuiop====").toString("hex")]
  ])("S2: strikes the whole text if it holds a secret in %s", (_, text) => {
    expect(quote(`could not read: ${text}.`, [Redacted.make("KEYSEC-qwertyuiop====")])).toBe("<redacted>")
    expect(quote(`could not read: ${text}.`, [Redacted.make("another-secret-of-length")])).toContain("could not read")
  })

  it("S2: a secret behind the cut strikes nothing, and a secret across the cut is not shown", () => {
    const long = "KEYSEC-qwertyuiop===="
    const encoded = Buffer.from(`an-id7:${long}`).toString("base64")
    const behind = `${"word ".repeat(60)}${encoded}`
    expect(quote(behind, [Redacted.make(long)])).toBe(`${behind.slice(0, 200)}…`)
    const across = `${"word ".repeat(33)}${encoded}`
    expect(quote(across, [Redacted.make(long)])).toBe("<redacted>")
  })

  it("decodes escapes, so that a quotation can be read", () => {
    expect(quote("Can&#39;t find \\u0022me\\u0022 100%25", [])).toBe(`Can't find "me" 100%`)
    expect(quote("&#x110000; %ff", [])).toBe("%ff")
  })

  it("S2: strikes everything that looks like a JWT", () => {
    const jwt = `${Encoding.encodeBase64Url('{"alg":"none"}')}.${Encoding.encodeBase64Url('{"sub":"x"}')}.c2ln`
    expect(quote(`token ${jwt}!`, [])).toBe("token <redacted>!")
  })

  it("S2: cuts at 200 characters, after secrets were struck", () => {
    const long = quote(`${"x".repeat(195)}${secret}`, [Redacted.make(secret)])
    expect(long).toBe(`${"x".repeat(195)}<reda…`)
    expect(quote("y".repeat(200), [])).toBe("y".repeat(200))
  })

  it("S2: strikes a long secret as a whole, even if it contains a short one", () => {
    expect(quote("id-and-secret", [Redacted.make("id"), Redacted.make("id-and-secret")])).toBe("<redacted>")
  })

  it("keeps a log line one line", () => {
    expect(quote("a\r\nb\u0000\u001b[31mc\u2028d", [])).toBe("a b [31mc d")
  })

  it("ignores an empty secret", () => {
    expect(quote("text", [Redacted.make("")])).toBe("text")
  })

  it("S2: no random secret survives, in any spelling, anywhere in a text", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 })
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 12, maxLength: 40 }),
        text,
        text,
        (random, before, after) => {
          fc.pre(random.trim() === random && !/\s{2}/.test(random))
          for (const spelling of [random, FormEncoding.encode(random), JSON.stringify(random).slice(1, -1)]) {
            const quotation = quote(`${before}${spelling}${after}`, [Redacted.make(random)])
            expect(quotation).not.toContain(random)
            expect(quotation).not.toContain(spelling)
          }
        }
      )
    )
  })
})
