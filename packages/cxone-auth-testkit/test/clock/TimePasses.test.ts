import { describe, expect, it } from "@effect/vitest"
import { timePasses } from "cxone-auth-testkit"
import { Cause, Clock, Effect, Exit, Schedule } from "effect"

describe("timePasses", () => {
  it.effect("goes from one sleep to the next, so that each begins when the one before has ended", () =>
    Effect.gen(function* () {
      const times: Array<number> = []
      const note = Effect.map(Clock.currentTimeMillis, (now) => void times.push(now))
      const retried = Effect.retry(
        Effect.zipRight(note, Effect.fail("no")),
        Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(3))
      )
      expect(yield* Effect.flip(timePasses("1 minute")(retried))).toBe("no")
      expect(times).toEqual([0, 1_000, 3_000, 7_000])
      // The clock stands where the effect has ended.
      expect(yield* Clock.currentTimeMillis).toBe(7_000)
    })
  )

  it.effect("an effect that ends by itself lets no time pass", () =>
    Effect.gen(function* () {
      expect(yield* timePasses("1 hour")(Effect.succeed(1))).toBe(1)
      expect(yield* Clock.currentTimeMillis).toBe(0)
    })
  )

  it.effect(
    "one that ends in the last millisecond has ended; one that takes longer is a defect, and is interrupted",
    () =>
      Effect.gen(function* () {
        expect(yield* timePasses("1 second")(Effect.as(Effect.sleep("1 second"), "done"))).toBe("done")
        const late = { wasInterrupted: false }
        const tooLong = Effect.onInterrupt(Effect.sleep("1001 millis"), () =>
          Effect.sync(() => {
            late.wasInterrupted = true
          })
        )
        const exit = yield* Effect.exit(timePasses("1 second")(tooLong))
        expect(Exit.match(exit, { onSuccess: () => "", onFailure: Cause.pretty })).toContain("has not ended after 1s")
        expect(late.wasInterrupted).toBe(true)
      })
  )
})
