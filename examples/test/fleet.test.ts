import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "./support/run.js"

describe("fleet", () => {
  it.live(
    "eight processes go on when one is killed, when Redis is away, and when their token is revoked",
    () =>
      Effect.gen(function* () {
        const { code, output } = yield* run("fleet")
        expect(code, output).toBe(0)
        const [coldStart, ...others] = [...output.matchAll(/^token requests +(\d+).*\nfailed calls +(\d+)$/gm)]
        expect(coldStart?.[2]).toBe("0")
        // On a slow machine, a process may miss the store's 250 ms, and then requests a token of its own.
        expect(Number(coldStart?.[1])).toBeLessThanOrEqual(8)
        expect(others).toHaveLength(4)
        expect(others.filter(([, requests]) => Number(requests) === 0)).toEqual([])
      }),
    300_000
  )
})
