import { describe, expect, it } from "@effect/vitest"
import { FastCheck as fc, Redacted } from "effect"
import { quote, repeats, scopesIn } from "../../src/http/Redaction.js"

const nothing = "<redacted>"

const real: ReadonlyArray<readonly [from: string, text: string]> = [
  ["CXone", "Missing required body parameters"],
  ["CXone", "Client is inactive"],
  ["CXone", "Key is revoked"],
  ["CXone", "Client application 'app@vendor' not authorized for user"],
  ["CXone", "No known way to render data"],
  ["CXone", "an HTML page, 503 Service Temporarily Unavailable"],
  ["RFC 6749", "invalid_client"],
  ["RFC 6749 §5.2", "Client authentication failed (e.g., unknown client, no client authentication included, or"],
  ["RFC 6749 §5.2", "The provided authorization grant or refresh token is invalid, expired, revoked"],
  ["RFC 6749 §5.2", "The authenticated client is not authorized to use this authorization grant type."],
  ["RFC 6749 §5.2", "The requested scope is invalid, unknown, malformed, or exceeds the scope granted."],
  ["RFC 6750", "The access token expired"],
  ["Keycloak", "Invalid client or Invalid client credentials"],
  ["Keycloak", "Client not enabled to retrieve service account"],
  ["Okta", "The client secret supplied for a confidential client is invalid."],
  ["Okta", "Policy evaluation failed for this request, please check the policy configurations."],
  ["Auth0", "Grant type 'client_credentials' not allowed for the client."],
  ["Entra", "User is not assigned to a role for the application."],
  ["oidc-provider", "requested grant type is not allowed for this client"],
  ["Spring", "Full authentication is required to access this resource"],
  ["AWS", "User pool client does not exist."],
  ["Apigee", "Invalid client identifier {0}"],
  ["Kong", "API rate limit exceeded"],
  ["Envoy", "upstream connect error or disconnect/reset before headers. reset reason: connection failure"],
  ["nginx", "an HTML page, 502 Bad Gateway"],
  ["undici", "Request body length does not match content-length header"],
  ["fetch", "bad port"],
  ["a gateway", "Rate limit exceeded. Try again in 30 seconds."],
  ["a gateway", '{"fault":"no"}'],
  ["a code", "InvalidDateRange"]
]

const capital = (text: string) => text.replace(/^./, (first) => first.toUpperCase())
const joined = (text: string, separator: string) => Array.from(text).join(separator)
const backwards = (text: string) => Array.from(text).reverse().join("")
const hexOf = (text: string) => Buffer.from(text).toString("hex")
const bytes = (text: string) => Array.from(Buffer.from(text))
const base64 = (text: string) => Buffer.from(text).toString("base64")
const percent = (text: string) =>
  bytes(text)
    .map((byte) => `%${byte.toString(16).padStart(2, "0")}`)
    .join("")
const groups = (text: string, size: number, separator: string) =>
  (text.match(new RegExp(`.{1,${size}}`, "gs")) ?? []).join(separator)
const shifted = (text: string, by: number) =>
  text.replace(/[a-z]/gi, (letter) => {
    const first = letter <= "Z" ? 65 : 97
    return String.fromCharCode(((letter.charCodeAt(0) - first + by) % 26) + first)
  })

/** A spelling of a text, which a server might give back in its place. */
type Spelling = (text: string) => string

const wordsBetween: { readonly [name: string]: Spelling } = {
  "words between": (text) => joined(text, " the "),
  halves: (text) => `${text.slice(0, text.length / 2)} and ${text.slice(text.length / 2)}`
}

