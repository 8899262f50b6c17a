import { Headers } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { ClientAuth, Credentials, type InvalidTokenResponse, TokenPolicy } from "cxone-auth"
import { Array, Duration, Effect, Either, Fiber, Function, Option, Random, Redacted, TestClock } from "effect"
import * as RetriedExchange from "../../src/exchange/RetriedExchange.js"
import type { TokenRequest } from "../../src/exchange/TokenRequest.js"
import * as Metrics from "../../src/telemetry/Metrics.js"
import { answers, json, type Play, scripted } from "../support/ScriptedHttpClient.js"

const clientSecret = "s/e+c=r et&"

const request: TokenRequest = {
  tokenEndpoint: new URL("https://platform.nice-ic.com/oauth/token"),
  credentials: Credentials.clientSecret({ clientId: "my app", clientSecret: Redacted.make(clientSecret) }),
  scopes: ["offline_access", "read:users"]
}

const token = () => json({ access_token: "t0k3n", token_type: "Bearer", expires_in: 3600 })

/** Runs the exchange to its end, moving the clock as far as it takes, and tells what was sent and when. */
const run = (play: Play, overrides: Partial<TokenRequest> = {}, seed = "a fixed seed") =>
  Effect.gen(function* () {
    const { layer, sent } = yield* scripted(play)
    const exchange = RetriedExchange.make(TokenPolicy.defaults, Metrics.make(undefined))
    const fiber = yield* exchange
      .run({ ...request, ...overrides }, Function.identity)
      .pipe(Effect.either, Effect.provide(layer), Effect.withRandom(Random.make(seed)), Effect.fork)
    yield* TestClock.adjust("10 minutes")
    const all = yield* sent
    return { result: yield* Fiber.join(fiber), sent: all, seconds: all.map(({ at }) => at / 1000) }
  })

const failureOf = (play: Play) =>
  Effect.map(run(play), ({ result, sent }) => ({ error: Option.getOrThrow(Either.getLeft(result)), sent }))

const refusal = (status: number, error: string, error_description?: string) => () =>
  json({ error, ...(error_description === undefined ? {} : { error_description }) }, { status })

