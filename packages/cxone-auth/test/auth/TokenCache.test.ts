import { describe, expect, it } from "@effect/vitest"
import { type AccessToken, RateLimited, TokenPolicy } from "cxone-auth"
import {
  Array,
  Cause,
  Clock,
  Deferred,
  Effect,
  Exit,
  Fiber,
  Function,
  FastCheck as fc,
  Option,
  Ref,
  Runtime,
  Scheduler,
  Scope,
  TestClock,
  TestContext
} from "effect"
import * as TokenCache from "../../src/auth/TokenCache.js"
import * as TokenSlot from "../../src/auth/TokenSlot.js"
import * as Metrics from "../../src/telemetry/Metrics.js"
import { usableUntil } from "../../src/token/Expiry.js"
import { tokenOf, valueOf } from "../support/Tokens.js"

const failure = new RateLimited({ reason: "token_endpoint", origin: "https://cxone.test" })

/** The token of the exchange with this number. */
const numbered = (number: number, obtainedAt = 0, lifetime = 3_600_000) =>
  tokenOf(`token-${number}`, { obtainedAt, lifetime })

const makeCache = <E extends TokenSlot.Failure>(
  exchange: Effect.Effect<AccessToken, E>,
  scope: Scope.Scope,
  observe: (cache: Metrics.CacheState) => void = Function.constVoid
) => {
  const cache = TokenCache.make({
    exchange: () => exchange,
    onRenewalFailed: () => Effect.void,
    policy: TokenPolicy.defaults,
    scope
  })
  const slot = TokenSlot.make<E>([], Metrics.make("TokenCache.test").ofToken(""))
  return {
    get: cache.get(slot, observe),
    invalidate: (token: AccessToken) => TokenSlot.drop(slot, token),
    snapshot: Effect.map(Clock.currentTimeMillis, (now) => TokenSlot.snapshot(slot, now))
  }
}

/** A cache whose exchange takes `duration` ms and gives numbered tokens, after a number of failures. */
const setup = (options: { readonly lifetime?: number; readonly duration?: number; readonly failures?: number } = {}) =>
  Effect.gen(function* () {
    const { duration = 100, failures = 0, lifetime = 3_600_000 } = options
    const started = yield* Ref.make(0)
    const landed = yield* Ref.make(0)
    const scope = yield* Scope.make()
    const exchange = Effect.gen(function* () {
      const number = yield* Ref.updateAndGet(started, (n) => n + 1)
      const obtainedAt = yield* Clock.currentTimeMillis
      yield* Effect.sleep(duration)
      yield* Ref.update(landed, (n) => n + 1)
      return number <= failures ? yield* failure : numbered(number, obtainedAt, lifetime)
    })
    return { cache: makeCache(exchange, scope), scope, started: Ref.get(started), landed: Ref.get(landed) }
  })

