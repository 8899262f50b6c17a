import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as CallMeasurement from "../src/CallMeasurement.js"
import * as CallReport from "../src/CallReport.js"
import { CallServer } from "../src/CallServer.js"
import * as Machine from "../src/Machine.js"
import * as Stampede from "../src/Stampede.js"
import * as Throughput from "../src/Throughput.js"

const stampede: Stampede.Stampede = {
  name: "three",
  calls: 3,
  arrivals: [
    [0, 429],
    [20, 429],
    [2_010, 200]
  ],
  served: 1,
  rateLimited: 2,
  seconds: 3
}

describe("what arrived", () => {
  it("is counted from one moment to another, and by slots from the first on", () => {
    assert.strictEqual(Stampede.arrived(stampede, 0, 2_000), 2)
    assert.strictEqual(Stampede.arrived(stampede, 2_000, 2_010), 0)
    assert.deepStrictEqual(Stampede.slots(stampede, 1_000), [2, 0, 1])
  })
})

describe("throughput", () => {
  it("is compared round by round", () => {
    const throughput = { cxone: [10, 20, 40], plain: [10, 40, 10], untraced: [20, 20, 20] }
    assert.deepStrictEqual(Throughput.ratios(throughput, "plain"), [1, 0.5, 4])
    assert.strictEqual(Throughput.median(Throughput.ratios(throughput, "plain")), 1)
  })
})

it.live(
  "measures, and reports with units",
  () =>
    Effect.gen(function* () {
      const settings = { rounds: 3, requests: 40, atOnce: 4, calls: 20, overQuota: 10 }
      const transports = [["undici", NodeHttpClient.layerUndici]] as const
      const figures = yield* CallMeasurement.run(settings, transports, () => Effect.void)
      const [all, few, alone] = figures.closed
      assert.deepStrictEqual([all.served, all.arrivals.length], [20, 40])
      assert.deepStrictEqual([few.served, few.rateLimited, few.arrivals.length], [4, 16, 24])
      assert.deepStrictEqual([alone.served, alone.arrivals.length], [20, 40])
      assert.deepStrictEqual(
        figures.quota.map(({ arrivals, served }) => [served, arrivals.length]),
        [
          [10, 10],
          [10, 10]
        ]
      )
      const report = CallReport.markdown(figures, yield* Machine.current, "calls.svg")
      for (const unit of ["requests/s", "ms after the API accepts calls", "seconds until"]) {
        assert.include(report, unit)
      }
      assert.notMatch(report + CallReport.plot(figures), /NaN|undefined|Infinity/)
    }).pipe(Effect.provide(Layer.provideMerge(CallServer.layer, NodeContext.layer))),
  60_000
)
