import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { SingleFlight } from "../lookup/SingleFlight.js"
import type { TokenMetrics } from "../telemetry/Metrics.js"
import { type AccessToken, isSame } from "../token/AccessToken.js"
import * as Period from "../token/Period.js"
import * as ScopeSet from "../token/ScopeSet.js"
import { PeekableRef } from "./PeekableRef.js"

/**
 * The cached token of one set of scopes. There may be 100,000 slots. So nothing that they share is kept here, and the
 * fields that every call reads are close together.
 */
export interface TokenSlot<E> {
  readonly scopes: ScopeSet.ScopeSet
  readonly metrics: TokenMetrics
  readonly state: PeekableRef<State<E>>
}

export interface State<E> {
  readonly held: Held | undefined
  /** The exchange that is under way. */
  readonly flight: SingleFlight<AccessToken, E> | undefined
  readonly wasInvalidated: boolean
  readonly lastFailure: LastFailure | undefined
  /** When the failures began that no token has ended, in milliseconds since the epoch. */
  readonly failingSince: number | undefined
}

/**
 * A token, and up to which age it is used. Ages are whole milliseconds, because V8 stores a small integer in the object
 * itself, but needs a heap object for a time since the epoch.
 */
export interface Held {
  readonly token: AccessToken
  /** The token as an effect, built once for all callers. */
  readonly served: Exit.Exit<AccessToken>
  readonly cache: "hit" | "stale"
  readonly obtainedAt: number
  /**
   * Below this age the token is only handed out. From this age on, a call also starts a renewal. During a renewal it
   * equals `usableFor`, so that no second renewal starts.
   */
  readonly settledFor: number
  /** Below this age the token may be handed out. At this age its margin begins. */
  readonly usableFor: number
}

/** The last failed exchange, and when, in milliseconds since the epoch. */
export interface LastFailure {
  /** The error's tag; `Defect` for a bug. */
  readonly tag: string
  readonly reason?: string
  readonly message?: string
  readonly at: number
}

/** What a slot keeps of an error. */
export interface Failure {
  readonly _tag: string
  readonly reason: string
  readonly message: string
}

export const failureOf = (cause: Cause.Cause<Failure>, at: number): LastFailure => ({
  ...Option.match(Cause.failureOption(cause), {
    onNone: () => ({ tag: "Defect" }),
    onSome: ({ _tag: tag, message, reason }) => ({ tag, reason, message })
  }),
  at: Math.round(at)
})

/** The last failure, and when the failures began. If the clock was set back meanwhile, they begin anew (L12). */
export const failing = (
  { failingSince = Number.POSITIVE_INFINITY }: Pick<State<unknown>, "failingSince">,
  lastFailure: LastFailure
): Pick<State<unknown>, "lastFailure" | "failingSince"> => ({
  lastFailure,
  failingSince: Math.min(failingSince, lastFailure.at)
})

/** A look at a slot. */
export interface Snapshot {
  readonly scopes: ScopeSet.ScopeSet
  /** The token, while it may be handed out. */
  readonly token: AccessToken | undefined
  readonly isRenewing: boolean
  readonly lastFailure: LastFailure | undefined
  readonly failingSince: number | undefined
}

const empty: State<never> = {
  held: undefined,
  flight: undefined,
  wasInvalidated: false,
  lastFailure: undefined,
  failingSince: undefined
}

export const make = <E>(scopes: ScopeSet.ScopeSet, metrics: TokenMetrics): TokenSlot<E> => ({
  scopes,
  metrics,
  state: new PeekableRef<State<E>>(empty)
})

/** Whether the token may be handed out. */
export const isUsable = ({ obtainedAt, usableFor }: Held, now: number): boolean =>
  Period.isWithin(obtainedAt, usableFor, now)

/** Whether handing the token out is all there is to do. */
export const isSettled = ({ obtainedAt, settledFor }: Held, now: number): boolean =>
  Period.isWithin(obtainedAt, settledFor, now)

/** Hands out a settled token, and counts it. */
export const take = <E>({ metrics, state }: TokenSlot<E>, now: number): Held | undefined => {
  const { held } = state.peek()
  if (held === undefined || !isSettled(held, now)) {
    return undefined
  }
  metrics.served(held.cache)
  return held
}

/** Whether this is the token that is held. */
export const isOf = ({ held }: State<unknown>, token: AccessToken): boolean =>
  held !== undefined && isSame(held.token, token)

export const holds = <E>({ state }: TokenSlot<E>, token: AccessToken): boolean => isOf(state.peek(), token)

/**
 * Whether the slot holds this token, and has requested it. A provider may hand out one token for several sets of scopes, and
 * give out again one that it gave out before.
 */
export const hasObtained = <E>({ state }: TokenSlot<E>, token: AccessToken): boolean => {
  const held = state.peek().held?.token
  const requested = ScopeSet.toParameter(token.requestedScopes)
  return held !== undefined && isSame(held, token) && ScopeSet.toParameter(held.requestedScopes) === requested
}

/** Whether no exchange for a successor is under way. */
export const isAtRest = <E>({ state }: TokenSlot<E>): boolean => state.peek().flight === undefined

/** Drops a token, but only if the slot still holds it (L9). */
export const drop = <E>({ state }: TokenSlot<E>, token: AccessToken): Effect.Effect<void> =>
  Ref.update(state, (current) =>
    isOf(current, token) ? { ...current, held: undefined, wasInvalidated: true } : current
  )

export const snapshot = <E>({ scopes, state }: TokenSlot<E>, now: number): Snapshot => {
  const { failingSince, flight, held, lastFailure } = state.peek()
  const token = held !== undefined && isUsable(held, now) ? held.token : undefined
  const isRenewing = flight !== undefined || (token !== undefined && held?.cache === "stale")
  return { scopes, token, isRenewing, lastFailure, failingSince }
}
