import { Headers } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { ClientAuth, Credentials } from "cxone-auth"
import { Effect, Either, Option, Redacted, TestClock } from "effect"
import { answers, json, type Play } from "../support/ScriptedHttpClient.js"
import { clientSecret, failureOf, refusal, run, token } from "../support/TokenExchange.js"

/** An answer with a token, in the bytes that gzip begins with, and said to be in this coding. */
const encoded =
  (coding: string, status = 200) =>
  () =>
    new Response(Uint8Array.of(0x1f, 0x8b, 0x08, 0x00, 0xab, 0x56), { status, headers: { "content-encoding": coding } })

describe("TokenEndpoint", () => {
  describe("the request", () => {
    it.effect("is a form POST with exactly these headers and fields", () =>
      Effect.gen(function* () {
        const { sent } = yield* run(answers(token))
        expect(sent).toHaveLength(1)
        expect(sent[0]?.request.method).toBe("POST")
        expect(sent[0]?.url).toBe("https://platform.nice-ic.com/oauth/token")
        expect(sent[0]?.body).toBe(
          "grant_type=client_credentials&client_id=my+app&client_secret=s%2Fe%2Bc%3Dr+et%26&scope=offline_access+read%3Ausers"
        )
        expect({ ...sent[0]?.request.headers }).toEqual({
          accept: "application/json",
          "accept-encoding": "identity",
          "content-type": "application/x-www-form-urlencoded",
          "content-length": String(sent[0]?.body.length)
        })
      })
    )

    it.effect("S4: Basic credentials are form-encoded before base64 (RFC 6749 §2.3.1 and appendix B)", () =>
      Effect.gen(function* () {
        const credentials = Credentials.clientSecret({
          clientId: "a:b",
          clientSecret: Redacted.make(" %&+£€".trim()),
          clientAuth: ClientAuth.basic
        })
        const { sent } = yield* run(answers(token), { credentials })
        const basic = Option.getOrThrow(Headers.get(sent[0]?.request.headers ?? Headers.empty, "authorization"))
        // The encoding of " %&+£€" is printed in RFC 6749 appendix B: +%25%26%2B%C2%A3%E2%82%AC
        expect(atob(basic.replace("Basic ", ""))).toBe("a%3Ab:%25%26%2B%C2%A3%E2%82%AC")
        expect(sent[0]?.body).toBe("grant_type=client_credentials&scope=offline_access+read%3Ausers")
      })
    )

    it.effect("is the request of RFC 6749 §4.4.2, and the answer of §4.4.3 is a token", () =>
      Effect.gen(function* () {
        const credentials = Credentials.clientSecret({
          clientId: "s6BhdRkqt3",
          clientSecret: Redacted.make("gX1fBat3bV"),
          clientAuth: ClientAuth.basic
        })
        const answer = { access_token: "2YotnFZFEjr1zCsicMWpAA", token_type: "bearer", expires_in: 3600, other: "x" }
        const { result, sent } = yield* run(
          answers(() => json(answer)),
          { credentials, scopes: [] }
        )
        expect(sent[0]?.request.headers.authorization).toBe("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW")
        expect(sent[0]?.body).toBe("grant_type=client_credentials")
        expect(Redacted.value(Either.getOrThrow(result).value)).toBe("2YotnFZFEjr1zCsicMWpAA")
      })
    )

    it.effect("has no scope parameter if no scope is asked for", () =>
      Effect.gen(function* () {
        const { sent } = yield* run(answers(token), { scopes: [] })
        expect(new URLSearchParams(sent[0]?.body).has("scope")).toBe(false)
      })
    )

    it.effect("C5: has no tracing header, even if the caller is in a span", () =>
      Effect.gen(function* () {
        const { sent } = yield* run(answers(token)).pipe(Effect.withSpan("a caller"))
        expect(Object.keys(sent[0]?.request.headers ?? {})).not.toContain("traceparent")
        expect(Object.keys(sent[0]?.request.headers ?? {})).not.toContain("b3")
      })
    )
  })

  describe("the token", () => {
    it.effect("L1: its lifetime counts from when the request was sent, not from when the answer came", () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(5_000)
        const { result } = yield* run(() => Effect.delay(Effect.sync(token), "4 seconds"))
        const granted = Either.getOrThrow(result)
        expect([granted.obtainedAt, granted.receivedAt, granted.expiresAt]).toEqual([5_000, 9_000, 3_605_000])
      })
    )

    it.effect("has the granted scopes, or the requested ones if the answer names none", () =>
      Effect.gen(function* () {
        const narrowed = yield* run(answers(() => json({ access_token: "a", scope: "read:users" })))
        expect(Either.getOrThrow(narrowed.result).scopes).toEqual(["read:users"])
        const unsaid = yield* run(answers(token))
        expect(Either.getOrThrow(unsaid.result).scopes).toEqual(["offline_access", "read:users"])
      })
    )

    it.effect("L1, L8: is InvalidTokenResponse if it has ended before it arrived", () =>
      Effect.gen(function* () {
        const late = () =>
          Effect.delay(
            Effect.sync(() => json({ access_token: "a", expires_in: 2 })),
            "3 seconds"
          )
        const { error } = yield* failureOf(late)
        expect(error).toMatchObject({ _tag: "InvalidTokenResponse", reason: "expired" })
      })
    )

    it.effect.each([
      [1_799, true],
      [1_800, false]
    ] as const)(
      "L1: if it arrives after %d ms of a lifetime of 2 s, with a margin of 0.2 s, it is accepted: %s",
      ([millis, taken]) =>
        Effect.gen(function* () {
          const answer = Effect.sync(() => json({ access_token: "a", expires_in: 2 }))
          const { result } = yield* run(() => Effect.delay(answer, millis))
          expect(Either.isRight(result)).toBe(taken)
        })
    )
  })

  describe("L7: a refusal is not retried, and its error says what was refused", () => {
    const refusals: ReadonlyArray<readonly [string, () => Response, object]> = [
      ["400 invalid_client", refusal(400, "invalid_client"), { _tag: "InvalidClient", reason: "invalid_client" }],
      ["401 invalid_client", refusal(401, "invalid_client"), { _tag: "InvalidClient", reason: "invalid_client" }],
      ["400 invalid_grant", refusal(400, "invalid_grant"), { _tag: "InvalidClient", reason: "invalid_grant" }],
      ["401 invalid_grant", refusal(401, "invalid_grant"), { _tag: "InvalidClient", reason: "invalid_grant" }],
      [
        "400 unauthorized_client",
        refusal(400, "unauthorized_client"),
        { _tag: "InvalidClient", reason: "unauthorized_client" }
      ],
      [
        "400 unsupported_grant_type",
        refusal(400, "unsupported_grant_type"),
        { _tag: "InvalidClient", reason: "unsupported_grant_type" }
      ],
      ["401 without a code", () => new Response("no", { status: 401 }), { _tag: "InvalidClient", description: "no" }],
      [
        "400 invalid_scope",
        refusal(400, "invalid_scope", "read:users is not yours"),
        {
          _tag: "InsufficientScope",
          reason: "invalid_scope",
          requested: ["offline_access", "read:users"],
          description: "read:users is not yours"
        }
      ],
      ["403 insufficient_scope", refusal(403, "insufficient_scope"), { _tag: "InsufficientScope" }],
      [
        "400 invalid_scope with a description that is null",
        () => json({ error: "invalid_scope", error_description: null }, { status: 400 }),
        { _tag: "InsufficientScope", reason: "invalid_scope" }
      ],
      [
        "400 invalid_request",
        refusal(400, "invalid_request", "Missing required body parameters"),
        {
          _tag: "InvalidTokenResponse",
          reason: "unexpected_status",
          status: 400,
          error: "invalid_request",
          description: "Missing required body parameters"
        }
      ],
      [
        "403 of a firewall",
        () => new Response("<h1>blocked</h1>", { status: 403 }),
        { _tag: "InvalidTokenResponse", reason: "unexpected_status", status: 403 }
      ],
      [
        "407 of a proxy",
        () => new Response("", { status: 407 }),
        { _tag: "TokenEndpointUnavailable", reason: "proxy_authentication", attempts: 1 }
      ],
      [
        "400 slow_down (RFC 8628)",
        refusal(400, "slow_down"),
        { _tag: "InvalidTokenResponse", reason: "unexpected_status", error: "slow_down" }
      ],
      [
        "200 in gzip, over a transport that doesn't decode",
        encoded("gzip"),
        { _tag: "InvalidTokenResponse", reason: "encoded", coding: "gzip" }
      ],
      [
        "S2: 200 in a coding whose name is not known, and is not shown",
        encoded("s/e+c=r et&"),
        { _tag: "InvalidTokenResponse", reason: "encoded" }
      ],
      [
        "form-encoded, as some old servers answer",
        () => new Response("access_token=t0k3n&expires_in=3600"),
        { _tag: "InvalidTokenResponse", reason: "not_json" }
      ],
      ["404", () => new Response("", { status: 404 }), { _tag: "InvalidTokenResponse", status: 404 }],
      [
        "302",
        () => new Response("", { status: 302, headers: { location: "https://evil.example/" } }),
        { _tag: "InvalidTokenResponse", reason: "redirect", status: 302, detail: "https://evil.example" }
      ],
      ["200 with HTML", () => new Response("<html>"), { _tag: "InvalidTokenResponse", reason: "not_json" }],
      ["204", () => new Response(null, { status: 204 }), { _tag: "InvalidTokenResponse", reason: "not_json" }]
    ]
    it.effect.each(refusals)("%s", ([_, respond, expected]) =>
      Effect.gen(function* () {
        const { error, sent } = yield* failureOf(answers(respond))
        expect(error).toMatchObject(expected)
        expect(sent).toHaveLength(1)
      })
    )
  })

  describe("L7: the status alone makes a refusal, even if its body cannot be read", () => {
    const breaking = () =>
      new ReadableStream({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode('{"error":"inval'))
          controller.error(new Error("cut off"))
        }
      })
    const bodies = [
      ["breaks off", breaking],
      ["stalls", () => new ReadableStream({})]
    ] as const
    const refusals = [
      [401, { _tag: "InvalidClient" }],
      [400, { _tag: "InvalidTokenResponse", reason: "unexpected_status" }],
      [499, { _tag: "InvalidTokenResponse", reason: "unexpected_status" }],
      [300, { _tag: "InvalidTokenResponse", reason: "redirect" }]
    ] as const
    it.effect.each(bodies.flatMap(([how, body]) => refusals.map((refusal) => [how, body, ...refusal] as const)))(
      "a body that %s: %#",
      ([_, body, status, expected]) =>
        Effect.gen(function* () {
          const { error, sent } = yield* failureOf(answers(() => new Response(body(), { status })))
          expect(error).toMatchObject({ ...expected, status })
          expect("description" in error ? error.description : undefined).toBeUndefined()
          expect(sent).toHaveLength(1)
        })
    )

    it.effect("what is left of a body that is still encoded is not quoted", () =>
      Effect.gen(function* () {
        const { error } = yield* failureOf(answers(encoded("gzip", 403)))
        expect(error).toMatchObject({ _tag: "InvalidTokenResponse", reason: "unexpected_status", status: 403 })
        expect("description" in error ? error.description : undefined).toBeUndefined()
      })
    )

    it.effect("a 429 keeps its Retry-After", () =>
      Effect.gen(function* () {
        const { error, sent } = yield* failureOf(
          answers(() => new Response(breaking(), { status: 429, headers: { "retry-after": "300" } }))
        )
        expect(error).toMatchObject({ _tag: "RateLimited" })
        expect(sent).toHaveLength(1)
      })
    )
  })

  it.effect("S2: the query of the endpoint's URL, which may hold a gateway's key, is in no error", () =>
    Effect.gen(function* () {
      const tokenEndpoint = new URL("https://gateway.example.com/token?key=c4n4ry")
      for (const play of [
        refusal(401, "invalid_client"),
        refusal(400, "other"),
        () => new Response("", { status: 503 })
      ]) {
        const { result } = yield* run(answers(play), { tokenEndpoint })
        const error = Option.getOrThrow(Either.getLeft(result))
        expect(error.message).toContain("https://gateway.example.com/token")
        expect(JSON.stringify(error) + error.message).not.toContain("c4n4ry")
      }
    })
  )

  it.effect("S3: reads 64 KiB and no more, then cancels the body", () =>
    Effect.gen(function* () {
      let pulled = 0
      let cancelled = false
      const endless = () =>
        new Response(
          new ReadableStream({
            pull: (controller) => {
              pulled += 1
              controller.enqueue(new Uint8Array(1024).fill(32))
            },
            cancel: () => {
              cancelled = true
            }
          })
        )
      const { error } = yield* failureOf(answers(endless))
      expect(error).toMatchObject({ _tag: "InvalidTokenResponse", reason: "too_large" })
      expect(pulled).toBeGreaterThanOrEqual(65)
      expect(pulled).toBeLessThan(80)
      expect(cancelled).toBe(true)
    })
  )

  it.effect("S3: an answer of exactly 64 KiB is read", () =>
    Effect.gen(function* () {
      const body = JSON.stringify({ access_token: "a", padding: "" })
      const padded = JSON.stringify({ access_token: "a", padding: " ".repeat(64 * 1024 - body.length) })
      expect(padded.length).toBe(64 * 1024)
      const { result } = yield* run(answers(() => new Response(padded)))
      expect(Either.isRight(result)).toBe(true)
    })
  )

  it.effect("S2: an error of the provider is quoted without what was sent to it", () =>
    Effect.gen(function* () {
      const echo: Play = ({ body }) => Effect.sync(() => new Response(`cannot use ${body}`, { status: 400 }))
      const { error } = yield* failureOf(echo)
      expect(error.message).toContain('The server said: "cannot use …"')
      for (const spelling of [clientSecret, "s%2Fe%2Bc%3Dr+et%26", "my app", "my+app"]) {
        expect(JSON.stringify(error)).not.toContain(spelling)
      }
    })
  )

  it.effect.each([
    ["post", ClientAuth.post],
    ["basic", ClientAuth.basic]
  ] as const)("S2: a client id of one letter leaves a quotation readable: %s", ([_, clientAuth]) =>
    Effect.gen(function* () {
      const credentials = Credentials.clientSecret({ clientId: "a", clientSecret: Redacted.make("s3cr3t"), clientAuth })
      const { result } = yield* run(answers(refusal(401, "invalid_client", "Client authentication failed: s3cr3t")), {
        credentials
      })
      const error = Option.getOrThrow(Either.getLeft(result))
      expect(error.message).toContain('"Client authentication failed: …"')
    })
  )

  it.effect("S2: an answer with status 200 is not quoted, because it may hold a token under another name", () =>
    Effect.gen(function* () {
      const { error } = yield* failureOf(answers(() => json({ bearer: "another-name", message: "another-name" })))
      expect(error).toMatchObject({ _tag: "InvalidTokenResponse", reason: "invalid_access_token" })
      expect(JSON.stringify(error) + error.message).not.toContain("another-name")
    })
  )
})
