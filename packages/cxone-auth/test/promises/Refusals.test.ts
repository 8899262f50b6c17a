import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  type AccessToken,
  Credentials,
  CxoneAuth,
  type CxoneAuthError,
  type CxoneAuthOptions,
  type InvalidClient,
  type RotatingCredentials
} from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import {
  Array,
  Clock,
  Config,
  ConfigProvider,
  Duration,
  Effect,
  Either,
  Exit,
  Fiber,
  HashMap,
  Layer,
  Logger,
  LogLevel,
  Option,
  Random,
  Redacted,
  Ref,
  TestClock
} from "effect"

const credentialsWith = (clientSecret: string) =>
  Credentials.clientSecret({ clientId: "reporting-job", clientSecret: Redacted.make(clientSecret) })

/** The simulator knows the client by this secret, and no other. */
const registerSecret = (secret: string) =>
  Effect.flatMap(CxoneSimulator, ({ registerClient }) =>
    registerClient({ clientId: "reporting-job", clientSecret: Redacted.make(secret), scopes: ["a", "b", "c"] })
  )

/** Runs it with a token service at the simulator in memory. `right` is the secret that the simulator knows at first. */
const withAuth = <A, E>(
  options: Omit<CxoneAuthOptions, "environment">,
  body: (auth: typeof CxoneAuth.Service) => Effect.Effect<A, E, CxoneSimulator>,
  draw = 0
) =>
  Effect.gen(function* () {
    yield* registerSecret("right")
    const { environment } = yield* CxoneSimulator
    const layer = CxoneAuth.layer({ environment, scopes: "a", ...options })
    return yield* Effect.provide(Effect.flatMap(CxoneAuth, body), layer)
  }).pipe(Effect.provide(CxoneSimulator.layerHttpClient()), Effect.withRandom(Random.fixed([draw])))

/** The secrets that were sent, in order. */
const secretsSent = Effect.flatMap(CxoneSimulator, ({ requestsTo }) =>
  Effect.map(requestsTo("token"), (requests) =>
    requests.map(({ body }) => new URLSearchParams(Redacted.value(body)).get("client_secret"))
  )
)
const sent = Effect.map(secretsSent, ({ length }) => length)

const refusalOf = (call: Effect.Effect<AccessToken, CxoneAuthError>) =>
  Effect.flatMap(Effect.flip(call), (error) =>
    error._tag === "InvalidClient" ? Effect.succeed(error) : Effect.die(`not refused, but ${error.message}`)
  )

const untilOf = ({ until }: InvalidClient) => until ?? Number.NaN

const valueOf = ({ value }: AccessToken) => Redacted.value(value)

