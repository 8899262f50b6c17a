import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Array as Arr, Effect, Fiber } from "effect"
import { names } from "./support/Adapters.js"
import * as RedisServer from "./support/RedisServer.js"
import { shared } from "./support/Shared.js"
import * as Workers from "./support/Workers.js"

const place = shared(Effect.all({ program: Workers.bundle, server: RedisServer.started() }))

/** Sixteen processes start on two cores. */
const slow = 240_000

/** Processes of one fleet, half of them over each client. */
const startAll = (count: number, prefix: string) =>
  Effect.gen(function* () {
    const { program, server } = yield* place
    const simulator = yield* CxoneSimulator
    const settings = { ...simulator.env(), CXONE_REDIS_URL: server.url, CXONE_REDIS_PREFIX: prefix }
    return yield* Effect.forEach(
      Arr.range(1, count),
      (index) => Workers.start(program, { ...settings, ADAPTER: names[index % 2] ?? "" }),
      { concurrency: 4 }
    )
  })

const workAll = (workers: ReadonlyArray<Workers.Worker>, fibers: number, millis = 0) =>
  Effect.forEach(workers, ({ work }) => work(fibers, millis), { concurrency: "unbounded" })

const exchanges = Effect.flatMap(CxoneSimulator, (simulator) =>
  Effect.map(simulator.requestsTo("token"), (requests) => requests.length)
)

/** On a machine that is too busy, a process may miss the budget of the store. Then it goes on alone, and says so. */
const timesAlone = (reports: ReadonlyArray<Workers.Report>) =>
  reports.flatMap(({ warnings }) => warnings.filter((line) => line.startsWith("The token store failed"))).length

describe("F1 and F2: a fleet of processes", () => {
  it.scopedLive(
    "of 16 with 200 fibers each starts with one exchange",
    () =>
      Effect.gen(function* () {
        const reports = yield* workAll(yield* startAll(16, "cold"), 200)
        for (const { calls, failures, tokens } of reports) {
          expect([calls, failures, tokens]).toStrictEqual([200, 0, 1])
        }
        const made = yield* exchanges
        expect(made).toBeGreaterThanOrEqual(1)
        expect(made).toBeLessThanOrEqual(1 + timesAlone(reports))
      }).pipe(Effect.provide(CxoneSimulator.layerServer())),
    slow
  )

  it.scopedLive(
    "goes on if the one that exchanges is killed",
    () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        const [holder, ...others] = yield* startAll(4, "killed")
        yield* simulator.inject(Fault.delay("1 minute"), { on: "token" })
        yield* Effect.fork(workAll(Arr.fromNullable(holder), 1))
        yield* simulator.awaitRequests("token", 1)
        const working = yield* Effect.fork(workAll(others, 50))
        yield* Effect.sleep("200 millis")
        yield* holder?.kill ?? Effect.void
        const reports = yield* Fiber.join(working)
        for (const { calls, failures, tokens } of reports) {
          expect([calls, failures, tokens]).toStrictEqual([50, 0, 1])
        }
        expect(yield* exchanges).toBeLessThanOrEqual(2 + timesAlone(reports))
        // An exchange of its own, with its tries, would take them half a minute.
        expect(Math.max(...reports.map(({ first }) => first))).toBeLessThan(20_000)
      }).pipe(Effect.provide(CxoneSimulator.layerServer())),
    slow
  )
})
