import { describe, expect, it } from "@effect/vitest"
import { Array, Duration, Effect, Either, Option } from "effect"
import * as Fake from "../support/FakeCxone.js"
import { answers, json, type Play } from "../support/ScriptedHttpClient.js"
import { failureOf, refusal, run, token } from "../support/TokenExchange.js"

describe("RetriedExchange", () => {
  describe("L7: a transient failure is retried after 1, 2 and 4 s, each jittered by a fifth", () => {
    const transient: ReadonlyArray<readonly [string, Play, object]> = [
      ["500", answers(() => new Response("", { status: 500 })), { reason: "status", status: 500 }],
      ["502 with HTML", answers(() => new Response("<html>", { status: 502 })), { reason: "status", status: 502 }],
      ["503", answers(() => new Response("", { status: 503 })), { reason: "status", status: 503 }],
      [
        "temporarily_unavailable in a body",
        answers(refusal(400, "temporarily_unavailable")),
        { reason: "status", status: 400, detail: "temporarily_unavailable" }
      ],
      [
        "server_error in a body with status 200",
        answers(refusal(200, "server_error")),
        { reason: "status", status: 200, detail: "server_error" }
      ],
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

    it.effect.each<readonly [name: string, answer: () => Response]>([
      ["expires_in 0", () => json({ access_token: "old", expires_in: 0 })],
      ["expires_in less than a second", () => json({ access_token: "old", expires_in: "0.9" })],
      ["a JWT that has ended", () => json({ access_token: Fake.jwt({ iat: -3600, exp: 0 }) })]
    ])("L8: a token that has ended on arrival: %s", ([_, old]) =>
      Effect.gen(function* () {
        const once = yield* run(answers(old, token))
        expect(Either.isRight(once.result)).toBe(true)
        expect(once.seconds[1]).toBeGreaterThanOrEqual(0.8)
        expect(once.seconds[1]).toBeLessThanOrEqual(1.2)
        const { error, sent } = yield* failureOf(answers(old))
        expect(error).toMatchObject({
          _tag: "InvalidTokenResponse",
          reason: "expired",
          retryAfter: Duration.seconds(1)
        })
        expect(sent).toHaveLength(4)
      })
    )

    it.effect("C7: no answer in 10 s", () =>
      Effect.gen(function* () {
        const { result, seconds } = yield* run(() => Effect.never)
        expect(Either.getLeft(result)).toMatchObject({ value: { reason: "timeout", attempts: 4 } })
        expect(seconds).toHaveLength(4)
        expect(seconds[1]).toBeGreaterThanOrEqual(10.8)
        expect(seconds[1]).toBeLessThanOrEqual(11.2)
      })
    )

    it.effect("C7: headers at once, but a body that never ends: the 10 s are for both", () =>
      Effect.gen(function* () {
        const { result, seconds } = yield* run(answers(() => new Response(new ReadableStream({}))))
        expect(Either.getLeft(result)).toMatchObject({ value: { reason: "timeout", attempts: 4 } })
        expect(seconds[1]).toBeGreaterThanOrEqual(10.8)
      })
    )

    it.effect("C7: a 500 with a body that never ends is a time-out", () =>
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

    it.effect("a success ends the retries", () =>
      Effect.gen(function* () {
        const { result, sent } = yield* run(answers(() => new Response("", { status: 503 }), token))
        expect(Either.isRight(result)).toBe(true)
        expect(sent).toHaveLength(2)
      })
    )
  })

  it.effect.each<readonly [name: string, cause: unknown, expected: object]>([
    ...[
      "CERT_HAS_EXPIRED",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "SELF_SIGNED_CERT_IN_CHAIN",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "UND_ERR_PRX_TLS"
    ].map(
      (code) =>
        [code, new TypeError("fetch failed", { cause: { code } }), { reason: "certificate", detail: code }] as const
    ),
    [
      "a proxy's 407, as undici says it",
      new TypeError("fetch failed", {
        cause: Object.assign(new Error("Proxy response (407) !== 200 when HTTP Tunneling"), { code: "UND_ERR_ABORTED" })
      }),
      { reason: "proxy_authentication" }
    ]
  ])("L7: what no try mends is not tried again: %s", ([_, cause, expected]) =>
    Effect.gen(function* () {
      const { error, sent } = yield* failureOf(() => Effect.fail({ cause }))
      expect(error).toMatchObject({ _tag: "TokenEndpointUnavailable", attempts: 1, ...expected })
      expect(error.message).toMatch(/NODE_EXTRA_CA_CERTS|the proxy in between wants credentials/)
      expect(sent).toHaveLength(1)
    })
  )

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

    it.effect("it is jittered upwards only, because the server said: not before", () =>
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

    it.effect("a 503 may have one as well", () =>
      Effect.gen(function* () {
        const unavailable = () => new Response("", { status: 503, headers: { "retry-after": "20" } })
        const { seconds } = yield* run(answers(unavailable, token))
        expect(seconds[1]).toBeGreaterThanOrEqual(20)
        expect(seconds[1]).toBeLessThanOrEqual(24)
      })
    )

    it.effect("the waits of a 503 count once against the 60 s: two of 30 s fit, and 61 s don't", () =>
      Effect.gen(function* () {
        const attempts = (seconds: string) =>
          failureOf(answers(() => new Response("", { status: 503, headers: { "retry-after": seconds } }))).pipe(
            Effect.map(({ sent }) => sent.length)
          )
        expect(yield* attempts("20")).toBe(4)
        expect(yield* attempts("30")).toBe(3)
        expect(yield* attempts("31")).toBe(2)
        expect(yield* attempts("60")).toBe(2)
        expect(yield* attempts("61")).toBe(1)
      })
    )

    it.effect("if it is longer than 60 s the exchange fails at once", () =>
      Effect.gen(function* () {
        const { error, sent } = yield* failureOf(answers(limited("61")))
        expect(sent).toHaveLength(1)
        expect(error).toMatchObject({ _tag: "RateLimited", reason: "token_endpoint" })
        expect(error._tag === "RateLimited" && error.retryAfter).toEqual(Duration.seconds(61))
      })
    )

    it.effect("after three retries the error is RateLimited", () =>
      Effect.gen(function* () {
        const { error, sent } = yield* failureOf(answers(limited("1")))
        expect(sent).toHaveLength(4)
        expect(error).toMatchObject({ _tag: "RateLimited", origin: "https://platform.nice-ic.com" })
      })
    )
  })
})
