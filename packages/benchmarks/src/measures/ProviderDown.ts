/** B6: the identity provider is down for the last 15 % of each token's life. */
import { Effect } from "effect"
import { byName, contenders, failures, open, pace } from "../Contest.js"
import type { Measure } from "../Measure.js"
import * as Provider from "../Provider.js"
import type { Findings } from "../Section.js"

const perSecond = 50

const run = (quick: boolean) =>
  Effect.gen(function* () {
    const lifetime = quick ? 3 : 10
    const seconds = lifetime * 4
    const results = yield* Effect.forEach(
      contenders(quick),
      (contender) =>
        Effect.gen(function* () {
          const opened = yield* open(contender, "down", { lifetime, upFor: 0.85 })
          const calls = yield* pace(opened, "/api/v2/users/me", perSecond, seconds)
          return [contender, { calls, ...(yield* Provider.counts(opened.clientId)) }] as const
        }),
      { concurrency: "unbounded" }
    )
    const failed = byName(results, ({ calls }) => failures(calls))
    return {
      method:
        `${perSecond} calls a second for ${seconds} s with each library, all at the same time. Tokens live for ${lifetime} s. ` +
        "Ours begins to renew them in the background 30 to 34 % before their end, and hands them out until 10 % before " +
        "it. Libraries whose buffer can be set renew when 30 % of the lifetime is left. The token endpoint answers 503 " +
        "while it is down; a library that renews before the outage does not notice it. The tutorial's class is left " +
        "out, as in B5.",
      figures: [
        { name: "failed calls", unit: `of ${perSecond * seconds}`, better: "less", ...failed },
        {
          name: "token requests",
          unit: "",
          better: "less",
          ...byName(results, ({ tokenRequests }) => tokenRequests)
        }
      ],
      verdicts: [{ goal: "0 failed", found: String(failed.ours), isMet: failed.ours === 0 }]
    } satisfies Findings
  })

export const providerDown: Measure = {
  id: "B6",
  title: "The identity provider is down for the last 15 % of each token's life",
  isQuick: true,
  run
}
