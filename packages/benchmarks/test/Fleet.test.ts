import { assert, describe, it } from "@effect/vitest"
import * as FleetDay from "../src/FleetDay.js"
import * as FleetReport from "../src/FleetReport.js"

describe("times", () => {
  it("have a peak in the second with the most of them, wherever it begins", () => {
    assert.strictEqual(FleetDay.peak([]), 0)
    assert.strictEqual(FleetDay.peak([0, 900, 1_000, 1_100, 1_899, 1_900]), 4)
  })

  it("are counted by slots", () => {
    assert.deepStrictEqual(FleetDay.slots([0, 9, 10, 35], 10, 40), [2, 1, 0, 1])
  })
})

it("runs a fleet the same each time, and reports with units", async () => {
  const settings = { processes: 6, hours: 3 }
  const days: Array<FleetDay.Day> = []
  for (const scenario of FleetDay.scenarios) {
    days.push(await FleetDay.run(scenario, settings))
  }
  assert.deepStrictEqual(
    days.map(({ exchanges, failed }) => [exchanges.length, failed]),
    [
      [24, 0],
      [24, 0],
      [4, 0],
      [4, 0]
    ]
  )
  const [, , , shared] = FleetDay.scenarios
  assert.isDefined(shared)
  assert.deepStrictEqual(await FleetDay.run(shared, settings), days.at(-1))

  const figures = { settings, days }
  const machine = { cores: 1, processor: "one", system: "linux", node: "v20" }
  const report = FleetReport.markdown(figures, machine, "fleet.svg")
  for (const unit of ["exchanges an hour", "in a second", "longest wait, ms"]) {
    assert.include(report, unit)
  }
  assert.notMatch(report + FleetReport.plot(figures), /NaN|undefined|Infinity/)
})
