import { expect, it } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect, Redacted } from "effect"
import { names } from "./support/Adapters.js"
import * as RedisServer from "./support/RedisServer.js"
import * as Workers from "./support/Workers.js"

const lifetime = 3_000
const lifetimes = 20

it.scopedLive(
  "four processes renew a token together, over twenty lifetimes of it",
  () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const server = yield* RedisServer.started()
      const program = yield* Workers.bundle
      const workers = yield* Effect.forEach([0, 1, 2, 3], (index) =>
        Workers.start(program, {
          ...simulator.env(),
          CXONE_REDIS_URL: server.url,
          ADAPTER: names[index % 2] ?? ""
        })
      )
      const reports = yield* Effect.forEach(workers, ({ work }) => work(10, lifetimes * lifetime), {
        concurrency: "unbounded"
      })
      const requests = yield* simulator.requestsTo("token")
      expect(reports.map(({ failures }) => failures)).toStrictEqual([0, 0, 0, 0])
      // One that misses the budget of the store, on a machine that is too busy, gets tokens of its own, and says so.
      const alone = reports.flatMap(({ warnings }) => warnings).length
      // Each token was everybody's. It is renewed ahead: no sooner than after half of its life.
      expect(requests.length).toBeLessThanOrEqual(Math.max(...reports.map(({ tokens }) => tokens)) + alone)
      expect(requests.length).toBeLessThanOrEqual(lifetimes * 2 + alone)
    }).pipe(
      Effect.provide(
        CxoneSimulator.layerServer({
          clients: [
            {
              clientId: "fleet",
              clientSecret: Redacted.make("s3cret"),
              scopes: ["offline_access"],
              tokenLifetime: lifetime
            }
          ]
        })
      )
    ),
  180_000
)
