import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Layer } from "effect"
import * as Bars from "../src/Bars.js"
import * as Contest from "../src/Contest.js"
import * as Machine from "../src/Machine.js"
import { revokedToken } from "../src/measures/RevokedToken.js"
import * as Provider from "../src/Provider.js"
import * as Results from "../src/Results.js"
import { bestPeer, type Figure, ratio, type Section } from "../src/Section.js"

const world = Layer.provideMerge(Provider.Provider.layer, Layer.merge(NodeContext.layer, NodeHttpClient.layerUndici))

const figure: Figure = {
  name: "GETs",
  unit: "requests/s",
  better: "more",
  ours: 600,
  peers: { slow: 100, fast: 400, none: "made none" },
  controls: { "nothing at all": 9_000 }
}

const section: Section = {
  id: "B3",
  title: "GETs",
  method: "Counted.",
  figures: [figure],
  verdicts: [
    { goal: "≥ 1.2 × the best peer", found: "1.5 ×", isMet: true, reason: "not to be seen" },
    { goal: "≥ 10 × the slowest", found: "6 ×", isMet: false, reason: "It is a machine." }
  ]
}

describe("a figure", () => {
  it("is compared with the best of the peers that have a number", () => {
    assert.strictEqual(ratio(figure), 1.5)
    assert.strictEqual(bestPeer({ ...figure, better: "less" }), 100)
    assert.strictEqual(ratio({ ...figure, ratio: 0.97 }), 0.97)
    assert.isUndefined(ratio({ ...figure, peers: { none: "made none" } }))
  })
})

describe("the results", () => {
  it.effect("show every figure with its unit, every goal, and why one is not met", () =>
    Effect.gen(function* () {
      const report = Results.markdown([section], yield* Machine.current)
      for (const text of [
        "GETs, requests/s",
        "400",
        "made none",
        "*nothing at all*",
        "9,000",
        "**not met**",
        "It is a machine."
      ]) {
        assert.include(report, text)
      }
      assert.notInclude(report, "not to be seen")
      const { figures, goals } = JSON.parse(Results.json([section], yield* Machine.current))
      assert.deepStrictEqual(figures, [
        {
          id: "B3",
          name: "GETs",
          unit: "requests/s",
          better: "more",
          ours: 600,
          peers: figure.peers,
          controls: figure.controls,
          ratio: 1.5
        }
      ])
      assert.deepStrictEqual(goals[1], { id: "B3", goal: "≥ 10 × the slowest", found: "6 ×", isMet: false })
    })
  )

  it("are drawn to scale", () => {
    const plot = Bars.svg("GETs", "more is better", [
      { name: "ours", value: 600, kind: "ours" },
      { name: "<slow>", value: 300, kind: "peer" }
    ])
    assert.match(plot, /class="ours"[^>]* width="380\.0"/)
    assert.match(plot, /class="peer"[^>]* width="190\.0"/)
    assert.include(plot, "&lt;slow>")
  })
})

describe.each(Contest.contenders(false))("$name", (contender) => {
  it.scopedLive("calls with a token that it has fetched once, and not without one", () =>
    Effect.gen(function* () {
      const { client, clientId } = yield* Contest.open(contender, "test")
      yield* Effect.promise(() => client.lookFor(3))
      assert.strictEqual(yield* Effect.promise(() => client.get("/api/x")), 200)
      yield* Effect.promise(() => client.load("/api/x", 10, 3))
      assert.deepStrictEqual(yield* Provider.counts(clientId), { tokenRequests: 1, apiRequests: 11 })

      const wrong = yield* Contest.open(contender, "wrong", { clientSecret: "wrong" })
      assert.isTrue(Either.isLeft(yield* Effect.either(Effect.tryPromise(() => wrong.client.get("/api/x")))))
      assert.strictEqual((yield* Provider.counts(wrong.clientId)).apiRequests, 0)
    }).pipe(Effect.provide(world))
  )
})

describe("a pace", () => {
  it.scopedLive("makes the calls when they are due, and counts those that fail", () =>
    Effect.gen(function* () {
      const [ours] = Contest.contenders(true)
      assert.isDefined(ours)
      const opened = yield* Contest.open(ours, "pace")
      const calls = yield* Contest.pace(opened, "/api/x", 100, 1)
      assert.deepStrictEqual([calls.length, calls[50]?.due, Contest.failures(calls)], [100, 500, 0])
      const wrong = yield* Contest.open(ours, "pace-wrong", { clientSecret: "wrong" })
      assert.strictEqual(Contest.failures(yield* Contest.pace(wrong, "/api/x", 100, 1)), 100)
    }).pipe(Effect.provide(world))
  )
})

it.scopedLive("B7, C2: 500 calls with a revoked token make 500 extra requests and one exchange", () =>
  Effect.gen(function* () {
    const { verdicts } = yield* revokedToken.run(true)
    assert.deepStrictEqual(
      verdicts.map(({ found }) => found),
      ["500 and 1, 500 served"]
    )
  }).pipe(Effect.provide(world))
)