describe("TokenCache", () => {
  describe("L1: never stale", () => {
    it.effect("a token of one hour is served until 30 s before its end, and not a millisecond longer", () =>
      Effect.gen(function* () {
        const { cache, started } = yield* setup({ duration: 0 })
        expect(valueOf(yield* cache.get)).toBe("token-1")
        yield* TestClock.setTime(3_570_000 - 1)
        expect(valueOf(yield* cache.get)).toBe("token-1")
        expect(yield* started).toBe(1)
        yield* TestClock.setTime(3_570_000)
        expect(valueOf(yield* cache.get)).toBe("token-2")
      })
    )

    it.effect("L8: a token of 2 s is served until 0.2 s before its end", () =>
      Effect.gen(function* () {
        const { cache } = yield* setup({ duration: 0, lifetime: 2_000 })
        yield* cache.get
        yield* TestClock.setTime(1_799)
        expect(valueOf(yield* cache.get)).toBe("token-1")
        yield* TestClock.setTime(1_800)
        expect(valueOf(yield* cache.get)).toBe("token-2")
      })
    )

    it.effect("L8: 1,000 callers at the end of a short-lived token make one request, not a loop", () =>
      Effect.gen(function* () {
        const { cache, started } = yield* setup({ duration: 1, lifetime: 1_000 })
        const first = yield* Effect.fork(cache.get)
        yield* TestClock.adjust(1)
        yield* Fiber.join(first)
        yield* TestClock.setTime(905)
        const callers = yield* Effect.fork(
          Effect.forEach(Array.replicate(cache.get, 1_000), (get) => get, { concurrency: "unbounded" })
        )
        yield* TestClock.adjust(1)
        yield* Fiber.join(callers)
        expect(yield* started).toBe(2)
      })
    )

    it("the margin is the lesser of 30 s and a tenth of the lifetime, for any lifetime", () => {
      fc.assert(
        fc.property(fc.integer({ min: 1_000, max: 86_400_000 }), fc.nat(), (lifetime, obtainedAt) => {
          const usable = usableUntil(TokenPolicy.defaults, numbered(1, obtainedAt, lifetime)) - obtainedAt
          expect(usable).toBeCloseTo(lifetime - Math.min(30_000, lifetime / 10), 3)
          expect(usable).toBeGreaterThan(0)
        })
      )
    })

    it.effect(
      "a token that arrives past its margin is given to the callers that waited for it, and to no later one",
      () =>
        Effect.gen(function* () {
          const { cache, started } = yield* setup({ duration: 3_000, lifetime: 2_000 })
          const waiting = yield* Effect.all([Effect.fork(cache.get), Effect.fork(cache.get)])
          yield* TestClock.adjust(3_000)
          expect((yield* Effect.forEach(waiting, Fiber.join)).map(valueOf)).toEqual(["token-1", "token-1"])
          const later = yield* Effect.fork(cache.get)
          yield* TestClock.adjust(3_000)
          expect([valueOf(yield* Fiber.join(later)), yield* started]).toEqual(["token-2", 2])
        })
    )

    it("no caller gets a token past its margin, whenever it asks", () =>
      fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1_000, max: 200_000 }),
          fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 12 }),
          (lifetime, pauses) =>
            Effect.gen(function* () {
              const { cache } = yield* setup({ duration: 0, lifetime })
              for (const pause of pauses) {
                yield* TestClock.adjust(pause)
                const token = yield* cache.get
                const now = yield* Clock.currentTimeMillis
                expect(now).toBeLessThan(token.expiresAt - Math.min(30_000, lifetime / 10))
              }
            }).pipe(Effect.provide(TestContext.TestContext), Effect.runPromise)
        ),
        { numRuns: 30 }
      ))

    it.effect("L12: a clock that was set back ends the token, and one exchange is made", () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(10_000_000)
        const { cache, started } = yield* setup({ duration: 0 })
        yield* cache.get
        yield* TestClock.setTime(5_000_000)
        yield* cache.get
        yield* cache.get
        expect(yield* started).toBe(2)
      })
    )
  })

  describe("L2: one exchange at a time", () => {
    it.effect("10,000 callers on a cold cache make one exchange, and all get its token", () =>
      Effect.gen(function* () {
        const { cache, started } = yield* setup()
        const callers = yield* Effect.fork(
          Effect.forEach(Array.replicate(cache.get, 10_000), (get) => get, { concurrency: "unbounded" })
        )
        yield* TestClock.adjust(100)
        const tokens = yield* Fiber.join(callers)
        expect(yield* started).toBe(1)
        expect(new Set(tokens.map(valueOf))).toEqual(new Set(["token-1"]))
      })
    )

    it.effect("10,000 callers make one exchange even if it ends at once", () =>
      Effect.gen(function* () {
        const calls = yield* Ref.make(0)
        const scope = yield* Scope.make()
        const cache = makeCache(
          Effect.map(
            Ref.updateAndGet(calls, (n) => n + 1),
            (n) => numbered(n)
          ),
          scope
        )
        yield* Effect.forEach(Array.replicate(cache.get, 10_000), (get) => get, { concurrency: "unbounded" })
        expect(yield* Ref.get(calls)).toBe(1)
      })
    )

    it.effect("a caller finds a token that arrives between its look at the cache and its next step", () =>
      Effect.gen(function* () {
        const calls = yield* Ref.make(0)
        const scope = yield* Scope.make()
        const exchange = Effect.map(
          Ref.updateAndGet(calls, (n) => n + 1),
          (n) => numbered(n, 0, Number.MAX_SAFE_INTEGER)
        )
        const seen: Array<Metrics.CacheState> = []
        const cache = makeCache(exchange, scope, (state) => {
          seen.push(state)
        })
        // The caller reads the clock after it has found the cache empty. This clock has another caller fill it just then.
        const clock = yield* Effect.clock
        const runFork = Runtime.runFork(yield* Effect.runtime())
        const meddling: Clock.Clock = Object.create(clock, {
          currentTimeMillis: {
            value: Effect.suspend(() => {
              const scheduler = new Scheduler.SyncScheduler()
              runFork(cache.get, { scheduler })
              scheduler.flush()
              return clock.currentTimeMillis
            })
          }
        })
        expect(valueOf(yield* Effect.withClock(cache.get, meddling))).toBe("token-1")
        expect(seen).toEqual(["miss", "hit"])
        expect(yield* Ref.get(calls)).toBe(1)
      })
    )

    it.effect("callers that come during the exchange join it", () =>
      Effect.gen(function* () {
        const { cache, started } = yield* setup()
        const first = yield* Effect.fork(cache.get)
        yield* TestClock.adjust(50)
        const second = yield* Effect.fork(cache.get)
        yield* TestClock.adjust(50)
        expect([valueOf(yield* Fiber.join(first)), valueOf(yield* Fiber.join(second))]).toEqual(["token-1", "token-1"])
        expect(yield* started).toBe(1)
      })
    )
  })

  describe("L3: the exchange belongs to no caller", () => {
    it.effect("the first of 10,000 callers is interrupted: it ends at once, and the others get the token", () =>
      Effect.gen(function* () {
        const { cache, started } = yield* setup()
        const first = yield* Effect.fork(cache.get)
        yield* Effect.yieldNow()
        const others = yield* Effect.fork(
          Effect.forEach(Array.replicate(cache.get, 9_999), (get) => get, { concurrency: "unbounded" })
        )
        yield* TestClock.adjust(50)
        const exit = yield* Fiber.interrupt(first)
        expect(Exit.isInterrupted(exit)).toBe(true)
        yield* TestClock.adjust(50)
        expect((yield* Fiber.join(others)).length).toBe(9_999)
        expect(yield* started).toBe(1)
      })
    )

    it.effect("every caller is interrupted: the exchange still ends, and the next caller finds its token", () =>
      Effect.gen(function* () {
        const { cache, landed, started } = yield* setup()
        const callers = yield* Effect.forEach(Array.replicate(cache.get, 10), Effect.fork)
        yield* TestClock.adjust(50)
        yield* Fiber.interruptAll(callers)
        yield* TestClock.adjust(50)
        expect(yield* landed).toBe(1)
        expect(valueOf(yield* cache.get)).toBe("token-1")
        expect(yield* started).toBe(1)
      })
    )

    it.effect("a caller that is interrupted before its first step does not disturb the next one", () =>
      Effect.gen(function* () {
        const { cache } = yield* setup({ duration: 0 })
        yield* Effect.forEach(Array.replicate(cache.get, 100), (get) =>
          Effect.flatMap(Effect.fork(get), Fiber.interrupt)
        )
        expect(valueOf(yield* cache.get)).toMatch(/^token-/)
      })
    )

    it.effect("a caller that times out does not disturb the others", () =>
      Effect.gen(function* () {
        const { cache } = yield* setup()
        const hasty = yield* Effect.fork(Effect.timeoutOption(cache.get, 10))
        const patient = yield* Effect.fork(cache.get)
        yield* TestClock.adjust(10)
        expect(yield* Fiber.join(hasty)).toEqual(Option.none())
        yield* TestClock.adjust(90)
        expect(valueOf(yield* Fiber.join(patient))).toBe("token-1")
      })
    )

    it.effect("closing the layer interrupts the exchange and its waiters", () =>
      Effect.gen(function* () {
        const { cache, landed, scope } = yield* setup()
        const callers = yield* Effect.forEach(Array.replicate(cache.get, 10), Effect.fork)
        yield* TestClock.adjust(50)
        yield* Scope.close(scope, Exit.void)
        const exits = yield* Effect.forEach(callers, Fiber.await)
        expect(exits.every(Exit.isInterrupted)).toBe(true)
        expect(yield* landed).toBe(0)
      })
    )

    it.effect("a caller that comes after the layer was closed is interrupted, and does not wait for ever", () =>
      Effect.gen(function* () {
        const { cache, scope, started } = yield* setup()
        yield* Scope.close(scope, Exit.void)
        const exit = yield* Effect.exit(cache.get)
        expect(Exit.isInterrupted(exit)).toBe(true)
        expect(yield* started).toBe(0)
      })
    )

    it.effect("the exchange can be interrupted even if its caller cannot", () =>
      Effect.gen(function* () {
        const { cache, landed, scope } = yield* setup()
        const caller = yield* Effect.fork(Effect.uninterruptible(cache.get))
        yield* TestClock.adjust(50)
        yield* Scope.close(scope, Exit.void)
        expect(Exit.isInterrupted(yield* Fiber.await(caller))).toBe(true)
        expect(yield* landed).toBe(0)
      })
    )
  })

  describe("L2: a failed exchange", () => {
    it.effect("all waiters get the same failure, and the next caller tries again", () =>
      Effect.gen(function* () {
        const { cache, started } = yield* setup({ failures: 1 })
        const callers = yield* Effect.forEach(Array.replicate(cache.get, 100), (get) => Effect.fork(Effect.exit(get)))
        yield* TestClock.adjust(100)
        const exits = yield* Effect.forEach(callers, Fiber.join)
        expect(
          exits.every((exit) => Exit.isFailure(exit) && Option.contains(Cause.failureOption(exit.cause), failure))
        ).toBe(true)
        expect(yield* started).toBe(1)
        const next = yield* Effect.fork(cache.get)
        yield* TestClock.adjust(100)
        expect(valueOf(yield* Fiber.join(next))).toBe("token-2")
      })
    )

    it.effect("a defect of the exchange is a defect for its waiters, and the next caller tries again", () =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<AccessToken>()
        const scope = yield* Scope.make()
        const tries = yield* Ref.make(0)
        const exchange = Effect.flatMap(
          Ref.updateAndGet(tries, (n) => n + 1),
          (n) => (n === 1 ? Effect.die("a bug") : Deferred.await(gate))
        )
        const cache = makeCache(exchange, scope)
        expect(yield* Effect.exit(cache.get)).toEqual(Exit.die("a bug"))
        expect((yield* cache.snapshot).lastFailure).toEqual({ tag: "Defect", at: 0 })
        yield* Deferred.succeed(gate, numbered(2))
        expect(valueOf(yield* cache.get)).toBe("token-2")
      })
    )
  })

  describe("L9: compare, then clear", () => {
    it.effect("invalidate drops the token that the cache holds, whatever object names it", () =>
      Effect.gen(function* () {
        const { cache } = yield* setup({ duration: 0 })
        yield* cache.get
        yield* cache.invalidate(numbered(1, 7, 7))
        expect(valueOf(yield* cache.get)).toBe("token-2")
      })
    )

    it.effect("invalidate keeps a token that came after the one it names", () =>
      Effect.gen(function* () {
        const { cache, started } = yield* setup({ duration: 0 })
        const old = yield* cache.get
        yield* cache.invalidate(old)
        yield* cache.get
        yield* cache.invalidate(old)
        expect(valueOf(yield* cache.get)).toBe("token-2")
        expect(yield* started).toBe(2)
      })
    )

    it.effect("1,000 callers that invalidate the same token make one renewal", () =>
      Effect.gen(function* () {
        const { cache, started } = yield* setup({ duration: 0 })
        const refused = yield* cache.get
        yield* Effect.forEach(
          Array.replicate(cache.invalidate(refused), 1_000),
          (drop) => Effect.zipRight(drop, cache.get),
          {
            concurrency: "unbounded"
          }
        )
        expect(yield* started).toBe(2)
      })
    )

    it.effect("invalidate does nothing on an empty cache", () =>
      Effect.gen(function* () {
        const { cache, started } = yield* setup({ duration: 0 })
        yield* cache.invalidate(numbered(1, 0, 1))
        expect(yield* started).toBe(0)
      })
    )
  })
})
