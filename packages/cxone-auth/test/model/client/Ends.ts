import { hostOf } from "./Cxone.js"
import { mayRepeat } from "./Gates.js"
import { type Call, type History, isNotYet, isRefusal, type Object, type Of, type Reached } from "./History.js"
import type { Timed } from "./Trace.js"

const seconds = 1_000

/** How long our reading of a body that the caller will not see may take, and the looking into a 403. */
const longestRead = seconds

/** The three pauses for a token that is young. */
const arrival = 250 + 500 + 1_000

/** After all is quiet, a burst of calls ends within this time. */
const burst = seconds

/** C3, C7, C8, L3 and L10: each call ends in its time and as its answers say, and no token goes to another tenant. */
export const make = (history: History, object: Object, reached: Reached) => {
  /** By when a call must have ended, given what happened to it. */
  const boundOf = ({ event, sent }: Call, now: number): number => {
    const waits = Math.min(1.2 * event.patience, Math.max(0, history.closedAt - event.at))
    const answers = sent.reduce((total, { answer, event: { at } }) => total + (answer?.at ?? now) - at, 0)
    const reads = sent.length * longestRead
    // Waits are rounded up to whole milliseconds.
    return event.at + waits + answers + reads + arrival + history.troubleWithin(event.at, now) + 2 * sent.length + 2
  }

  const onResponse = (event: Of<"end">, { event: call, sent }: Call, status: number, request: number) => {
    const last = sent.at(-1)
    if (last?.event.id !== request) object(event, "C3", "an answer to another request than its last")
    if (status !== last?.answer?.status) object(event, "C3", "another status than that of its last answer")
    const isError = isRefusal(last?.answer) || isNotYet(last?.answer)
    const isWanted = call.wants.some((wanted) => wanted === status)
    if (isError && !isWanted) object(event, "C3", "an answer that it did not want as a response")
    if (isError && isWanted) reached.asResponse += 1
  }

  const onError = (event: Of<"end">, { sent }: Call, error: string) => {
    const status = sent.at(-1)?.answer?.status
    switch (error) {
      case "InvalidToken":
        if (status !== 401) object(event, "C2", "the last answer was no 401")
        break
      case "InsufficientScope":
        if (status !== 403) object(event, "C3", "the last answer was no 403")
        break
      case "RateLimited":
        break
      case "InvalidTokenResponse":
        // A token that was on its way while the clock was set forward has ended on arrival (L1).
        if (!history.hasJumped(event.at - 60 * seconds, event.at)) object(event, "L1", "no token has ended on its way")
        break
      default:
        object(event, "C3", "there is no such error here")
    }
  }

  const onInterrupted = (event: Of<"end">, { event: call, left }: Call) => {
    if (left === undefined && event.at < history.closedAt) object(event, "L3", "nobody interrupted it")
    if (left !== undefined) return
    reached[call.at < history.closedAt ? "closedWaiting" : "afterClose"] += 1
  }

  const onEnd = (event: Of<"end">) => {
    const call = history.calls.get(event.id)
    if (call === undefined) return
    const { left, sent } = call
    const { outcome } = event
    if (left !== undefined) {
      reached.left += 1
      if (call.event.patience > 0 && !sent.some(({ event: { at } }) => at === left.at)) {
        if (sent.length === 0 || isNotYet(sent.at(-1)?.answer)) reached.leftTheLine += 1
      }
      if (event.at > left.at) object(event, "L3", "a caller was kept though it wanted to leave")
    }
    if (event.at > boundOf(call, event.at))
      object(event, "C7", `it should have ended by ${boundOf(call, event.at) / seconds} s`)
    if (call.event.isUninterruptible && event.at > call.event.at + seconds) reached.keptOn += 1
    if (sent.some(({ answer }) => isRefusal(answer) && answer?.body === "stalled")) reached.slowRefusal += 1
    const isServed = sent.some(({ answer }) => answer?.status === 200)
    if (isServed && outcome.tag !== "response" && outcome.tag !== "interrupted")
      object(event, "C2", "it had been served")
    if (event.id > 0 && call.event.at >= history.burstAt && call.event.at < history.closedAt) onBurst(event, call)
    switch (outcome.tag) {
      case "response":
        return onResponse(event, call, outcome.status, outcome.request)
      case "error":
        return onError(event, call, outcome.error)
      case "interrupted":
        return onInterrupted(event, call)
      case "defect":
        object(event, "C3", "a defect")
    }
  }

  const onBurst = (event: Of<"end">, { event: call }: Call) => {
    reached.burst += 1
    const isServed = event.outcome.tag === "response" && event.outcome.status === 200
    if (!isServed || event.at > call.at + burst) object(event, "C4", "all is quiet, and it was not served at once")
  }

  const onSend = (event: Of<"send">) => {
    const call = history.calls.get(event.call)
    const tenant = event.token.replace(/\d+$/, "")
    if (event.origin !== hostOf(tenant)) object(event, "L10", "a token at another tenant's API")
    if (tenant === "b") reached.otherTenant += 1
    if (call === undefined || call.end !== undefined) object(event, "L3", "a request of no call")
    else if (call.left !== undefined && call.left.at < event.at)
      object(event, "L3", "a request of a call that has left")
    else if (call.sent.length > 1 && call.event.isStream && !mayRepeat(call.event)) {
      object(event, "C2", "a stream was sent twice")
    }
  }

  const see = (event: Timed): void => {
    switch (event.tag) {
      case "end":
        onEnd(event)
        break
      case "send":
        onSend(event)
        break
      case "token request":
        if (event.at > history.closedAt) object(event, "L3", "an exchange after the layer was closed")
        break
      case "read":
        reached.readWhole += 1
        if (!event.isAsSent) object(event, "C8", "a body was not handed out whole")
    }
  }

  const end = (): void => {
    for (const call of history.calls.values()) {
      if (call.end === undefined) object(call.event, "C7", "a call that never ended")
    }
    for (const { abortedAt, answer, event } of history.requests.values()) {
      if (answer === undefined && abortedAt === undefined) object(event, "C8", "a request that never ended")
    }
  }
  return { see, end }
}
