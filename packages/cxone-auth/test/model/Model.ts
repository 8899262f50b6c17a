import { Pauses } from "./Pauses.js"
import type { Timed } from "./Trace.js"

type Of<Tag extends Timed["tag"]> = Extract<Timed, { readonly tag: Tag }>

/** A token in the cache, from when it landed until it was replaced or dropped. */
interface Hold {
  readonly value: string
  readonly obtainedAt: number
  readonly expiresAt: number
  readonly usableUntil: number
  readonly renewableFrom: number
  /** Without any jitter. */
  readonly surelyRenewableFrom: number
  readonly from: number
  to: number
}

/** A call that has not ended, with the number of requests for it by secret. */
interface Call {
  readonly event: Of<"call">
  /** Whether it found neither a token nor an exchange to join. */
  readonly isAlone: boolean
  readonly sent: Map<string, number>
}

interface Key {
  readonly holds: Array<Hold>
  readonly calls: Array<number>
  readonly requests: Array<number>
  /** When a caller last got a failure, which ends an exchange. */
  toldAt: number
  /** The tag of that failure. */
  told: string | undefined
  /** The request that has no answer yet. */
  request: Of<"request"> | undefined
  /** The last answer, with its time. */
  answer: Of<"answer"> | undefined
}

/** How often each situation occurred. A test in which one never occurs proves nothing about it. */
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
  capped: number
  behindAGate: number
  failedFast: number
  gaveUp: number
  toldStatus: number
  answered: number
  ended: number
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
  closedWaiting: 0,
  capped: 0,
  behindAGate: 0,
  failedFast: 0,
  gaveUp: 0,
  toldStatus: 0,
  answered: 0,
  ended: 0
})

const seconds = 1_000
const minutes = 60 * seconds
const hours = 60 * minutes

/** While a probe runs, and for at most as long as an attempt may take, all others fail. */
const attemptTimeout = 10 * seconds

/** The longest wait for a 429. */
const maxWait = 60 * seconds

/** The longest exchange: for each of two secrets four attempts of 10 s and a minute of waiting, jittered. */
const longest = 5 * minutes

/** The longest recovery after an outage: a read and an attempt that still hang, retries, and the longest pause. */
const recovery = 70 * seconds

/** The longest pause between two attempts of a renewal: 30 s, jittered, and the time to read the credentials. */
const longestPause = 36 * seconds + 10 * seconds

/** For a renewal that fails again and again: rounds of four attempts, with a pause of 1, 2, 4, 8 ... s between them. */
const mostInAMinute = 28

/**
 * Reads a trace from its beginning, with a state as plain as the rules L1 to L10, and lists everything that they forbid.
 * It knows nothing of fibers or schedules.
 */
