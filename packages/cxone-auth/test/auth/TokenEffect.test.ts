import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Exit, Metric, Scope, TestClock } from "effect"
import * as TokenCache from "../../src/auth/TokenCache.js"
import * as TokenEffect from "../../src/auth/TokenEffect.js"
import * as TokenSlot from "../../src/auth/TokenSlot.js"
import * as Metrics from "../../src/telemetry/Metrics.js"
import { TokenPolicy } from "../../src/token/TokenPolicy.js"
import * as SpanRecorder from "../support/SpanRecorder.js"
import { tokenOf, valueOf } from "../support/Tokens.js"

const lifetime = 3_600_000
const margin = 30_000
/** The earliest moment that a renewal may begin. */
const window = lifetime - margin - 360_000

/** An effect that gets numbered tokens of one hour, from a client with this name. */
const setup = (client: string) =>
  Effect.gen(function* () {
    let exchanges = 0
    const exchange = Effect.map(Clock.currentTimeMillis, (obtainedAt) => {
      exchanges += 1
      return tokenOf(`token-${exchanges}`, { obtainedAt, lifetime })
    })
    const scope = yield* Scope.make()
    const cache = TokenCache.make({ exchange: () => exchange, policy: TokenPolicy.defaults, scope })
    return TokenEffect.make(cache, client)(TokenSlot.make([], Metrics.make(client).ofToken("")))
  })

const served = (client: string, cache: string) =>
  Metric.value(
    Metric.counter("cxone_auth_tokens_served", {
      description: "tokens handed out, by how they were come by",
      incremental: true
    }).pipe(Metric.tagged("client", client), Metric.tagged("cache", cache))
  )

describe("TokenAccess", () => {
  it.effect("gives the same token however it is run, and counts each look once", () =>
    Effect.gen(function* () {
      const access = yield* setup("each-way")
      expect(valueOf(yield* access)).toBe("token-1")
      expect(valueOf(yield* access)).toBe("token-1")
      expect(yield* Effect.map(access, valueOf)).toBe("token-1")
      expect(yield* access.pipe(Effect.flatMap((token) => Effect.succeed(valueOf(token))))).toBe("token-1")
      expect((yield* Effect.all([access, access])).map(valueOf)).toEqual(["token-1", "token-1"])
      expect(valueOf(yield* Effect.fork(access).pipe(Effect.flatten))).toBe("token-1")
      expect(yield* Effect.exit(access)).toEqual(Exit.succeed(yield* access))
      expect(yield* served("each-way", "hit")).toMatchObject({ count: 8 })
      expect(yield* served("each-way", "miss")).toMatchObject({ count: 1 })
    })
  )

  it.effect("a generator has a cached token without a step of its fiber, and no other", () =>
    Effect.gen(function* () {
      const access = yield* setup("no-step")
      expect(access[Symbol.iterator]().next().done).toBe(false)
      const token = yield* access
      expect(access[Symbol.iterator]().next()).toEqual({ done: true, value: token })
    })
  )

  it.effect(
    "L1: a generator too gets no token that is past its margin, nor one from before the clock was set back",
    () =>
      Effect.gen(function* () {
        const access = yield* setup("margin")
        expect(valueOf(yield* access)).toBe("token-1")
        yield* TestClock.setTime(window - 1)
        expect(valueOf(yield* access)).toBe("token-1")
        yield* TestClock.setTime(lifetime - margin)
        expect(valueOf(yield* access)).toBe("token-2")
        yield* TestClock.setTime(0)
        expect(valueOf(yield* access)).toBe("token-3")
      })
  )

  it.effect("goes by the clock of the fiber that yields it", () =>
    Effect.gen(function* () {
      const access = yield* setup("own-clock")
      yield* access
      const clock = yield* Effect.clock
      const late: Clock.Clock = Object.create(clock, {
        unsafeCurrentTimeMillis: { value: () => lifetime },
        currentTimeMillis: { value: Effect.succeed(lifetime) }
      })
      const inGenerator = Effect.gen(function* () {
        return valueOf(yield* access)
      })
      expect(yield* Effect.withClock(inGenerator, late)).toBe("token-2")
    })
  )

  it.effect("where the app has a tracer each look has its span, in a generator too", () =>
    Effect.gen(function* () {
      const access = yield* setup("traced")
      const { named, tracer } = SpanRecorder.make()
      const looks = Effect.gen(function* () {
        yield* access
        yield* access
        yield* Effect.asVoid(access)
      })
      yield* Effect.withTracer(looks, tracer)
      expect(
        named("CxoneAuth.accessToken").map(({ attributes }) => [attributes.get("client"), attributes.get("cache")])
      ).toEqual([
        ["traced", "miss"],
        ["traced", "hit"],
        ["traced", "hit"]
      ])
    })
  )

  it("in no fiber at all gives the generator nothing", () => {
    const access = Effect.runSync(setup("no-fiber"))
    Effect.runSync(access)
    expect(access[Symbol.iterator]().next().done).toBe(false)
  })
})
