import { describe, expect, it } from "@effect/vitest"
import { Credentials, InsufficientScope, InvalidClient, TokenEndpointUnavailable, TokenPolicy } from "cxone-auth"
import { Clock, Deferred, Duration, Effect, Exit, Fiber, Option, Redacted, TestClock } from "effect"
import * as RefusedCredentials from "../../src/exchange/RefusedCredentials.js"

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
  reason: "status",
  tokenEndpoint: "https://cxone.test",
  attempts: 1
})

const untilOf = ({ retryAfter }: InvalidClient) =>
  Effect.map(Clock.currentTimeMillis, (now) => retryAfter && now + Duration.toMillis(retryAfter))

/** An empty memory, how many refusals it has reported, and how many attempts it has let through. */
const setup = Effect.gen(function* () {
  const reported: Array<number> = []
  const memory = yield* RefusedCredentials.make(TokenPolicy.defaults, (refusals) => {
    reported.push(refusals)
  })
  let attempts = 0
  const run = <A, E>(attempt: Effect.Effect<A, E | InvalidClient>, credentials: Credentials = mine) =>
    memory.guard(
      credentials,
      Effect.suspend(() => {
        attempts += 1
        return attempt
      })
    )
  return {
    ...memory,
    run,
    /** Makes an attempt that is refused, and gives the time until which that is remembered. */
    refuse: (credentials: Credentials = mine) => Effect.flatMap(Effect.flip(run(refusal, credentials)), untilOf),
    reported,
    attempts: () => attempts
  }
})

describe("RefusedCredentials", () => {
  it.effect("passes on what an attempt gives, and every failure but a refusal as it is", () =>
    Effect.gen(function* () {
      const { run } = yield* setup
      expect(yield* run(Effect.succeed("token"))).toBe("token")
      expect(yield* Effect.flip(run(outage))).toBe(outage)
      expect(yield* Effect.flip(run(missingScope))).toBe(missingScope)
      expect(yield* Effect.exit(run(Effect.die("a bug")))).toEqual(Exit.die("a bug"))
    })
  )

  it.effect("L6: a refusal is in force for 30 s, for these credentials only, and no attempt is made", () =>
    Effect.gen(function* () {
      const { attempts, inForce, refuse, run } = yield* setup
      expect(yield* inForce(mine)).toEqual(Option.none())
      expect(yield* refuse()).toBe(30_000)
      yield* TestClock.setTime(29_999)
      expect(yield* Effect.flip(run(Effect.succeed("token")))).toMatchObject({
        _tag: "InvalidClient",
        retryAfter: Duration.millis(1)
      })
      expect(attempts()).toBe(1)
      expect(Option.map(yield* inForce(mine), ({ retryAfter }) => retryAfter)).toEqual(Option.some(Duration.millis(1)))
      expect(Option.isSome(yield* inForce(credentialsWith("mine")))).toBe(true)
      expect(yield* inForce(others)).toEqual(Option.none())
      yield* TestClock.setTime(30_000)
      expect(yield* inForce(mine)).toEqual(Option.none())
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
      const { inForce, reported, run } = yield* setup
      yield* Effect.flip(run(outage))
      expect(yield* inForce(mine)).toEqual(Option.none())
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
      const { inForce, refuse, reported, run } = yield* setup
      yield* refuse()
      yield* refuse(others)
      yield* Effect.exit(run(attempt, credentialsWith("third")))
      expect([yield* inForce(mine), yield* inForce(others)]).toEqual([Option.none(), Option.none()])
      expect(reported).toEqual([1, 2, 0])
      // The doubling starts again as well.
      expect(yield* refuse()).toBe(30_000)
    })
  )

  it.effect("L6: retain forgets the refusals of all other credentials, and reports what is left", () =>
    Effect.gen(function* () {
      const { inForce, refuse, reported, retain } = yield* setup
      yield* refuse()
      yield* refuse(others)
      yield* retain([others, credentialsWith("third")])
      expect(yield* inForce(mine)).toEqual(Option.none())
      expect(Option.isSome(yield* inForce(others))).toBe(true)
      yield* retain([])
      expect(yield* inForce(others)).toEqual(Option.none())
      expect(reported).toEqual([1, 2, 1, 0])
    })
  )

  it.effect("a second refusal of the same credentials is reported as one", () =>
    Effect.gen(function* () {
      const { refuse, reported } = yield* setup
      yield* refuse()
      yield* TestClock.setTime(30_000)
      yield* refuse()
      expect(reported).toEqual([1, 1])
    })
  )

  it.effect(
    "L12: a clock that was set back ends a refusal: the next attempt is a probe, and the doubling goes on",
    () =>
      Effect.gen(function* () {
        const { inForce, refuse } = yield* setup
        yield* TestClock.setTime(3_600_000)
        yield* refuse()
        yield* TestClock.setTime(3_599_999)
        expect(yield* inForce(mine)).toEqual(Option.none())
        yield* TestClock.setTime(0)
        expect(yield* refuse()).toBe(60_000)
        yield* TestClock.setTime(60_000)
        expect(yield* inForce(mine)).toEqual(Option.none())
      })
  )
})
