/**
 * Tokens that were refused, and where.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { type AccessToken, isSame } from "../token/AccessToken.js"

/**
 * Remembers for a while which tokens were refused, and at which places of the API. Where that happened at many, it
 * counts as known of all.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenMemory {
  readonly remember: (token: AccessToken, place: string) => Effect.Effect<void>
  /** Whether this token was refused at this place. */
  readonly knows: (token: AccessToken, place: string) => Effect.Effect<boolean>
  /** Whether another token than this one was. */
  readonly knowsAnother: (token: AccessToken, place: string) => Effect.Effect<boolean>
}

interface Entry {
  readonly token: AccessToken
  readonly place: string
  readonly until: number
}

/**
 * At how many places tokens may be refused before that counts for all. Each costs a renewal, so it is few; more than
 * one, so that a single route that always answers 401 does not keep the others from being helped.
 */
const manyPlaces = 8

/** How much is remembered, over all tokens; what is older is forgotten. */
const maxEntries = 64

/**
 * Makes an empty memory, in which everything stays for so long.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (duration: Duration.Duration): Effect.Effect<TokenMemory> =>
  Effect.map(Ref.make<ReadonlyArray<Entry>>([]), (entries): TokenMemory => {
    const current = Effect.zipWith(Ref.get(entries), Clock.currentTimeMillis, (all, now) =>
      all.filter(({ until }) => now < until)
    )
    const holds = (entries: ReadonlyArray<Entry>, matches: (entry: Entry) => boolean) =>
      entries.some(matches) || new Set(entries.map(({ place }) => place)).size >= manyPlaces
    return {
      remember: (token, place) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Ref.update(entries, (all) => [
            ...all
              .filter((entry) => now < entry.until && !(entry.place === place && isSame(entry.token, token)))
              .slice(1 - maxEntries),
            { token, place, until: now + Duration.toMillis(duration) }
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
