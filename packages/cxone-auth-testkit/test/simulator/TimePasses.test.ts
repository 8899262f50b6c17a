import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator, Fault, type FaultOn, timePasses } from "cxone-auth-testkit"
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
      expect(textOf(yield* Effect.exit(timePasses("1 second")(Effect.never)))).toMatch(/No request is under way\.$/m)
      yield* exchange()
      yield* simulator.inject(Fault.blackHole, { on: "token" })
      const text = textOf(yield* Effect.exit(timePasses("1 minute")(exchange())))
      expect(text).toContain(`Under way:\n  token: POST ${simulator.origin}/oauth/token (pending)`)
      expect(text.match(/token: POST/g)).toHaveLength(1)
      // It was interrupted.
      expect(yield* simulator.answersOf("token")).toEqual([200, "aborted"])
    }).pipe(Effect.provide(CxoneSimulator.layerTest()))
  )

  it.effect("the defect tells of a body that is still being sent", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.endlessBody({ every: "1 second" }), { on: "token" })
      const text = textOf(yield* Effect.exit(timePasses("1 minute")(exchange())))
      expect(text).toContain(
        `Under way:\n  token: POST ${simulator.origin}/oauth/token (200, and its body is still being sent)`
      )
      // It was interrupted, and so the body has ended.
      expect(textOf(yield* Effect.exit(timePasses("1 second")(Effect.never)))).toContain("No request is under way.")
    }).pipe(Effect.provide(CxoneSimulator.layerTest()))
  )

  it.effect.each<readonly [fault: FaultOn["token"], told: string]>([
    [Fault.respond({ status: 429, headers: { "Retry-After": "30" } }), "The last answer was 429 to POST "],
    [Fault.connectionReset, "The last request was reset: POST "]
  ])("the defect tells how the last request ended, while the app waits: %#", ([fault, told]) =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* exchange()
      yield* simulator.inject(fault, { on: "token" })
      const waits = Effect.zipRight(Effect.exit(exchange()), Effect.never)
      expect(textOf(yield* Effect.exit(timePasses("1 second")(waits)))).toContain(
        `No request is under way. ${told}${simulator.origin}/oauth/token`
      )
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
