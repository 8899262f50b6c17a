/** B1: what a look for a cached token costs. */
import { Duration, Effect, Record } from "effect"
import { contenders, open } from "../Contest.js"
import { cxoneAuth, sharing } from "../contenders/CxoneAuth.js"
import * as TutorialClass from "../contenders/TutorialClass.js"
import type { Measure } from "../Measure.js"
import { bestPeer, type Findings } from "../Section.js"
import { number } from "../Table.js"
import * as Turns from "../Turns.js"

const succeed = "`Effect.succeed`, yielded"

const yieldSucceed = (times: number) =>
  Effect.runPromise(
    Effect.gen(function* () {
      for (let time = 0; time < times; time++) {
        yield* Effect.succeed(0)
      }
    })
  )

const run = (quick: boolean) =>
  Effect.gen(function* () {
    const times = quick ? 100_000 : 300_000
    const rounds = quick ? 5 : 9
    const opened = yield* Effect.forEach([...contenders(quick), sharing], (contender) => open(contender, "cached"))
    const looks: Record<string, (times: number) => Promise<void>> = {
      ...Object.fromEntries(opened.map(({ client, contender }) => [contender.name, client.lookFor])),
      [succeed]: yieldSucceed
    }
    const medians = yield* Turns.medians(
      Record.map(looks, (lookFor) =>
        Effect.map(
          Effect.timed(Effect.promise(() => lookFor(times))),
          ([took]) => (Duration.toMillis(took) * 1e6) / times
        )
      ),
      rounds
    )
    const tutorial = quick ? {} : TutorialClass.asPeer(yield* TutorialClass.cachedToken(times))
    const {
      [cxoneAuth.name]: ours = Number.NaN,
      [sharing.name]: shared = Number.NaN,
      [succeed]: succeeded = Number.NaN,
      ...others
    } = medians
    const managing = Record.filter(others, (_, name) =>
      contenders(false).some((contender) => contender.name === name && contender.managesTokens)
    )
    const best = bestPeer({ better: "less", peers: managing }) ?? Number.NaN
    return {
      method:
        `One running fiber reads the token ${number(times)} times. The other libraries are awaited in one async ` +
        `function. Figures are medians of ${rounds} rounds, by turns; the tutorial's class was run once. Simple-oauth2 and ` +
        "openid-client manage no tokens, so for them the wrapper only reads a variable.",
      figures: [
        {
          name: "a cached token",
          unit: "ns",
          better: "less",
          ours,
          peers: { ...others, ...tutorial },
          controls: { [sharing.name]: shared, [succeed]: succeeded }
        }
      ],
      verdicts: [
        {
          goal: "no slower than the fastest peer that manages tokens",
          found: `${number(ours)} ns against ${number(best)} ns`,
          isMet: ours <= best
        },
        {
          goal: "not above 4 × a yielded `Effect.succeed`",
          found: `${number(ours / succeeded, 1)} ×`,
          isMet: ours <= 4 * succeeded
        },
        {
          goal: "not above 1.05 × with a shared store",
          found: `${number(shared / ours, 2)} ×`,
          isMet: shared <= 1.05 * ours,
          reason: "The code of both is the same. The difference is the pace of the machine from one turn to the next."
        }
      ]
    } satisfies Findings
  })

export const cachedToken: Measure = {
  id: "B1",
  title: "A cached token",
  isQuick: true,
  run
}
