import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Exit, Scope, TestClock } from "effect"
import * as TokenCache from "../../src/auth/TokenCache.js"
import * as TokenEffect from "../../src/auth/TokenEffect.js"
import * as TokenSlot from "../../src/auth/TokenSlot.js"
import * as Metrics from "../../src/telemetry/Metrics.js"
import { TokenPolicy } from "../../src/token/TokenPolicy.js"
import { counted } from "../support/Metrics.js"
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
    const cache = TokenCache.make({
      exchange: () => exchange,
      onRenewalFailed: () => Effect.void,
      policy: TokenPolicy.defaults,
      scope
    })
    return TokenEffect.make(cache, client)(TokenSlot.make([], Metrics.make(client).ofToken("")))
  })

const served = (client: string, cache: string) => counted("cxone_auth_tokens_served", { client, cache })

describe("TokenEffect", () => {
  it.effect("gives the same token however it is run, and counts each run once", () =>
    Effect.gen(function* () {
      const access = yield* setup("each-way")
      expect(valueOf(yield* access)).toBe("token-1")
      expect(valueOf(yield* access)).toBe("token-1")
      expect(yield* Effect.map(access, valueOf)).toBe("token-1")
      expect(yield* access.pipe(Effect.flatMap((token) => Effect.succeed(valueOf(token))))).toBe("token-1")
      expect((yield* Effect.all([access, access])).map(valueOf)).toEqual(["token-1", "token-1"])
      expect(valueOf(yield* Effect.fork(access).pipe(Effect.flatten))).toBe("token-1")
      expect(yield* Effect.exit(access)).toEqual(Exit.succeed(yield* access))
      expect(yield* served("each-way", "hit")).toBe(8)
      expect(yield* served("each-way", "miss")).toBe(1)
    })
  )

  it.effect("C6: a generator gets a cached token without a step of its fiber, and only a cached one", () =>
    Effect.gen(function* () {
      const access = yield* setup("no-step")
      expect(access[Symbol.iterator]().next().done).toBe(false)
      const token = yield* access
      expect(access[Symbol.iterator]().next()).toEqual({ done: true, value: token })
    })
  )

  it.effect("L1, L12: a generator gets no token past its margin, and none from before the clock was set back", () =>
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

  it.effect("a generator goes by the clock of its own fiber", () =>
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

  it.effect("each run has a span if the app has a tracer, in a generator too", () =>
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
        named("CxoneAuth.accessToken").map(({ attributes }) => [
          attributes.get("cxone_auth.client"),
          attributes.get("cxone_auth.cache")
        ])
      ).toEqual([
        ["traced", "miss"],
        ["traced", "hit"],
        ["traced", "hit"]
      ])
    })
  )

  it("its iterator gives no token outside of a fiber", () => {
    const access = Effect.runSync(setup("no-fiber"))
    Effect.runSync(access)
    expect(access[Symbol.iterator]().next().done).toBe(false)
  })
})
