import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "./support/run.js"

// These take real time, so they stand in a file of their own, and run one after the other.
describe("outage", () => {
  const totals = (output: string) => {
    const [, served, exchanges, failures] =
      output.match(/^calls served: (\d+), exchanges tried: (\d+), failures: (\d+)/m) ?? []
    return { served: Number(served), exchanges: Number(exchanges), failures: Number(failures) }
  }
  const rows = (output: string) =>
    (output.match(/^ *[\d.]+ s .*$/gm) ?? []).map((row) => ({
      endpoint: row.slice(8, 24).trim(),
      exchanges: row.slice(56, 72).trim()
    }))
  const exchangesWhile = (state: string, output: string) =>
    rows(output)
      .map(({ endpoint, exchanges }) => (endpoint === state ? exchanges : ""))
      .join("")

  it.live("an outage shorter than the refresh window: nobody notices", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("outage")
      // 3 s before the outage, 3 s of outage and 5 s after it, at 50 calls a second.
      expect(totals(output)).toMatchObject({ served: 550, failures: 0 })
      expect(exchangesWhile("DOWN: 503", output)).toMatch(/^x{2,}$/)
      expect(exchangesWhile("DOWN: no answer", output)).toMatch(/^x{2,}$/)
      expect(exchangesWhile("up", output).match(/o/g)?.length).toBeGreaterThanOrEqual(4)
      expect(totals(output).exchanges).toBe(rows(output).flatMap(({ exchanges }) => Array.from(exchanges)).length)
      expect(output.split("\n").every((line) => line.length <= 80)).toBe(true)
      expect(code).toBe(0)
    })
  )

  it.live("one longer than a token lives: it is counted, and the example fails", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("outage", { OUTAGE_SECONDS: "8" })
      const { failures, served } = totals(output)
      expect(failures).toBeGreaterThan(0)
      expect(served + failures).toBe(800)
      expect(output).toContain("(TokenEndpointUnavailable)")
      expect(code).toBe(1)
    })
  )
})
