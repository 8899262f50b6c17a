import { HttpBody, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Either, FastCheck as fc, Option, Stream } from "effect"
import * as OriginGuard from "../../src/client/OriginGuard.js"

const apiBaseUrl = new URL("https://api-na1.niceincontact.com")
const files = "https://files.example.com"

const strict: OriginGuard.AllowedPlaces = { origins: new Set([files]), cxoneHosts: false }
const wide: OriginGuard.AllowedPlaces = { origins: new Set([files]), cxoneHosts: true }

const resolve = (url: string, places: OriginGuard.AllowedPlaces) =>
  OriginGuard.resolve(HttpClientRequest.get(url), apiBaseUrl, places)

/** Where a request goes, as the WHATWG parser reads the URL that the transport gets. */
const placeOf = (request: HttpClientRequest.HttpClientRequest): URL =>
  Option.getOrThrow(HttpClientRequest.toUrl(request))

const niceDomains = [
  "niceincontact.com",
  "nice-incontact.com",
  "nicecxone-gov.com",
  "nicecxone-sov1.au",
  "nicecxone-sov1.eu",
  "nicecxone-sov1.uk"
]

/** The rule of C1, by whole labels of the host name. */
const mayHaveToken = (url: URL, places: OriginGuard.AllowedPlaces): boolean => {
  if (url.username !== "" || url.password !== "" || url.protocol !== "https:") return false
  if (url.origin === apiBaseUrl.origin || url.origin === files) return true
  const labels = url.host.split(".")
  const isNice = niceDomains.some((domain) => labels.slice(-domain.split(".").length).join(".") === domain)
  return places.cxoneHosts && isNice
}

describe("C1: NICE's own hosts, if the app allows them", () => {
  it.each([
    "https://niceincontact.com/x",
    "https://cxone.niceincontact.com/x",
    "https://api-uk1.niceincontact.com:443/x",
    "https://na1.nice-incontact.com/x",
    "https://api-b32.nice-incontact.com/incontactapi/services/v27.0/files",
    "https://api-de-na2.nicecxone-gov.com/dfo/3.0",
    "https://nicecxone-sov1.au/x",
    "https://api.nicecxone-sov1.eu/x",
    "https://nicecxone-sov1.uk/x",
    "HTTPS://CXONE.NiceInContact.COM/x",
    "//cxone.niceincontact.com/x"
  ])("%s gets the token only if they are allowed", (url) => {
    expect(Either.isRight(resolve(url, wide))).toBe(true)
    expect(Either.isLeft(resolve(url, strict))).toBe(true)
  })

  it.each([
    ["the domain as a part of another", "https://niceincontact.com.evil.example/x"],
    ["the domain as the end of another", "https://evilniceincontact.com/x"],
    ["with a hyphen before it", "https://evil-niceincontact.com/x"],
    ["user info", "https://cxone.niceincontact.com@evil.example/x"],
    ["user info before a good host", "https://me@cxone.niceincontact.com/x"],
    ["punycode that looks alike", "https://xn--niceincontct-1ij.com/x"],
    ["a letter of another alphabet", "https://cxone.nice\u0456ncontact.com/x"],
    ["a trailing dot", "https://cxone.niceincontact.com./x"],
    ["another port", "https://cxone.niceincontact.com:8443/x"],
    ["plain http", "http://cxone.niceincontact.com/x"],
    ["plain http on the port of https", "http://cxone.niceincontact.com:443/x"],
    ["another scheme", "wss://cxone.niceincontact.com/x"],
    ["another top-level domain", "https://cxone.niceincontact.co/x"],
    ["a sovereign cloud that is none", "https://nicecxone-sov2.eu/x"],
    ["the domain in the path", "https://evil.example/.niceincontact.com/x"],
    ["a backslash", "https://evil.example\\.niceincontact.com/x"],
    ["the domain behind a fragment", "https://evil.example#.niceincontact.com"],
    ["the platform gateway, which is not one of NICE's own domains", "https://platform.nice-ic.com/x"]
  ])("%s: ForeignOrigin", (_, url) => {
    const refused = Either.getOrThrow(Either.flip(resolve(url, wide)))
    expect(refused._tag).toBe("ForeignOrigin")
  })

  it.each([
    ["https://evil.example/x", "not_allowed", "https://evil.example"],
    ["http://evil.example/x", "not_confidential", "http://evil.example"],
    ["https://me@evil.example/x", "user_info", "https://evil.example"],
    ["xhttps://cxone.niceincontact.com/x", "not_http", "xhttps://"],
    ["httpsx://cxone.niceincontact.com/x", "not_http", "httpsx://"],
    ["wss://cxone.niceincontact.com/x", "not_http", "wss://cxone.niceincontact.com"]
  ])("%s: %s, and the error names the origin %s", (url, reason, origin) => {
    expect(Either.flip(resolve(url, wide))).toMatchObject({ right: { _tag: "ForeignOrigin", reason, origin } })
  })

  it("the error names the allowed origins", () => {
    expect(Either.flip(resolve("https://evil.example/x", wide))).toMatchObject({
      right: { allowed: expect.arrayContaining([apiBaseUrl.origin, files, "https://*.niceincontact.com"]) }
    })
  })
})