const spellings: { readonly [name: string]: Spelling } = {
  plain: (text) => text,
  "upper case": (text) => text.toUpperCase(),
  "lower case": (text) => text.toLowerCase(),
  capitalised: (text) => capital(text.toLowerCase()),
  backwards,
  "spaces between": (text) => joined(text, " "),
  "dots between": (text) => joined(text, "."),
  "hyphens between": (text) => joined(text, "-"),
  "letters between": (text) => joined(text, "x"),
  "zero-width spaces between": (text) => joined(text, "\u200b"),
  "tags between": (text) => joined(text, "</b><b>"),
  "lines between": (text) => joined(text, "\n"),
  "doubled letters": (text) => text.replace(/./gs, "$&$&"),
  "pieces of four": (text) => groups(text, 4, " "),
  percent,
  "percent, twice": (text) => encodeURIComponent(percent(text)),
  "form-encoded": (text) => new URLSearchParams({ s: text }).toString(),
  "form-encoded, twice": (text) => encodeURIComponent(new URLSearchParams({ s: text }).toString()),
  "JSON in JSON": (text) => JSON.stringify(JSON.stringify(text)),
  "\\x2b": (text) =>
    bytes(text)
      .map((byte) => `\\x${byte.toString(16)}`)
      .join(""),
  "\\u002b": (text) => Array.from(text, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`).join(""),
  "\\u{2b}": (text) => Array.from(text, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`).join(""),
  "CSS escapes": (text) => text.replace(/[^a-z]/gi, (c) => `\\${c.charCodeAt(0).toString(16)} `),
  "quoted-printable": (text) =>
    bytes(text)
      .map((byte) => `=${byte.toString(16).toUpperCase()}`)
      .join(""),
  _x002B_: (text) => text.replace(/[^a-z]/gi, (c) => `_x${c.charCodeAt(0).toString(16).padStart(4, "0")}_`),
  "HTML, decimal": (text) => Array.from(text, (c) => `&#${c.codePointAt(0)};`).join(""),
  "HTML, hexadecimal, no semicolon": (text) => Array.from(text, (c) => `&#x${c.codePointAt(0)?.toString(16)}`).join(""),
  hex: hexOf,
  "hex dump": (text) => groups(hexOf(text), 2, " "),
  "hex dump of words": (text) => groups(hexOf(text), 4, " "),
  "hex with colons": (text) => groups(hexOf(text), 2, ":"),
  "0x": (text) =>
    bytes(text)
      .map((byte) => `0x${byte.toString(16)}`)
      .join(", "),
  decimal: (text) => bytes(text).join(" "),
  "decimal, in JSON": (text) => JSON.stringify(bytes(text)),
  octal: (text) =>
    bytes(text)
      .map((byte) => `\\${byte.toString(8)}`)
      .join(""),
  binary: (text) =>
    bytes(text)
      .map((byte) => byte.toString(2))
      .join(" "),
  base64,
  "base64, behind one character": (text) => base64(`a${text}`),
  "base64, behind two": (text) => base64(`ab${text}`),
  "base64, twice": (text) => base64(base64(text)),
  "base64, backwards": (text) => backwards(base64(text)),
  "base64, in lines": (text) => groups(base64(text), 16, "\n"),
  "base64, in groups": (text) => groups(base64(text), 4, " "),
  base64url: (text) => Buffer.from(text).toString("base64url"),
  "base64 of UTF-16": (text) => Buffer.from(text, "utf16le").toString("base64"),
  "base64 of the form": (text) => base64(`grant_type=password&username=an-id&password=${encodeURIComponent(text)}`),
  "base64 of Basic": (text) => base64(`an-id:${text}`),
  base32: (text) =>
    (
      bytes(text)
        .map((byte) => byte.toString(2).padStart(8, "0"))
        .join("")
        .match(/.{5}/g) ?? []
    )
      .map((five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five, 2)])
      .join(""),
  "rot 13": (text) => shifted(text, 13),
  "rot 1": (text) => shifted(text, 1),
  "full width": (text) => text.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)),
  "JSON Web Token": (text) => `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify({ sub: text })).toString("base64url")}.`
}

const embeddings: ReadonlyArray<(spelled: string) => string> = [
  (spelled) => `The client secret ${spelled} is wrong`,
  (spelled) => `invalid_request: ${spelled}`,
  (spelled) => `cannot use client_secret=${spelled}&grant_type=client_credentials`,
  (spelled) => `${spelled} was refused by the server, because it is not known here`,
  (spelled) => `No such client: "${spelled}".`,
  (spelled) => `{"fault":{"sent":"${spelled}"}}`,
  (spelled) => spelled
]

const bonesOf = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "")

const piecesOf = (text: string): ReadonlyArray<string> =>
  Array.from({ length: Math.max(0, text.length - 3) }, (_, start) => text.slice(start, start + 4))

/** The pieces of a spelling that a quotation shows, without those that it would show of any text. */
const shownOf = (quotation: string, spelled: string, embed: (spelled: string) => string) => {
  const innocent = bonesOf(embed(""))
  const shown = bonesOf(quotation)
  return piecesOf(bonesOf(spelled)).filter((piece) => shown.includes(piece) && !innocent.includes(piece))
}

