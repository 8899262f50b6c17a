import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Array, Duration, Effect, Exit, Fiber, Option, TestClock } from "effect"
import * as Fake from "../support/FakeCxone.js"
import { credentialsWith, refusalOf, refusedUntil, registerSecret, sent, withAuth } from "../support/SecretsWorld.js"
import { valueOf } from "../support/Tokens.js"

describe("L6: a refusal of the credentials is remembered", () => {
  it.effect("for 30 s every caller fails at once, with what is left of that time, and nothing is sent", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        const first = yield* refusalOf(auth.accessToken)
        expect(first.retryAfter).toEqual(Duration.seconds(30))
        expect(first.message).toContain("For 30s this process does not send these credentials again")
        yield* TestClock.setTime(29_999)
        const others = yield* Effect.all(Array.replicate(refusalOf(auth.accessToken), 1_000), {
          concurrency: "unbounded"
        })
        const later = `Nothing was sent, because an earlier request failed: ${first.message.replace("For 30s", "For 1s")}`
        expect(new Set(others.map(({ message }) => message))).toEqual(new Set([later]))
        expect((yield* refusalOf(auth.accessTokenFor("b"))).message).toBe(later)
        expect(yield* sent).toBe(1)
      })
    )
  )

  it.effect("then one probe is sent; if it is refused that is remembered for 60, 120, 240 and at most 300 s", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        let now = 0
        for (const [probe, seconds] of [30, 60, 120, 240, 300, 300].entries()) {
          const { retryAfter } = yield* refusalOf(auth.accessToken)
          expect(retryAfter).toEqual(Duration.seconds(seconds))
          expect(yield* sent).toBe(probe + 1)
          now += seconds * 1_000
          yield* TestClock.setTime(now - 1)
          yield* refusalOf(auth.accessToken)
          expect(yield* sent).toBe(probe + 1)
          yield* TestClock.setTime(now)
        }
      })
    )
  )

  it.effect("of callers for three sets of scopes one sends the probe; until it ends the others fail at once", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* refusalOf(auth.accessToken)
        yield* TestClock.setTime(30_000)
        yield* inject(Fault.delay("1 second"), { on: "token" })
        const prober = yield* Effect.fork(refusedUntil(auth.accessToken))
        yield* TestClock.adjust(1)
        // The clock stands still: a caller that waited for the probe would never end.
        expect(yield* refusedUntil(auth.accessTokenFor("b"))).toBe(30_000 + 10_000)
        expect(yield* refusedUntil(auth.accessTokenFor("c"))).toBe(30_000 + 10_000)
        yield* TestClock.adjust("1 second")
        expect(yield* Fiber.join(prober)).toBe(31_000 + 60_000)
        expect(yield* refusedUntil(auth.accessTokenFor("b"))).toBe(31_000 + 60_000)
        expect(yield* sent).toBe(2)
      })
    )
  )

  it.effect("a probe that hangs delays no caller for longer than its own time-out", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* refusalOf(auth.accessToken)
        yield* TestClock.setTime(30_000)
        yield* inject(Fault.delay("1 hour"), { on: "token", times: Number.POSITIVE_INFINITY })
        const callers = yield* Effect.forEach(Array.makeBy(20, String), (scope) =>
          Effect.fork(Effect.timed(Effect.flip(auth.accessTokenFor(scope))))
        )
        yield* TestClock.adjust("1 minute")
        const waits = yield* Effect.forEach(callers, Fiber.join)
        expect(Math.max(...waits.map(([took]) => Duration.toSeconds(took)))).toBeLessThan(50)
      })
    )
  )

  it.effect("a probe that gets a token, or is refused for its scopes only, ends the refusal for all", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        yield* refusalOf(auth.accessToken)
        yield* registerSecret("wrong")
        yield* TestClock.setTime(30_000)
        yield* auth.accessToken
        const tokens = yield* Effect.forEach(["b", "c"], auth.accessTokenFor, { concurrency: "unbounded" })
        expect(new Set(tokens.map(valueOf)).size).toBe(2)
        yield* registerSecret("another")
        yield* TestClock.setTime(3_700_000)
        // The next refusal counts for 30 s again.
        expect(yield* refusedUntil(auth.accessToken)).toBe(3_700_000 + 30_000)
        yield* registerSecret("wrong")
        yield* TestClock.setTime(3_730_000)
        expect((yield* Effect.flip(auth.accessTokenFor("never-granted")))._tag).toBe("InsufficientScope")
        yield* registerSecret("another")
        expect(yield* refusedUntil(auth.accessToken)).toBe(3_730_000 + 30_000)
      })
    )
  )

  it.effect("after a probe that fails for another reason the next call probes, for other scopes too", () =>
    withAuth({ credentials: credentialsWith("wrong"), policy: { maxRetries: 0 } }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* refusalOf(auth.accessToken)
        yield* TestClock.setTime(30_000)
        yield* inject(Fault.connectionReset, { on: "token" })
        expect((yield* Effect.flip(auth.accessTokenFor("b")))._tag).toBe("TokenEndpointUnavailable")
        expect(yield* refusedUntil(auth.accessTokenFor("c"))).toBe(30_000 + 60_000)
        expect(yield* sent).toBe(3)
      })
    )
  )

  it.effect("once the credentials have been accepted, exchanges for three sets of scopes run at the same time", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* auth.accessTokenFor("a b")
        yield* inject(Fault.delay("1 second"), { on: "token", times: 3 })
        const callers = yield* Effect.forEach(["a", "b", "c"], (scopes) => Effect.fork(auth.accessTokenFor(scopes)))
        yield* TestClock.adjust("1 second")
        expect(new Set((yield* Effect.forEach(callers, Fiber.join)).map(valueOf)).size).toBe(3)
      })
    )
  )

  it.effect("of 100 exchanges with a wrong secret, each for other scopes, one is sent", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* inject(Fault.delay("1 second"), { on: "token" })
        const callers = yield* Effect.forEach(Array.makeBy(100, String), (scope) =>
          Effect.fork(refusedUntil(auth.accessTokenFor(scope)))
        )
        yield* TestClock.adjust("1 second")
        expect(new Set(yield* Effect.forEach(callers, Fiber.join))).toEqual(new Set([31_000]))
        expect(yield* sent).toBe(1)
      })
    )
  )

  it.effect("of exchanges that run together, the first refusal counts", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* auth.accessTokenFor("c")
        yield* registerSecret("another")
        yield* inject(Fault.delay("1 second"), { on: "token" })
        yield* inject(Fault.delay("2 seconds"), { on: "token" })
        const callers = yield* Effect.forEach(["a", "b"], (scopes) =>
          Effect.fork(refusedUntil(auth.accessTokenFor(scopes)))
        )
        yield* TestClock.adjust("2 seconds")
        expect(yield* Effect.forEach(callers, Fiber.join)).toEqual([31_000, 31_000])
        yield* TestClock.setTime(31_000)
        expect(yield* refusedUntil(auth.accessToken)).toBe(31_000 + 60_000)
      })
    )
  )

  it.effect("after a probe that meets an outage the next caller probes again", () =>
    withAuth({ credentials: credentialsWith("wrong"), policy: { maxRetries: 0 } }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* refusalOf(auth.accessToken)
        yield* TestClock.setTime(30_000)
        yield* inject(Fault.respond({ status: 503 }), { on: "token" })
        expect((yield* Effect.flip(auth.accessToken))._tag).toBe("TokenEndpointUnavailable")
        yield* TestClock.setTime(31_000)
        expect(yield* refusedUntil(auth.accessToken)).toBe(91_000)
        expect(yield* sent).toBe(3)
      })
    )
  )

  it.effect("L12: a clock that was set back ends the refusal", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(100_000_000)
        yield* refusalOf(auth.accessToken)
        yield* TestClock.setTime(50_000_000)
        expect(yield* refusedUntil(auth.accessToken)).toBe(50_000_000 + 60_000)
      })
    )
  )

  it.effect("L5: a refused renewal fails no call while the token lives", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        const token = yield* auth.accessToken
        yield* registerSecret("another")
        for (let at = 3_240_000; at < 3_570_000; at += 10_000) {
          yield* TestClock.setTime(at)
          expect(yield* auth.accessToken).toBe(token)
        }
        // The renewal was refused once, and probed after 30, 60 and 120 s more; 240 s more would be past the margin.
        expect(yield* sent).toBe(5)
        yield* TestClock.setTime(3_570_000)
        yield* refusalOf(auth.accessToken)
        expect(yield* sent).toBe(5)
      })
    )
  )

  it.effect("a connection that fails is not remembered", () =>
    withAuth({ credentials: credentialsWith("right"), policy: { maxRetries: 0 } }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* inject(Fault.connectionReset, { on: "token" })
        expect((yield* Effect.flip(auth.accessToken))._tag).toBe("TokenEndpointUnavailable")
        expect((yield* auth.accessToken).scopes).toEqual(["a"])
      })
    )
  )
})