export const judge = (events: ReadonlyArray<Timed>, reached: Reached): ReadonlyArray<string> => {
  const objections: Array<string> = []
  const keys = new Map<string, Key>()
  const calls = new Map<number, Call>()
  const leaving = new Map<number, number>()
  /** For how long a 429 still counted when a call came. */
  const limitAt = new Map<number, ReadonlyMap<string, number>>()
  const requests = new Map<number, Of<"request">>()
  const refusals = new Map<string, { until: number; strikes: number; at: number }>()
  /** Refusals that were forgotten, and when: L6 does not order events at the same moment. */
  const forgotten: Array<{ readonly secret: string; readonly until: number; readonly at: number }> = []
  /** Each read of the credentials, and whether all of them were refused then. */
  const reads: Array<Of<"read"> & { readonly isRefused: boolean }> = []
  /** The secret that was accepted last, and for which scopes. */
  let accepted: { readonly secret: string; readonly scopes: string } | undefined
  let waitingAtClose: ReadonlySet<number> = new Set()
  const pauses = new Pauses()
  /** The secrets that the provider has given any answer to. */
  const answered = new Set<string>()
  let closedAt = Number.POSITIVE_INFINITY
  let settled: Of<"settle"> | undefined
  /** By when the token with these scopes must have been renewed. */
  const expected = new Map<string, number>()

  const keyOf = (scopes: string): Key => {
    const key: Key = keys.get(scopes) ?? {
      holds: [],
      calls: [],
      requests: [],
      toldAt: Number.NEGATIVE_INFINITY,
      told: undefined,
      request: undefined,
      answer: undefined
    }
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

  /** The token that the cache holds at this time, unless it changes at the same moment. */
  const heldAt = ({ holds }: Key, at: number): Hold | undefined =>
    holds.find((hold) => hold.from < at && at < hold.to && at < hold.usableUntil)

  /** Whether there was a call that this request can be for, given how long an exchange may go on. */
  const isDemanded = (key: Key, held: Hold | undefined, at: number): boolean => {
    if (held !== undefined) return key.calls.some((call) => call >= Math.max(held.renewableFrom, held.from))
    const last = key.holds.at(-1)
    const over = last === undefined ? Number.NEGATIVE_INFINITY : Math.min(last.to, last.usableUntil)
    const isSince = (time: number) => key.calls.some((call) => call >= time && call >= at - longest)
    if (isSince(Math.max(over, key.toldAt))) return true
    // A renewal that began before the token's end may go on after it.
    return last !== undefined && at <= over + longest && key.toldAt < over
      ? key.calls.some((call) => call >= Math.min(last.renewableFrom, last.to))
      : false
  }

  /** L7, as far as it can be seen: the number of attempts for a call, and the pauses between them. */
  const onAttempt = (event: Of<"request">, key: Key, held: Hold | undefined) => {
    const { at, scopes, secret } = event
    const last = key.answer
    // A Retry-After takes the place of the delay, and is checked where all pauses are.
    const isAsked = last !== undefined && "retryAfter" in last.answer && (last.answer.retryAfter ?? 0) > 0
    const hasFailed =
      last !== undefined && !isAsked && ["failed", "unreached", "aborted", "ended"].includes(last.answer.tag)
    const pause = last === undefined ? Number.POSITIVE_INFINITY : at - last.at
    const isAhead = held !== undefined && last !== undefined && last.at > held.from
    if (hasFailed && pause < 0.8 * seconds && (isAhead || !key.calls.some((call) => call >= last.at))) {
      object(event, "L7", "tried again without a pause")
    }
    if (last !== undefined && hasFailed && isAhead && pause > longestPause) {
      const between = reads.filter((read) => read.at >= last.at)
      const isHeldBack = refusals.size > 0 || pauses.both(secret, scopes).some(({ latest }) => latest >= last.at)
      if (!isHeldBack && between.length === 1 && between[0]?.isRefused === false) {
        object(event, "L5", `a renewal paused for ${pause} ms`)
      }
    }
    for (const call of calls.values()) {
      if (call.event.scopes !== scopes) continue
      const before = call.sent.get(secret) ?? 0
      call.sent.set(secret, before + 1)
      if (before >= 4) object(event, "L7", "a fifth attempt for one call")
      if (hasFailed && before > 0 && pause < 0.8 * seconds * 2 ** (before - 1)) {
        object(event, "L7", `tried again after ${pause} ms`)
      }
    }
    key.requests.push(at)
    const recent = key.requests.filter((each) => each > at - minutes && each > (held?.from ?? at))
    if (recent.length > mostInAMinute) object(event, "L5", `${recent.length} requests in a minute`)
  }

  const onRequest = (event: Of<"request">) => {
    const { at, scopes, secret } = event
    const key = keyOf(scopes)
    const held = heldAt(key, at)
    const refusal = refusals.get(secret)
    if (at > closedAt) object(event, "L3", "a request after the layer was closed")
    if (key.request !== undefined) object(event, "L2", "two exchanges of one key at once")
    for (const { until } of pauses.both(secret, scopes)) {
      if (at < until) object(event, "L6", `sent before the pause was over, at ${until / 1000} s`)
    }
    const isAlone = ![...keys.values()].some(({ request }) => request?.secret === secret)
    if (!answered.has(secret) && !isAlone) object(event, "L6", "credentials that nobody knows were sent twice at once")
    if (refusal !== undefined && at < refusal.until) object(event, "L6", "refused credentials were sent again")
    if (refusal !== undefined && at >= refusal.until) {
      reached.probed += 1
      const others = [...keys.values()].flatMap(({ request }) => (request === undefined ? [] : [request]))
      // At the moment of its time-out a probe counts as ended.
      const isUnderWay = (other: Of<"request">) => other.at >= refusal.until && at < other.at + attemptTimeout
      if (others.some((other) => other.secret === secret && isUnderWay(other))) {
        object(event, "L6", "two probes at once")
      }
    }
    if (held !== undefined && at < held.renewableFrom) object(event, "L4", "renewed before the window")
    if (!isDemanded(key, held, at)) object(event, "L4", "an exchange that nobody asked for")
    onAttempt(event, key, held)
    if (held !== undefined && key.answer !== undefined && key.answer.at > held.from) reached.retriedAhead += 1
    const { answer } = key
    // A renewal ahead is retried after any answer, and may have waited past the margin.
    const last = key.holds.at(-1)
    const toCall = answer !== undefined && (last === undefined || answer.at >= Math.min(last.to, last.usableUntil))
    if (answer !== undefined && toCall && ["scope", "junk"].includes(answer.answer.tag) && held === undefined) {
      if (!key.calls.some((call) => call >= answer.at)) object(event, "L7", `tried again after ${answer.answer.tag}`)
    }
    if (!reads.some(({ at: readAt, secrets }) => readAt > at - longest && secrets?.includes(secret))) {
      object(event, "L10", "sent a secret that the app did not give for this exchange")
    }
    const recentReads = reads.filter((read) => read.at > at - longest)
    if (
      accepted !== undefined &&
      accepted.secret !== secret &&
      accepted.scopes === scopes &&
      key.answer?.answer.tag === "token" &&
      !refusals.has(accepted.secret) &&
      recentReads.every(({ secrets = [] }) => accepted !== undefined && secrets.includes(accepted.secret))
    ) {
      object(event, "L10", `not first what was accepted last, ${accepted.secret}`)
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
    answered.add(request.secret)
    if (at > request.at + attemptTimeout) object(event, "L7", "an attempt of more than 10 s")
    if (answer.tag === "aborted") {
      reached.gaveUp += 1
      if (at < request.at + attemptTimeout && at !== closedAt) object(event, "L3", "an attempt was broken off")
    }
    // This answer was on its way when the provider recovered.
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
        expiresAt,
        usableUntil,
        renewableFrom: usableUntil - 1.2 * window,
        surelyRenewableFrom: usableUntil - window,
        from: at,
        to: Number.POSITIVE_INFINITY
      })
      if (refusals.size > 0) reached.fellOver += 1
      forget(at, () => true)
      accepted = { secret: request.secret, scopes: request.scopes }
      pauses.succeed(request.secret, request.scopes, at)
      const recent = key.holds.filter((hold) => hold.from > at - seconds)
      if (recent.length > 4) object(event, "L8", "a loop of requests")
    }
    if (answer.tag === "refused") {
      reached.refused += 1
      const last = refusals.get(request.secret)
      if (last === undefined || at >= last.until) {
        const strikes = (last?.strikes ?? 0) + 1
        if (strikes > 4) reached.capped += 1
        const own = at + Math.min(30 * seconds * 2 ** (strikes - 1), 5 * minutes)
        const until = Math.max(own, pauses.ofSecret(request.secret).until)
        pauses.ofSecret(request.secret).until = 0
        pauses.ofSecret(request.secret).latest = 0
        refusals.set(request.secret, { until, strikes, at })
      }
    }
    if (answer.tag === "scope" || answer.tag === "ended") {
      forget(at, () => true)
      pauses.succeed(request.secret, undefined, at)
    }
    if (answer.tag === "limited") reached.limited += 1
    if (answer.tag === "failed" || answer.tag === "junk") reached.answered += 1
    if (answer.tag === "ended") reached.ended += 1
    if ("retryAfter" in answer) {
      const refusal = refusals.get(request.secret)
      const isRefused = refusal !== undefined && at < refusal.until && answer.tag !== "scope" && answer.tag !== "ended"
      if (!isRefused) pauses.note(request.secret, request.scopes, answer, at)
      else refusal.until = Math.max(refusal.until, at + Math.min((answer.retryAfter ?? 0) * seconds, hours))
    }
  }

  /** Whether a pause may be in force for the credentials that were read for this call. */
  const isHeldBack = ({ at }: Of<"end">, key: Key): boolean => {
    const scopes = [...keys].find(([, each]) => each === key)?.[0] ?? ""
    const found = reads.filter((read) => read.at > at - longest && read.at <= at)
    return found.some(({ secrets = [] }) =>
      secrets.some((secret) => pauses.both(secret, scopes).some(({ latest }) => at < latest))
    )
  }

  const explain = (event: Of<"end">, key: Key, error: string, until: number | undefined): string | undefined => {
    const { at } = event
    const endedNow = key.answer !== undefined && key.answer.at === at ? key.answer.answer.tag : undefined
    switch (error) {
      case "TokenEndpointUnavailable":
        return endedNow === "failed" || endedNow === "unreached" || endedNow === "aborted" || isHeldBack(event, key)
          ? undefined
          : "no attempt failed now"
      case "InsufficientScope":
        return endedNow === "scope" || isHeldBack(event, key) ? undefined : "no scope was refused now"
      case "InvalidTokenResponse":
        return endedNow === "junk" || endedNow === "ended" || isHeldBack(event, key) ? undefined : "no junk arrived now"
      case "RateLimited":
        return isHeldBack(event, key) ? undefined : "no 429 is in force"
      case "CredentialsUnavailable":
        // In a pause they are read at most once a second, so a failed reading counts for that long.
        return reads.some((read) => read.secrets === undefined && read.at <= at && at - read.at < seconds)
          ? undefined
          : "they could be read"
      case "InvalidClient": {
        // Each exchange uses the credentials as it read them.
        const found = reads.filter((read) => read.at > at - longest && read.at <= at)
        // Credentials count as refused while they are probed, for as long as an attempt may take.
        const probes = [...keys.values()].flatMap(({ answer, request }) =>
          [request, answer?.at === at ? requests.get(answer.id) : undefined].flatMap((probe) => probe ?? [])
        )
        const probeEnds = (secret: string) =>
          probes.filter((probe) => probe.secret === secret).map((probe) => probe.at + attemptTimeout)
        const latestOf = (secret: string) => Math.max(untilOf(secret, at), ...probeEnds(secret))
        const untils = found.flatMap(({ secrets = [] }) => [
          Math.min(...secrets.map((secret) => untilOf(secret, at))),
          Math.min(...secrets.map(latestOf))
        ])
        if (until !== undefined) {
          const isProbed = probes.some((probe) => probe.at + attemptTimeout === until)
          return at < until && (isProbed || untils.includes(until))
            ? undefined
            : "these credentials are not refused now"
        }
        // The refusal of one secret may have been forgotten while the other was sent.
        return found.some(({ secrets = [] }) => secrets.length === 2) && endedNow === "refused" ? undefined : "no until"
      }
      default:
        return "there is no such error here"
    }
  }

  /** While nothing may be sent, a call without a token fails at once, or waits for up to a minute. */
  const onHeldBack = (event: Of<"end">, { event: call, isAlone }: Call, lefts: ReadonlyMap<string, number>) => {
    const { at, outcome } = event
    const [read, other] = reads.filter(({ askedAt }) => askedAt === call.at)
    if (
      !isAlone ||
      read === undefined ||
      other !== undefined ||
      outcome.tag === "interrupted" ||
      read.secrets === undefined
    )
      return
    if (read.isRefused) {
      if (at !== read.at || outcome.tag !== "error" || outcome.error !== "InvalidClient") {
        object(event, "L6", "all credentials were being refused, and the caller was not told at once")
      }
      return
    }
    const [secret = "", next] = read.secrets
    const left = lefts.get(secret) ?? 0
    if (read.at > call.at || left === 0 || next !== undefined) return
    reached[left > maxWait ? "failedFast" : "behindAGate"] += 1
    const wasTold = at === call.at && outcome.tag === "error"
    if (left > maxWait && !wasTold) object(event, "L6", "waited for a 429 that lasts longer than a minute")
    if (left <= maxWait && wasTold && outcome.error === "RateLimited") {
      object(event, "L6", "did not wait for a 429 that is over within a minute")
    }
  }

  const onStatus = (event: Of<"status">) => {
    const { at, failingSince, lastFailure, scopes, secondsToExpiry, state } = event
    const key = keyOf(scopes)
    // An answer of this same moment may not be in the status yet.
    const isSettled = (time: number | undefined) => time !== at
    if ([...keys.values()].some(({ answer }) => !isSettled(answer?.at)) || !isSettled(key.calls.at(-1))) return
    reached.toldStatus += 1
    const { at: failedAt = Number.NEGATIVE_INFINITY, tag: failure = undefined } = lastFailure ?? {}
    // The time is in whole milliseconds, and an exchange without a caller may have failed since.
    const told = Math.round(key.toldAt)
    const isLater =
      failedAt > told || (failedAt === told && [...leaving.values()].some((left) => Math.round(left) === told))
    if (failedAt > at || (!isLater && (failedAt !== told || failure !== key.told))) {
      object(event, "status", `the last failure was ${key.told} at ${key.toldAt}`)
    }
    const last = key.holds.at(-1)
    const obtained = Math.floor(last?.from ?? Number.NEGATIVE_INFINITY)
    if (failingSince === undefined ? failedAt > obtained + 1 : failingSince > failedAt || failingSince < obtained) {
      object(event, "status", `the last token came at ${obtained}`)
    }
    const held = last !== undefined && at < Math.min(last.to, last.usableUntil) ? last : undefined
    const left = held === undefined ? undefined : Math.floor((held.expiresAt - at) / seconds)
    if (secondsToExpiry !== left) object(event, "status", `the token has ${left} s left`)
    const secrets = reads.flatMap((read) => (read.secrets === undefined ? [] : [read.secrets])).at(-1) ?? []
    const untils = secrets.map((secret) => refusals.get(secret)?.until)
    // During a probe either state is right.
    const isProbing = untils.some((until) => until !== undefined && until <= at)
    const isRefused = untils.length > 0 && untils.every((until) => until !== undefined && at < until)
    if (!isProbing && (state === "refused") !== isRefused) object(event, "status", "refused or not?")
    if (state === "refused" || isProbing) return
    const limits = secrets.map((secret) => pauses.ofSecret(secret))
    const isLimited = limits.some(({ until, wasAsked }) => wasAsked && at < until)
    const mayBeLimited = limits.some(({ latest }) => at < latest)
    if (state === "rate_limited" ? !mayBeLimited : isLimited) object(event, "status", "rate_limited or not?")
    if (state === "rate_limited") return
    if (key.request !== undefined && state !== "renewing") object(event, "status", "an exchange is under way")
    if (state === "fresh" && held === undefined) object(event, "status", "there is no token")
    if (state === "empty" && held !== undefined) object(event, "status", "there is a token")
    // An exchange that a renewal started just before the margin may go on after it.
    const isLeftOver = last !== undefined && held === undefined && at - longest < last.usableUntil
    const earliest = Math.min(at - longest, isLeftOver ? last.renewableFrom : at)
    const isCalledFor = key.calls.some((call) => call >= (held?.renewableFrom ?? earliest))
    if (state === "renewing" && !isCalledFor) object(event, "status", "nobody asked for a renewal")
  }

  const onEnd = (event: Of<"end">) => {
    const { at, outcome } = event
    const ended = calls.get(event.id)
    if (ended === undefined) return
    calls.delete(event.id)
    const call = ended.event
    const key = keyOf(call.scopes)
    const held = heldAt(key, call.at)
    if (at > call.at) reached.waited += 1
    if (at > (leaving.get(event.id) ?? at)) object(event, "L3", "a caller was kept though it wanted to leave")
    if (at > call.at + longest) object(event, "L7", "an exchange without an end")
    onHeldBack(event, ended, limitAt.get(event.id) ?? new Map())
    if (outcome.tag === "error") {
      key.toldAt = at
      key.told = outcome.error
    }
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
        if (outcome.error === "TokenEndpointUnavailable" && outcome.attempts > 4) {
          object(event, "L7", `told after ${outcome.attempts} attempts`)
        }
        const objection = explain(event, key, outcome.error, outcome.until)
        if (objection !== undefined) object(event, "L6", objection)
        if (outcome.error === "InvalidClient" && at === call.at && (key.answer?.at ?? 0) < at) reached.remembered += 1
        break
      }
      case "interrupted":
        if (leaving.get(event.id) === at) reached.left += 1
        else if (at < closedAt) object(event, "L3", "a call was interrupted that nobody interrupted")
        else if (at > closedAt && call.at < closedAt) object(event, "L3", "a call outlived the layer")
        else if (waitingAtClose.has(event.id)) reached.closedWaiting += 1
        break
      case "defect":
        object(event, "L5", "a defect")
    }
  }

  const isPausedAt = (at: number, scopes: string): boolean =>
    ["A", "B"].some((secret) => pauses.both(secret, scopes).some(({ until }) => at < until))

  for (const event of events) {
    switch (event.tag) {
      case "call": {
        const key = keyOf(event.scopes)
        if (key.request !== undefined && key.calls.length > 0 && heldAt(key, event.at) === undefined)
          reached.joined += 1
        const isAlone = heldAt(key, event.at) === undefined && !key.calls.some((call) => call > event.at - longest)
        calls.set(event.id, { event, isAlone: isAlone && event.at < closedAt, sent: new Map() })
        limitAt.set(
          event.id,
          new Map(["A", "B"].map((secret) => [secret, Math.max(0, pauses.ofSecret(secret).until - event.at)]))
        )
        key.calls.push(event.at)
        break
      }
      case "leave":
        if (calls.has(event.id)) leaving.set(event.id, event.at)
        break
      case "read": {
        const { at, secrets } = event
        const isRefused = secrets?.every((secret) => at < (refusals.get(secret)?.until ?? 0)) ?? false
        // The answer of the last read counts for a second while all that it gave is refused.
        const before = reads.at(-1)
        const wasRefused = before?.secrets?.every((each) => {
          const refusal = refusals.get(each)
          return refusal !== undefined && refusal.at < event.askedAt && event.askedAt < refusal.until
        })
        if (wasRefused === true && before !== undefined && event.askedAt < before.at + seconds) {
          object(event, "L6", "the credentials were read twice in a second while they were refused")
        }
        reads.push({ ...event, isRefused })
        if (secrets !== undefined) {
          pauses.retain(secrets)
          forget(at, (secret) => !secrets.includes(secret))
          if (accepted !== undefined && !secrets.includes(accepted.secret)) accepted = undefined
        }
        break
      }
      case "status":
        onStatus(event)
        break
      case "request":
        onRequest(event)
        break
      case "answer":
        onAnswer(event)
        // In the moment in which all settles, an answer may still begin a pause.
        for (const scopes of event.at === settled?.at ? expected.keys() : []) {
          if (isPausedAt(event.at, scopes)) expected.delete(scopes)
        }
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
          const isHeldBack = refusals.size > 0 || isPausedAt(event.at, scopes) || closedAt <= event.at
          if (held === undefined || isHeldBack) continue
          const isDue = key.calls.some((call) => call > held.from && call >= held.surelyRenewableFrom)
          if (isDue && event.at + recovery < held.usableUntil) expected.set(scopes, event.at + recovery)
        }
        break
      case "close":
        closedAt = Math.min(closedAt, event.at)
        waitingAtClose = new Set(calls.keys())
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
  for (const { event } of calls.values()) object(event, "L3", "a call that never ended")
  for (const { request } of keys.values())
    if (request !== undefined) object(request, "L3", "a request that never ended")
  return objections
}