describe("S2: quote", () => {
  it.each(real)("shows what a person needs, of %s: %s", (_, text) => {
    expect(quote(text, [Redacted.make("qL8~vX2_wZ9.kP4-jH7gY5tR3"), "0b5c"])).toBe(text)
  })

  const alphabets = [
    "abcdefghijklmnopqrstuvwxyz",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$%&'()*+,;=:@/? \"<>",
    "0123456789",
    "0123456789abcdef"
  ]
  // Not one of these is all of a secret by itself, but a person may choose it.
  const chosen = [
    "correct-horse-battery-staple",
    "client secret",
    "password",
    "Passw0rd!",
    "let me in",
    "secret",
    "invalid_client",
    "request-the-token",
    "reviled",
    "drawkcab",
    "no-is-it-at",
    "2024"
  ]
  const secrets = fc.oneof(
    ...alphabets.map((alphabet) =>
      fc.array(fc.constantFrom(...alphabet), { minLength: 6, maxLength: 60 }).map((all) => all.join(""))
    ),
    fc.array(fc.constantFrom(...chosen), { minLength: 1, maxLength: 3 }).map((all) => all.join("-"))
  )

  it.each(Object.entries({ ...wordsBetween, ...spellings }))("shows no piece of a random secret: %s", (name, spell) => {
    fc.assert(
      fc.property(secrets, fc.constantFrom(...embeddings), (secret, embed) => {
        const quotation = quote(embed(spell(secret)), [Redacted.make(secret)])
        // What the embedding itself shows is no leak, unless it is a piece of the secret, too.
        for (const text of [quotation, bonesOf(quotation)]) {
          const pieces = piecesOf(secret.toLowerCase())
          expect(pieces.filter((piece) => quotation !== nothing && text.toLowerCase().includes(piece))).toEqual([])
          expect(pieces.map(backwards).filter((piece) => text.toLowerCase().includes(piece))).toEqual([])
        }
        if (name in spellings && !chosen.some((word) => secret.includes(word))) {
          expect(shownOf(quotation, spell(secret), embed)).toEqual([])
        }
      }),
      { numRuns: 300, seed: 7 }
    )
  })

  it("shows no piece of a random secret in two spellings, one in the other", () => {
    const spelling = fc.constantFrom(...Object.values(spellings))
    fc.assert(
      fc.property(secrets, spelling, spelling, fc.constantFrom(...embeddings), (secret, inner, outer, embed) => {
        fc.pre(!chosen.some((word) => secret.includes(word)))
        const spelled = outer(inner(secret))
        expect(shownOf(quote(embed(spelled), [Redacted.make(secret)]), spelled, embed)).toEqual([])
      }),
      { numRuns: 3_000, seed: 7 }
    )
  })

  it.each([
    ["a piece of four letters", "Use the password tomorrow", "my-sword", "Use the … tomorrow"],
    ["the secret, backwards", "time is up", "emit", "… is up"],
    ["a piece in other letters", "INVALID CLIENT", "Clie-9", "INVALID …"],
    ["a piece with its punctuation", "use read-only", "xx-d-on", "use …"],
    ["eight letters without their punctuation", "you are unauthorized", "a/u+t=h/o+r=i:z", "you are …"],
    ["accents left out", "not a client", "clïént", "not a …"]
  ])("leaves out a word that holds %s", (_, text, secret, quotation) => {
    expect(quote(text, [Redacted.make(secret)])).toBe(quotation)
  })

  it.each([
    ["across two words", "this error", "xx-hiser-xx"],
    ["across words that are left out", "its s3 error 9x is sent", "xx-itse-xx"],
    ["in the only word", "password", "my-sword"]
  ])("shows nothing where a piece stands %s", (_, text, secret) => {
    expect(quote(text, [Redacted.make(secret)])).toBe(nothing)
  })

  it("shows words that have the letters of a short secret, but not its punctuation", () => {
    expect(quote("Client is inactive", [Redacted.make("c/l+i=e:n%t")])).toBe("Client is inactive")
  })

  it("shows an id only in part", () => {
    expect(quote("the reporting job is not known", ["reporting-job"])).toBe(nothing)
    expect(quote("the report is not known", ["reporting-job"])).toBe("the report is not known")
    expect(quote("a client", ["a"])).toBe("a client")
    expect(quote("application 'f9b8-7c' is not known", ["f9b8-7c"])).toBe("application … is not known")
  })

  it("of a long token, six letters are a piece, because some four are in every text", () => {
    const token = Redacted.make(`${"0".repeat(100)}client`)
    expect(quote("The client is known", [token])).toBe("The … is known")
    expect(quote("The clients are known", [Redacted.make(`${"0".repeat(100)}client`.slice(0, -1))])).toBe(
      "The clients are known"
    )
  })

  it.each([
    ["what is not a word", "user j.doe@example.com is locked", "user … is locked"],
    [
      "several such in a row, once",
      "the ids of the client, 1a2b 3c4d, are unknown",
      "the ids of the client, … are unknown"
    ],
    ["control characters", "wait\u0000here\u001b[31m for\r\nthe\u2028token", "… for the token"],
    ["numbers beyond three digits in all", "wait 30 or 600 seconds", "wait 30 or … seconds"],
    ["a longer number", "error 70002 of the server", "error … of the server"],
    ["most of the text, if most is no word", "error 1a2b 3c4d", nothing],
    ["everything, if nothing is a word", "s3cr3t", nothing],
    ["everything, if nothing is there", "", nothing]
  ])("leaves out %s", (_, text, quotation) => {
    expect(quote(text, [])).toBe(quotation)
  })

  it("is one line", () => {
    expect(quote("wait\r\n\there\u2028please", [])).toBe("wait here please")
  })

  it("cuts at 200 characters, and shows no word that is cut", () => {
    expect(quote("word ".repeat(100), [])).toBe(`${"word ".repeat(40).trim()}…`)
    expect(quote("a wait ".repeat(100), [])).toBe(`${"a wait ".repeat(28)}a w`.replace(/ w$/, " …"))
    expect(quote("y".repeat(1_000_000), [])).toBe(nothing)
  })
})