describe("L6: refusals are remembered", () => {
  it.effect("for 30 s every caller fails at once with the same error, and the endpoint sees nothing", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        const first = yield* refusalOf(auth.accessToken)
        expect(first.until).toBe(30_000)
        expect(first.message).toContain("Until 1970-01-01T00:00:30.000Z these credentials are not sent again")
        yield* TestClock.setTime(29_999)
        const others = yield* Effect.all(Array.replicate(refusalOf(auth.accessToken), 1_000), {
          concurrency: "unbounded"
        })
        expect(new Set(others.map(({ message }) => message))).toEqual(new Set([first.message]))
        expect((yield* refusalOf(auth.accessTokenFor("b"))).message).toBe(first.message)
        expect(yield* sent).toBe(1)
      })
    )
  )

  it.effect("then there is one probe; refused again it is remembered for 60, 120, 240 s, and never more than 300", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        let now = 0
        for (const [probe, seconds] of [30, 60, 120, 240, 300, 300].entries()) {
          const error = yield* refusalOf(auth.accessToken)
          expect(untilOf(error)).toBe(now + seconds * 1_000)
          expect(yield* sent).toBe(probe + 1)
          yield* TestClock.setTime(untilOf(error) - 1)
          yield* refusalOf(auth.accessToken)
          expect(yield* sent).toBe(probe + 1)
          now = untilOf(error)
          yield* TestClock.setTime(now)
        }
      })
    )
  )

  it.effect("of callers for three sets of scopes one probes; until it is over the others fail as before, at once", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* refusalOf(auth.accessToken)
        yield* TestClock.setTime(30_000)
        yield* inject(Fault.delay("1 second"), { on: "token" })
        const prober = yield* Effect.fork(refusalOf(auth.accessToken))
        yield* TestClock.adjust(1)
        // Nobody moves the clock: whoever waited for the probe would wait for ever.
        expect(untilOf(yield* refusalOf(auth.accessTokenFor("b")))).toBe(30_000 + 10_000)
        expect(untilOf(yield* refusalOf(auth.accessTokenFor("c")))).toBe(30_000 + 10_000)
        yield* TestClock.adjust("1 second")
        expect(untilOf(yield* Fiber.join(prober))).toBe(31_000 + 60_000)
        expect(untilOf(yield* refusalOf(auth.accessTokenFor("b")))).toBe(31_000 + 60_000)
        expect(yield* sent).toBe(2)
      })
    )
  )

  it.effect("a probe that hangs holds nobody for longer than its own time-out", () =>
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

  it.effect(
    "a probe that gets a token opens the way for all, and one whose scopes are refused has proved the client",
    () =>
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
          // The memory begins anew, at 30 s.
          expect(untilOf(yield* refusalOf(auth.accessToken))).toBe(3_700_000 + 30_000)
          yield* registerSecret("wrong")
          yield* TestClock.setTime(3_730_000)
          expect((yield* Effect.flip(auth.accessTokenFor("never-granted")))._tag).toBe("InsufficientScope")
          yield* registerSecret("another")
          expect(untilOf(yield* refusalOf(auth.accessToken))).toBe(3_730_000 + 30_000)
        })
      )
  )

  it.effect("a probe without a verdict leaves the way half open, for another set of scopes as well", () =>
    withAuth({ credentials: credentialsWith("wrong"), policy: { retries: 0 } }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* refusalOf(auth.accessToken)
        yield* TestClock.setTime(30_000)
        yield* inject(Fault.connectionReset, { on: "token" })
        expect((yield* Effect.flip(auth.accessTokenFor("b")))._tag).toBe("TokenEndpointUnavailable")
        expect(untilOf(yield* refusalOf(auth.accessTokenFor("c")))).toBe(30_000 + 60_000)
        expect(yield* sent).toBe(3)
      })
    )
  )

  it.effect("while none is remembered, exchanges for three sets of scopes go at the same time", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* inject(Fault.delay("1 second"), { on: "token", times: 3 })
        const callers = yield* Effect.forEach(["a", "b", "c"], (scopes) => Effect.fork(auth.accessTokenFor(scopes)))
        yield* TestClock.adjust("1 second")
        expect(new Set((yield* Effect.forEach(callers, Fiber.join)).map(valueOf)).size).toBe(3)
      })
    )
  )

  it.effect("of exchanges that were under way together, the first refusal counts", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* inject(Fault.delay("1 second"), { on: "token" })
        yield* inject(Fault.delay("2 seconds"), { on: "token" })
        const callers = yield* Effect.forEach(["a", "b"], (scopes) =>
          Effect.fork(refusalOf(auth.accessTokenFor(scopes)))
        )
        yield* TestClock.adjust("2 seconds")
        expect((yield* Effect.forEach(callers, Fiber.join)).map(untilOf)).toEqual([31_000, 31_000])
        yield* TestClock.setTime(31_000)
        expect(untilOf(yield* refusalOf(auth.accessToken))).toBe(31_000 + 60_000)
      })
    )
  )

  it.effect("a probe that meets an outage leaves the way half open: the next caller probes again", () =>
    withAuth({ credentials: credentialsWith("wrong"), policy: { retries: 0 } }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* refusalOf(auth.accessToken)
        yield* TestClock.setTime(30_000)
        yield* inject(Fault.respond({ status: 503 }), { on: "token" })
        expect((yield* Effect.flip(auth.accessToken))._tag).toBe("TokenEndpointUnavailable")
        expect(untilOf(yield* refusalOf(auth.accessToken))).toBe(90_000)
        expect(yield* sent).toBe(3)
      })
    )
  )

  it.effect("a clock that was set back does not stretch it", () =>
    withAuth({ credentials: credentialsWith("wrong") }, (auth) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(100_000_000)
        yield* refusalOf(auth.accessToken)
        yield* TestClock.setTime(50_000_000)
        expect(untilOf(yield* refusalOf(auth.accessToken))).toBe(50_000_000 + 60_000)
      })
    )
  )

  it.effect("L5: a refusal while the token lives fails no call before the margin", () =>
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

  it.effect("an outage, a scope that is not granted and an answer that is no token are not remembered", () =>
    withAuth({ credentials: credentialsWith("right"), policy: { retries: 0 } }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* inject(Fault.connectionReset, { on: "token" })
        expect((yield* Effect.flip(auth.accessToken))._tag).toBe("TokenEndpointUnavailable")
        yield* inject(Fault.respond({ status: 200, body: "<html>" }), { on: "token" })
        expect((yield* Effect.flip(auth.accessToken))._tag).toBe("InvalidTokenResponse")
        expect((yield* Effect.flip(auth.accessTokenFor("never-granted")))._tag).toBe("InsufficientScope")
        expect((yield* auth.accessToken).scopes).toEqual(["a"])
        expect(yield* sent).toBe(4)
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
    "with more ahead than callers wait for, all fail at once and are told how long; the endpoint sees nothing",
    () =>
      withAuth({ credentials: credentialsWith("right") }, (auth) =>
        Effect.gen(function* () {
          yield* limit("300")
          expect(yield* Effect.flip(auth.accessToken)).toMatchObject({
            _tag: "RateLimited",
            retryAfter: Option.some(Duration.seconds(300))
          })
          yield* TestClock.setTime(200_000)
          expect(yield* Effect.flip(auth.accessTokenFor("b"))).toMatchObject({
            _tag: "RateLimited",
            retryAfter: Option.some(Duration.seconds(100))
          })
          expect(yield* sent).toBe(1)
          yield* TestClock.setTime(300_000)
          expect((yield* auth.accessToken).scopes).toEqual(["a"])
        })
      )
  )

  it.effect("with up to 60 s ahead callers wait, of every set of scopes, and nothing is sent before its time", () =>
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

  it.effect("an exchange does not wait for more than 60 s in all", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        yield* limit("40")
        yield* limit("40")
        const caller = yield* Effect.fork(Effect.flip(auth.accessToken))
        yield* TestClock.adjust("40 seconds")
        expect(yield* Fiber.join(caller)).toMatchObject({ retryAfter: Option.some(Duration.seconds(40)) })
        expect(yield* sent).toBe(2)
      })
    )
  )

  it.effect("with maxWait 0 nobody waits, not even for a second", () =>
    withAuth({ credentials: credentialsWith("right"), policy: { maxWait: 0 } }, (auth) =>
      Effect.gen(function* () {
        yield* limit()
        expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ retryAfter: Option.some(Duration.seconds(1)) })
        expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ _tag: "RateLimited" })
        expect(yield* sent).toBe(1)
        yield* TestClock.setTime(1_000)
        yield* auth.accessToken
      })
    )
  )

  it.effect("no Retry-After is believed beyond an hour", () =>
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
    "with Retry-After %s it is 1 s, doubling until there is a token",
    ([retryAfter]) =>
      withAuth({ credentials: credentialsWith("right"), policy: { maxWait: 0 } }, (auth) =>
        Effect.gen(function* () {
          let now = 0
          for (const seconds of [1, 2, 4, 8]) {
            yield* limit(retryAfter)
            expect(yield* Effect.flip(auth.accessToken)).toMatchObject({
              retryAfter: Option.some(Duration.seconds(seconds))
            })
            now += seconds * 1_000
            yield* TestClock.setTime(now)
          }
          yield* auth.invalidate(yield* auth.accessToken)
          yield* limit(retryAfter)
          expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ retryAfter: Option.some(Duration.seconds(1)) })
        })
      )
  )

  it.effect("a clock that was set back does not stretch it", () =>
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

  it.effect("L3: whoever leaves while waiting leaves at once, and the others wait on", () =>
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
})

