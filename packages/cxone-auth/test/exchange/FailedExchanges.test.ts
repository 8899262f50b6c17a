import { describe, expect, it } from "@effect/vitest"
import {
  Credentials,
  InsufficientScope,
  InvalidClient,
  InvalidTokenResponse,
  RateLimited,
  TokenEndpointUnavailable,
  TokenPolicy
} from "cxone-auth"
import { Array, Clock, Deferred, Duration, Effect, Exit, Fiber, Option, Redacted, Ref, TestClock } from "effect"
import { constVoid } from "effect/Function"
import * as FailedExchanges from "../../src/exchange/FailedExchanges.js"
import type { ExchangeError } from "../../src/exchange/TokenEndpoint.js"

const credentialsWith = (secret: string) =>
  Credentials.clientSecret({ clientId: "reports", clientSecret: Redacted.make(secret) })

const mine = credentialsWith("mine")
const others = credentialsWith("others")

const refusal = new InvalidClient({ reason: "invalid_client", tokenEndpoint: "https://cxone.test", status: 401 })
const missingScope = new InsufficientScope({
  reason: "invalid_scope",
  origin: "https://cxone.test",
  requested: ["a"],
  granted: [],
  required: []
})
const outage = new TokenEndpointUnavailable({
  reason: "transport",
  tokenEndpoint: "https://cxone.test",
  attempts: 1
})

const unavailable = new TokenEndpointUnavailable({
  reason: "status",
  tokenEndpoint: "https://cxone.test",
  attempts: 4,
  status: 503
})
const forbidden = new InvalidTokenResponse({
  reason: "unexpected_status",
  tokenEndpoint: "https://cxone.test",
  status: 403
})
const limited = new RateLimited({ reason: "token_endpoint", origin: "https://cxone.test" })

const failing = (error: ExchangeError): Effect.Effect<never, ExchangeError> => Effect.fail(error)

const untilOf = (error: ExchangeError) =>
  Effect.map(
    Clock.currentTimeMillis,
    (now) => "retryAfter" in error && error.retryAfter && now + Duration.toMillis(error.retryAfter)
  )

interface Attempt {
  readonly credentials?: Credentials
  readonly scopes?: ReadonlyArray<string>
  /** How long the attempt may wait, in milliseconds. */
  readonly patience?: number
}

/** An empty memory, how many refusals it has reported, and how many attempts it has let through. */
const setup = Effect.gen(function* () {
  const reported: Array<number> = []
  const memory = yield* FailedExchanges.make(TokenPolicy.defaults, {
    refusals: (refusals) => {
      if (reported.at(-1) !== refusals) reported.push(refusals)
    },
    waited: constVoid
  })
  let attempts = 0
  const run = <A, E extends ExchangeError>(
    attempt: Effect.Effect<A, E>,
    { credentials = mine, patience = 0, scopes = [] }: Attempt = {}
  ) =>
    Effect.flatMap(Ref.make(patience), (patience) =>
      memory.guard<A, never>(
        { credentials, scopes },
        patience,
        Effect.suspend(() => {
          attempts += 1
          return attempt
        })
      )
    )
  return {
    ...memory,
    run,
    /** Makes an attempt that fails with this error, and gives the time until which nothing is sent. */
    fail: (error: ExchangeError, options?: Attempt) =>
      Effect.flatMap(Effect.flip(run(failing(error), options)), untilOf),
    /** Makes an attempt that is refused, and gives the time until which that is remembered. */
    refuse: (credentials: Credentials = mine) => Effect.flatMap(Effect.flip(run(refusal, { credentials })), untilOf),
    /** For how long these credentials are held back now, in milliseconds. */
    left: (credentials: Credentials = mine) =>
      Effect.map(memory.inForce(credentials), Option.match({ onNone: () => 0, onSome: ({ left }) => left })),
    reported,
    attempts: () => attempts
  }
})

