import type { Timed } from "./Trace.js"

type Of<Tag extends Timed["tag"]> = Extract<Timed, { readonly tag: Tag }>

/** A token in the cache, from when it landed until it was replaced or dropped. */
interface Hold {
  readonly value: string
  readonly obtainedAt: number
  readonly usableUntil: number
  readonly renewableFrom: number
  /** Without any jitter. */
  readonly surelyRenewableFrom: number
  readonly from: number
  to: number
}

interface Key {
  readonly holds: Array<Hold>
  readonly calls: Array<number>
  /** The request that is under way. */
  request: Of<"request"> | undefined
  /** The answer that was last, with its time. */
  answer: Of<"answer"> | undefined
}

/** Which situations a run went through; a test that reaches none of them proves nothing. */
export interface Reached {
  fresh: number
  window: number
  waited: number
  joined: number
  left: number
  renewedAhead: number
  retriedAhead: number
  recovered: number
  refused: number
  remembered: number
  probed: number
  limited: number
  fellOver: number
  invalidated: number
  sameToken: number
  closedWaiting: number
}

export const nothingReached = (): Reached => ({
  fresh: 0,
  window: 0,
  waited: 0,
  joined: 0,
  left: 0,
  renewedAhead: 0,
  retriedAhead: 0,
  recovered: 0,
  refused: 0,
  remembered: 0,
  probed: 0,
  limited: 0,
  fellOver: 0,
  invalidated: 0,
  sameToken: 0,
  closedWaiting: 0
})

const seconds = 1_000
const minutes = 60 * seconds
const hours = 60 * minutes

/** While one probes, and no longer than its attempt may take, all others fail as before. */
const attemptTimeout = 10 * seconds

/** What an exchange may take: four attempts of 10 s for each of two secrets, and a minute of waiting, jittered. */
const longest = 3 * minutes

/** After an outage: an attempt that still hangs, its retries, and the longest pause between two tries, jittered. */
const recovery = 60 * seconds

/**
 * Reads a trace from its beginning, with a picture of the world as plain as L1 to L10 paint it, and objects to whatever
 * they do not allow. It knows nothing of fibers, flights or schedules.
 */
