/** B13: processes that start together, with a store that they share and without. */
import { Array as Arr, Console, Effect } from "effect"
import * as RedisServer from "../../../cxone-auth-redis/test/support/RedisServer.js"
import * as Workers from "../../../cxone-auth-redis/test/support/Workers.js"
import { tokenEndpoint } from "../contenders/Contender.js"
import type { Measure } from "../Measure.js"
import * as Percentiles from "../Percentiles.js"
import * as Provider from "../Provider.js"
import type { Figure, Findings } from "../Section.js"
import { number } from "../Table.js"

const fibers = 200
/** How long the token endpoint takes, in milliseconds. */
const delay = 200
const alone = "without a store"

interface Start {
  readonly tokenRequests: number
  /** Until the last fiber had its token. */
  readonly millis: number
  /** Calls that failed, or got another token than the others of their process. */
  readonly wrong: number
}

/** Starts new processes, waits until all have loaded their program, and lets all of them need a token at once. */
const start = (program: string, processes: number, run: string, settings: Record<string, string>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { origin } = yield* Provider.Provider
      const clientId = `cold-fleet-${run}`
      yield* Provider.set(clientId, { delay })
      const environment = {
        CXONE_CLIENT_ID: clientId,
        CXONE_CLIENT_SECRET: "secret",
        CXONE_TOKEN_ENDPOINT: tokenEndpoint({ origin }),
        CXONE_API_BASE_URL: origin.href,
        ...settings
      }
      const workers = yield* Effect.replicateEffect(Workers.start(program, environment), processes, { concurrency: 2 })
      const reports = yield* Effect.forEach(workers, ({ work }) => work(fibers, 0), { concurrency: "unbounded" })
      const { tokenRequests } = yield* Provider.counts(clientId)
      return {
        tokenRequests,
        millis: Math.max(...reports.map(({ first }) => first)),
        wrong: Arr.reduce(reports, 0, (sum, { calls, tokens }) => sum + (fibers - calls) + (tokens - 1))
      } satisfies Start
    })
  )

const measure = Effect.fnUntraced(function* (quick: boolean) {
  const [processes, rounds] = quick ? [4, 1] : [16, 3]
  const { url } = yield* RedisServer.started()
  const program = yield* Workers.bundle
  const round = (index: number) =>
    Effect.all({
      shared: start(program, processes, `shared-${index}`, { ADAPTER: "ioredis", CXONE_REDIS_URL: url }),
      alone: start(program, processes, `alone-${index}`, { ADAPTER: "none" })
    })
  const found = yield* Effect.forEach(Arr.range(1, rounds), round)
  const median = (of: (start: Start) => number, which: "shared" | "alone") =>
    Percentiles.at(
      found.map((each) => of(each[which])),
      50
    )
  const figure = (name: string, unit: string, of: (start: Start) => number): Figure => ({
    name,
    unit,
    better: "less",
    ours: median(of, "shared"),
    peers: {},
    controls: { [alone]: median(of, "alone") }
  })
  const most = Math.max(...found.map(({ shared }) => shared.tokenRequests))
  const wrong = Arr.reduce(found, 0, (sum, each) => sum + each.shared.wrong + each.alone.wrong)
  return {
    method:
      `${processes} processes have loaded their program, and have no token. Then ${fibers} fibers in each need one at once. The token ` +
      `endpoint takes ${delay} ms. The store is Debian's Redis, over ioredis. Figures are medians of ${rounds} rounds, each with new ` +
      "processes. No peer shares tokens between processes.",
    figures: [
      figure("token requests", "", ({ tokenRequests }) => tokenRequests),
      figure("all served", "ms", ({ millis }) => millis)
    ],
    verdicts: [
      { goal: "1 token request in each round", found: `at most ${number(most)}`, isMet: most === 1 },
      { goal: "no call that fails", found: number(wrong), isMet: wrong === 0 }
    ]
  } satisfies Findings
})

/** There is nothing to start processes over without a server. */
const leftOut = ({ message }: { readonly message: string }) =>
  Effect.as(Console.log(`B13 is left out. ${message}`), {
    method: "Left out, because there was no redis-server.",
    figures: [],
    verdicts: []
  } satisfies Findings)

export const coldFleet: Measure = {
  id: "B13",
  title: "Processes that start together",
  isQuick: true,
  run: (quick) => Effect.catchTag(measure(quick), "RedisServerError", leftOut)
}
