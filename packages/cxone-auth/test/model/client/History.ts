import type { Moment, Timed } from "./Trace.js"

export type Of<Tag extends Timed["tag"]> = Extract<Timed, { readonly tag: Tag }>

/** A request to the API, with its answer. */
export interface Sent {
  readonly event: Of<"send">
  readonly place: string
  /** When its token was requested and came. */
  readonly token: Token | undefined
  answer: Of<"answer"> | undefined
  abortedAt: number | undefined
}

/** A call, and what became of it. */
export interface Call {
  readonly event: Of<"call">
  /** The number of the event. */
  readonly index: number
  readonly sent: Array<Sent>
  left: Of<"leave"> | undefined
  end: Of<"end"> | undefined
}

export interface Token {
  readonly requested: Moment
  readonly came: Moment
  /** The first time that it was refused. */
  refused: Moment | undefined
}

/** Something that counts for a time. */
export interface Span extends Moment {
  readonly length: number
}

/** How often each situation occurred. A test in which one never occurs proves nothing about it. */
export const nothingReached = () => ({
  renewed: 0,
  arrived: 0,
  paused: 0,
  struckAgain: 0,
  tooMany: 0,
  replaced: 0,
  forgiven: 0,
  streamRefused: 0,
  heldBack: 0,
  toldNotYet: 0,
  sentAgain: 0,
  waited: 0,
  inOrder: 0,
  ranOut: 0,
  passedBy: 0,
  openBeside: 0,
  left: 0,
  leftTheLine: 0,
  keptOn: 0,
  closedWaiting: 0,
  afterClose: 0,
  slowRefusal: 0,
  asResponse: 0,
  readWhole: 0,
  jumpedWhileClosed: 0,
  otherTenant: 0,
  burst: 0
})

export type Reached = ReturnType<typeof nothingReached>

export type Object = (event: Timed, rule: string, text: string) => void

/** Whether an answer is about the token. This API names no other reason for a 401. */
export const isRefusal = (answer: Of<"answer"> | undefined): boolean => answer?.status === 401

/** Whether an answer says "not yet". A 503 does with a `Retry-After` only. */
export const isNotYet = (answer: Of<"answer"> | undefined): boolean =>
  answer?.status === 429 || (answer?.status === 503 && answer.retryAfter !== undefined)

export const placeOf = (origin: string, route: string): string => `${origin} ${route}`

/** What has happened so far. */
export class History {
  readonly calls = new Map<number, Call>()
  readonly requests = new Map<number, Sent>()
  readonly tokens = new Map<string, Token>()
  /** The times in which no token could be had: exchanges, and pauses that the provider asked for. */
  readonly troubles: Array<{ readonly from: number; to: number }> = []
  readonly jumps: Array<Of<"jump">> = []
  /** The exchange that is under way. */
  exchange: Of<"token request"> | undefined
  lastToken: Token | undefined
  lastRevoked = { index: -1, at: Number.NEGATIVE_INFINITY }
  closedAt = Number.POSITIVE_INFINITY
  burstAt = Number.POSITIVE_INFINITY
  index = -1

  see(event: Timed): void {
    this.index += 1
    switch (event.tag) {
      case "call":
        this.calls.set(event.id, { event, index: this.index, sent: [], left: undefined, end: undefined })
        break
      case "leave": {
        const call = this.calls.get(event.id)
        if (call !== undefined && call.end === undefined) call.left = event
        break
      }
      case "end": {
        const call = this.calls.get(event.id)
        if (call !== undefined) call.end = event
        break
      }
      case "send": {
        const sent: Sent = {
          event,
          place: placeOf(event.origin, event.route),
          token: this.tokens.get(event.token),
          answer: undefined,
          abortedAt: undefined
        }
        this.requests.set(event.id, sent)
        this.calls.get(event.call)?.sent.push(sent)
        break
      }
      case "answer": {
        const sent = this.requests.get(event.id)
        if (sent === undefined) break
        sent.answer = event
        if (isRefusal(event) && sent.token !== undefined) sent.token.refused ??= event
        break
      }
      case "aborted": {
        const sent = this.requests.get(event.id)
        if (sent !== undefined) sent.abortedAt = event.at
        break
      }
      case "token request":
        this.troubles.push({ from: event.at, to: Number.POSITIVE_INFINITY })
        this.exchange ??= event
        break
      case "token": {
        this.#endTrouble(event.at)
        const token = { requested: this.exchange ?? event, came: event, refused: undefined }
        this.exchange = undefined
        this.lastToken = token
        this.tokens.set(event.value, token)
        break
      }
      case "no token":
        // A caller waits for up to a minute, and the last try of an exchange may come a fifth later than asked.
        this.#endTrouble(event.at + 1.2 * Math.max(60, event.retryAfter) * 1_000)
        break
      case "revoke":
        this.lastRevoked = { index: this.index, at: event.at }
        break
      case "jump":
        this.jumps.push(event)
        break
      case "close":
        this.closedAt = Math.min(this.closedAt, event.at)
        break
      case "burst":
        this.burstAt = event.at
    }
  }

  #endTrouble(at: number): void {
    const last = this.troubles.at(-1)
    if (last !== undefined) last.to = at
  }

  /** For how many milliseconds between two times no token could be had. */
  troubleWithin(from: number, to: number): number {
    let total = 0
    let seen = from
    for (const trouble of this.troubles) {
      const start = Math.max(seen, trouble.from)
      const end = Math.min(to, trouble.to)
      if (end > start) {
        total += end - start
        seen = end
      }
    }
    return total
  }

  /** Whether no token was asked for and none was awaited, from one time to the other. */
  isCalm(from: number, to: number): boolean {
    return !this.troubles.some((trouble) => trouble.from <= to && trouble.to >= from)
  }

  hasJumped(from: number, to: number): boolean {
    return this.jumps.some(({ at }) => from <= at && at <= to)
  }

  /** Whether something counts at this moment by both clocks, and the clock was never set back in between (L12). */
  isSurely(span: Span, now: Moment): boolean {
    const isSetBack = this.jumps.some(({ at, by }) => at >= span.at && at <= now.at && by < 0)
    const wall = now.wall - span.wall
    return !isSetBack && now.at - span.at < span.length && wall >= 0 && wall < span.length
  }

  /** Whether something may count at this moment: by either clock. */
  isMaybe(span: Span, now: Moment): boolean {
    const wall = now.wall - span.wall
    return now.at - span.at < span.length || (wall >= 0 && wall < span.length)
  }
}

/** How many milliseconds are left by the clock that goes on evenly. */
export const leftOf = (span: Span, now: Moment): number => span.at + span.length - now.at
