import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { type AccessToken, isSame } from "../token/AccessToken.js"
import * as Period from "../token/Period.js"

/**
 * Remembers for a while which tokens the API refused, and at which places. After refusals at many places, every token
 * counts as refused everywhere.
 */
export interface RefusedTokens {
  /** Keeps the refusal for `duration`. */
  readonly remember: (token: AccessToken, place: string, duration: Duration.Duration) => Effect.Effect<void>
  /** Whether this token was refused at this place. */
  readonly knows: (token: AccessToken, place: string) => Effect.Effect<boolean>
  /** Whether another token than this one was refused at this place. */
  readonly knowsAnother: (token: AccessToken, place: string) => Effect.Effect<boolean>
}

interface Entry {
  readonly token: AccessToken
  readonly place: string
  readonly period: Period.Period
}

/**
 * How many places count as many. Each place costs a renewal, so the number is small. It is more than one, so that one
 * route that always answers 401 does not keep the others from a renewal.
 */
const manyPlaces = 8

/** How many refusals are remembered, of all tokens. The oldest go first. */
const maxEntries = 64

/** Makes an empty memory. */
export const make: Effect.Effect<RefusedTokens> = Effect.map(Ref.make<ReadonlyArray<Entry>>([]), (entries) => {
  const current = Effect.zipWith(Ref.get(entries), Clock.currentTimeMillis, (all, now) =>
    all.filter(({ period }) => Period.isCurrent(period, now))
  )
  const holds = (entries: ReadonlyArray<Entry>, matches: (entry: Entry) => boolean) =>
    entries.some(matches) || new Set(entries.map(({ place }) => place)).size >= manyPlaces
  return {
    remember: (token, place, duration) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.update(entries, (all) => [
          ...all
            .filter((entry) => Period.isCurrent(entry.period, now))
            .filter((entry) => entry.place !== place || !isSame(entry.token, token))
            .slice(1 - maxEntries),
          { token, place, period: Period.make(now, duration) }
        ])
      ),
    knows: (token, place) =>
      Effect.map(current, (all) => holds(all, (entry) => entry.place === place && isSame(entry.token, token))),
    knowsAnother: (token, place) =>
      Effect.map(current, (all) => {
        const others = all.filter((entry) => !isSame(entry.token, token))
        return holds(others, (entry) => entry.place === place)
      })
  }
})
