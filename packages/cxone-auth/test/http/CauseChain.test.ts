import { describe, expect, it } from "@effect/vitest"
import { Array, Cause, FiberId, Runtime } from "effect"
import * as CauseChain from "../../src/http/CauseChain.js"

const found = { code: "FOUND" }

describe("CauseChain: the causes of a failure, outermost first", () => {
  it.each([
    ["the failure itself", found, 0],
    ["a cause", new Error("a", { cause: found }), 1],
    ["a cause of a cause", { cause: new Error("b", { cause: found }) }, 2],
    ["a Cause of Effect's", { cause: Cause.fail(found) }, 2],
    ["a defect", { cause: Cause.die(found) }, 2],
    [
      "a Cause with an interruption beside it",
      { cause: Cause.parallel(Cause.interrupt(FiberId.none), Cause.fail(found)) },
      2
    ],
    ["what a promise of Effect's is rejected with", { cause: Runtime.makeFiberFailure(Cause.fail(found)) }, 3]
  ])("%s", (_, failure, depth) => {
    expect([...CauseChain.of(failure)].indexOf(found)).toBe(depth)
  })

  it.each(["text", 1, null, undefined, { cause: "text" }])("%j has none beyond itself", (failure) => {
    expect([...CauseChain.of(failure)].length).toBeLessThan(2)
  })

  it("a circle ends, and so does a chain without an end", () => {
    const circle: { cause?: unknown } = {}
    circle.cause = { cause: circle }
    expect([...CauseChain.of(circle)]).toHaveLength(10)
    const endless = Array.reduce(Array.range(1, 1_000), { n: 0 }, (cause, n) => ({ n, cause }))
    expect([...CauseChain.of(endless)]).toHaveLength(10)
  })
})
