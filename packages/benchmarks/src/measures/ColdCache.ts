/** B4: 10,000 callers at once, and no token yet. */
import { Array, Deferred, Duration, Effect, Either } from "effect"
import { byName, contenders, open } from "../Contest.js"
import * as BriefsClass from "../contenders/BriefsClass.js"
import type { Contender } from "../contenders/Contender.js"
import * as Percentiles from "../Percentiles.js"
import * as Provider from "../Provider.js"
import { bestPeer, type Figure, type Section } from "../Section.js"
import { number } from "../Table.js"

const callers = 10_000
const delay = 50

interface Cold {
  readonly tokenRequests: number
  readonly millis: number
  readonly failed: boolean
}

const once = (contender: Contender, run: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { client, clientId } = yield* open(contender, `cold-${run}`, { delay })
      const [took, result] = yield* Effect.timed(Effect.either(Effect.tryPromise(() => client.lookTogether(callers))))
      const { tokenRequests } = yield* Provider.counts(clientId)
      return { tokenRequests, millis: Duration.toMillis(took), failed: Either.isLeft(result) } satisfies Cold
    })
  )

/** What nothing that is built of fibers can go below: so many, and one value that all of them wait for. */
const floor = Effect.gen(function* () {
  const value = yield* Deferred.make<number>()
  yield* Effect.fork(Effect.delay(Deferred.succeed(value, 0), delay))
  const [took] = yield* Effect.timed(
    Effect.all(Array.replicate(Deferred.await(value), callers), { concurrency: "unbounded", discard: true })
  )
  return Duration.toMillis(took)
})

export const measure = (quick: boolean) =>
  Effect.gen(function* () {
    const rounds = quick ? 3 : 7
    const results = yield* Effect.forEach(contenders(quick), (contender) =>
      Effect.gen(function* () {
        const first = yield* once(contender, "0")
        // One that makes thousands of requests is not asked for more.
        const runs =
          first.tokenRequests > 1
            ? [first]
            : yield* Effect.forEach(Array.range(1, rounds), (run) => once(contender, String(run)))
        return [
          contender,
          {
            tokenRequests: Math.max(...runs.map(({ tokenRequests }) => tokenRequests)),
            millis: Percentiles.of(runs.map(({ millis }) => millis)).p50,
            failed: runs.some(({ failed }) => failed)
          } satisfies Cold
        ] as const
      })
    )
    const floors = yield* Effect.all(Array.replicate(floor, rounds))
    const least = Percentiles.of(floors).p50
    const brief = quick ? undefined : yield* BriefsClass.together(1_000, delay)
    const requests: Figure = {
      name: "token requests",
      unit: "",
      better: "less",
      ...byName(results, ({ tokenRequests }) => tokenRequests)
    }
    const time: Figure = {
      name: "all served",
      unit: "ms",
      better: "less",
      ...byName(results, ({ failed, millis }) => (failed ? `failed after ${number(millis)}` : millis))
    }
    const best = bestPeer(time) ?? Number.NaN
    return {
      id: "B4",
      title: "10,000 callers on a cold cache",
      method:
        `The token endpoint takes ${delay} ms. Medians of ${rounds} runs after one that does not count, each with a new ` +
        "client; whoever made more than one request was run once. The brief's class was run with 1,000 threads.",
      figures: [
        withPeer(requests, brief && { [BriefsClass.name]: brief.tokenRequests }),
        withPeer(time, {
          ...(brief && { [BriefsClass.name]: `${number(brief.millis)} (1,000 threads)` }),
          "10,000 fibers that await one `Deferred`": least
        })
      ],
      verdicts: [
        { goal: "1 request", found: number(requests.ours), isMet: requests.ours === 1 },
        {
          goal: "time no worse than the best peer",
          found: `${number(time.ours)} ms against ${number(best)} ms`,
          isMet: time.ours <= best,
          reason:
            `10,000 fibers that do nothing but await one \`Deferred\` for ${delay} ms took ${number(least)} ms in the same ` +
            "run: a fiber is more than a promise, and most of that time is garbage collection. In an app the fibers are " +
            `there anyway; what the library adds is ${number(time.ours - least)} ms, or ` +
            `${number(((time.ours - least) / callers) * 1_000, 1)} µs a caller.`
        }
      ]
    } satisfies Section
  })

const withPeer = (figure: Figure, peers: Figure["peers"] | undefined): Figure => ({
  ...figure,
  peers: { ...figure.peers, ...peers }
})
