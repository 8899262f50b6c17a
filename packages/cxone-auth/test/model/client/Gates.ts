import { hostOf } from "./Cxone.js"
import {
  type Call,
  type History,
  isNotYet,
  leftOf,
  type Object,
  type Of,
  placeOf,
  type Reached,
  type Sent,
  type Span
} from "./History.js"
import type { Timed } from "./Trace.js"

/** What a place said with a 429, or a 503 with `Retry-After`. */
interface Closing extends Span {
  /** Whether it named the time. If not, only patient calls wait, and no longer than until the next good answer. */
  readonly isAsked: boolean
  /** Whether it said so to a call that was sent past others that waited. Then a guess holds back none of these. */
  readonly isPast: boolean
}

const seconds = 1_000
const hour = 3_600 * seconds

/** The longest jitter of a wait. */
const jitter = 1.2

const tenants = ["a", "b"]

/** Whether a call may be sent again after "not yet". */
export const mayRepeat = ({ isMarked, isStream, route }: Call["event"]): boolean =>
  !isStream && (isMarked || !route.startsWith("POST"))

/** C4: what a route's "not yet" holds back, and what it does not. */
export const make = (history: History, object: Object, reached: Reached) => {
  const closings = new Map<string, Array<Closing>>()
  /** When the place last gave another answer. */
  const served = new Map<string, number>()

  const closingsAt = (place: string): Array<Closing> => {
    const all = closings.get(place) ?? []
    closings.set(place, all)
    return all
  }
  /** A call may have waited for the same route of either tenant. */
  const closingsOf = (route: string): ReadonlyArray<Closing> =>
    tenants.flatMap((tenant) => closingsAt(placeOf(hostOf(tenant), route)))

  /** Whether the call of a request has no patience left. */
  const isDone = ({ event }: Sent, { at }: Of<"answer">): boolean => {
    const call = history.calls.get(event.call)?.event
    return call !== undefined && call.patience <= at - call.at
  }

  const mayWait = ({ end, event }: Call, { event: { route } }: Sent, { at }: Of<"answer">): boolean =>
    event.route === route && event.patience > 0 && (end === undefined || end.at >= at)

  const onAnswer = (event: Of<"answer">) => {
    const sent = history.requests.get(event.id)
    if (sent === undefined) return
    if (!isNotYet(event)) {
      served.set(sent.place, event.at)
      return
    }
    const all = closingsAt(sent.place)
    const { retryAfter = 0 } = event
    const isAsked = retryAfter > 0
    // A guess is a second at the least, and doubles with each 429 until a call succeeds.
    const length = isAsked ? Math.min(retryAfter * seconds, hour) : Math.min(seconds * 2 ** all.length, 60 * seconds)
    const isPast = isDone(sent, event) && [...history.calls.values()].some((call) => mayWait(call, sent, event))
    all.push({ at: event.at, wall: event.wall, length, isAsked, isPast })
  }

  const onSend = (event: Of<"send">) => {
    const call = history.calls.get(event.call)
    const place = placeOf(event.origin, event.route)
    if (call === undefined) return
    for (const closing of closingsAt(place)) {
      // Calls that go out in the moment of the answer were under way.
      if (closing.at >= event.at) continue
      if (closing.isAsked && history.isSurely(closing, event)) {
        object(event, "C4", `sent within the Retry-After of ${closing.at / 1_000} s`)
      }
      const guess = { ...closing, length: seconds }
      const isServed = (served.get(place) ?? -1) >= closing.at
      const isBinding = !closing.isAsked && !closing.isPast
      if (isBinding && call.event.patience > seconds && !isServed && history.isSurely(guess, event)) {
        object(event, "C4", "a call that may wait was sent within a second of a 429")
      }
    }
    onSentAgain(event, call)
    inOrder(event, call)
    const isPatient = call.event.patience > 0
    const closed = closingsOf(event.route)
    if (call.sent.length === 1 && isPatient && event.at > call.event.at && closed.length > 0) reached.waited += 1
    if (call.sent.length === 1 && !isPatient && event.at === call.event.at) {
      const others = [...history.calls.values()].some((other) => isWaiting(other, event))
      if (others) reached.passedBy += 1
    }
  }

  const onSentAgain = (event: Of<"send">, { event: call, sent }: Call) => {
    const before = sent.at(-2)?.answer
    if (!isNotYet(before) || before === undefined) return
    reached.sentAgain += 1
    if (call.patience === 0) object(event, "C4", "sent again after a 429, without patience")
    if (!mayRepeat(call)) object(event, "C4", "sent again after a 429, though it may not be")
    if (event.at > call.at + history.troubleWithin(call.at, event.at) + longestOf(sent) + jitter * call.patience + 2) {
      object(event, "C4", "sent again after its patience")
    }
  }

  /**
   * How long the answers of a call took, with the reading of their bodies and the waits for a young token. The reading of
   * a "not yet" counts as a wait, but for the last one.
   */
  const longestOf = (sent: Call["sent"]): number =>
    sent.reduce(
      (total, { answer, event }) =>
        total + (answer === undefined ? 0 : answer.at - event.at + (isNotYet(answer) ? 0 : seconds)),
      1_750 + seconds
    )

  /** Whether a call surely waits in the line of the place of this request: since its first step or a 429, at a closed gate. */
  const isWaiting = ({ end, event, left, sent }: Call, { at, origin, route }: Of<"send">): boolean => {
    if (end !== undefined || left !== undefined || event.route !== route || event.at >= at) return false
    if (event.patience === 0 || event.at >= history.closedAt) return false
    const last = sent.at(-1)
    const since = last === undefined ? event : last.answer
    if (since === undefined || since.at >= at) return false
    if (last !== undefined && (!isNotYet(last.answer) || last.answer?.body !== "whole" || !mayRepeat(event)))
      return false
    if (last !== undefined && last.place !== placeOf(origin, route)) return false
    const all = closingsAt(placeOf(origin, route))
    return last !== undefined || all.some((each) => each.isAsked && each.at < since.at && history.isSurely(each, since))
  }

  /** Of the calls that wait for one route, the first goes first. */
  const inOrder = (event: Of<"send">, call: Call) => {
    // Not counting this request.
    const before: Call = { ...call, sent: call.sent.slice(0, -1) }
    if (history.jumps.length > 1 || !isWaiting(before, event)) return
    for (const other of history.calls.values()) {
      if (other.event.id >= event.call) break
      if (isWaiting(other, event)) object(event, "C4", `sent before call ${other.event.id}, which waits for longer`)
    }
    reached.inOrder += 1
  }

  const onHeldBack = (event: Of<"end">, { event: call, sent }: Call) => {
    const closed = closingsOf(call.route).filter((closing) => history.isMaybe(closing, event))
    reached.heldBack += 1
    if (call.patience === 0) {
      if (!closed.some(({ isAsked }) => isAsked)) object(event, "C4", "held back at an open gate")
      return
    }
    const elapsed = event.at - call.at
    if (elapsed >= call.patience) {
      reached.ranOut += 1
      // It waited from its first step on, so each later closing found it waiting.
      const isTold = (closing: Closing) => closing.length <= call.patience - (closing.at - call.at)
      const later = closingsOf(call.route).filter(({ at, isAsked }) => isAsked && call.at < at && at < event.at)
      if (
        sent.length === 0 &&
        event.at < history.closedAt &&
        history.isCalm(call.at, event.at) &&
        !later.every(isTold)
      ) {
        object(event, "C4", "it was not told at once that it would have to wait for too long")
      }
      return
    }
    // A gate may last longer if the clock was set back since it was closed.
    const isTooLong = closed.some(
      (closing) => history.hasJumped(closing.at, event.at) || leftOf(closing, event) > call.patience - elapsed
    )
    if (!isTooLong) object(event, "C4", "sent away though the gate opens in time")
  }

  const onLimited = (event: Of<"end">, call: Call) => {
    const { outcome } = event
    if (outcome.tag !== "error") return
    const { notSentAgain, reason, retryAfter } = outcome
    if (retryAfter !== undefined && (retryAfter < 0 || retryAfter > hour))
      object(event, "C4", "an impossible retryAfter")
    switch (reason) {
      case "held_back":
        if (isNotYet(call.sent.at(-1)?.answer)) object(event, "C4", "it got an answer of its own")
        return onHeldBack(event, call)
      case "api": {
        reached.toldNotYet += 1
        if (!call.sent.some(({ answer }) => isNotYet(answer))) object(event, "C4", "it got no such answer")
        if (notSentAgain === "wait_too_short" && !(call.event.patience > 0)) object(event, "C4", "it does not wait")
        if (notSentAgain !== undefined && notSentAgain !== "wait_too_short" && mayRepeat(call.event))
          object(event, "C4", "it may be sent again")
        if (call.event.patience > 0 && mayRepeat(call.event)) onHeldBack(event, call)
        return
      }
      case "token_endpoint":
        if (history.isCalm(event.at, event.at)) object(event, "L6", "the provider asks for no pause")
        return
      default:
        object(event, "C4", "there is no such error here")
    }
  }

  /** A call goes out in the moment in which it is made if its route and the provider say nothing against it. */
  const onBeside = (event: Of<"end">, { event: call, sent }: Call) => {
    const [first] = sent
    const to = first?.event.at ?? event.at
    if (call.at >= history.closedAt || !history.isCalm(call.at, to) || (event.at === call.at && first === undefined))
      return
    const all = closingsOf(call.route)
    const isOpen = call.patience === 0 ? !all.some((each) => history.isMaybe(each, call)) : all.length === 0
    if (!isOpen) return
    const isBusyElsewhere = [...closings.values()].some((each) => each.some((one) => history.isMaybe(one, call)))
    if (isBusyElsewhere) reached.openBeside += 1
    if (to > call.at) object(event, "C4", "held back though its route is open")
  }

  const see = (event: Timed): void => {
    switch (event.tag) {
      case "answer":
        onAnswer(event)
        break
      case "send":
        onSend(event)
        break
      case "jump":
        if ([...closings.values()].some((each) => each.some((one) => history.isMaybe(one, event)))) {
          reached.jumpedWhileClosed += 1
        }
        break
      case "end": {
        const call = history.calls.get(event.id)
        if (call === undefined) return
        onBeside(event, call)
        if (event.outcome.tag === "error" && event.outcome.error === "RateLimited") onLimited(event, call)
      }
    }
  }
  return { see }
}