describe("C1: a URL without a host begins at the folder of the API base URL, and stays there", () => {
  const resolveAt = (base: string, url: string) =>
    OriginGuard.resolve(HttpClientRequest.get(url), new URL(base), { origins: new Set([files]), cxoneHosts: false })

  const sentTo = (base: string, url: string) =>
    Either.match(resolveAt(base, url), {
      onLeft: (error) => (error._tag === "RequestError" ? error.reason : error._tag),
      onRight: (request) => request.url
    })

  const folder = "https://gateway.example/cxone/"
  const root = "https://gateway.example/"

  // Each URL, where it goes if the base is a folder, and where it goes if the base is an origin alone.
  it.each([
    ["users", `${folder}users`, `${root}users`],
    ["/users", `${folder}users`, `${root}users`],
    ["\\users", `${folder}users`, `${root}users`],
    ["./users", `${folder}users`, `${root}users`],
    ["/users/", `${folder}users/`, `${root}users/`],
    ["/users?a=/b#c", `${folder}users?a=/b#c`, `${root}users?a=/b#c`],
    ["/a:b", `${folder}a:b`, `${root}a:b`],
    ["/cxone/users", `${folder}cxone/users`, `${root}cxone/users`],
    ["", folder, root],
    ["/", folder, root],
    [".", folder, root],
    ["?q=1", `${folder}?q=1`, `${root}?q=1`],
    ["#f", `${folder}#f`, `${root}#f`],
    ["/?q=..", `${folder}?q=..`, `${root}?q=..`],
    ["/x/../y", `${folder}y`, `${root}y`],
    ["../x", "InvalidUrl", `${root}x`],
    ["/../x", "InvalidUrl", `${root}x`],
    ["..", "InvalidUrl", root],
    ["/users/%2e%2E/../x", "InvalidUrl", `${root}x`],
    ["/..\\x", "InvalidUrl", `${root}x`],
    ["../cxone", "InvalidUrl", `${root}cxone`],
    ["../cxone-of-others/x", "InvalidUrl", `${root}cxone-of-others/x`],
    ["../cxone/x", `${folder}x`, `${root}cxone/x`],
    ["\t/users", "InvalidUrl", `${root}users`],
    ["https:users", `${folder}users`, `${root}users`],
    ["https:/users", "InvalidUrl", `${root}users`],
    ["https:../x", "InvalidUrl", `${root}x`],
    ["/\t/evil.example/x", `${folder}/evil.example/x`, `${root}/evil.example/x`],
    ["//evil.example/x", "ForeignOrigin", "ForeignOrigin"],
    ["/\\evil.example/x", "ForeignOrigin", "ForeignOrigin"],
    ["\\/evil.example/x", "ForeignOrigin", "ForeignOrigin"],
    ["\t//evil.example/x", "ForeignOrigin", "ForeignOrigin"],
    ["https://gateway.example/other", `${root}other`, `${root}other`],
    ["HTTPS:\\\\gateway.example\\other", `${root}other`, `${root}other`],
    ["//gateway.example/other", `${root}other`, `${root}other`],
    [`${folder}users`, `${folder}users`, `${folder}users`],
    [`${files}/x`, `${files}/x`, `${files}/x`]
  ])("%j", (url, inFolder, atRoot) => {
    expect([sentTo(folder, url), sentTo(root, url)]).toEqual([inFolder, atRoot])
  })

  it("a URL that leaves the folder says so", () => {
    expect(Either.flip(resolveAt(folder, "../x"))).toMatchObject({
      right: {
        message: expect.stringMatching(/^InvalidUrl: it leaves the folder of the API base URL.* \(GET \.\.\/x\)$/)
      }
    })
  })

  it("a text that is no URL says so", () => {
    expect(Either.flip(resolveAt(folder, "https://"))).toMatchObject({
      right: { message: "InvalidUrl: it is no URL, neither by itself nor behind the API base URL (GET https://)" }
    })
  })

  it("no text of 20,000 without a host leaves the folder", () => {
    const parts = fc.constantFrom(
      "/",
      "\\",
      ".",
      "..",
      "%2e",
      "%2E%2e",
      "x",
      "?",
      "#",
      "\t",
      "\n",
      " ",
      "cxone",
      "https:",
      ":",
      "@",
      "%2f"
    )
    const texts = fc.array(parts, { maxLength: 8 }).map((all) => all.join(""))
    const seen = { sent: 0, refused: 0 }
    fc.assert(
      fc.property(texts, (text) => {
        const result = resolveAt(folder, text)
        seen[Either.isRight(result) ? "sent" : "refused"] += 1
        expect(Either.isLeft(result) || result.right.url.startsWith(folder), JSON.stringify(text)).toBe(true)
      }),
      { numRuns: 20_000 }
    )
    expect(Math.min(seen.sent, seen.refused)).toBeGreaterThan(1_000)
  })
})

