import { describe, expect, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { type Command, play, story } from "../model/Commands.js"
import { judge, nothingReached } from "../model/Model.js"
import { show } from "../model/Trace.js"
import { seedUnless } from "../support/Seed.js"

/** 300 sequences in the ordinary run; `pnpm test:deep` asks for 10,000. */
const runs = Number(process.env.MODEL_RUNS ?? 300)

const turnOfTheEventLoop = () => new Promise((resolve) => setImmediate(resolve))

const call = (scopes: string): Command => ({
  tag: "call",
  scopes,
  count: 1,
  leavesAfter: undefined,
  leavesBy: "interruption"
})

const sleep = (millis: number): Command => ({ tag: "sleep", millis })

describe("L1 to L10: random sequences against a plain model", () => {
  it(
    `${runs} random sequences of calls, interruptions, outages, refusals and rotations do nothing that the model forbids`,
    async () => {
      const reached = nothingReached()
      const property = fc.asyncProperty(story, fc.integer(), async (commands, seed) => {
        // The process must answer the test runner between two sequences.
        await turnOfTheEventLoop()
        const events = play(commands, seed)
        const objections = judge(events, reached)
        if (objections.length > 0) {
          throw new Error(`${objections.join("\n")}\n\nin this trace:\n${show(events)}`)
        }
      })
      await fc.assert(property, { numRuns: runs, ...seedUnless(process.env.MODEL_RUNS) })
      // Each situation must be reached often enough, because a model that sees nothing objects to nothing.
      const rare = Object.entries(reached).filter(([, times]) => times < runs / 50)
      expect(rare, JSON.stringify(reached)).toEqual([])
    },
    30 * 60_000
  )

  describe("faults that the model has found", () => {
    it.each<readonly [string, ReadonlyArray<Command>]>([
      [
        "L6: a retry sent credentials that had been refused meanwhile, in an exchange for other scopes",
        [
          { tag: "provider", change: { accepts: "neither", latency: 500 } },
          call("a b"),
          sleep(0),
          { tag: "provider", change: { mood: "reset", latency: 1 } },
          call("a"),
          sleep(10_000)
        ]
      ],
      [
        "L6: an exchange that had waited for a 429 sent a probe during another probe",
        [
          { tag: "provider", change: { mood: "limited", retryAfter: 59, latency: 1 } },
          call("a"),
          sleep(0),
          { tag: "provider", change: { mood: "up", accepts: "neither", latency: 9_999 } },
          call("a b"),
          sleep(59_000),
          sleep(1),
          call("a b"),
          sleep(60_000)
        ]
      ],
      [
        "L6: a probe that timed out let a third probe be sent during the second",
        [
          { tag: "provider", change: { accepts: "B" } },
          call("a"),
          sleep(30_000),
          { tag: "provider", change: { latency: 20_000 } },
          call("a"),
          sleep(10_000),
          call("a b"),
          sleep(0)
        ]
      ],
      [
        "L6: current and next credentials were refused a minute apart, and the error named a time in the past",
        [
          { tag: "give", credentials: "A, then B", latency: 0 },
          { tag: "provider", change: { mood: "limited", retryAfter: 59, latency: 1 } },
          call("a"),
          sleep(0),
          { tag: "provider", change: { mood: "up", accepts: "neither", latency: 2 } },
          call("a b"),
          sleep(60_000),
          sleep(60_000)
        ]
      ],
      [
        "L10: status was not refused, because an exchange with the previous credentials had got a token",
        [
          { tag: "provider", change: { accepts: "A", latency: 500 } },
          call("a"),
          sleep(0),
          { tag: "give", credentials: "B", latency: 0 },
          call("a b"),
          sleep(10_000)
        ]
      ]
    ])("%s", (_, commands) => {
      for (let seed = 0; seed < 20; seed++) {
        const events = play(commands, seed)
        expect(judge(events, nothingReached()), show(events)).toEqual([])
      }
    })
  })
})