describe("TokenEndpoint", () => {
  describe("what is sent", () => {
    it.effect("is the brief's form POST, to the letter", () =>
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

    it.effect("is the request that RFC 6749 §4.4.2 prints, and its answer of §4.4.3 is a token", () =>
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

    it.effect("has no scope parameter when no scope is asked for", () =>
      Effect.gen(function* () {
        const { sent } = yield* run(answers(token), { scopes: [] })
        expect(new URLSearchParams(sent[0]?.body).has("scope")).toBe(false)
      })
    )

    it.effect("C5: has no tracing header, though the caller is in a span", () =>
      Effect.gen(function* () {
        const { sent } = yield* run(answers(token)).pipe(Effect.withSpan("a caller"))
        expect(Object.keys(sent[0]?.request.headers ?? {})).not.toContain("traceparent")
        expect(Object.keys(sent[0]?.request.headers ?? {})).not.toContain("b3")
      })
    )
  })

  describe("the token", () => {
    it.effect("L1: lives from when the request was sent, not from when the answer came", () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(5_000)
        const { result } = yield* run(() => Effect.delay(Effect.sync(token), "4 seconds"))
        const granted = Either.getOrThrow(result)
        expect([granted.obtainedAt, granted.expiresAt]).toEqual([5_000, 3_605_000])
      })
    )

    it.effect("has the scopes that were granted, or those requested if the provider does not say", () =>
      Effect.gen(function* () {
        const narrowed = yield* run(answers(() => json({ access_token: "a", scope: "read:users" })))
        expect(Either.getOrThrow(narrowed.result).scopes).toEqual(["read:users"])
        const unsaid = yield* run(answers(token))
        expect(Either.getOrThrow(unsaid.result).scopes).toEqual(["offline_access", "read:users"])
      })
    )

    it.effect("L1: is refused when it has ended before it arrived", () =>
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
      "L1: which arrives after %d ms of a life of 2 s, with a margin of 0.2 s, is taken: %s",
      ([millis, taken]) =>
        Effect.gen(function* () {
          const answer = Effect.sync(() => json({ access_token: "a", expires_in: 2 }))
          const { result } = yield* run(() => Effect.delay(answer, millis))
          expect(Either.isRight(result)).toBe(taken)
        })
    )
  })

  describe("L7: what may pass is tried again after 1, 2 and 4 s, each jittered by a fifth", () => {
    const transient: ReadonlyArray<readonly [string, Play, object]> = [
      ["500", answers(() => new Response("", { status: 500 })), { reason: "status", status: 500 }],
      ["502 with HTML", answers(() => new Response("<html>", { status: 502 })), { reason: "status", status: 502 }],
      ["503", answers(() => new Response("", { status: 503 })), { reason: "status", status: 503 }],
      ["408", answers(() => new Response("", { status: 408 })), { reason: "status", status: 408 }],
      [
        "a connection that is refused",
        () => Effect.fail({ cause: new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } }) }),
        { reason: "transport", detail: "ECONNREFUSED" }
      ]
    ]
    it.effect.each(transient)("%s", ([_, play, expected]) =>
      Effect.gen(function* () {
        const { result, seconds } = yield* run(play)
        const error = Option.getOrThrow(Either.getLeft(result))
        expect(error).toMatchObject({ _tag: "TokenEndpointUnavailable", attempts: 4, ...expected })
        expect(seconds).toHaveLength(4)
        const delays = seconds.slice(1).map((at, index) => at - (seconds[index] ?? 0))
        const nominal = [1, 2, 4]
        delays.forEach((delay, index) => {
          expect(delay / (nominal[index] ?? 0)).toBeGreaterThanOrEqual(0.8)
          expect(delay / (nominal[index] ?? 0)).toBeLessThanOrEqual(1.2)
        })
        expect(new Set(delays.map((delay, index) => delay / (nominal[index] ?? 0))).size).toBe(3)
      })
    )

    it.effect("no answer in 10 s", () =>
      Effect.gen(function* () {
        const { result, seconds } = yield* run(() => Effect.never)
        expect(Either.getLeft(result)).toMatchObject({ value: { reason: "timeout", attempts: 4 } })
        expect(seconds).toHaveLength(4)
        expect(seconds[1]).toBeGreaterThanOrEqual(10.8)
        expect(seconds[1]).toBeLessThanOrEqual(11.2)
      })
    )

    it.effect("headers at once, but a body that never ends: 10 s are for both", () =>
      Effect.gen(function* () {
        const { result, seconds } = yield* run(answers(() => new Response(new ReadableStream({}))))
        expect(Either.getLeft(result)).toMatchObject({ value: { reason: "timeout", attempts: 4 } })
        expect(seconds[1]).toBeGreaterThanOrEqual(10.8)
      })
    )

    it.effect("nor is a 500 an answer before its body is", () =>
      Effect.gen(function* () {
        const { result } = yield* run(answers(() => new Response(new ReadableStream({}), { status: 500 })))
        expect(Either.getLeft(result)).toMatchObject({ value: { reason: "timeout" } })
      })
    )

    it.effect("a failure without a code has no detail", () =>
      Effect.gen(function* () {
        const { error } = yield* failureOf(() => Effect.fail({ cause: "unknown" }))
        expect(error).toMatchObject({ _tag: "TokenEndpointUnavailable", reason: "transport" })
        expect("detail" in error).toBe(false)
      })
    )

    it.effect("and a success ends it", () =>
      Effect.gen(function* () {
        const { result, sent } = yield* run(answers(() => new Response("", { status: 503 }), token))
        expect(Either.isRight(result)).toBe(true)
        expect(sent).toHaveLength(2)
      })
    )
  })

  describe("L7: Retry-After takes the place of the delay", () => {
    const limited = (retryAfter?: string) => () =>
      new Response("", { status: 429, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } })

    it.effect.each([
      ["seconds", "7", 7],
      ["a date", "Thu, 01 Jan 1970 00:00:07 GMT", 7],
      ["zero, which is the usual delay", "0", 1],
      ["a date in the past, which is the usual delay", "Wed, 31 Dec 1969 00:00:00 GMT", 1],
      ["junk, which is the usual delay", "soon", 1],
      ["nothing, which is the usual delay", undefined, 1]
    ] as const)("%s", ([_, header, expected]) =>
      Effect.gen(function* () {
        const { result, seconds } = yield* run(answers(limited(header), token))
        expect(Either.isRight(result)).toBe(true)
        const [low, high] = expected === 7 ? [7, 8.4] : [0.8, 1.2]
        expect(seconds[1]).toBeGreaterThanOrEqual(low)
        expect(seconds[1]).toBeLessThanOrEqual(high)
      })
    )

    it.effect("and is jittered upwards only, for the server said: not before", () =>
      Effect.gen(function* () {
        const waits = yield* Effect.forEach(Array.makeBy(20, String), (seed) =>
          Effect.map(
            run(answers(limited("10"), token), {}, seed),
            ({ seconds }) => (seconds[1] ?? 0) - (seconds[0] ?? 0)
          )
        )
        expect(Math.min(...waits)).toBeGreaterThanOrEqual(10)
        expect(Math.max(...waits)).toBeLessThanOrEqual(12)
        expect(new Set(waits).size).toBeGreaterThan(10)
      })
    )

    it.effect("of a 503 as well", () =>
      Effect.gen(function* () {
        const unavailable = () => new Response("", { status: 503, headers: { "retry-after": "20" } })
        const { seconds } = yield* run(answers(unavailable, token))
        expect(seconds[1]).toBeGreaterThanOrEqual(20)
        expect(seconds[1]).toBeLessThanOrEqual(24)
      })
    )

    it.effect("longer than 60 s is told at once", () =>
      Effect.gen(function* () {
        const { error, sent } = yield* failureOf(answers(limited("61")))
        expect(sent).toHaveLength(1)
        expect(error).toMatchObject({ _tag: "RateLimited", reason: "token_endpoint" })
        expect(error._tag === "RateLimited" && Option.getOrThrow(error.retryAfter)).toEqual(Duration.seconds(61))
      })
    )

    it.effect("and after three of them it is RateLimited", () =>
      Effect.gen(function* () {
        const { error, sent } = yield* failureOf(answers(limited("1")))
        expect(sent).toHaveLength(4)
        expect(error).toMatchObject({ _tag: "RateLimited", origin: "https://platform.nice-ic.com" })
      })
    )
  })

  describe("L7: a refusal is told at once, by what it refuses", () => {
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
      ["404", () => new Response("", { status: 404 }), { _tag: "InvalidTokenResponse", status: 404 }],
      [
        "302",
        () => new Response("", { status: 302, headers: { location: "https://evil.example/" } }),
        { _tag: "InvalidTokenResponse", reason: "redirect", status: 302 }
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

  describe("L7: a refusal is one by its status, whatever becomes of its body", () => {
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
      "its body %s: %#",
      ([_, body, status, expected]) =>
        Effect.gen(function* () {
          const { error, sent } = yield* failureOf(answers(() => new Response(body(), { status })))
          expect(error).toMatchObject({ ...expected, status })
          expect("description" in error ? error.description : undefined).toBeUndefined()
          expect(sent).toHaveLength(1)
        })
    )

    it.effect("and a 429 keeps its Retry-After", () =>
      Effect.gen(function* () {
        const { error, sent } = yield* failureOf(
          answers(() => new Response(breaking(), { status: 429, headers: { "retry-after": "300" } }))
        )
        expect(error).toMatchObject({ _tag: "RateLimited" })
        expect(sent).toHaveLength(1)
      })
    )
  })

  it.effect("S2: the endpoint's query, where a gateway may want a key, is in no error", () =>
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

  it.effect("S3: reads 64 KiB and no more, then lets the answer go", () =>
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

  it.effect("S2: what a provider says is quoted without what was sent to it", () =>
    Effect.gen(function* () {
      const echo: Play = ({ body }) => Effect.sync(() => new Response(`cannot use ${body}`, { status: 400 }))
      const { error } = yield* failureOf(echo)
      expect(error.message).toContain(
        "cannot use grant_type=client_credentials&client_id=<struck>&client_secret=<struck>"
      )
      for (const spelling of [clientSecret, "s%2Fe%2Bc%3Dr+et%26", "my app", "my+app"]) {
        expect(JSON.stringify(error)).not.toContain(spelling)
      }
    })
  )

  it.effect.each([
    ["post", ClientAuth.post],
    ["basic", ClientAuth.basic]
  ] as const)("a client id of a letter leaves a quotation readable: %s", ([_, clientAuth]) =>
    Effect.gen(function* () {
      const credentials = Credentials.clientSecret({ clientId: "a", clientSecret: Redacted.make("s3cr3t"), clientAuth })
      const { result } = yield* run(answers(refusal(401, "invalid_client", "Client authentication failed: s3cr3t")), {
        credentials
      })
      const error = Option.getOrThrow(Either.getLeft(result))
      expect(error.message).toContain('"Client authentication failed: <struck>"')
    })
  )

  it.effect("S2: a successful answer is never quoted, for it may hold a token under another name", () =>
    Effect.gen(function* () {
      const { error } = yield* failureOf(answers(() => json({ bearer: "another-name", message: "another-name" })))
      expect((error as InvalidTokenResponse).reason).toBe("invalid_access_token")
      expect(JSON.stringify(error) + error.message).not.toContain("another-name")
    })
  )
})
