import { describe, expect, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { type Command, plainCall, story } from "../model/client/Commands.js"
import { nothingReached } from "../model/client/History.js"
import { judge } from "../model/client/Judge.js"
import { show } from "../model/client/Trace.js"
import { play } from "../model/client/World.js"
import { seedUnless } from "../support/Seed.js"

/** 300 sequences, the same every time, in the ordinary run; `pnpm test:deep` asks for 10,000 random ones. */
const runs = Number(process.env.CLIENT_MODEL_RUNS ?? 300)

const turnOfTheEventLoop = () => new Promise((resolve) => setImmediate(resolve))

const sleep = (millis: number): Command => ({ tag: "sleep", millis })

const call = (options: Partial<typeof plainCall> = {}): Command => ({ ...plainCall, ...options })

describe("C2 to C8, L3, L10 and L12: random sequences of calls against a plain model", () => {
  it(
    `${runs} random sequences of calls, refusals, pauses, revocations and interruptions do nothing that the model forbids`,
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
      await fc.assert(property, { numRuns: runs, ...seedUnless(process.env.CLIENT_MODEL_RUNS) })
      // Each situation must be reached often enough, because a model that sees nothing objects to nothing.
      const rare = Object.entries(reached).filter(([, times]) => times < runs / 50)
      expect(rare, JSON.stringify(reached)).toEqual([])
    },
    120 * 60_000
  )

  describe("faults that the model has found", () => {
    it.each<readonly [string, ReadonlyArray<Command>]>([
      [
        "C7: an interruption ended a wait in an uninterruptible region",
        [
          { tag: "route", route: "GET /users/{id}", behaviour: { mood: "429", retryAfter: 5, lasts: 1 } },
          call(),
          sleep(1),
          call({ patience: 60_000, isUninterruptible: true, leavesAfter: 100 }),
          sleep(10_000)
        ]
      ],
      [
        "C4: a call that had passed an open gate, and then waited for its token, was sent after the gate had closed",
        [
          sleep(10_000),
          {
            tag: "route",
            route: "GET /users/{id}",
            behaviour: { mood: "429", retryAfter: 30, lasts: 1, latency: 2_000 }
          },
          call(),
          { tag: "provider", change: { latency: 3_000 } },
          { tag: "revoke" },
          call({ route: "GET /queues/{id}" }),
          sleep(1),
          call({ patience: 60_000 }),
          call(),
          sleep(60_000)
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