describe("S1: what a server claims", () => {
  const secret = Redacted.make("s3cr3t-0123456789")

  it.each([
    ["the secret", "s3cr3t-0123456789", true],
    ["the secret within more, in capitals", "read:S3CR3T-0123456789", true],
    ["the secret without its punctuation", "s3cr3t0123456789", false],
    ["the secret, backwards", "9876543210-t3rc3s", true],
    ["an id", "an-id", true],
    ["a name with an id in it", "an-id:read", false],
    ["another name", "read:users", false],
    ["a piece of it, such as a name in it", "s3cr3t", false]
  ])("%s", (_, name, expected) => {
    expect(repeats(name, [secret, "an-id"])).toBe(expected)
  })

  const jwt = Redacted.make("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlc2lnbmF0dXJl")

  it.each([
    ["a secret without its punctuation", "s3cr3t0123456789", secret],
    ["a secret in base64", Buffer.from("s3cr3t-0123456789").toString("base64url"), secret],
    ["a secret in base64, in the middle of more", Buffer.from("ab s3cr3t-0123456789 c").toString("base64"), secret],
    ["a secret in hex", Buffer.from("s3cr3t-0123456789").toString("hex"), secret],
    ["a secret in hex, in capitals", Buffer.from("s3cr3t-0123456789").toString("hex").toUpperCase(), secret],
    [
      "a secret in base64 twice",
      Buffer.from(Buffer.from("s3cr3t-0123456789").toString("base64")).toString("base64"),
      secret
    ],
    ["a secret in hex twice", hexOf(hexOf("s3cr3t-0123456789")), secret],
    ["a secret in hex of UTF-16", Buffer.from("s3cr3t-0123456789", "utf16le").toString("hex"), secret],
    ["a secret in decimal codes", Array.from("s3cr3t-0123456789", (c) => c.charCodeAt(0)).join("."), secret],
    ["a secret with tags in it", "s3c<i>r3t<i>-01<i>234<i>567<i>89", secret],
    ["a secret in entities", "&#115;&#51;&#99;&#114;&#51;&#116;", secret],
    ["a secret in percent-encoding", "%73%33%63%72%33%74%2d%30%31", secret],
    ["twelve characters of a secret", "s3cr3t-012345", secret],
    ["a secret with punctuation, form-encoded", "s%2Fe%2Bc%3Dr+et%26Zq9", Redacted.make("s/e+c=r et&Zq9")],
    ["a JWT with another sign between its parts", "eyJhbGciOiJSUzI1NiJ9-eyJzdWIiOiJhIn0", jwt],
    ["the signature of a JWT", "c2lnbmF0dXJlc2lnbmF0dXJl", jwt]
  ])("no scope is %s", (_, scope, sent) => {
    expect(scopesIn(`read:users ${scope}`, [sent], []).join(" ")).not.toContain(scope)
  })

  it("a short secret is repeated by itself alone", () => {
    expect(repeats("abc", [Redacted.make("abc")])).toBe(true)
    expect(repeats("abcd", [Redacted.make("abc")])).toBe(false)
  })

  it("shows the scopes that the app has requested itself, and checks them all if there is another", () => {
    expect(scopesIn("s3cr3t-0123456789 read:users", [secret], ["read:users", "s3cr3t-0123456789"])).toHaveLength(2)
    expect(scopesIn("s3cr3t-0123456789 read:users", [secret], ["read:users"])).toEqual([])
    expect(scopesIn("read:users", [secret], ["write:users", "read:users"])).toEqual(["read:users"])
  })

  it("of scopes, keeps those that are scopes (RFC 6749 §3.3), and repeat nothing", () => {
    expect(scopesIn('read:users an-id wr"ite wr\\ite zoë offline_access', [secret, "an-id"], [])).toEqual([
      "offline_access",
      "read:users"
    ])
    expect(scopesIn("https://api.test/.default a|b~c !#$'()*+,-./:=?@[]^_`{|}~", [secret], [])).toHaveLength(3)
    expect(scopesIn("api://01234567-89ab-cdef-0123-456789abcdef/read", [secret], [])).toHaveLength(1)
    expect(scopesIn("read:users two words", [Redacted.make("two words")], [])).toEqual([])
  })
})
