/** B7: 500 calls at once with a token that has been revoked. */
import { Array, Effect } from "effect"
import { byName, contenders, open } from "../Contest.js"
import type { Measure } from "../Measure.js"
import * as Provider from "../Provider.js"
import type { Findings } from "../Section.js"

const calls = 500

interface Revoked {
  readonly extra: number
  readonly tokenRequests: number
  readonly served: number
}

const run = (quick: boolean) =>
  Effect.gen(function* () {
    const results = yield* Effect.forEach(contenders(quick), (contender) =>
      Effect.gen(function* () {
        const { client, clientId } = yield* open(contender, "revoked")
        yield* Effect.promise(() => client.get("/api/v2/users/me"))
        // This library takes a younger token that is refused for one that has not arrived everywhere yet.
        yield* Effect.sleep("2 seconds")
        yield* Provider.revoke(clientId)
        yield* Provider.set(clientId, { hold: calls })
        const statuses = yield* Effect.all(
          Array.replicate(
            Effect.orElseSucceed(
              Effect.tryPromise(() => client.get("/api/v2/users/me")),
              () => 0
            ),
            calls
          ),
          { concurrency: "unbounded" }
        )
        const { apiRequests, tokenRequests } = yield* Provider.counts(clientId)
        const served = statuses.filter((status) => status === 200).length
        return [contender, { extra: apiRequests - calls, tokenRequests, served }] as const
      })
    )
    // A library that does not renew is not better for making fewer requests.
    const ofWhoServed = (value: (each: Revoked) => number) =>
      byName(results, (each) => (each.served === 0 ? "hands the 401 on" : value(each)))
    const extra = ofWhoServed((each) => each.extra)
    const tokens = ofWhoServed(({ tokenRequests }) => tokenRequests)
    const served = byName(results, (each) => each.served)
    return {
      method:
        "The token is two seconds old. The API waits until all 500 requests with it have come, and then answers 401 to each. The " +
        "tutorial's class is left out, because it does not try again.",
      figures: [
        { name: "extra API requests", unit: "", better: "less", ...extra },
        { name: "token requests", unit: "", better: "less", ...tokens },
        { name: "calls that were served", unit: "of 500", better: "more", ...served }
      ],
      verdicts: [
        {
          goal: "500 extra API requests and 1 token request",
          found: `${extra.ours} and ${tokens.ours}, ${served.ours} served`,
          isMet: extra.ours === calls && tokens.ours === 1 && served.ours === calls
        }
      ]
    } satisfies Findings
  })

export const revokedToken: Measure = {
  id: "B7",
  title: "A revoked token under 500 concurrent calls",
  isQuick: true,
  run
}
