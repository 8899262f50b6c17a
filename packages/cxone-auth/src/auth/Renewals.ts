/**
 * What is done about a token that the API has refused: when it is renewed, and how often. client/ApiCall asks here.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import * as BoundedMap from "../lookup/BoundedMap.js"
import { type AccessToken, isSame } from "../token/AccessToken.js"
import * as Period from "../token/Period.js"
import * as ScopeSet from "../token/ScopeSet.js"

/** The numbers of `CallPolicy` that count here. */
export interface RenewalPolicy {
  readonly tokenArrival: Duration.Duration
  readonly renewalPause: Duration.Duration
  readonly maxRenewalPause: Duration.Duration
  readonly maxRenewals: number
}

/** A 401: what was refused, and where. */
export interface Refusal {
  readonly token: AccessToken
  /** A method, an origin and a path without ids. */
  readonly place: string
  /** Whether a call would still be sent with it, and no renewal is under way. */
  readonly isHeld: boolean
  /** The token that the same call was refused with before it was sent again. */
  readonly before: AccessToken | undefined
  /** How many times the call has been sent again because its token was young. */
  readonly waits: number
  readonly canBeSentAgain: boolean
}

/** What to do about a refused token. */
export type Verdict = Data.TaggedEnum<{
  /** The token is new, and may not have arrived everywhere yet: keep it, and send the call again after `delay`. */
  Await: { readonly delay: Duration.Duration }
  /** Renew the token, and send the call again with the new one. */
  Renew: object
  /** Another call has caused its renewal: send the call again with the new one. */
  Resend: object
  /**
   * Fail. For `retryAfter` no token is renewed because of this place (`refused_again`), or of any (`too_many_renewals`).
   * `isFirst`: this refusal begins that time.
   */
  Refuse: {
    readonly reason: "refused_again" | "too_many_renewals"
    readonly retryAfter: Duration.Duration
    readonly isFirst: boolean
  }
}>

export const Verdict = Data.taggedEnum<Verdict>()

/** The renewals that the refusals at one API have caused, and the places that refuse new tokens. */
export interface Renewals {
  readonly judge: (refusal: Refusal, policy: RenewalPolicy) => Effect.Effect<Verdict>
  /**
   * Called when the renewal of a token, which `judge` allowed, has failed. It does not count if the token service itself
   * keeps the next exchange waiting after such a failure (L6).
   */
  readonly giveBack: (token: AccessToken, failure: CxoneAuthError) => void
  /** Called when a place has taken a token. It is no effect, because every call comes by here. */
  readonly forgive: (placeOf: () => string, token: AccessToken) => void
}

interface Place {
  /** How many times in a row it refused a token that was renewed because of it. */
  readonly strikes: number
  /** Until then, nothing is renewed because of this place. */
  readonly pause: Period.Period
  /** How long all of this counts. */
  readonly memory: Period.Period
  /** The last token that it refused, and when. */
  readonly refused: AccessToken
  readonly at: number
}

interface Renewal {
  readonly scopes: string
  /** How long it counts. */
  readonly period: Period.Period
}

/** How long a call is held back before it is sent again with a token that is young, the first, second and third time. */
const arrivals = [Duration.millis(250), Duration.millis(500), Duration.seconds(1)]

/** How many places are remembered. The oldest go first; `maxRenewals` bounds what they cost. */
const maxPlaces = 256

const quotaPeriod = Duration.minutes(1)

const isPaced = (failure: CxoneAuthError): boolean =>
  failure._tag !== "CredentialsUnavailable" &&
  (failure._tag !== "TokenEndpointUnavailable" || (failure.reason !== "transport" && failure.reason !== "timeout"))

