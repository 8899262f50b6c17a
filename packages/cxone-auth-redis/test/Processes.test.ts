import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Array as Arr, Effect, Fiber } from "effect"
import { names } from "./support/Adapters.js"
import * as RedisServer from "./support/RedisServer.js"
import { shared } from "./support/Shared.js"
import * as Workers from "./support/Workers.js"

const place = shared(Effect.all({ program: Workers.bundle, server: RedisServer.started() }))

/** Processes of one fleet, half of them over each client. */
const startAll = (count: number, prefix: string) =>
  Effect.gen(function* () {
    const { program, server } = yield* place
    const simulator = yield* CxoneSimulator
    const settings = { ...simulator.env(), CXONE_REDIS_URL: server.url, CXONE_REDIS_PREFIX: prefix }
    return yield* Effect.forEach(
      Arr.range(1, count),
      (index) => Workers.start(program, { ...settings, ADAPTER: names[index % 2] ?? "ioredis" }),
      { concurrency: 4 }
    )
  })

const exchanges = Effect.flatMap(CxoneSimulator, (simulator) =>
  Effect.map(simulator.requestsTo("token"), (requests) => requests.length)
)

/** Sixteen processes start on two cores. */
const slow = 240_000

describe("a fleet of processes", () => {
  it.scopedLive(
    "of 16 with 200 fibers each starts with one exchange",
    () =>
      Effect.gen(function* () {
        const workers = yield* startAll(16, "cold")
        const reports = yield* Effect.forEach(workers, ({ work }) => work(200, 0), { concurrency: "unbounded" })
        console.log(reports)
        expect(reports.map(({ calls, failures, tokens }) => [calls, failures, tokens])).toStrictEqual(
          reports.map(() => [200, 0, 1])
        )
        expect(reports.flatMap(({ warnings }) => warnings)).toStrictEqual([])
        expect(yield* exchanges).toBe(1)
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
        yield* Effect.fork(holder?.work(1, 0) ?? Effect.void)
        yield* simulator.awaitRequests("token", 1)
        const working = yield* Effect.fork(
          Effect.forEach(others, ({ work }) => work(50, 0), { concurrency: "unbounded" })
        )
        yield* Effect.sleep("200 millis")
        yield* holder?.kill ?? Effect.void
        const reports = yield* Fiber.join(working)
        console.log(reports)
        for (const { calls, failures, first, tokens } of reports) {
          expect([calls, failures, tokens]).toStrictEqual([50, 0, 1])
          expect(first).toBeLessThan(15_000)
        }
        expect(yield* exchanges).toBe(2)
      }).pipe(Effect.provide(CxoneSimulator.layerServer())),
    slow
  )
})
