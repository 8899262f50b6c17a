import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, TokenPolicy } from "cxone-auth"
import { CxoneSimulator, Fault, type FaultOn } from "cxone-auth-testkit"
import { Clock, Duration, Effect, Exit, Layer, Random } from "effect"
import * as VirtualTime from "../support/VirtualTime.js"

const hour = Duration.toMillis(Duration.hours(1))
const day = 24 * hour
const window = Duration.toMillis(TokenPolicy.defaults.refreshAhead)

/** Makes calls until `end`, with pauses between these two, and counts those that waited for their token or failed. */
const traffic = (end: number, minPause: number, maxPause: number) =>
  Effect.gen(function* () {
    const auth = yield* CxoneAuth
    const tally = { calls: 0, blocked: 0, failed: 0 }
    while ((yield* Clock.currentTimeMillis) < end) {
      const [took, exit] = yield* Effect.timed(Effect.exit(auth.accessToken))
      tally.calls += 1
      tally.blocked += Duration.greaterThan(took, Duration.zero) ? 1 : 0
      tally.failed += Exit.isFailure(exit) ? 1 : 0
      yield* Effect.flatMap(Random.nextRange(minPause, maxPause), Effect.sleep)
    }
    return tally
  })

const always = (fault: FaultOn["token"]) =>
  Effect.flatMap(CxoneSimulator, ({ clearFaults, inject }) =>
    Effect.zipRight(clearFaults, inject(fault, { on: "token", times: Number.POSITIVE_INFINITY }))
  )

/** An exchange takes 80 ms, so that a call that waits for one is counted. */
const up = always(Fault.delay("80 millis"))
const down = Effect.flatMap(Random.nextBoolean, (refused) =>
  always(refused ? Fault.respond({ status: 503 }) : Fault.connectionReset)
)

const outage = (start: number, length: number) =>
  Effect.gen(function* () {
    yield* Effect.sleep(start - (yield* Clock.currentTimeMillis))
    yield* down
    yield* Effect.sleep(length)
    yield* up
  })

const hourlyOutages = Effect.gen(function* () {
  for (let start = 0; start < day; start += hour) {
    // Not in the first minute, in which there may be no token yet.
    yield* outage(yield* Random.nextRange(start + 60_000, start + hour - window), window)
  }
})

/** Runs a program in virtual time, at the simulator in memory. Gives its value and the number of exchanges. */
const inVirtualTime = <A, E>(program: Effect.Effect<A, E, CxoneAuth | CxoneSimulator>, random: Random.Random) => {
  const exit = VirtualTime.run(
    Effect.gen(function* () {
      yield* up
      const tally = yield* program
      const { requestsTo } = yield* CxoneSimulator
      return { tally, exchanges: (yield* requestsTo("token")).length }
    }).pipe(
      Effect.provide(
        CxoneSimulator.layerAuth({ scopes: "read:users" }).pipe(Layer.provideMerge(CxoneSimulator.layerMemory()))
      ),
      Effect.withRandom(random)
    )
  )
  return Exit.getOrElse(exit, (cause) => expect.fail(String(cause)))
}

describe("virtual days", () => {
  it.each(["monday", "tuesday", "wednesday"])(
    "L4: in 24 h with a call every 2 to 8 s only the first call waits, and each token costs one exchange (%s)",
    (seed) => {
      const { exchanges, tally } = inVirtualTime(traffic(day, 2_000, 8_000), Random.make(seed))
      expect(tally.calls).toBeGreaterThan(15_000)
      expect(tally).toMatchObject({ blocked: 1, failed: 0 })
      // A token of one hour is renewed 53.5 to 54.5 min after it was requested, by the next call, up to 8 s later.
      const lives = (minutes: number) => day / Duration.toMillis(Duration.minutes(minutes))
      expect(exchanges).toBeGreaterThanOrEqual(Math.floor(lives(54.65)))
      expect(exchanges).toBeLessThanOrEqual(Math.ceil(lives(53.5)))
    }
  )

  it("L5: with an outage as long as the refresh window in every hour no call fails, and only the first waits", () => {
    const days = ["thursday", "friday", "saturday", "sunday"].map((seed) => {
      const program = Effect.all([traffic(day, 2_000, 8_000), hourlyOutages], { concurrency: 2 })
      const { exchanges, tally } = inVirtualTime(program, Random.make(seed))
      expect(tally[0], seed).toMatchObject({ blocked: 1, failed: 0 })
      return exchanges
    })
    // 27 a day would be enough without outages. On some days no renewal falls into one, so the days count together.
    expect(days.reduce((sum, exchanges) => sum + exchanges, 0)).toBeGreaterThan(4 * 27 + 40)
  })

  it.each([
    ["as long as the window fails no call", window, (failed: number) => failed === 0],
    ["that is a minute longer fails some", window + 60_000, (failed: number) => failed > 0]
  ] as const)(
    "L5: at the worst moment, just before the latest start of a renewal, an outage %s",
    (_, length, judge) => {
      // Without jitter a renewal starts a window before the margin, and no earlier.
      const latestStart = hour - Duration.toMillis(TokenPolicy.defaults.expiryMargin) - window
      const program = Effect.all([traffic(2 * hour, 1_000, 1_000), outage(latestStart - 500, length)], {
        concurrency: 2
      })
      const { tally } = inVirtualTime(program, Random.fixed([0]))
      expect(judge(tally[0].failed), `${tally[0].failed} failed`).toBe(true)
    }
  )
})
