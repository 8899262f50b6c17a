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
      console.log(requests.length, reports)
      expect(reports.map(({ failures }) => failures)).toStrictEqual([0, 0, 0, 0])
      // A token is renewed ahead: no sooner than after 70 % of its life. On a machine that is too busy, a process may
      // miss the budget of the store, or lose the lease. Then it gets a token of its own, and says so.
      const alone = reports.flatMap(({ warnings }) => warnings).length
      expect(requests.length).toBeLessThanOrEqual(Math.ceil(lifetimes / 0.7) + alone)
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
