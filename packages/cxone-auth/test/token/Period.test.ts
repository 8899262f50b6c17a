import { describe, expect, it } from "@effect/vitest"
import { Duration, FastCheck as fc } from "effect"
import * as Period from "../../src/token/Period.js"

const period = Period.make(1_000, Duration.seconds(60))

describe("Period", () => {
  it.each([
    ["at its start", 1_000, 60_000],
    ["within it", 31_000, 30_000],
    ["in its last millisecond", 60_999, 1],
    ["at its end", 61_000, 0],
    ["long after it", 3_600_000, 0]
  ])("%s, at %d ms, %d ms are left", (_, now, left) => {
    expect(Period.left(period, now)).toBe(left)
    expect(Period.isCurrent(period, now)).toBe(left > 0)
  })

  it("L12: ends if the clock was set back to before its start", () => {
    expect(Period.left(period, 999)).toBe(0)
    expect(Period.isCurrent(period, 999)).toBe(false)
  })

  it("L12: never has more left than its length, whatever the clock says", () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(), fc.integer(), (since, length, now) => {
        const left = Period.left({ since, length }, now)
        expect(left).toBeGreaterThanOrEqual(0)
        expect(left).toBeLessThanOrEqual(length)
      })
    )
  })

  it("has one that has always ended", () => {
    expect(Period.isCurrent(Period.ended, 0)).toBe(false)
  })
})