describe("FailedExchanges: refused credentials", () => {
  it.effect("passes on what an attempt gives, and a failure that begins no pause as it is", () =>
    Effect.gen(function* () {
      const { run } = yield* setup
      expect(yield* run(Effect.succeed("token"))).toBe("token")
      expect(yield* Effect.flip(run(outage))).toBe(outage)
      expect(yield* Effect.exit(run(Effect.die("a bug")))).toEqual(Exit.die("a bug"))
    })
  )

  it.effect.each([refusal, missingScope, unavailable, forbidden, limited])(
    "L6: in the pause after $message, the error says that nothing was sent",
    (error) =>
      Effect.gen(function* () {
        const { conclude, run } = yield* setup
        const first = yield* Effect.flatMap(Effect.flip(run(failing(error))), (error) =>
          conclude({ credentials: mine, scopes: [] }, error)
        )
        expect(first).toMatchObject({ heldBack: false, message: expect.not.stringContaining("Nothing was sent") })
        const message = `Nothing was sent, because an earlier request failed: ${first.message}`
        expect(yield* Effect.flip(run(failing(outage)))).toMatchObject({ heldBack: true, message })
      })
  )

  it.effect("L6: a refusal is in force for 30 s, for these credentials only, and no attempt is made", () =>
    Effect.gen(function* () {
      const { attempts, left, refuse, run } = yield* setup
      expect(yield* left()).toBe(0)
      expect(yield* refuse()).toBe(30_000)
      yield* TestClock.setTime(29_999)
      // Nobody waits for it, whatever the patience.
      expect(yield* Effect.flip(run(Effect.succeed("token"), { patience: 60_000 }))).toMatchObject({
        _tag: "InvalidClient",
        retryAfter: Duration.millis(1)
      })
      expect(attempts()).toBe(1)
      expect([yield* left(), yield* left(credentialsWith("mine")), yield* left(others)]).toEqual([1, 1, 0])
      yield* TestClock.setTime(30_000)
      expect(yield* left()).toBe(0)
    })
  )

  it.effect("L6: each probe that is refused doubles the time, up to 5 min", () =>
    Effect.gen(function* () {
      const { refuse } = yield* setup
      let now = 0
      for (const seconds of [30, 60, 120, 240, 300, 300]) {
        expect(yield* refuse()).toBe(now + seconds * 1_000)
        now += seconds * 1_000
        yield* TestClock.setTime(now)
      }
    })
  )

  it.effect("L6: while a probe runs, all other attempts fail, until the end of its 10 s at most", () =>
    Effect.gen(function* () {
      const { attempts, refuse, run } = yield* setup
      yield* refuse()
      yield* TestClock.setTime(30_000)
      const probe = yield* Effect.fork(Effect.exit(run(Effect.zipRight(Effect.sleep("5 seconds"), refusal))))
      yield* Effect.yieldNow()
      expect(yield* Effect.flip(run(Effect.succeed("token")))).toMatchObject({ retryAfter: Duration.seconds(10) })
      expect(attempts()).toBe(2)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(probe)
      // The probe's own refusal takes the place of its 10 s.
      expect(yield* Effect.flip(run(Effect.succeed("token")))).toMatchObject({ retryAfter: Duration.minutes(1) })
    })
  )

  it.effect.each<readonly [end: string, probe: Effect.Effect<string, TokenEndpointUnavailable>]>([
    ["fails for another reason", outage],
    ["dies", Effect.die("a bug")],
    ["is interrupted", Effect.interrupt]
  ])("L6: a probe that %s proves nothing: the next attempt is a probe at once", ([_, probe]) =>
    Effect.gen(function* () {
      const { attempts, refuse, run } = yield* setup
      yield* refuse()
      yield* TestClock.setTime(31_000)
      yield* Effect.exit(run(probe))
      expect(attempts()).toBe(2)
      expect(yield* refuse()).toBe(31_000 + 60_000)
      expect(attempts()).toBe(3)
    })
  )

  it.effect("L6: a probe whose caller is interrupted proves nothing either", () =>
    Effect.gen(function* () {
      const { refuse, run } = yield* setup
      yield* refuse()
      yield* TestClock.setTime(31_000)
      const probe = yield* Effect.fork(run(Effect.never))
      yield* Effect.yieldNow()
      expect(Exit.isInterrupted(yield* Fiber.interrupt(probe))).toBe(true)
      expect(yield* refuse()).toBe(31_000 + 60_000)
    })
  )

  it.effect("L6: a first attempt that fails for another reason leaves no refusal behind", () =>
    Effect.gen(function* () {
      const { left, reported, run } = yield* setup
      yield* Effect.flip(run(outage))
      expect(yield* left()).toBe(0)
      expect(reported).toEqual([])
      expect(yield* run(Effect.succeed("token"))).toBe("token")
    })
  )

  it.effect("L6: a probe that hangs past its 10 s does not open the way while the next probe runs", () =>
    Effect.gen(function* () {
      const { attempts, refuse, run } = yield* setup
      const hanging = yield* Deferred.make<string, TokenEndpointUnavailable>()
      yield* refuse()
      yield* TestClock.setTime(30_000)
      const first = yield* Effect.fork(Effect.exit(run(Deferred.await(hanging))))
      yield* TestClock.adjust("10 seconds")
      const second = yield* Effect.fork(Effect.exit(run(Effect.never)))
      yield* TestClock.adjust("1 second")
      yield* Deferred.fail(hanging, outage)
      yield* Fiber.join(first)
      expect(yield* Effect.flip(run(Effect.succeed("token")))).toMatchObject({ retryAfter: Duration.seconds(9) })
      expect(attempts()).toBe(3)
      yield* Fiber.interrupt(second)
    })
  )

  it.effect("L6: of attempts that run together, the first refusal counts, and all fail with it", () =>
    Effect.gen(function* () {
      const { run } = yield* setup
      yield* run(Effect.succeed("token"))
      const refusedAfter = (seconds: number) =>
        Effect.fork(Effect.flatMap(Effect.flip(run(Effect.delay(refusal, `${seconds} seconds`))), untilOf))
      const [first, second] = yield* Effect.all([refusedAfter(1), refusedAfter(2)])
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(first)).toBe(31_000)
      expect(yield* Fiber.join(second)).toBe(31_000)
    })
  )

  it.effect.each<readonly [end: string, attempt: Effect.Effect<string, InsufficientScope>]>([
    ["a token", Effect.succeed("token")],
    ["InsufficientScope, which means that the client was accepted", missingScope]
  ])("L6: every refusal is forgotten after %s", ([_, attempt]) =>
    Effect.gen(function* () {
      const { left, refuse, reported, run } = yield* setup
      yield* refuse()
      yield* refuse(others)
      yield* Effect.exit(run(attempt, { credentials: credentialsWith("third") }))
      expect([yield* left(mine), yield* left(others)]).toEqual([0, 0])
      expect(reported).toEqual([1, 2, 0])
      // The doubling starts again as well.
      expect(yield* refuse()).toBe(30_000)
    })
  )

  it.effect("L6: retain forgets other credentials when their pause is over, and reports what is left", () =>
    Effect.gen(function* () {
      const { left, refuse, reported, retain } = yield* setup
      yield* refuse()
      yield* TestClock.setTime(20_000)
      yield* refuse(others)
      yield* retain([credentialsWith("third")])
      expect([yield* left(mine), yield* left(others)]).toEqual([10_000, 30_000])
      yield* TestClock.setTime(30_000)
      yield* retain([others])
      yield* TestClock.setTime(50_000)
      // The doubling of these goes on, and that of the forgotten ones begins anew.
      expect([yield* refuse(others), yield* refuse()]).toEqual([50_000 + 60_000, 50_000 + 30_000])
      yield* TestClock.setTime(200_000)
      yield* retain([])
      expect(reported).toEqual([1, 2, 1, 2, 0])
    })
  )

  it.effect("L6: retain keeps at most eight other credentials, the last that failed", () =>
    Effect.gen(function* () {
      const { left, refuse, retain } = yield* setup
      const ten = Array.makeBy(10, (index) => credentialsWith(`secret ${index}`))
      yield* Effect.forEach(ten, refuse)
      yield* retain([])
      expect(yield* Effect.forEach(ten, left)).toEqual([0, 0, ...Array.makeBy(8, () => 30_000)])
    })
  )

  it.effect("a second refusal of the same credentials is reported as one", () =>
    Effect.gen(function* () {
      const { refuse, reported } = yield* setup
      yield* refuse()
      yield* TestClock.setTime(30_000)
      yield* refuse()
      expect(reported).toEqual([1])
    })
  )

  it.effect(
    "L12: a clock that was set back ends a refusal: the next attempt is a probe, and the doubling goes on",
    () =>
      Effect.gen(function* () {
        const { left, refuse } = yield* setup
        yield* TestClock.setTime(3_600_000)
        yield* refuse()
        yield* TestClock.setTime(3_599_999)
        expect(yield* left()).toBe(0)
        yield* TestClock.setTime(0)
        expect(yield* refuse()).toBe(60_000)
        yield* TestClock.setTime(60_000)
        expect(yield* left()).toBe(0)
      })
  )

  it.effect("L6: a 401 with Retry-After is remembered for that time, if it is longer", () =>
    Effect.gen(function* () {
      const { fail } = yield* setup
      const withRetryAfter = (seconds: number) =>
        new InvalidClient({ ...refusal, retryAfter: Duration.seconds(seconds) })
      expect(yield* fail(withRetryAfter(600))).toBe(600_000)
      yield* TestClock.setTime(600_000)
      expect(yield* fail(withRetryAfter(1))).toBe(600_000 + 60_000)
    })
  )

  it.effect("L6: an outage between two refusals doesn't make them two first ones", () =>
    Effect.gen(function* () {
      const { conclude, refuse } = yield* setup
      yield* refuse()
      yield* TestClock.setTime(30_000)
      yield* conclude({ credentials: mine, scopes: [] }, unavailable)
      yield* TestClock.setTime(31_000)
      expect(yield* refuse()).toBe(31_000 + 60_000)
    })
  )
})

