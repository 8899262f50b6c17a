import { assert, describe, it } from "@effect/vitest"
import * as Percentiles from "../src/Percentiles.js"

describe("Percentiles", () => {
  it("are numbers that were measured, by nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
    assert.deepStrictEqual(Percentiles.of(hundred), { p50: 50, p95: 95, p99: 99 })
    assert.deepStrictEqual(Percentiles.of([7]), { p50: 7, p95: 7, p99: 7 })
    assert.deepStrictEqual([Percentiles.at(hundred, 99.9), Percentiles.at(hundred, 0)], [100, 1])
  })
})