const hosts = fc.oneof(
  fc.constantFrom("api-na1.niceincontact.com", "files.example.com", "cxone.niceincontact.com", "nicecxone-sov1.au"),
  fc.constantFrom("evil.example", "127.0.0.1", "localhost", "[::1]", "0x7f.1", "nice-incontact.com.evil.example"),
  fc
    .tuple(fc.constantFrom("evil", "a.", "xn--", "nice-", "%2e", "é"), fc.constantFrom(...niceDomains))
    .map(([a, b]) => a + b)
)

const odd = [
  ..."/\\@:#?.%&;=+-_~!*'()[]{}<>|^`\"$, \t\n\r\0",
  "%00",
  "%2f",
  "%40",
  "%5c",
  "\u3002",
  "\uff0e",
  "\u00ad",
  "\u202e",
  "\u2044",
  "ⓝ",
  "@evil.example",
  "#@",
  "\\@"
]

const built = fc
  .tuple(
    fc.constantFrom("https:", "HTTPS:", "http:", "ws:", "ftp:", "javascript:", "data:", "blob:https:", "", "https"),
    fc.constantFrom("//", "/", "\\\\", "/\\", "", "///", "//\t", ":"),
    fc.constantFrom("", "", "", "me@", "me:pw@", "cxone.niceincontact.com@", "@", ":@", "cxone.niceincontact.com:443@"),
    hosts,
    fc.constantFrom("", "", "", ":443", ":8443", ":80", ":0", ":", ":443@evil.example", ".", ".."),
    fc.constantFrom("", "/", "/x", "?q=@evil.example", "#f", "/..//evil.example", "\\evil.example", "/@evil.example")
  )
  .map((parts) => parts.join(""))

/** A URL with a few characters inserted, removed or replaced anywhere. */
const mutated = fc
  .tuple(built, fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 2 }), fc.constantFrom(...odd)), { maxLength: 3 }))
  .map(([url, edits]) =>
    edits.reduce((text, [at, removed, put]) => text.slice(0, at) + put + text.slice(at + removed), url)
  )

/** URLs most of which can be parsed. */
const plausible = fc
  .tuple(hosts, fc.constantFrom("", "/x", "?q", "#f"), fc.constantFrom("", ...odd))
  .map(([host, rest, strange]) => `https://${host}${strange}${rest}`)