describe("FailedExchanges: other failures", () => {
  it.effect.each<readonly [name: string, error: ExchangeError]>([
    ["an answer that is no token", forbidden],
    ["a certificate that is not trusted", new TokenEndpointUnavailable({ ...outage, reason: "certificate" })],
    ["a proxy that wants credentials", new TokenEndpointUnavailable({ ...outage, reason: "proxy_authentication" })],
    ["a 429 without Retry-After", limited]
  ])("L6: after %s nothing is sent for 1 s, doubling to 30 s", ([_, error]) =>
    Effect.gen(function* () {
      const { attempts, fail, run } = yield* setup
      let now = 0
      for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
        const sent = attempts()
        expect(yield* fail(error)).toBe(now + seconds * 1_000)
        now += seconds * 1_000
        yield* TestClock.setTime(now - 1)
        const other = yield* Effect.flip(run(Effect.succeed("token"), { scopes: ["b"] }))
        expect(other).toMatchObject({ _tag: error._tag, retryAfter: Duration.millis(1) })
        expect(attempts()).toBe(sent + 1)
        yield* TestClock.setTime(now)
      }
      yield* run(Effect.succeed("token"))
      expect(yield* fail(error)).toBe(now + 1_000)
    })
  )

  it.effect("L6: an attempt that is tried again begins no pause, but the end of its exchange does", () =>
    Effect.gen(function* () {
      const { conclude, left, run } = yield* setup
      const subject = { credentials: mine, scopes: [] }
      expect(yield* Effect.flip(run(unavailable))).toBe(unavailable)
      expect(yield* left()).toBe(0)
      expect(yield* conclude(subject, unavailable)).toMatchObject({ retryAfter: Duration.seconds(1) })
      expect(yield* left()).toBe(1_000)
      expect(yield* conclude(subject, outage)).toBe(outage)
    })
  )

  it.effect.each<readonly [name: string, error: ExchangeError]>([
    ["scopes that are not granted", missingScope],
    ["a token that has ended", new InvalidTokenResponse({ ...forbidden, reason: "expired" })],
    ["a lifetime that is none", new InvalidTokenResponse({ ...forbidden, reason: "invalid_expires_in" })]
  ])("L6: %s hold back these scopes only", ([_, error]) =>
    Effect.gen(function* () {
      const { conclude, run } = yield* setup
      const subject = { credentials: mine, scopes: ["a"] }
      const failed = yield* Effect.flip(run(failing(error), subject))
      yield* conclude(subject, failed)
      expect(yield* run(Effect.succeed("token"), { scopes: ["b"] })).toBe("token")
      expect(yield* Effect.flip(run(Effect.succeed("token"), subject))).toMatchObject({
        _tag: error._tag,
        retryAfter: Duration.seconds(1)
      })
      yield* TestClock.setTime(1_000)
      expect(yield* run(Effect.succeed("token"), subject)).toBe("token")
      expect(yield* run(Effect.succeed("token"), subject)).toBe("token")
    })
  )

  it.effect("L6: a caller with the patience waits, and one without fails", () =>
    Effect.gen(function* () {
      const { fail, run } = yield* setup
      yield* fail(new RateLimited({ ...limited, retryAfter: Duration.seconds(20) }))
      expect(yield* Effect.flip(run(Effect.succeed("token"), { patience: 19_999 }))).toMatchObject({
        _tag: "RateLimited",
        retryAfter: Duration.seconds(20)
      })
      const patient = yield* Effect.fork(run(Effect.succeed("token"), { patience: 20_000 }))
      yield* TestClock.adjust("19999 millis")
      expect(Option.isNone(yield* Fiber.poll(patient))).toBe(true)
      yield* TestClock.adjust("5 seconds")
      expect(yield* Fiber.join(patient)).toBe("token")
    })
  )

  it.effect("L6: a token of another exchange doesn't cut short the time that the endpoint named", () =>
    Effect.gen(function* () {
      const { fail, left, run } = yield* setup
      yield* run(Effect.succeed("token"))
      const slow = yield* Effect.fork(run(Effect.delay(Effect.succeed("token"), "1 second"), { scopes: ["b"] }))
      yield* Effect.yieldNow()
      yield* fail(new RateLimited({ ...limited, retryAfter: Duration.seconds(60) }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(slow)
      expect(yield* left()).toBe(59_000)
    })
  )

  it.effect("L6: of failures that come together the longest pause counts, and they count once", () =>
    Effect.gen(function* () {
      const { left, run } = yield* setup
      yield* run(Effect.succeed("token"))
      const errors = [
        forbidden,
        new RateLimited({ ...limited, retryAfter: Duration.seconds(20) }),
        new RateLimited({ ...limited, retryAfter: Duration.seconds(10) }),
        refusal,
        forbidden
      ]
      yield* Effect.forEach(errors, (error) => Effect.exit(run(Effect.zipRight(Effect.yieldNow(), failing(error)))), {
        concurrency: "unbounded"
      })
      expect(yield* left()).toBe(30_000)
      yield* TestClock.setTime(30_000)
      expect(yield* Effect.flatMap(Effect.flip(run(forbidden)), untilOf)).toBe(30_000 + 2_000)
    })
  )
})

describe("FailedExchanges: an attempt that goes alone", () => {
  /** 100 attempts at once, each for scopes of its own. */
  const stampede = <A, E extends ExchangeError>(
    run: (attempt: Effect.Effect<A, E>, options: Attempt) => Effect.Effect<A, ExchangeError>,
    attempt: Effect.Effect<A, E>
  ) =>
    Effect.fork(
      Effect.forEach(Array.range(0, 99), (index) => Effect.exit(run(attempt, { scopes: [String(index)] })), {
        concurrency: "unbounded"
      })
    )

  it.effect("L6: with new credentials, the first refusal is the only one", () =>
    Effect.gen(function* () {
      const { attempts, run } = yield* setup
      const all = yield* stampede(run, Effect.delay(refusal, "1 second"))
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(all)).every(Exit.isFailure)).toBe(true)
      expect(attempts()).toBe(1)
    })
  )

  it.effect("L6: when a pause is over, one attempt shows whether it helped", () =>
    Effect.gen(function* () {
      const { attempts, fail, run } = yield* setup
      yield* fail(forbidden)
      yield* TestClock.adjust("1 second")
      const refused = yield* stampede(run, Effect.delay(forbidden, "1 second"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(refused)
      expect(attempts()).toBe(2)
      yield* TestClock.adjust("2 seconds")
      const served = yield* stampede(run, Effect.delay(Effect.succeed("token"), "1 second"))
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(served)).every(Exit.isSuccess)).toBe(true)
      expect(attempts()).toBe(102)
    })
  )

  it.effect("L6: one that proves nothing lets the others go, so that at a dead endpoint nobody waits for all", () =>
    Effect.gen(function* () {
      const { attempts, run } = yield* setup
      const all = yield* stampede(run, Effect.delay(outage, "10 seconds"))
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(all)
      expect(attempts()).toBe(100)
    })
  )

  it.effect("L6: if it is interrupted, the others go on", () =>
    Effect.gen(function* () {
      const { run } = yield* setup
      const first = yield* Effect.fork(run(Effect.never))
      const second = yield* Effect.fork(run(Effect.succeed("token"), { scopes: ["b"] }))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      expect(yield* Fiber.join(second)).toBe("token")
    })
  )

  it.effect("L3: an attempt that waits for it can be interrupted", () =>
    Effect.gen(function* () {
      const { run } = yield* setup
      const first = yield* Effect.fork(run(Effect.never))
      const second = yield* Effect.fork(run(Effect.succeed("token"), { scopes: ["b"] }))
      yield* Effect.yieldNow()
      expect(Exit.isInterrupted(yield* Fiber.interrupt(second))).toBe(true)
      yield* Fiber.interrupt(first)
    })
  )
})
