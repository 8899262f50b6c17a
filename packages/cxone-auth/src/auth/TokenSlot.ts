/**
 * The place of one token, and what is in it.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { TokenMetrics } from "../telemetry/Metrics.js"
import { type AccessToken, isSame } from "../token/AccessToken.js"
import type { ScopeSet } from "../token/ScopeSet.js"

/**
 * The place of one token. There may be a hundred thousand, so what they have in common is not here, and what every call
 * looks at lies close together.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenSlot<E> {
  readonly scopes: ScopeSet
  readonly metrics: TokenMetrics
  /** What a `Ref` holds, without the steps to it: reading it is on the path of every call. */
  state: State<E>
}

/**
 * What is in a slot. Each change makes a new one.
 *
 * @since 0.1.0
 * @category models
 */
export interface State<E> {
  readonly held: Held | undefined
  /** The token of the exchange that is under way, for whoever waits for it. */
  readonly flight: Effect.Effect<AccessToken, E> | undefined
  readonly wasInvalidated: boolean
  readonly lastFailure: LastFailure | undefined
}

/**
 * A token, and up to which age what may be done with it. Ages are in whole milliseconds: an engine keeps a small whole
 * number in place, and a date in an object of its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface Held {
  readonly token: AccessToken
  /** The same as an effect, built once for all who get it. */
  readonly served: Exit.Exit<AccessToken>
  readonly cache: "hit" | "stale"
  /** In milliseconds since the epoch. */
  readonly obtainedAt: number
  /** Up to when nothing is to be done but to hand it out: until it may be renewed, and once it is, to the margin. */
  readonly settledFor: number
  readonly usableFor: number
}

/**
 * The last exchange that failed: the error's tag (`Defect` for a bug), and when, in milliseconds since the epoch.
 *
 * @since 0.1.0
 * @category models
 */
export interface LastFailure {
  readonly tag: string
  readonly at: number
}

/**
 * What is in a slot at one moment, for whoever only looks.
 *
 * @since 0.1.0
 * @category models
 */
export interface Snapshot {
  /** The token, while it may be handed out. */
  readonly token: AccessToken | undefined
  readonly isRenewing: boolean
  readonly lastFailure: LastFailure | undefined
}

const empty: State<never> = { held: undefined, flight: undefined, wasInvalidated: false, lastFailure: undefined }

/**
 * A slot without a token.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E>(scopes: ScopeSet, metrics: TokenMetrics): TokenSlot<E> => ({ scopes, metrics, state: empty })

// A clock that was set back has made the token's age unknown; a new token costs less than a stale one.
const isWithin = (age: number, end: number): boolean => 0 <= age && age < end

/**
 * Whether a token may be handed out.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isUsable = (held: Held, now: number): boolean => isWithin(now - held.obtainedAt, held.usableFor)

/**
 * Whether there is nothing to be done about it but that.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isSettled = (held: Held, now: number): boolean => isWithin(now - held.obtainedAt, held.settledFor)

/**
 * Hands out the token of a slot if there is one about which nothing else is to be done, and counts that.
 *
 * @since 0.1.0
 * @category getters
 */
export const take = <E>({ metrics, state: { held } }: TokenSlot<E>, now: number): Held | undefined => {
  if (held === undefined || !isSettled(held, now)) {
    return undefined
  }
  metrics.served(held.cache, held.token, now)
  return held
}

/**
 * Drops a token, but only if it is still the one in the slot (L9).
 *
 * @since 0.1.0
 * @category mutations
 */
export const drop = <E>(slot: TokenSlot<E>, token: AccessToken): void => {
  const { held } = slot.state
  if (held !== undefined && isSame(held.token, token)) {
    slot.state = { ...slot.state, held: undefined, wasInvalidated: true }
  }
}

/**
 * Looks at a slot, and changes nothing.
 *
 * @since 0.1.0
 * @category getters
 */
export const snapshot = <E>({ state: { flight, held, lastFailure } }: TokenSlot<E>, now: number): Snapshot => {
  const token = held !== undefined && isUsable(held, now) ? held.token : undefined
  return {
    token,
    isRenewing: flight !== undefined || (token !== undefined && held?.cache === "stale"),
    lastFailure
  }
}
