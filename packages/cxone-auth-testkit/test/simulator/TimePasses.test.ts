import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator, Fault, timePasses } from "cxone-auth-testkit"
import { Cause, Clock, Effect, Exit, Fiber, Schedule, TestContext } from "effect"
import { exchange } from "../support/Harness.js"

const textOf = (exit: Exit.Exit<unknown, unknown>) => Exit.match(exit, { onSuccess: () => "", onFailure: Cause.pretty })

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
        expect(textOf(exit)).toContain("has not ended after 1s")
        expect(late.wasInterrupted).toBe(true)
      })
  )

  it.live.each([
    ["that is never interrupted", Effect.uninterruptible(Effect.never)],
    ["whose finalizer never ends", Effect.ensuring(Effect.never, Effect.never)]
  ] as const)("one %s is the defect all the same, with the line of the test", ([, endless]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(timePasses("1 minute")(endless)).pipe(
        Effect.provide(TestContext.TestContext),
        Effect.timeout("2 seconds")
      )
      expect(textOf(exit)).toMatch(/has not ended after 1m$/m)
      expect(textOf(exit)).toContain("TimePasses.test.ts")
    })
  )

  it.effect("the defect tells the requests that are under way", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* exchange()
      expect(textOf(yield* Effect.exit(timePasses("1 second")(Effect.never)))).toContain("No request is under way.")
      yield* simulator.inject(Fault.blackHole, { on: "token" })
      const text = textOf(yield* Effect.exit(timePasses("1 minute")(exchange())))
      expect(text).toContain(`Under way:\n  token: POST ${simulator.origin}/oauth/token (pending)`)
      expect(text.match(/token: POST/g)).toHaveLength(1)
      // It was interrupted.
      expect(yield* simulator.answersOf("token")).toEqual([200, "aborted"])
    }).pipe(Effect.provide(CxoneSimulator.layerTest()))
  )

  it.effect("whoever interrupts it interrupts the effect", () =>
    Effect.gen(function* () {
      const seen = { wasInterrupted: false }
      const note = Effect.sync(() => {
        seen.wasInterrupted = true
      })
      const fiber = yield* Effect.fork(
        timePasses("1 minute")(
          Effect.onInterrupt(
            Effect.async<never>(() => {}),
            () => note
          )
        )
      )
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      expect(seen.wasInterrupted).toBe(true)
    })
  )
})