describe("L6: no loop of callers gets more than the paced exchanges out of the token endpoint", () => {
  const jwtThatEnded = Fake.jwt({ iat: -3_600, exp: 0 })

  /** What the endpoint answers for ever, and how many requests are sent in the first minute. */
  const answers: ReadonlyArray<readonly [name: string, answer: Parameters<typeof Fault.respond>[0], sent: number]> = [
    ["403 of a firewall", { status: 403, body: "<h1>blocked</h1>" }, 6],
    ["403 with Retry-After: 60", { status: 403, headers: { "retry-after": "60" } }, 1],
    ["404", { status: 404 }, 6],
    ["407", { status: 407 }, 6],
    ["a page", { status: 200, body: "<h1>Maintenance</h1>" }, 6],
    ["an answer without a token", { status: 200, body: "{}" }, 6],
    ["slow_down", { status: 400, body: '{"error":"slow_down"}' }, 6],
    ["invalid_scope", { status: 400, body: '{"error":"invalid_scope"}' }, 6],
    ["invalid_client", { status: 401, body: '{"error":"invalid_client"}' }, 2],
    ["a token_type that is not known", { status: 200, body: '{"access_token":"t","token_type":"mac"}' }, 6],
    ["a redirect", { status: 302, headers: { location: "/" } }, 6],
    ["429", { status: 429 }, 6],
    ["429 with Retry-After: 3600", { status: 429, headers: { "retry-after": "3600" } }, 1],
    ["503 with Retry-After: 3600", { status: 503, headers: { "retry-after": "3600" } }, 1],
    // With its retries, an exchange of these sends four requests.
    ["503", { status: 503 }, 24],
    ["temporarily_unavailable", { status: 400, body: '{"error":"temporarily_unavailable"}' }, 24],
    ["expires_in: 0", { status: 200, body: '{"access_token":"t","expires_in":0}' }, 24],
    ["a JWT that has ended", { status: 200, body: JSON.stringify({ access_token: jwtThatEnded }) }, 24]
  ]

  it.effect.each(answers)("%s", ([_, answer, expected]) =>
    withAuth({ credentials: credentialsWith("right"), policy: { maxWait: 0 } }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* inject(Fault.respond(answer), { on: "token", times: Number.POSITIVE_INFINITY })
        for (let tenth = 0; tenth < 600; tenth++) {
          yield* Effect.fork(Effect.all(Array.replicate(Effect.either(auth.accessToken), 3), { concurrency: 3 }))
          yield* TestClock.adjust("100 millis")
        }
        expect(yield* sent).toBeLessThanOrEqual(expected)
        expect(yield* sent).toBeGreaterThan(expected / 3)
      })
    )
  )

  it.effect("a failure of one set of scopes doesn't hold back the others", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        expect((yield* Effect.flip(auth.accessTokenFor("never-granted")))._tag).toBe("InsufficientScope")
        expect((yield* auth.accessToken).scopes).toEqual(["a"])
      })
    )
  )

  it.effect("a caller with the patience waits for the end of a pause, and gets the token", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* inject(Fault.respond({ status: 404 }), { on: "token" })
        expect(yield* Effect.flip(auth.accessToken)).toMatchObject({
          _tag: "InvalidTokenResponse",
          retryAfter: Duration.seconds(1)
        })
        const caller = yield* Effect.fork(auth.accessToken)
        yield* TestClock.adjust("1 second")
        expect((yield* Fiber.join(caller)).scopes).toEqual(["a"])
      })
    )
  )
})

