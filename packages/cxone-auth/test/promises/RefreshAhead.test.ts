import { describe, expect, it } from "@effect/vitest"
import { type AccessToken, TokenEndpointUnavailable, TokenPolicy } from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import {
  Array,
  Clock,
  Effect,
  Exit,
  Fiber,
  HashMap,
  Logger,
  LogLevel,
  Option,
  Random,
  Ref,
  Scope,
  TestClock
} from "effect"
import * as TokenCache from "../../src/auth/TokenCache.js"
import * as TokenSlot from "../../src/auth/TokenSlot.js"
import type * as Metrics from "../../src/telemetry/Metrics.js"
import { credentialsWith, sent, withAuth } from "../support/SecretsWorld.js"
import { tokenOf, valueOf } from "../support/Tokens.js"
import * as VirtualTime from "../support/VirtualTime.js"

const hour = 3_600_000
const policy = TokenPolicy.defaults
/** When a renewal of a token of one hour begins at the latest, if a caller asks: without jitter. */
const latestStart = hour - 30_000 - 300_000
/** When it begins at the earliest: with a jitter of a fifth of the window. */
const earliestStart = latestStart - 60_000
const margin = hour - 30_000

const unavailable = new TokenEndpointUnavailable({
  reason: "transport",
  tokenEndpoint: "https://cxone.test/oauth/token",
  attempts: 4
})

type Play = (
  n: number
) => Effect.Effect<{ readonly lifetime?: number; readonly value?: string }, TokenEndpointUnavailable>

/** A cache whose nth exchange does what `play` says. */
const setup = (play: Play, random: Random.Random = Random.fixed([0])) =>
  Effect.gen(function* () {
    const starts = yield* Ref.make<ReadonlyArray<number>>([])
    const scope = yield* Scope.make()
    const exchange = Effect.gen(function* () {
      const obtainedAt = yield* Clock.currentTimeMillis
      const all = yield* Ref.updateAndGet(starts, (before) => [...before, obtainedAt])
      const { lifetime = hour, value = `token-${all.length}` } = yield* play(all.length)
      return tokenOf(value, { obtainedAt, lifetime })
    })
    const seen: Array<Metrics.CacheState> = []
    const reasons: Array<Metrics.RenewalReason> = []
    const metrics: Metrics.TokenMetrics = {
      served: () => {},
      renewed: (reason) => {
        reasons.push(reason)
      }
    }
    const cache = TokenCache.make({
      exchange: () => Effect.withRandom(exchange, random),
      onRenewalFailed: () => Effect.void,
      policy,
      scope
    })
    const slot = TokenSlot.make<TokenEndpointUnavailable>([], metrics)
    const access = Effect.withRandom(
      cache.get(slot, (state) => {
        seen.push(state)
      }),
      random
    )
    return {
      access,
      get: Effect.map(access, valueOf),
      invalidate: (token: AccessToken) => TokenSlot.drop(slot, token),
      seen,
      reasons,
      scope,
      starts: Ref.get(starts),
      started: Effect.map(Ref.get(starts), ({ length }) => length)
    }
  })

const inTime = (millis: number) => Effect.as(Effect.sleep(millis), {})

