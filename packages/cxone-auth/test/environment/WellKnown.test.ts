import { describe, expect, it } from "@effect/vitest"
import { type DiscoveryFailed, TokenPolicy } from "cxone-auth"
import { Duration, Effect, Either, Fiber, Option, TestClock } from "effect"
import * as WellKnown from "../../src/environment/WellKnown.js"
import { world } from "../support/DiscoveryWorld.js"
import * as Fake from "../support/FakeCxone.js"
import { json, scripted } from "../support/ScriptedHttpClient.js"

describe("WellKnown: invalid documents", () => {
  const huge = JSON.stringify({ ...Fake.openIdConfiguration, padding: "x".repeat(64 * 1024) })
  const withEndpoint = (token_endpoint: unknown) => () => json({ ...Fake.openIdConfiguration, token_endpoint })
  const redirectTo = (location: string) => () => new Response("", { status: 302, headers: { location } })
  const redirect = () => new Response("", { status: 302, headers: { location: "https://evil.example" } })

  it.scoped.each<readonly [string, () => Response, Partial<DiscoveryFailed>]>([
    [
      "another issuer's",
      () => json({ ...Fake.openIdConfiguration, issuer: "https://evil.example" }),
      { reason: "issuer_mismatch", detail: "https://evil.example/" }
    ],
    [
      "an issuer that is not a URL",
      () => json({ ...Fake.openIdConfiguration, issuer: "cxone" }),
      { reason: "issuer_mismatch" }
    ],
    [
      "without an issuer",
      () => json({ token_endpoint: "https://a.example" }),
      { reason: "invalid_field", detail: "issuer" }
    ],
    ["without a token endpoint", withEndpoint(undefined), { reason: "invalid_field", detail: "token_endpoint" }],
    ["a token endpoint that is no text", withEndpoint(["x"]), { reason: "invalid_field", detail: "token_endpoint" }],
    [
      "S3: a token endpoint by plain http",
      withEndpoint("http://cxone.niceincontact.com/t"),
      { reason: "invalid_field" }
    ],
    [
      "S3: plain http to this machine, from an https issuer",
      withEndpoint("http://localhost:1/t"),
      { reason: "invalid_field" }
    ],
    [
      "S3: a token endpoint with user info",
      withEndpoint("https://me:pw@cxone.niceincontact.com/t"),
      { reason: "invalid_field" }
    ],
    [
      "a redirect, which is not followed",
      redirect,
      { reason: "redirect", status: 302, detail: "https://evil.example" }
    ],
    ["a redirect to a path", redirectTo("/login"), { reason: "redirect", detail: Fake.issuer }],
    ...["about:blank", "mailto:a@b.example", "javascript:0", "data:,x", "msauth://x", "https://["].map(
      (location) => [`a redirect to ${location}`, redirectTo(location), { reason: "redirect" }] as const
    ),
    ["an HTML page with 200", () => new Response("<html><title>Sign in</title>"), { reason: "not_json" }],
    ["a JSON array", () => json([Fake.openIdConfiguration]), { reason: "not_json" }],
    ["nothing", () => new Response(""), { reason: "not_json" }],
    ["more than 64 KiB", () => new Response(huge), { reason: "too_large" }],
    [
      "404",
      () => json({ message: "Not Found" }, { status: 404 }),
      { reason: "status", status: 404, description: "Not Found" }
    ]
  ])(
    "openid-configuration, %s: DiscoveryFailed without a retry, and no credentials are sent",
    ([_, openid, expected]) =>
      Effect.gen(function* () {
        const { auth, kinds } = yield* world(Fake.play({ openid }))
        const error = yield* Effect.flip(auth.accessToken)
        expect(error).toMatchObject({
          _tag: "DiscoveryFailed",
          document: "openid-configuration",
          attempts: 1,
          ...expected
        })
        expect(error.message).toContain("/.well-known/openid-configuration")
        expect(error.message).not.toMatch(/ to null|undefined/)
        expect(error.message).toContain("CXONE_ISSUER")
        expect(yield* kinds).toEqual(["openid"])
      })
  )

  it.scoped.each<readonly [string, () => Response, Partial<DiscoveryFailed>]>([
    ["without api_endpoint", () => json({ area: "na1" }), { reason: "invalid_field", detail: "api_endpoint" }],
    [
      "an area that can be no part of a host's name",
      () => json({ area: "na1.evil.example/", domain: "niceincontact.com" }),
      { reason: "invalid_field", detail: "api_endpoint" }
    ],
    [
      "a domain that can be none",
      () => json({ area: "na1", domain: "evil.example/@niceincontact.com" }),
      { reason: "invalid_field", detail: "api_endpoint" }
    ],
    ["an api_endpoint of another scheme", () => json({ api_endpoint: "ftp://a.example" }), { reason: "invalid_field" }],
    [
      "an encoded body",
      () => new Response(Uint8Array.of(0x1f, 0x8b, 8), { headers: { "content-encoding": "gzip" } }),
      { reason: "encoded", detail: "gzip" }
    ],
    ["a proxy that wants credentials", () => new Response("", { status: 407 }), { reason: "proxy_authentication" }],
    ["C1: an API by plain http", () => json({ api_endpoint: "http://api.example" }), { reason: "invalid_field" }],
    [
      "the configuration of another tenant",
      () => json({ ...Fake.cxoneConfiguration, tenantId: "t2" }),
      { reason: "tenant_mismatch" }
    ],
    [
      "an unknown tenant",
      () => json({ message: "No such tenant" }, { status: 404 }),
      { reason: "status", status: 404 }
    ],
    ["an HTML page with 200", () => new Response("<html></html>"), { reason: "not_json" }]
  ])(
    "cxone-configuration, %s: DiscoveryFailed, nothing is sent to an API, and the token is kept",
    ([_, answer, expected]) =>
      Effect.gen(function* () {
        const { auth, cxone, kinds } = yield* world(Fake.play({ configuration: answer }))
        const error = yield* Effect.flip(cxone.get("/x"))
        expect(error).toMatchObject({ _tag: "DiscoveryFailed", document: "cxone-configuration", ...expected })
        expect(error.message).toMatch(/CXONE_API_BASE_URL|where the HttpClient has the proxy's address/)
        expect(error.message).not.toContain("tenantId=")
        yield* auth.accessToken
        expect(yield* kinds).toEqual(["openid", "token", "configuration"])
      })
  )
})

it.scoped("the error about another issuer names both", () =>
  Effect.gen(function* () {
    const { auth } = yield* world(
      Fake.play({ openid: () => json({ ...Fake.openIdConfiguration, issuer: "https://cxone-gov.niceincontact.com" }) })
    )
    const { message } = yield* Effect.flip(auth.accessToken)
    expect(message).toContain(`another issuer (https://cxone-gov.niceincontact.com/), not of ${Fake.issuer}.`)
  })
)

describe("L7: WellKnown retries a document", () => {
  const down = () => new Response("<html><title>Maintenance</title></html>", { status: 503 })

  it.scoped("after 1, 2 and 4 s", () =>
    Effect.gen(function* () {
      const { auth, sent } = yield* world(
        Fake.play({ openid: (index) => (index < 3 ? down() : json(Fake.openIdConfiguration)) })
      )
      const token = yield* Effect.fork(auth.accessToken)
      yield* TestClock.adjust("7 seconds")
      yield* Fiber.join(token)
      expect((yield* sent).map(({ at }) => at)).toEqual([0, 1_000, 3_000, 7_000, 7_000])
    })
  )

  it.scoped.each([
    ["503", down, { reason: "status", status: 503, description: "an HTML page, Maintenance" }],
    ["429", () => new Response("", { status: 429 }), { reason: "status", status: 429 }],
    ["408", () => new Response("", { status: 408 }), { reason: "status", status: 408 }],
    [
      "no connection",
      () => Effect.fail({ cause: Object.assign(new Error("canary"), { code: "ECONNREFUSED" }) }),
      { reason: "transport", detail: "ECONNREFUSED" }
    ]
  ] as const)("%s four times is a DiscoveryFailed with 4 attempts", ([_, openid, expected]) =>
    Effect.gen(function* () {
      const { auth, kinds } = yield* world(Fake.play({ openid }))
      const failure = yield* Effect.fork(Effect.flip(auth.accessToken))
      yield* TestClock.adjust("10 seconds")
      expect(yield* Fiber.join(failure)).toMatchObject({ _tag: "DiscoveryFailed", attempts: 4, ...expected })
      expect(yield* kinds).toEqual(["openid", "openid", "openid", "openid"])
    })
  )

  it.scoped("a certificate that is not trusted is not tried again", () =>
    Effect.gen(function* () {
      const cause = new TypeError("fetch failed", { cause: { code: "SELF_SIGNED_CERT_IN_CHAIN" } })
      const { auth } = yield* world(Fake.play({ openid: () => Effect.fail({ cause }) }))
      const error = yield* Effect.flip(auth.accessToken)
      expect(error).toMatchObject({ reason: "certificate", attempts: 1, detail: "SELF_SIGNED_CERT_IN_CHAIN" })
      expect(error.message).toContain("NODE_EXTRA_CA_CERTS")
    })
  )

  it.scoped("C7: each attempt takes at most ten seconds", () =>
    Effect.gen(function* () {
      const { auth } = yield* world(Fake.play({ openid: () => Effect.never }))
      const failure = yield* Effect.fork(Effect.flip(auth.accessToken))
      yield* TestClock.adjust("47 seconds")
      const error = Option.getOrThrow(yield* Fiber.poll(failure))
      expect(yield* error).toMatchObject({ _tag: "DiscoveryFailed", reason: "timeout", attempts: 4 })
    })
  )

  it.scoped("Retry-After takes the place of the delay, unless it is longer than callers wait", () =>
    Effect.gen(function* () {
      const busy = (seconds: string) => () => new Response("", { status: 503, headers: { "retry-after": seconds } })
      const { auth, sent } = yield* world(
        Fake.play({ openid: (index) => (index === 0 ? busy("20")() : json(Fake.openIdConfiguration)) })
      )
      const token = yield* Effect.fork(auth.accessToken)
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(token)
      expect((yield* sent).map(({ at }) => at)).toEqual([0, 22_000, 22_000])

      const other = yield* world(Fake.play({ openid: busy("61") }))
      expect(yield* Effect.flip(other.auth.accessToken)).toMatchObject({ _tag: "DiscoveryFailed", attempts: 1 })
    })
  )

  it.scoped("L6: a lookup waits for at most one minute in all", () =>
    Effect.gen(function* () {
      const busy = () => new Response("", { status: 429, headers: { "retry-after": "50" } })
      const { auth, count } = yield* world(Fake.play({ openid: busy }))
      const failure = yield* Effect.fork(Effect.flip(auth.accessToken))
      yield* TestClock.adjust("61 seconds")
      expect(Option.isSome(yield* Fiber.poll(failure))).toBe(true)
      expect(yield* count("openid")).toBe(2)
    })
  )

  it.scoped(
    "L6: until the Retry-After has passed every caller fails at once with the time that is left, and nothing is sent",
    () =>
      Effect.gen(function* () {
        const busy = () => new Response("", { status: 429, headers: { "retry-after": "300" } })
        const { auth, count } = yield* world(
          Fake.play({ openid: (index) => (index === 0 ? busy() : json(Fake.openIdConfiguration)) })
        )
        yield* Effect.flip(auth.accessToken)
        yield* TestClock.adjust("100 seconds")
        expect(yield* Effect.flip(auth.accessToken)).toMatchObject({
          _tag: "DiscoveryFailed",
          retryAfter: Duration.seconds(200)
        })
        expect(yield* count("openid")).toBe(1)
        yield* TestClock.adjust("200 seconds")
        yield* auth.accessToken
        expect(yield* count("openid")).toBe(2)
      })
  )

  it.scoped("L6: a document that says nothing of use is not asked for again for a second, doubling to 30 s", () =>
    Effect.gen(function* () {
      const { auth, count } = yield* world(Fake.play({ openid: () => json({}) }))
      for (const [number, seconds] of [1, 2, 4, 8, 16, 30, 30].entries()) {
        yield* Effect.flip(auth.accessToken)
        yield* TestClock.adjust(seconds * 1_000 - 1)
        expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ retryAfter: Duration.millis(1) })
        expect(yield* count("openid")).toBe(number + 1)
        yield* TestClock.adjust(1)
      }
    })
  )

  it.scoped("L6: a connection that failed is not remembered", () =>
    Effect.gen(function* () {
      const reset = Effect.fail({ cause: { code: "ECONNRESET" } })
      const { auth } = yield* world(
        Fake.play({ openid: (index) => (index === 0 ? reset : json(Fake.openIdConfiguration)) }),
        { policy: { maxRetries: 0 } }
      )
      yield* Effect.flip(auth.accessToken)
      yield* auth.accessToken
    })
  )
})

