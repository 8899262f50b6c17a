import {
  type Call,
  type History,
  isRefusal,
  type Object,
  type Of,
  type Reached,
  type Sent,
  type Span
} from "./History.js"
import type { Timed } from "./Trace.js"

/** What callers were told about a place that refuses new tokens, since it last took one. */
interface Place {
  readonly told: Array<Span>
  /** A refusal of which no caller was told: the call ended otherwise. */
  hidden: Span | undefined
  /** When it last took one. */
  lastGood: number
}

/** A route, and since which event it refuses no token for good. */
interface Soundness {
  readonly since: number | undefined
}

const seconds = 1_000
const minute = 60 * seconds

const longestPause = minute

/** A token that is younger may not have arrived everywhere. */
const tokenArrival = 2 * seconds

/** The first time, and after each of three pauses; then once more with a renewed token. */
const mostRefusals = 1 + 3 + 1

const maxRenewals = 8

/** The others are left to places that took the refused token before. */
const forEveryPlace = 6

/** Far below the age at which a token is renewed ahead of its end. */
const surelyFresh = 3_000 * seconds

/** C2: what a 401 may cost, and what it must not. */
export const make = (history: History, object: Object, reached: Reached) => {
  const places = new Map<string, Place>()
  const sound = new Map<string, Soundness>()
  /** Renewals because of 401s: each was decided on after `from`, and not after `to`. */
  const renewals: Array<{ readonly from: Timed | Span; readonly to: Timed }> = []
  /** When a caller was told that all renewals of a minute are used up. */
  let tooMany: Span | undefined

  const placeAt = (name: string): Place => {
    const place = places.get(name) ?? { told: [], hidden: undefined, lastGood: Number.NEGATIVE_INFINITY }
    places.set(name, place)
    return place
  }

  const isSoundSince = (route: string): number | undefined => {
    const known = sound.get(route)
    return known === undefined ? 0 : known.since
  }

  const onTokenRequest = (event: Of<"token request">) => {
    const last = history.lastToken
    if (history.exchange !== event || last?.refused === undefined) return
    const age = event.wall - last.requested.wall
    const isFresh = age >= 0 && age < surelyFresh && event.at - last.requested.at < surelyFresh
    if (!isFresh) return
    reached.renewed += 1
    const from = { ...last.refused, length: 0 }
    const ninthBefore = renewals.at(-maxRenewals)
    renewals.push({ from, to: event })
    if (
      ninthBefore !== undefined &&
      event.at - ninthBefore.from.at < minute &&
      !history.hasJumped(ninthBefore.from.at, event.at)
    ) {
      object(event, "C2", "a ninth renewal within a minute")
    }
    if (tooMany !== undefined && from.at > tooMany.at && history.isSurely(tooMany, event)) {
      object(event, "C2", "a renewal, though a caller was told that there would be none")
    }
  }

  const onSend = ({ call, id }: Of<"send">) => {
    const all = history.calls.get(call)?.sent ?? []
    const sent = all.at(-1)
    const before = all.at(-2)
    if (sent === undefined || before === undefined || sent.event.id !== id) return
    if (all.filter(({ answer }) => isRefusal(answer)).length >= mostRefusals) {
      object(sent.event, "C2", "sent again after the fifth 401")
    }
    if (!isRefusal(before.answer) || before.answer === undefined) return
    if (history.calls.get(call)?.event.isStream) object(sent.event, "C2", "a stream was sent twice")
    const { answer } = before
    if (placeAt(before.place).told.some((told) => told.at < answer.at && history.isSurely(told, answer))) {
      object(sent.event, "C2", "sent again though its place is paused")
    }
  }

  const onAnswer = (event: Of<"answer">) => {
    const sent = history.requests.get(event.id)
    if (sent === undefined || event.status === 429 || event.status >= 500 || isRefusal(event)) return
    const place = placeAt(sent.place)
    if (place.told.length > 0) reached.forgiven += 1
    places.set(sent.place, { told: [], hidden: undefined, lastGood: event.at })
    const before = history.calls.get(sent.event.call)?.sent.at(-2)
    if (isRefusal(before?.answer)) reached[before?.event.token === sent.event.token ? "arrived" : "replaced"] += 1
  }

  /** Whether the place may be paused without anybody having been told. */
  const isHidden = (place: Place, name: string, now: Of<"answer">, id: number): boolean => {
    if (place.hidden !== undefined && history.isMaybe(place.hidden, now)) return true
    for (const { end, event, sent } of history.calls.values()) {
      const last = sent.at(-1)
      // Its body is still being read, or its end came in the same moment.
      const isUnderWay = event.id !== id && (end === undefined || end.at >= now.at)
      if (isUnderWay && last?.place === name && isRefusal(last.answer)) return true
    }
    return false
  }

  const onRefusedAgain = (event: Of<"end">, call: Call, last: Sent, now: Of<"answer">, retryAfter: number) => {
    const place = placeAt(last.place)
    // The place took a token again while the body of this 401 was read.
    if (now.at <= place.lastGood) return
    const known = place.told.at(-1)
    const isHiddenNow = isHidden(place, last.place, now, event.id)
    const pause = { at: now.at, wall: now.wall, length: retryAfter }
    if (known !== undefined && known.at < now.at && history.isSurely(known, now)) {
      reached.paused += 1
      // If the clock was set forward, less is left.
      const left = known.wall + known.length - now.wall
      if (retryAfter !== left) object(event, "C2", `the place is paused for another ${left} ms`)
      return
    }
    if ((known !== undefined && history.isMaybe(known, now)) || isHiddenNow) {
      // The rest of a pause that is known is not another one.
      if (known === undefined || known.wall + known.length - now.wall !== retryAfter) place.told.push(pause)
      return
    }
    const tokens = new Set(call.sent.filter(({ answer }) => isRefusal(answer)).map(({ event: { token } }) => token))
    if (tokens.size < 2 && !call.event.isStream) {
      object(event, "C2", "the place was not paused, and refused no renewed token")
    }
    // A pause and a longest one after it, the place is forgotten; so it may begin anew.
    const isLapsed = known !== undefined && !history.isSurely({ ...known, length: known.length + longestPause }, now)
    const next = Math.min(known === undefined ? seconds : 2 * known.length, longestPause)
    if (known !== undefined) reached.struckAgain += 1
    if (retryAfter !== next && !(isLapsed && retryAfter === seconds)) {
      object(event, "C2", `the place is paused for ${retryAfter} ms and not ${next} ms`)
    }
    place.told.push(pause)
  }

  const countedAt = (event: Timed): number =>
    renewals.filter(({ to }) => history.isMaybe({ ...to, length: minute }, event)).length

  /** Whether another place may get no renewal now. One may have been decided on, and not begun. */
  const areUsedUp = (event: Timed): boolean => countedAt(event) >= forEveryPlace - 1

  const onTooMany = (event: Of<"end">, now: Of<"answer">, retryAfter: number) => {
    reached.tooMany += 1
    const counted = countedAt(now)
    if (!areUsedUp(now)) object(event, "C2", `only ${counted} renewals in the last minute`)
    if (counted >= maxRenewals) tooMany = { at: now.at, wall: now.wall, length: retryAfter }
  }

  const onInvalidToken = (event: Of<"end">, call: Call, last: Sent, now: Of<"answer">) => {
    const { outcome } = event
    if (outcome.tag !== "error") return
    const { reason, retryAfter } = outcome
    if (reason === "body_not_replayable") {
      reached.streamRefused += 1
      if (!call.event.isStream) object(event, "C2", "its body can be sent again")
      return
    }
    if (retryAfter === undefined || retryAfter <= 0 || retryAfter > longestPause) {
      object(event, "C2", "it does not say until when, or something impossible")
      return
    }
    if (reason === "refused_again") onRefusedAgain(event, call, last, now, retryAfter)
    else onTooMany(event, now, retryAfter)
  }

  /** A call to a route that takes every token that is valid gets its answer, whatever other routes do. */
  const onFailed = (event: Of<"end">, { event: call, index, sent }: Call) => {
    const since = isSoundSince(call.route)
    // The caller of a 401 as a response isn't told why.
    const isTooMany = event.outcome.tag === "error" ? event.outcome.reason === "too_many_renewals" : areUsedUp(event)
    if (since === undefined || since > index || call.isStream || isTooMany) return
    // A token that was long on its way, or revoked during the call, is another matter.
    const isOrdinary =
      history.lastRevoked.index < index &&
      !history.hasJumped(call.at - 2 * tokenArrival, event.at) &&
      sent.every(({ token }) => token !== undefined && token.came.at - token.requested.at <= 100)
    const isKnownGood = sent.every(({ answer, place }) => {
      const known = places.get(place)
      const isSince = known !== undefined && answer !== undefined && known.lastGood < answer.at
      return known === undefined || (isSince && known.told.length === 0 && known.hidden === undefined)
    })
    if (isOrdinary && isKnownGood) object(event, "C2", "a healthy call failed")
  }

  const onEnd = (event: Of<"end">) => {
    const call = history.calls.get(event.id)
    const last = call?.sent.at(-1)
    const { outcome } = event
    if (call === undefined) return
    const isInvalid = outcome.tag === "error" && outcome.error === "InvalidToken"
    if (last === undefined || last.answer === undefined || !isRefusal(last.answer)) {
      if (isInvalid) object(event, "C2", "its last answer was no 401")
      return
    }
    if (isInvalid) {
      onFailed(event, call)
      onInvalidToken(event, call, last, last.answer)
      return
    }
    if (outcome.tag === "response") onFailed(event, call)
    placeAt(last.place).hidden = { at: event.at, wall: event.wall, length: 2 * longestPause }
  }

  const see = (event: Timed): void => {
    switch (event.tag) {
      case "route": {
        const since = isSoundSince(event.route)
        sound.set(event.route, { since: event.isSound ? (since ?? history.index) : undefined })
        break
      }
      case "token request":
        onTokenRequest(event)
        break
      case "send":
        onSend(event)
        break
      case "answer":
        onAnswer(event)
        break
      case "end":
        onEnd(event)
        break
    }
  }
  return { see }
}