describe("renewal ahead of a token's end", () => {
  describe("L4: renewed in the background, on demand", () => {
    it.effect(
      "the first of 1,000 callers in the window starts one renewal, and all get the current token at once",
      () =>
        Effect.gen(function* () {
          const { get, seen, started } = yield* setup((n) => (n === 1 ? Effect.succeed({}) : inTime(5_000)))
          yield* get
          yield* TestClock.setTime(latestStart)
          // The clock stands still: a caller that waited for the renewal would never end.
          const values = yield* Effect.all(Array.replicate(get, 1_000), { concurrency: "unbounded" })
          expect(new Set(values)).toEqual(new Set(["token-1"]))
          expect(new Set(seen)).toEqual(new Set(["miss", "stale"]))
          yield* TestClock.adjust(5_000)
          expect(yield* get).toBe("token-2")
          expect(yield* started).toBe(2)
        })
    )

    it.effect("before the window nothing is renewed, however often the token is asked for", () =>
      Effect.gen(function* () {
        const { get, seen, started } = yield* setup(() => Effect.succeed({}))
        yield* get
        yield* TestClock.setTime(latestStart - 1)
        yield* Effect.all(Array.replicate(get, 100))
        expect(yield* started).toBe(1)
        expect(new Set(seen.slice(1))).toEqual(new Set(["hit"]))
      })
    )

    it.effect("an idle app makes no calls", () =>
      Effect.gen(function* () {
        const { get, started } = yield* setup(() => Effect.succeed({}))
        yield* get
        yield* TestClock.adjust("7 days")
        expect(yield* started).toBe(1)
      })
    )

    it.effect("the start is jittered for each token: 200 of them spread over a minute", () =>
      Effect.gen(function* () {
        const fleet = yield* Effect.forEach(Array.range(1, 200), (seed) =>
          setup(() => Effect.succeed({}), Random.make(seed))
        )
        yield* Effect.forEach(fleet, ({ get }) => get)
        const inTenSeconds: Array<number> = []
        let sofar = 0
        for (let at = earliestStart; at <= latestStart; at += 10_000) {
          yield* TestClock.setTime(at)
          yield* Effect.forEach(fleet, ({ get }) => get)
          yield* TestClock.adjust(0)
          const renewed = (yield* Effect.forEach(fleet, ({ started }) => started)).filter((n) => n === 2).length
          inTenSeconds.push(renewed - sofar)
          sofar = renewed
        }
        expect(sofar).toBe(200)
        expect(inTenSeconds).toHaveLength(7)
        // The first is the start of the minute; none of the others has more than a third of the 200.
        expect(inTenSeconds[0]).toBeLessThan(5)
        expect(Math.max(...inTenSeconds)).toBeLessThan(67)
        expect(Math.min(...inTenSeconds.slice(1))).toBeGreaterThan(10)
      })
    )

    it.effect("L3: the renewal goes on when the caller that started it is interrupted", () =>
      Effect.gen(function* () {
        const { get, started } = yield* setup((n) => (n === 1 ? Effect.succeed({}) : inTime(5_000)))
        yield* get
        yield* TestClock.setTime(latestStart)
        const caller = yield* Effect.fork(Effect.zipRight(get, Effect.never))
        yield* TestClock.adjust(1_000)
        yield* Fiber.interrupt(caller)
        yield* TestClock.adjust(4_000)
        expect(yield* get).toBe("token-2")
        expect(yield* started).toBe(2)
      })
    )

    it("L8: a provider that gives the same token again, with less and less time left, is asked only a few times", () => {
      const asked = VirtualTime.run(
        Effect.gen(function* () {
          const { get, started } = yield* setup(() =>
            Effect.map(Clock.currentTimeMillis, (now) => ({ value: "the-same", lifetime: Math.max(1_000, hour - now) }))
          )
          while ((yield* Clock.currentTimeMillis) < hour) {
            expect(yield* get).toBe("the-same")
            yield* Effect.sleep(100)
          }
          return yield* started
        })
      )
      expect(Exit.getOrElse(asked, () => Number.NaN)).toBeLessThan(12)
    })
  })

  describe("L5: an outage is invisible while the token lives", () => {
    it.effect("a failed renewal is retried after 1, 2, 4, 8, 16, 30 s, jittered, and fails no call", () =>
      Effect.gen(function* () {
        const { get, starts } = yield* setup(
          (n) => (n < 9 ? (n === 1 ? Effect.succeed({}) : unavailable) : Effect.succeed({})),
          Random.make("a seed")
        )
        yield* get
        yield* TestClock.setTime(latestStart)
        expect(yield* get).toBe("token-1")
        // No caller asks from here on: the renewal goes on by itself.
        yield* TestClock.adjust("150 seconds")
        const times = yield* starts
        const pauses = times.slice(2).map((at, i) => (at - (times[i + 1] ?? 0)) / 1_000)
        expect(pauses).toHaveLength(7)
        for (const [i, nominal] of [1, 2, 4, 8, 16, 30, 30].entries()) {
          expect(pauses[i]).toBeGreaterThanOrEqual(nominal * 0.8)
          expect(pauses[i]).toBeLessThanOrEqual(nominal * 1.2)
        }
        expect(yield* get).toBe("token-9")
      })
    )

    it.effect("the retries end at the margin; the next caller starts an exchange, and gets its failure", () =>
      Effect.gen(function* () {
        const { get, started, starts } = yield* setup((n) => (n === 1 ? Effect.succeed({}) : unavailable))
        yield* get
        yield* TestClock.setTime(latestStart)
        yield* get
        yield* TestClock.setTime(margin - 1)
        expect(yield* get).toBe("token-1")
        const before = yield* started
        yield* TestClock.adjust("1 hour")
        expect(yield* started).toBe(before)
        expect(Math.max(...(yield* starts))).toBeLessThan(margin)
        expect(yield* Effect.flip(get)).toBe(unavailable)
        expect(yield* started).toBe(before + 1)
      })
    )

    it.effect("a caller that comes past the margin during a slow renewal joins it", () =>
      Effect.gen(function* () {
        const { get, seen, started } = yield* setup((n) => (n === 1 ? Effect.succeed({}) : inTime(60_000)))
        yield* get
        yield* TestClock.setTime(margin - 10_000)
        yield* get
        yield* TestClock.setTime(margin)
        const caller = yield* Effect.fork(get)
        yield* TestClock.adjust(50_000)
        expect(yield* Fiber.join(caller)).toBe("token-2")
        expect(yield* started).toBe(2)
        expect(seen).toEqual(["miss", "stale", "joined"])
      })
    )

    it.effect("a defect in a renewal is retried like a failure, and is not reported as unhandled", () =>
      Effect.gen(function* () {
        const logged: Array<string> = []
        const logger = Logger.make(({ annotations, message }) => {
          logged.push(`${String(message)} ${HashMap.size(annotations)}`)
        })
        const { get, started } = yield* setup((n) => (n === 2 ? Effect.die("a bug") : Effect.succeed({})))
        yield* Effect.gen(function* () {
          yield* get
          yield* TestClock.setTime(latestStart)
          expect(yield* get).toBe("token-1")
          yield* TestClock.adjust(1_200)
          expect(yield* get).toBe("token-3")
        }).pipe(
          Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
          Logger.withMinimumLogLevel(LogLevel.All),
          Effect.withUnhandledErrorLogLevel(Option.some(LogLevel.Fatal))
        )
        expect(yield* started).toBe(3)
        expect(logged).toEqual([])
      })
    )

    it.effect("L9: invalidating the token between two retries ends them; the next caller gets a new token", () =>
      Effect.gen(function* () {
        const { access, get, invalidate, seen, started } = yield* setup((n) =>
          n === 2 ? unavailable : Effect.succeed({})
        )
        const token = yield* access
        yield* TestClock.setTime(latestStart)
        yield* get
        yield* TestClock.adjust(100)
        yield* invalidate(token)
        expect(yield* get).toBe("token-3")
        yield* TestClock.adjust("10 minutes")
        expect(yield* started).toBe(3)
        expect(seen).toEqual(["miss", "stale", "miss"])
      })
    )

    it.effect("L3: closing the layer between two retries ends them", () =>
      Effect.gen(function* () {
        const { get, scope, started } = yield* setup((n) => (n === 1 ? Effect.succeed({}) : unavailable))
        yield* get
        yield* TestClock.setTime(latestStart)
        yield* get
        yield* TestClock.adjust(100)
        const before = yield* started
        yield* Scope.close(scope, Exit.void)
        yield* TestClock.adjust("10 minutes")
        expect(yield* started).toBe(before)
      })
    )

    it.effect("L3: closing the layer during a renewal interrupts it, and the current token is still served", () =>
      Effect.gen(function* () {
        const ended = yield* Ref.make(false)
        const slow = Effect.onInterrupt(inTime(5_000), () => Ref.set(ended, true))
        const { get, scope } = yield* setup((n) => (n === 1 ? Effect.succeed({}) : slow))
        yield* get
        yield* TestClock.setTime(latestStart)
        yield* get
        yield* TestClock.adjust(100)
        yield* Scope.close(scope, Exit.void)
        expect(yield* Ref.get(ended)).toBe(true)
        expect(yield* get).toBe("token-1")
      })
    )
  })

  it.effect("L2, L12: a clock that was set back, and is corrected during an exchange, starts no second one", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(hour)
      const { get, seen, started } = yield* setup((n) => (n === 1 ? Effect.succeed({}) : Effect.never))
      yield* get
      yield* TestClock.setTime(0)
      const waiting = yield* Effect.fork(get)
      yield* Effect.yieldNow()
      yield* TestClock.setTime(hour + latestStart)
      expect(yield* get).toBe("token-1")
      yield* TestClock.adjust(1_000)
      expect(yield* get).toBe("token-1")
      expect(seen).toEqual(["miss", "miss", "stale", "stale"])
      expect(yield* started).toBe(2)
      yield* Fiber.interrupt(waiting)
    })
  )

  it.effect("a failed exchange is not counted as a renewal", () =>
    Effect.gen(function* () {
      const { get, reasons } = yield* setup((n) => (n === 1 ? unavailable : Effect.succeed({})))
      yield* Effect.flip(get)
      yield* get
      expect(reasons).toEqual(["first"])
    })
  )

  it.effect("the reason of each renewal is known: first, invalidated, ahead or expired", () =>
    Effect.gen(function* () {
      const { access, get, invalidate, reasons } = yield* setup(() => Effect.succeed({}))
      const first = yield* access
      yield* invalidate(first)
      yield* get
      yield* TestClock.setTime(latestStart)
      yield* get
      yield* TestClock.setTime(3 * hour)
      yield* get
      expect(reasons).toEqual(["first", "invalidated", "ahead", "expired"])
    })
  )

  it.effect("L7: a renewal waits for the Retry-After of a 503, however long it is", () =>
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
        // The first at once, then one after 120 s and one after 240 s.
        expect(yield* sent).toBe(1 + 3)
      })
    )
  )

  it.effect("L4, L12: a token is still renewed after the clock jumped past its margin and was corrected", () =>
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
})