const anything = fc.oneof(
  { weight: 4, arbitrary: plausible },
  { weight: 6, arbitrary: mutated },
  { weight: 2, arbitrary: built },
  fc.fullUnicodeString(),
  fc.webUrl()
)

describe("C1: only an allowed origin gets the token, by the WHATWG parser", () => {
  it("100,000 random strings and mutations of URLs", () => {
    const seen = { refused: 0, unreadable: 0, own: 0, allowed: 0, nice: 0 }
    const check = (input: string, places: OriginGuard.AllowedPlaces) => {
      const result = resolve(input, places)
      if (Either.isRight(result)) {
        const place = placeOf(result.right)
        expect(mayHaveToken(place, places), `${JSON.stringify(input)} went to ${place.href}`).toBe(true)
        seen[place.origin === apiBaseUrl.origin ? "own" : place.origin === files ? "allowed" : "nice"] += 1
        return
      }
      seen[result.left._tag === "ForeignOrigin" ? "refused" : "unreadable"] += 1
      // The guard must not refuse a place that may have the token, either.
      const isReadable = URL.canParse(input, apiBaseUrl.href)
      expect(isReadable && mayHaveToken(new URL(input, apiBaseUrl), places), JSON.stringify(input)).toBe(false)
    }
    fc.assert(
      fc.property(anything, fc.boolean(), (input, isWide) => check(input, isWide ? wide : strict)),
      { numRuns: 100_000 }
    )
    expect(
      Object.values(seen).every((count) => count > 200),
      JSON.stringify(seen)
    ).toBe(true)
  }, 120_000)
})

describe("C1: a path, which is not resolved against a base", () => {
  it("goes where the WHATWG parser takes it from the folder", () => {
    const rest = fc
      .array(fc.constantFrom(...odd, "..", ".", "x", "users", "%2e", "\ud800", "é"), { maxLength: 12 })
      .map((parts) => parts.join(""))
    fc.assert(
      fc.property(
        rest,
        fc.constantFrom("/", "\\"),
        fc.constantFrom("", "cxone/", "a%20b/c/"),
        (rest, slash, folder) => {
          fc.pre(!/^[/\\]/.test(rest))
          const base = new URL(folder, "https://gateway.example")
          const expected = new URL(`.${slash}${rest}`, base)
          const resolved = OriginGuard.resolve(HttpClientRequest.get(slash + rest), base, strict)
          expect(Either.isRight(resolved) ? resolved.right.url : undefined).toBe(
            expected.pathname.startsWith(base.pathname) ? expected.href : undefined
          )
        }
      ),
      { numRuns: 20_000 }
    )
  })
})

describe("C1: what a request says of its body", () => {
  const headersOf = (request: HttpClientRequest.HttpClientRequest) =>
    Either.getOrThrow(OriginGuard.resolve(request, apiBaseUrl, strict)).headers

  it("a type that the app gave stays if another header is dropped", () => {
    const typed = HttpClientRequest.post("/x").pipe(
      HttpClientRequest.bodyText("{}", "text/plain"),
      HttpClientRequest.setHeaders({ "content-type": "application/vnd.nice+json", connection: "keep-alive" })
    )
    expect(headersOf(typed)).toMatchObject({ "content-type": "application/vnd.nice+json" })
    expect(headersOf(typed)).not.toHaveProperty("connection")
  })

  it.each([
    ["of another length", HttpClientRequest.bodyText("GET /y HTTP/1.1"), "0", "15"],
    ["of no body", (request: HttpClientRequest.HttpClientRequest) => request, "7", undefined],
    ["of the body", HttpClientRequest.bodyText("abc"), "3", "3"],
    ["of a form", HttpClientRequest.bodyFormDataRecord({ a: "b" }), "0", undefined],
    ["of a raw body", HttpClientRequest.setBody(HttpBody.raw("abc")), "0", undefined],
    ["of a stream whose length is not known", HttpClientRequest.bodyStream(Stream.empty), "7", "7"]
  ] as const)("a Content-Length %s", (_, withBody, given, expected) => {
    const request = HttpClientRequest.post("/x").pipe(withBody, HttpClientRequest.setHeader("content-length", given))
    expect(headersOf(request)["content-length"]).toBe(expected)
  })
})
