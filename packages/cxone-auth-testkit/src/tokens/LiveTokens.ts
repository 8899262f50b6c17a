import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Tokens, and what each stands for, until they expire. */
export interface LiveTokens<A> {
  readonly add: (token: string, value: A) => Effect.Effect<void>
  /** None if the token is unknown, was removed, or has expired. */
  readonly get: (token: string) => Effect.Effect<Option.Option<A>>
  /** The same, and removes it if it is wanted. */
  readonly take: (token: string, isWanted: (value: A) => boolean) => Effect.Effect<Option.Option<A>>
  readonly remove: (token: string) => Effect.Effect<void>
  readonly clear: Effect.Effect<void>
}

export const make = <A extends { readonly expiresAt: number }>(): LiveTokens<A> => {
  const known = new Map<string, A>()
  let sweepAt = 1

  /** Only when there are twice as many as were left, so that a token costs the same however many there are. */
  const sweep = (now: number) => {
    if (known.size <= sweepAt) return
    for (const [token, { expiresAt }] of known) {
      if (expiresAt <= now) known.delete(token)
    }
    sweepAt = 2 * known.size
  }
  const liveAt = (token: string) => (now: number) =>
    Option.filter(Option.fromNullable(known.get(token)), ({ expiresAt }) => now < expiresAt)

  return {
    add: (token, value) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        known.set(token, value)
        sweep(now)
      }),
    get: (token) => Effect.map(Clock.currentTimeMillis, liveAt(token)),
    take: (token, isWanted) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const taken = Option.filter(liveAt(token)(now), isWanted)
        if (Option.isSome(taken)) known.delete(token)
        return taken
      }),
    remove: (token) => Effect.sync(() => known.delete(token)),
    clear: Effect.sync(() => known.clear())
  }
}
