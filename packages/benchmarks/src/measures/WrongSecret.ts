/** B8: what a wrong secret costs the identity provider. */
import { Effect } from "effect"
import { byName, contenders, open, pace } from "../Contest.js"
import * as TutorialClass from "../contenders/TutorialClass.js"
import type { Measure } from "../Measure.js"
import * as Provider from "../Provider.js"
import type { Findings } from "../Section.js"

const perSecond = 100
const seconds = 10
/** Milliseconds at the token endpoint, so that calls come while an exchange runs. */
const delay = 50

const run = (quick: boolean) =>
  Effect.gen(function* () {
    const results = yield* Effect.forEach(
      contenders(quick),
      (contender) =>
        Effect.gen(function* () {
          const opened = yield* open(contender, "wrong", { clientSecret: "wrong", delay })
          yield* pace(opened, "/api/v2/users/me", perSecond, seconds)
          return [contender, yield* Provider.counts(opened.clientId)] as const
        }),
      { concurrency: "unbounded" }
    )
    const { ours, peers } = byName(results, ({ tokenRequests }) => tokenRequests)
    const tutorial = quick ? {} : TutorialClass.asPeer(yield* TutorialClass.refused(perSecond * seconds, seconds))
    return {
      method: `Requests that the token endpoint got. It refused each with \`invalid_client\` after ${delay} ms.`,
      figures: [{ name: "token requests", unit: "", better: "less", ours, peers: { ...peers, ...tutorial } }],
      verdicts: [{ goal: "at most 2 token requests", found: String(ours), isMet: ours <= 2 }]
    } satisfies Findings
  })

export const wrongSecret: Measure = {
  id: "B8",
  title: "A wrong secret: 1,000 calls over 10 s",
  isQuick: true,
  run
}