describe("WellKnown: what counts as an answer", () => {
  const answered = (openid: () => Response) =>
    Effect.gen(function* () {
      const { auth } = yield* world(Fake.play({ openid }))
      return yield* Effect.flip(auth.accessToken)
    })

  it.scoped.each([
    [300, "redirect"],
    [399, "redirect"],
    [400, "status"]
  ] as const)("%d is %s", ([status, reason]) =>
    Effect.gen(function* () {
      expect(yield* answered(() => new Response("", { status }))).toMatchObject({ reason, status })
    })
  )

  it.scoped("an http document, of this machine, may name this machine or https; an https one https alone", () =>
    Effect.gen(function* () {
      const document = (token_endpoint: string, issuer: string) =>
        Effect.flatMap(
          scripted(() => Effect.sync(() => json({ issuer, token_endpoint }))),
          ({ layer }) => Effect.provide(WellKnown.tokenEndpoint(new URL(issuer), TokenPolicy.defaults), layer)
        )
      expect((yield* document("http://127.0.0.1:1/t", "http://localhost:1")).href).toBe("http://127.0.0.1:1/t")
      expect((yield* document("https://a.example/t", "http://localhost:1")).href).toBe("https://a.example/t")
      expect(yield* Effect.flip(document("http://localhost:1/t", "https://a.example"))).toMatchObject({
        reason: "invalid_field"
      })
    })
  )

  it.scoped.each([
    ["the same tenant in another case", "ABC", "abc", true],
    ["another tenant", "abc", "abd", false],
    ["a tenant that was not asked for", undefined, "abc", true],
    ["no tenant", "abc", undefined, true]
  ] as const)("cxone-configuration of %s", ([_, asked, echoed, isAccepted]) =>
    Effect.gen(function* () {
      const body = { api_endpoint: "https://api.example", tenantId: echoed }
      const { layer, sent } = yield* scripted(() => Effect.sync(() => json(body)))
      const found = yield* WellKnown.apiEndpoint(new URL("https://a.example"), asked, TokenPolicy.defaults).pipe(
        Effect.provide(layer),
        Effect.either
      )
      expect(Either.isRight(found)).toBe(isAccepted)
      const query = asked === undefined ? "" : `?tenantId=${asked}`
      expect((yield* sent)[0]?.url).toBe(`https://a.example/.well-known/cxone-configuration${query}`)
    })
  )
})