/** Makes an empty memory. */
export const make: Effect.Effect<Renewals> = Effect.sync(() => {
  const places = new Map<string, Place>()
  // The tokens that places took since the last renewals. A place that refuses what it took has seen a revocation.
  const taken = new Map<string, AccessToken>()
  let renewals: ReadonlyArray<Renewal> = []
  // Here, and not in the renewal: a token that was refused would be kept for a minute.
  const renewalOf = new WeakMap<AccessToken, Renewal>()
  // How long it was known last that there were too many.
  let exhausted = Period.ended

  const knownAt = (place: string, now: number): Place | undefined => {
    const known = places.get(place)
    return known !== undefined && Period.isCurrent(known.memory, now) ? known : undefined
  }

  const put = <A>(map: Map<string, A>, place: string, value: A) => BoundedMap.put(map, place, value, maxPlaces)

  const strike = ({ place, token }: Refusal, known: Place | undefined, now: number, policy: RenewalPolicy): Verdict => {
    const strikes = (known?.strikes ?? 0) + 1
    const pause = Duration.min(Duration.times(policy.renewalPause, 2 ** (strikes - 1)), policy.maxRenewalPause)
    put(places, place, {
      strikes,
      pause: Period.make(now, pause),
      memory: Period.make(now, Duration.sum(pause, policy.maxRenewalPause)),
      refused: token,
      at: now
    })
    return Verdict.Refuse({ reason: "refused_again", retryAfter: pause, isFirst: true })
  }

  const renew = ({ place, token }: Refusal, known: Place | undefined, now: number, policy: RenewalPolicy): Verdict => {
    renewals = renewals.filter(({ period }) => Period.isCurrent(period, now))
    const scopes = ScopeSet.toParameter(token.requestedScopes)
    // A quarter is left to places that took this very token before.
    const isRevoked = taken.get(place) === token
    const most = isRevoked ? policy.maxRenewals : Math.ceil(policy.maxRenewals * 0.75)
    const blocking = renewals[renewals.length - most]
    // A revocation may hit the tokens of many sets of scopes at once. One of each set is renewed in any case.
    if (blocking !== undefined && renewals.some((each) => each.scopes === scopes)) {
      const retryAfter = Duration.millis(Period.left(blocking.period, now))
      const isFirst = !Period.isCurrent(exhausted, now)
      exhausted = isFirst ? blocking.period : exhausted
      return Verdict.Refuse({ reason: "too_many_renewals", retryAfter, isFirst })
    }
    const renewal = { scopes, period: Period.make(now, quotaPeriod) }
    renewals = [...renewals, renewal]
    renewalOf.set(token, renewal)
    put(places, place, {
      strikes: known?.strikes ?? 0,
      pause: Period.ended,
      memory: Period.make(now, policy.maxRenewalPause),
      refused: token,
      at: now
    })
    return Verdict.Renew()
  }

  const judge = (refusal: Refusal, policy: RenewalPolicy, now: number): Verdict => {
    const { before, canBeSentAgain, isHeld, place, token, waits } = refusal
    const known = knownAt(place, now)
    const paused = known === undefined ? 0 : Period.left(known.pause, now)
    if (paused > 0) {
      return Verdict.Refuse({ reason: "refused_again", retryAfter: Duration.millis(paused), isFirst: false })
    }
    const delay = arrivals[waits]
    const isYoung = Period.isCurrent(Period.make(token.receivedAt, policy.tokenArrival), now)
    // A provider may give a refused token out again, as a new one.
    const isOther = before === undefined || !isSame(before, token)
    if (isYoung && isOther && delay !== undefined && (known?.strikes ?? 0) === 0) {
      return Verdict.Await({ delay })
    }
    // A stream is not sent a second time, so for it the call before counts.
    const isRenewed = canBeSentAgain
      ? before !== undefined
      : known !== undefined && !isSame(known.refused, token) && token.obtainedAt >= known.at
    if (isRenewed) {
      return strike(refusal, known, now, policy)
    }
    return isHeld ? renew(refusal, known, now, policy) : Verdict.Resend()
  }

  return {
    judge: (refusal, policy) => Effect.map(Clock.currentTimeMillis, (now) => judge(refusal, policy, now)),
    giveBack: (token, failure) => {
      renewals = isPaced(failure) ? renewals.filter((each) => each !== renewalOf.get(token)) : renewals
    },
    forgive: (placeOf, token) => {
      if (places.size > 0 || renewals.length > 0) {
        const place = placeOf()
        places.delete(place)
        put(taken, place, token)
      }
    }
  }
})