describe("L6: a 429 is remembered", () => {
  const limit = (retryAfter?: string) =>
    Effect.flatMap(CxoneSimulator, ({ inject }) =>
      inject(
        Fault.respond({ status: 429, ...(retryAfter === undefined ? {} : { headers: { "retry-after": retryAfter } }) }),
        {
          on: "token"
        }
      )
    )

  it.effect(
    "with a Retry-After longer than callers wait, all fail at once with the time that is left, and nothing is sent",
    () =>
      withAuth({ credentials: credentialsWith("right") }, (auth) =>
        Effect.gen(function* () {
          yield* limit("300")
          expect(yield* Effect.flip(auth.accessToken)).toMatchObject({
            _tag: "RateLimited",
            retryAfter: Duration.seconds(300)
          })
          yield* TestClock.setTime(200_000)
          expect(yield* Effect.flip(auth.accessTokenFor("b"))).toMatchObject({
            _tag: "RateLimited",
            retryAfter: Duration.seconds(100)
          })
          expect(yield* sent).toBe(1)
          yield* TestClock.setTime(300_000)
          expect((yield* auth.accessToken).scopes).toEqual(["a"])
        })
      )
  )

  it.effect(
    "with a Retry-After of up to 60 s callers wait, for every set of scopes, and nothing is sent before it has passed",
    () =>
      withAuth({ credentials: credentialsWith("right") }, (auth) =>
        Effect.gen(function* () {
          yield* limit("60")
          const first = yield* Effect.fork(auth.accessToken)
          yield* TestClock.adjust("10 seconds")
          const second = yield* Effect.fork(auth.accessTokenFor("b"))
          yield* TestClock.adjust("49 seconds")
          expect(yield* sent).toBe(1)
          yield* TestClock.adjust("1 second")
          expect((yield* Fiber.join(first)).scopes).toEqual(["a"])
          expect((yield* Fiber.join(second)).scopes).toEqual(["b"])
          expect(yield* sent).toBe(3)
        })
      )
  )

  it.effect("an exchange waits for at most 60 s in all", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        yield* limit("40")
        yield* limit("40")
        const caller = yield* Effect.fork(Effect.flip(auth.accessToken))
        yield* TestClock.adjust("40 seconds")
        expect(yield* Fiber.join(caller)).toMatchObject({ retryAfter: Duration.seconds(40) })
        expect(yield* sent).toBe(2)
      })
    )
  )

  it.effect("with a maxWait of 0 no caller waits", () =>
    withAuth({ credentials: credentialsWith("right"), policy: { maxWait: 0 } }, (auth) =>
      Effect.gen(function* () {
        yield* limit()
        expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ retryAfter: Duration.seconds(1) })
        expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ _tag: "RateLimited" })
        expect(yield* sent).toBe(1)
        yield* TestClock.setTime(1_000)
        yield* auth.accessToken
      })
    )
  )

  it.effect("a Retry-After counts for at most one hour", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        yield* limit("999999999")
        yield* Effect.flip(auth.accessToken)
        yield* TestClock.setTime(3_539_999)
        yield* Effect.flip(auth.accessToken)
        yield* TestClock.setTime(3_600_000)
        yield* auth.accessToken
        expect(yield* sent).toBe(2)
      })
    )
  )

  it.effect.each([[undefined], ["0"], ["soon"], ["Thu, 01 Jan 1970 00:00:00 GMT"]] as const)(
    "with Retry-After %s the wait is 1 s, and doubles until there is a token",
    ([retryAfter]) =>
      withAuth({ credentials: credentialsWith("right"), policy: { maxWait: 0 } }, (auth) =>
        Effect.gen(function* () {
          let now = 0
          for (const seconds of [1, 2, 4, 8]) {
            yield* limit(retryAfter)
            expect(yield* Effect.flip(auth.accessToken)).toMatchObject({
              retryAfter: Duration.seconds(seconds)
            })
            now += seconds * 1_000
            yield* TestClock.setTime(now)
          }
          yield* auth.invalidate(yield* auth.accessToken)
          yield* limit(retryAfter)
          expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ retryAfter: Duration.seconds(1) })
        })
      )
  )

  it.effect("L12: a clock that was set back ends the wait", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(100_000_000)
        yield* limit("3600")
        yield* Effect.flip(auth.accessToken)
        yield* TestClock.setTime(50_000_000)
        expect((yield* auth.accessToken).scopes).toEqual(["a"])
      })
    )
  )

  it.effect("L3: a caller that is interrupted while it waits ends at once, and the others wait on", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        yield* limit("30")
        const first = yield* Effect.fork(auth.accessToken)
        const second = yield* Effect.fork(auth.accessToken)
        yield* TestClock.adjust("10 seconds")
        expect(Exit.isInterrupted(yield* Fiber.interrupt(first))).toBe(true)
        yield* TestClock.adjust("20 seconds")
        expect((yield* Fiber.join(second)).scopes).toEqual(["a"])
      })
    )
  )

  it.effect("a second 429 does not give a waiting caller a new minute", () =>
    withAuth(
      { credentials: credentialsWith("right") },
      (auth) =>
        Effect.gen(function* () {
          const { inject, requestsTo } = yield* CxoneSimulator
          yield* inject(Fault.respond({ status: 429, headers: { "retry-after": "59" } }), { on: "token", times: 2 })
          const first = yield* Effect.fork(Effect.flip(auth.accessTokenFor("a")))
          yield* TestClock.adjust("60 seconds")
          // Because of the jitter the first caller still waits when this one finds the gate open and closes it again.
          const second = yield* Effect.fork(auth.accessTokenFor("b"))
          yield* TestClock.adjust("11 seconds")
          expect((yield* requestsTo("token")).length).toBe(2)
          const told = yield* Fiber.poll(first)
          expect(
            Option.map(
              told,
              Exit.map(({ _tag }) => _tag)
            )
          ).toEqual(Option.some(Exit.succeed("RateLimited")))
          yield* Fiber.interrupt(second)
        }),
      1
    )
  )
})