it.effect("L6: who waited for one 429 when another comes has what is left of the minute, not a new one", () =>
  withAuth(
    { credentials: credentialsWith("right") },
    (auth) =>
      Effect.gen(function* () {
        const { inject, requestsTo } = yield* CxoneSimulator
        yield* inject(Fault.respond({ status: 429, headers: { "retry-after": "59" } }), { on: "token", times: 2 })
        const first = yield* Effect.fork(Effect.flip(auth.accessTokenFor("a")))
        yield* TestClock.adjust("60 seconds")
        // By the jitter the first one still waits when this one finds the gate open, and has it closed again.
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

describe("L3: an exchange runs as the layer was built", () => {
  it.effect("whatever its first caller has set: config, annotations, tracing", () =>
    Effect.gen(function* () {
      const credentials = Effect.map(Config.string("SECRET"), credentialsWith)
      const layersOwn = ConfigProvider.fromMap(new Map([["SECRET", "right"]]))
      const callers = ConfigProvider.fromMap(new Map([["SECRET", "another"]]))
      const lines: Array<string> = []
      const logger = Logger.make(({ annotations }) => {
        lines.push(String(HashMap.get(annotations, "user")))
      })
      yield* withAuth({ credentials }, ({ accessToken }) =>
        accessToken.pipe(
          Effect.withConfigProvider(callers),
          Effect.annotateLogs("user", "alice"),
          Effect.withTracerEnabled(false)
        )
      ).pipe(
        Effect.withConfigProvider(layersOwn),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Logger.withMinimumLogLevel(LogLevel.All)
      )
      expect(lines.length).toBeGreaterThan(0)
      expect(lines.join()).not.toContain("alice")
    })
  )

  it.effect.each([
    ["the credentials", { credentials: Effect.interrupt }, "CredentialsUnavailable"],
    [
      "the credentials, by way of a fiber",
      {
        credentials: Effect.flatMap(Effect.fork(Effect.never), (fiber) =>
          Effect.zipRight(Fiber.interrupt(fiber), Fiber.join(fiber))
        )
      },
      "CredentialsUnavailable"
    ]
  ] as const)("an interruption from within %s interrupts no caller", ([, options, tag]) =>
    withAuth(options, (auth) =>
      Effect.gen(function* () {
        expect((yield* Effect.flip(auth.accessToken))._tag).toBe(tag)
      })
    )
  )

  it.effect.each([
    ["interrupts itself", Effect.interrupt],
    ["dies", Effect.die(new Error("s3cr3t in the form"))]
  ] as const)("an HttpClient that %s is a transport that failed", ([, broken]) =>
    Effect.gen(function* () {
      const { credentials, environment } = yield* CxoneSimulator
      const http = Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make(() => broken)
      )
      const layer = CxoneAuth.layer({ credentials, environment, policy: { retries: 0 } })
      const error = yield* Effect.flatMap(CxoneAuth, ({ accessToken }) => Effect.flip(accessToken)).pipe(
        Effect.provide(Layer.provide(layer, http))
      )
      expect(error).toMatchObject({ _tag: "TokenEndpointUnavailable", reason: "transport" })
      expect(String(error)).not.toContain("s3cr3t")
    }).pipe(Effect.provide(CxoneSimulator.layerHttpClient()))
  )
})

describe("L10: rotation", () => {
  /** Credentials that change when they are set, and count how often they are read. */
  const changing = (secret: string) =>
    Effect.gen(function* () {
      const current = yield* Ref.make(secret)
      const reads = yield* Ref.make(0)
      return {
        credentials: Effect.zipRight(
          Ref.update(reads, (n) => n + 1),
          Effect.map(Ref.get(current), credentialsWith)
        ),
        set: (next: string) => Ref.set(current, next),
        reads: Ref.get(reads)
      }
    })

  it.effect("the effect is read at each exchange, and not for a cached token; the old token serves to its end", () =>
    Effect.gen(function* () {
      const { credentials, reads, set } = yield* changing("right")
      yield* withAuth({ credentials }, (auth) =>
        Effect.gen(function* () {
          const old = yield* auth.accessToken
          yield* set("rotated")
          yield* registerSecret("rotated")
          yield* Effect.all(Array.replicate(auth.accessToken, 100))
          expect(yield* reads).toBe(1)
          expect(yield* auth.accessToken).toBe(old)
          yield* TestClock.setTime(3_570_000)
          expect(valueOf(yield* auth.accessToken)).not.toBe(valueOf(old))
          expect(yield* secretsSent).toEqual(["right", "rotated"])
          expect(yield* reads).toBe(2)
        })
      )
    })
  )

  it.effect("L6: other credentials clear a refusal at once", () =>
    Effect.gen(function* () {
      const { credentials, set } = yield* changing("wrong")
      yield* withAuth({ credentials }, (auth) =>
        Effect.gen(function* () {
          yield* refusalOf(auth.accessToken)
          yield* refusalOf(auth.accessToken)
          yield* set("right")
          expect((yield* auth.accessToken).scopes).toEqual(["a"])
          expect(yield* secretsSent).toEqual(["wrong", "right"])
        })
      )
    })
  )

  it.effect("while they are refused, 1,000 callers at once read the effect once", () =>
    Effect.gen(function* () {
      const { credentials, reads } = yield* changing("wrong")
      yield* withAuth({ credentials: Effect.delay(credentials, "1 second") }, (auth) =>
        Effect.gen(function* () {
          const first = yield* Effect.fork(refusalOf(auth.accessToken))
          yield* TestClock.adjust("1 second")
          const error = yield* Fiber.join(first)
          const callers = yield* Effect.fork(
            Effect.all(Array.replicate(refusalOf(auth.accessToken), 1_000), { concurrency: "unbounded" })
          )
          yield* TestClock.adjust("1 second")
          expect((yield* Fiber.join(callers)).every(({ message }) => message === error.message)).toBe(true)
          expect(yield* reads).toBe(2)
          expect(yield* sent).toBe(1)
        })
      )
    })
  )

  it.effect("current and next: when the current one is refused the next is tried in the same call, and stays", () =>
    withAuth(
      { credentials: Credentials.rotating({ current: credentialsWith("right"), next: credentialsWith("next") }) },
      (auth) =>
        Effect.gen(function* () {
          yield* auth.accessToken
          yield* registerSecret("next")
          yield* TestClock.setTime(3_570_000)
          expect((yield* auth.accessToken).scopes).toEqual(["a"])
          expect((yield* auth.accessTokenFor("b")).scopes).toEqual(["b"])
          yield* TestClock.setTime(2 * 3_570_000)
          yield* auth.accessToken
          expect(yield* secretsSent).toEqual(["right", "right", "next", "next", "next"])
        })
    )
  )

  it.effect("and back again, should the provider return to the current one", () =>
    withAuth(
      { credentials: Credentials.rotating({ current: credentialsWith("current"), next: credentialsWith("right") }) },
      (auth) =>
        Effect.gen(function* () {
          yield* auth.accessToken
          yield* registerSecret("current")
          yield* TestClock.setTime(3_570_000)
          yield* auth.accessToken
          expect(yield* secretsSent).toEqual(["current", "right", "right", "current"])
        })
    )
  )

  it.effect("both refused: one error that says so, and neither is sent again until the first may be", () =>
    withAuth(
      { credentials: Credentials.rotating({ current: credentialsWith("old"), next: credentialsWith("new") }) },
      (auth) =>
        Effect.gen(function* () {
          const error = yield* refusalOf(auth.accessToken)
          expect(error).toMatchObject({ bothRefused: true, until: 30_000 })
          expect(error.message).toContain("refused the client, with the current and with the next credentials (401")
          expect(yield* refusalOf(auth.accessToken)).toEqual(error)
          expect(yield* secretsSent).toEqual(["old", "new"])
        })
    )
  )

  it.effect.each([
    ["current", "next"],
    ["next", "current"]
  ] as const)("both refused, the %s ones first: until the first of the two may be sent again", ([earlier, later]) =>
    Effect.gen(function* () {
      const first = credentialsWith("first")
      const input = yield* Ref.make<Credentials | RotatingCredentials>(first)
      yield* withAuth({ credentials: Ref.get(input) }, (auth) =>
        Effect.gen(function* () {
          yield* refusalOf(auth.accessToken)
          yield* TestClock.setTime(10_000)
          const both = { [earlier]: first, [later]: credentialsWith("second") }
          yield* Ref.set(input, Credentials.rotating({ current: first, next: first, ...both }))
          expect(yield* refusalOf(auth.accessToken)).toMatchObject({ bothRefused: true, until: 30_000 })
          expect(yield* secretsSent).toEqual(["first", "second"])
        })
      )
    })
  )

  it.effect("a scope that is not granted is no reason to try the next one", () =>
    withAuth(
      { credentials: Credentials.rotating({ current: credentialsWith("right"), next: credentialsWith("next") }) },
      (auth) =>
        Effect.gen(function* () {
          expect((yield* Effect.flip(auth.accessTokenFor("never-granted")))._tag).toBe("InsufficientScope")
          expect(yield* secretsSent).toEqual(["right"])
        })
    )
  )

  it.effect.each([
    ["a tagged error", Effect.fail({ _tag: "VaultSealed", secret: "canary" }), "VaultSealed"],
    ["an error", Effect.fail<unknown>(new RangeError("canary")), "RangeError"],
    ["a defect", Effect.die(new TypeError("canary")), "TypeError"],
    ["something else", Effect.fail("canary"), undefined],
    ["nothing", Effect.fail(null), undefined],
    ["a tag that is no name", Effect.fail({ _tag: "the canary" }), undefined],
    ["a tag that ends like no name", Effect.fail({ _tag: "canary!" }), undefined],
    ["a tag that is no text", Effect.fail({ _tag: 42 }), undefined]
  ] as const)(
    "an effect that fails with %s is CredentialsUnavailable, which tells the kind and nothing more",
    ([, effect, detail]) =>
      withAuth({ credentials: effect }, (auth) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(auth.accessToken)
          expect(error).toMatchObject({ _tag: "CredentialsUnavailable", reason: "failed" })
          expect("detail" in error ? error.detail : undefined).toBe(detail)
          expect(`${error.message} ${JSON.stringify(error)}`).not.toContain("canary")
          expect(yield* sent).toBe(0)
        })
      )
  )

  it.effect.each([
    ["never ends", Effect.never],
    ["never ends and cannot be interrupted", Effect.uninterruptible(Effect.never)]
  ] as const)("an effect that %s is given up after 10 s", ([, credentials]) =>
    withAuth({ credentials }, (auth) =>
      Effect.gen(function* () {
        const caller = yield* Effect.fork(Effect.either(auth.accessToken))
        yield* TestClock.adjust("10 seconds")
        expect(yield* Fiber.join(caller)).toMatchObject(
          Either.left({ _tag: "CredentialsUnavailable", reason: "timeout" })
        )
      })
    )
  )

  it.effect("L7: a renewal heeds the Retry-After of a 503, however long it is", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        const { inject } = yield* CxoneSimulator
        yield* auth.accessToken
        yield* inject(Fault.respond({ status: 503, headers: { "retry-after": "120" } }), {
          on: "token",
          times: Number.POSITIVE_INFINITY
        })
        yield* TestClock.setTime(3_270_000)
        yield* auth.accessToken
        yield* TestClock.adjust("290 seconds")
        // At once, and after 120 and 240 s.
        expect(yield* sent).toBe(1 + 3)
      })
    )
  )

  it.effect("L4: a clock that jumped past the margin and was put right does not end the renewals of that token", () =>
    withAuth({ credentials: credentialsWith("right") }, (auth) =>
      Effect.gen(function* () {
        const { clearFaults, inject } = yield* CxoneSimulator
        yield* auth.accessToken
        yield* inject(Fault.connectionReset, { on: "token", times: Number.POSITIVE_INFINITY })
        yield* TestClock.setTime(3_270_000)
        yield* auth.accessToken
        yield* TestClock.setTime(3_600_000)
        yield* TestClock.setTime(3_280_000)
        yield* clearFaults
        const before = yield* sent
        yield* auth.accessToken
        yield* TestClock.adjust("1 minute")
        expect(yield* sent).toBe(before + 1)
        expect((yield* auth.status)[0]).toMatchObject({ state: "fresh" })
      })
    )
  )

  it.effect("L5: an effect that fails while the token lives fails no call, and is asked again", () =>
    Effect.gen(function* () {
      const isSealed = yield* Ref.make(false)
      const credentials = Effect.flatMap(Ref.get(isSealed), (sealed) =>
        sealed ? Effect.fail("sealed") : Effect.succeed(credentialsWith("right"))
      )
      yield* withAuth({ credentials }, (auth) =>
        Effect.gen(function* () {
          const token = yield* auth.accessToken
          yield* Ref.set(isSealed, true)
          yield* TestClock.setTime(3_300_000)
          expect(yield* auth.accessToken).toBe(token)
          yield* TestClock.adjust("20 seconds")
          expect(yield* auth.accessToken).toBe(token)
          yield* Ref.set(isSealed, false)
          yield* TestClock.adjust("40 seconds")
          expect(valueOf(yield* auth.accessToken)).not.toBe(valueOf(token))
          expect(yield* Clock.currentTimeMillis).toBeLessThan(3_570_000)
        })
      )
    })
  )
})