export const judge = (events: ReadonlyArray<Timed>, reached: Reached): ReadonlyArray<string> => {
  const objections: Array<string> = []
  const keys = new Map<string, Key>()
  const calls = new Map<number, Of<"call">>()
  const leaving = new Map<number, number>()
  const requests = new Map<number, Of<"request">>()
  const refusals = new Map<string, { until: number; strikes: number; at: number }>()
  /** What was forgotten, and when: of what happens at one moment, the order does not matter to L6. */
  const forgotten: Array<{ readonly secret: string; readonly until: number; readonly at: number }> = []
  const reads: Array<Of<"read">> = []
  const limit = { until: 0, strikes: 0 }
  let closedAt = Number.POSITIVE_INFINITY
  let settled: Of<"settle"> | undefined
  /** The scopes whose token must have a successor by this time. */
  const expected = new Map<string, number>()

  const keyOf = (scopes: string): Key => {
    const key: Key = keys.get(scopes) ?? { holds: [], calls: [], request: undefined, answer: undefined }
    keys.set(scopes, key)
    return key
  }
  const object = ({ at, ...event }: Timed, invariant: string, text: string) =>
    objections.push(`${invariant}: ${text} (at ${at / 1000} s: ${JSON.stringify(event)})`)

  const forget = (at: number, isForgotten: (secret: string) => boolean) => {
    for (const [secret, { until }] of refusals) {
      if (!isForgotten(secret)) continue
      refusals.delete(secret)
      forgotten.push({ secret, until, at })
    }
  }
  const untilOf = (secret: string, at: number): number =>
    refusals.get(secret)?.until ??
    forgotten.find((each) => each.secret === secret && each.at === at)?.until ??
    Number.NaN

  /** The token that the cache holds at this time for sure: nothing happens to it at the same moment. */
  const heldAt = ({ holds }: Key, at: number): Hold | undefined =>
    holds.find((hold) => hold.from < at && at < hold.to && at < hold.usableUntil)

  const onRequest = (event: Of<"request">) => {
    const { at, scopes, secret } = event
    const key = keyOf(scopes)
    const held = heldAt(key, at)
    const since = Math.max(
      held === undefined ? Number.NEGATIVE_INFINITY : held.renewableFrom,
      key.holds.at(-1)?.from ?? 0
    )
    const refusal = refusals.get(secret)
    if (at > closedAt) object(event, "L3", "a request after the layer was closed")
    if (key.request !== undefined) object(event, "L2", "two exchanges of one key at once")
    if (at < limit.until) object(event, "L6", `sent before Retry-After was over, at ${limit.until / 1000} s`)
    if (refusal !== undefined && at < refusal.until) object(event, "L6", "refused credentials were sent again")
    if (refusal !== undefined && at >= refusal.until) {
      reached.probed += 1
      const others = [...keys.values()].flatMap(({ request }) => (request === undefined ? [] : [request]))
      // At the very moment of its time-out a probe is over, whether or not that has been noticed yet.
      const isUnderWay = (other: Of<"request">) => other.at >= refusal.until && at < other.at + attemptTimeout
      if (others.some((other) => other.secret === secret && isUnderWay(other))) {
        object(event, "L6", "two probes at once")
      }
    }
    if (held !== undefined && at < held.renewableFrom) object(event, "L4", "renewed before the window")
    if (!key.calls.some((call) => call >= since && call <= at)) object(event, "L4", "an exchange that nobody asked for")
    if (held !== undefined && key.answer !== undefined && key.answer.at > held.from) reached.retriedAhead += 1
    const { answer } = key
    // The answer to a renewal ahead is none to a call: it is tried again, and may have waited past the margin.
    const toCall = answer !== undefined && answer.at >= (key.holds.at(-1)?.usableUntil ?? 0)
    if (answer !== undefined && toCall && ["scope", "junk"].includes(answer.answer.tag) && held === undefined) {
      if (!key.calls.some((call) => call >= answer.at)) object(event, "L7", `tried again after ${answer.answer.tag}`)
    }
    if (!reads.some(({ at: readAt, secrets }) => readAt > at - longest && secrets?.includes(secret))) {
      object(event, "L10", "sent a secret that the app did not give for this exchange")
    }
    key.request = event
    requests.set(event.id, event)
  }

  const onAnswer = (event: Of<"answer">) => {
    const { answer, at } = event
    const request = requests.get(event.id)
    if (request === undefined) return
    const key = keyOf(request.scopes)
    key.request = undefined
    key.answer = event
    // It was on its way when the provider got well.
    if (answer.tag === "limited" || answer.tag === "refused") expected.clear()
    if (answer.tag === "token") {
      const { expiresAt, obtainedAt, value } = answer.token
      const lifetime = expiresAt - obtainedAt
      const usableUntil = expiresAt - Math.min(30 * seconds, lifetime / 10)
      const before = key.holds.at(-1)
      if (before !== undefined && heldAt(key, at) !== undefined) reached.renewedAhead += 1
      if (before?.value === value) reached.sameToken += 1
      if (before !== undefined) before.to = Math.min(before.to, at)
      const window = Math.min(5 * minutes, lifetime / 5)
      key.holds.push({
        value,
        obtainedAt,
        usableUntil,
        renewableFrom: usableUntil - 1.2 * window,
        surelyRenewableFrom: usableUntil - window,
        from: at,
        to: Number.POSITIVE_INFINITY
      })
      if (refusals.size > 0) reached.fellOver += 1
      forget(at, () => true)
      limit.strikes = 0
      const recent = key.holds.filter((hold) => hold.from > at - seconds)
      if (recent.length > 4) object(event, "L8", "a loop of requests")
    }
    if (answer.tag === "refused") {
      reached.refused += 1
      const last = refusals.get(request.secret)
      if (last === undefined || at >= last.until) {
        const strikes = (last?.strikes ?? 0) + 1
        const until = at + Math.min(30 * seconds * 2 ** (strikes - 1), 5 * minutes)
        refusals.set(request.secret, { until, strikes, at })
      }
    }
    if (answer.tag === "scope") forget(at, () => true)
    if (answer.tag === "limited") {
      reached.limited += 1
      if (at >= limit.until) limit.strikes += 1
      const asked =
        answer.retryAfter === undefined || answer.retryAfter === 0 ? 2 ** (limit.strikes - 1) : answer.retryAfter
      limit.until = Math.max(limit.until, at + Math.min(asked * seconds, hours))
    }
  }

  const explain = (event: Of<"end">, key: Key, error: string, until: number | undefined): string | undefined => {
    const { at } = event
    const endedNow = key.answer !== undefined && key.answer.at === at ? key.answer.answer.tag : undefined
    switch (error) {
      case "TokenEndpointUnavailable":
        return endedNow === "failed" || endedNow === "aborted" ? undefined : "no attempt failed now"
      case "InsufficientScope":
        return endedNow === "scope" ? undefined : "no scope was refused now"
      case "InvalidTokenResponse":
        return endedNow === "junk" ? undefined : "no junk arrived now"
      case "RateLimited":
        return at < limit.until ? undefined : "no 429 is in force"
      case "CredentialsUnavailable":
        return reads.some((read) => read.at === at && read.secrets === undefined) ? undefined : "they could be read"
      case "InvalidClient": {
        // Of several exchanges under way each goes by the credentials as it found them.
        const found = reads.filter((read) => read.at > at - longest && read.at <= at)
        const untils = found.map(({ secrets = [] }) => Math.min(...secrets.map((secret) => untilOf(secret, at))))
        if (until !== undefined) {
          const isProbed = [...requests.values()].some((request) => request.at + attemptTimeout === until)
          return at < until && (isProbed || untils.includes(until))
            ? undefined
            : "these credentials are not refused now"
        }
        // Of two, the one may have been forgotten while the other was tried.
        return found.some(({ secrets = [] }) => secrets.length === 2) && endedNow === "refused" ? undefined : "no until"
      }
      default:
        return "there is no such error here"
    }
  }

  const onEnd = (event: Of<"end">) => {
    const { at, outcome } = event
    const call = calls.get(event.id)
    if (call === undefined) return
    calls.delete(event.id)
    const key = keyOf(call.scopes)
    const held = heldAt(key, call.at)
    if (at > call.at) reached.waited += 1
    if (held !== undefined) {
      if (at !== call.at) object(event, "L4", "a call waited though there was a token")
      if (outcome.tag !== "token") object(event, "L5", "a call failed though there was a token")
      if (outcome.tag === "token" && (outcome.value !== held.value || outcome.obtainedAt !== held.obtainedAt)) {
        object(event, "L9", `another token than the one in the cache, ${held.value}`)
      }
      reached[call.at < held.renewableFrom ? "fresh" : "window"] += 1
    }
    switch (outcome.tag) {
      case "token": {
        const hold = key.holds.find(
          (each) => each.value === outcome.value && each.obtainedAt === outcome.obtainedAt && each.from <= at
        )
        if (hold === undefined) object(event, "L2", "a token that was never given for these scopes")
        else if (hold.to < call.at) object(event, "L9", "a token that was dropped before the call")
        else if (at >= hold.usableUntil) object(event, "L1", "a token past its margin")
        if (outcome.scopes !== call.scopes) object(event, "L2", "a token for other scopes")
        break
      }
      case "error": {
        if (outcome.attempts > 4) object(event, "L7", "more than four attempts")
        const objection = explain(event, key, outcome.error, outcome.until)
        if (objection !== undefined) object(event, "L6", objection)
        if (outcome.error === "InvalidClient" && at === call.at && (key.answer?.at ?? 0) < at) reached.remembered += 1
        break
      }
      case "interrupted":
        if (leaving.get(event.id) === at) reached.left += 1
        else if (at < closedAt) object(event, "L3", "a call was interrupted that nobody interrupted")
        else if (at > closedAt && call.at < closedAt) object(event, "L3", "a call outlived the layer")
        else reached.closedWaiting += 1
        break
      case "defect":
        object(event, "L5", "a defect")
    }
  }

  for (const event of events) {
    switch (event.tag) {
      case "call": {
        const key = keyOf(event.scopes)
        if (key.request !== undefined && key.calls.length > 0 && heldAt(key, event.at) === undefined)
          reached.joined += 1
        calls.set(event.id, event)
        key.calls.push(event.at)
        break
      }
      case "leave":
        if (calls.has(event.id)) leaving.set(event.id, event.at)
        break
      case "read":
        reads.push(event)
        if (event.secrets !== undefined) {
          const present = event.secrets
          forget(event.at, (secret) => !present.includes(secret))
        }
        break
      case "request":
        onRequest(event)
        break
      case "answer":
        onAnswer(event)
        break
      case "invalidate": {
        const hold = keyOf(event.scopes).holds.at(-1)
        if (hold !== undefined && hold.value === event.value && hold.to > event.at) {
          hold.to = event.at
          reached.invalidated += 1
        }
        break
      }
      case "settle":
        settled = event
        for (const [scopes, key] of keys) {
          const held = heldAt(key, event.at)
          if (held === undefined || refusals.size > 0 || event.at < limit.until || closedAt <= event.at) continue
          const isDemanded = key.calls.some((call) => call > held.from && call >= held.surelyRenewableFrom)
          if (isDemanded && event.at + recovery < held.usableUntil) expected.set(scopes, event.at + recovery)
        }
        break
      case "close":
        closedAt = event.at
        break
      case "end":
        onEnd(event)
    }
  }
  for (const [scopes, deadline] of expected) {
    const isRenewed = keyOf(scopes).holds.some(
      ({ from }) => settled !== undefined && from >= settled.at && from <= deadline
    )
    if (isRenewed) reached.recovered += 1
    else if (settled !== undefined) object(settled, "L5", `the renewal for "${scopes}" was given up`)
  }
  for (const call of calls.values()) object(call, "L3", "a call that never ended")
  for (const { request } of keys.values())
    if (request !== undefined) object(request, "L3", "a request that never ended")
  return objections
}
