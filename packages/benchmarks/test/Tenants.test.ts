import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, layer } from "@effect/vitest"
import { CxoneHttpClient } from "cxone-auth"
import { Effect, Layer } from "effect"
import * as Answer from "../src/Answer.js"
import { Cxone } from "../src/Cxone.js"
import { EmptyMap } from "../src/EmptyMap.js"
import { perTenant } from "../src/Figures.js"
import * as Machine from "../src/Machine.js"
import * as Measurement from "../src/Measurement.js"
import * as Report from "../src/Report.js"
import * as Tenant from "../src/Tenant.js"
import * as TenantMap from "../src/TenantMap.js"

// Vitest's processes are not started with --expose-gc.
setFlagsFromString("--expose-gc")
globalThis.gc = runInNewContext("gc")

const TestLayer = Layer.merge(TenantMap.TenantMap.Default, EmptyMap.Default).pipe(
  Layer.provideMerge(Layer.merge(Cxone.layer, NodeHttpClient.layerUndici)),
  Layer.provideMerge(NodeContext.layer)
)

const settings = { tenants: 20, cold: 5, atOnce: 4, samples: 2 }

const finite = (numbers: ReadonlyArray<number>) => assert.deepStrictEqual(numbers.filter(Number.isFinite), numbers)

// One server for all.
layer(TestLayer, { excludeTestServices: true })("tenants", (it) => {
  it.effect("gives each tenant its own token and API host, and refuses another's", () =>
    Effect.gen(function* () {
      const names = Tenant.names(8, 20)
      const answers = yield* Effect.forEach(names, TenantMap.call, { concurrency: 4 })
      assert.deepStrictEqual(
        answers.map(({ place, tenant }) => [place, tenant]),
        names.map((name) => [name, name])
      )
      assert.isTrue(answers.every(({ tokenLength }) => tokenLength >= 900 && tokenLength <= 1200))

      const [one = "", other = ""] = names
      const stray = Effect.gen(function* () {
        const cxone = yield* CxoneHttpClient
        return yield* Answer.check(other, yield* cxone.get(Answer.pathFor(other)))
      })
      const error = yield* Effect.flip(Effect.provide(stray, TenantMap.TenantMap.get(one)))
      assert.strictEqual(error._tag, "WrongAnswer")
      assert.include(error.message, "403")

      yield* Effect.forEach(names, TenantMap.TenantMap.invalidate, { discard: true })
    })
  )

  it.effect("measures, and reports with units", () =>
    Effect.gen(function* () {
      const figures = yield* Measurement.run(settings, () => Effect.void)
      const { cold, entries, rounds } = figures
      finite([...Object.values(cold.library), ...Object.values(cold.byHand)])
      for (const each of [...rounds, entries]) {
        const { full, left } = perTenant(each)
        finite([full.heap, full.rss, left.heap, left.rss, each.pace.wall, each.pace.cpu])
        assert.deepStrictEqual([each.samples.length, each.samples.at(-1)?.tenants], [3, 20])
      }
      assert.deepStrictEqual(
        rounds.map(({ tokensDropped, tokensFull }) => [tokensFull, tokensDropped]),
        [
          [20, 0],
          [20, 0]
        ]
      )

      const report = Report.markdown(figures, yield* Machine.current, "tenants.svg")
      for (const unit of ["Bytes a tenant", "heap growth in MB", "ms to the first answer", "tenants/s", "wall, s"]) {
        assert.include(report, unit)
      }
      assert.notMatch(report, /NaN|undefined|Infinity/)

      const plot = Report.plot(figures)
      assert.include(plot, "MB above the start")
      assert.notMatch(plot, /NaN|undefined|Infinity/)
    })
  )
})
