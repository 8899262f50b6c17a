import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import { RateLimited } from "../errors/CxoneAuthError.js"
import * as Deadline from "../http/Deadline.js"
import { askedBy, longestJitter, notBefore } from "../http/Retry.js"
import type { RetryAfter } from "../http/RetryAfter.js"
import * as Spans from "../telemetry/Spans.js"
import * as Period from "../token/Period.js"
import type { RateGate, RateLimitPolicy } from "./RateGate.js"

/** A call that may have to wait. */
export interface Visitor {
  /** The order of the calls. The lowest number goes first, also when it tries again. */
  readonly number: number
  /** For how many more milliseconds it may be held back. */
  patience: number
  /** How many calls may wait before this one. */
  readonly maxWaitingCalls: number
  /** Whether it was sent past the calls that wait. */
  isPast: boolean
}

/**
 * The waiting line of one server that said "not yet". It lets calls through in their order, as fast as the server takes
 * them. When the gate opens, it lets out one. Each answer other than "not yet" lets out two more, until half as many
 * calls are under way as were allowed when an earlier "not yet" came. From there, each answer lets out hardly more than
 * one. One call a second goes out in any case, because an answer may take long.
 */
export interface WaitingLine {
  /**
   * Makes an attempt at its turn, with what was prepared for it. If the gate closes during the preparation, the call waits
   * for another turn. If it can't wait so long, it fails at once with `held_back`; if too many wait, with
   * `too_many_waiting`.
   */
  readonly through: Through
  /**
   * Called after "not yet" to this visitor. Closes the gate, and sends away the calls that would have to wait too long.
   */
  readonly close: (visitor: Visitor, said: RetryAfter, policy: RateLimitPolicy) => Effect.Effect<Closed>
  /** Whether the gate is open and no call waits. */
  readonly isIdle: Effect.Effect<boolean>
  /** Interrupts every call that waits, and lets none wait from now on. */
  readonly shutdown: () => void
}

/** What the closing of a gate gives. */
export interface Closed {
  /** For how many milliseconds nothing is sent. */
  readonly left: number
  /** Whether this began the pause. */
  readonly wasOpen: boolean
  /** What is held back. */
  readonly limited: Limited
}

type Through = <Prepared, A, E>(
  visitor: Visitor,
  prepare: Effect.Effect<Prepared, E>,
  attempt: (prepared: Prepared) => Effect.Effect<A, E>
) => Effect.Effect<A, E | RateLimited>

/** What a line stands in front of, as an error names it. */
export interface Limited {
  readonly origin: string
  /** Absent if it is the whole origin. */
  readonly route?: string
}

export interface WaitingLineOptions {
  readonly limited: Limited
  readonly gate: RateGate
  /** Runs the driver, which lets the calls out, in place of the one before. */
  readonly run: (driver: Effect.Effect<void>) => void
  /** Called for each call that has to wait. */
  readonly onWait: () => void
  /** Called when no call waits any more and one has been served. */
  readonly onCalm: () => void
}

interface Place {
  readonly visitor: Visitor
  /** How long the call may wait, by a clock that nobody sets. */
  readonly waits: Period.Period
  /** Completes when the call is let out, with the number of the round. */
  readonly turn: Deferred.Deferred<number, RateLimited>
  round?: number
}

/** How long the driver waits between two calls if no answer comes, in milliseconds without jitter. */
const pace = 1_000

/** Milliseconds that go on evenly if the clock is set forward or back (L12). */
const elapsed = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** The round of a call that was let through past the line. */
const outside = -1

export const make = ({ gate, limited, onCalm, onWait, run }: WaitingLineOptions): WaitingLine => {
  let line: Array<Place> = []
  let isDriven = false
  let isShut = false
  // True if the server sent `Retry-After`. If we guessed the delay, calls that won't wait are sent anyway.
  let isAsked = false
  // A round begins when the gate closes. An answer to a call of an earlier round says nothing about this one.
  let round = 0
  let closings = 0
  let onTrial = 0
  let window = 1
  // Below this the window doubles with each round trip, as in TCP (RFC 5681 §3.1). It is half of the window that was
  // too much in an earlier round.
  let threshold = Number.POSITIVE_INFINITY

  const timeLeft = (left: number) => (left > 0 ? { retryAfter: Duration.millis(left) } : {})

  /** The error of a call that is held back: one that doesn't wait, or doesn't wait so long. */
  const heldBack = (left: number, { patience }: Visitor) =>
    new RateLimited({
      reason: "held_back",
      ...limited,
      ...timeLeft(left),
      ...(patience > 0 ? { notSentAgain: "wait_too_short" } : {})
    })

  const letOut = () => {
    const place = line.shift()
    if (place !== undefined) {
      onTrial += 1
      place.round = round
      Deferred.unsafeDone(place.turn, Exit.succeed(round))
    }
  }

  // Fractions of the window are rounded down.
  const hasRoom = () => onTrial + 1 <= window

  const drive = Effect.gen(function* () {
    while (line.length > 0) {
      const left = yield* gate.millisLeft
      if (left === 0) {
        letOut()
      }
      yield* Effect.sleep(yield* notBefore(left === 0 ? pace : left))
    }
    isDriven = false
  })

  const startDriving = () => {
    isDriven = true
    run(drive)
  }

  const giveBack = (trial: number) => {
    if (trial === round) {
      onTrial -= 1
      while (line.length > 0 && hasRoom()) {
        letOut()
      }
    }
  }

  const settle = Effect.fnUntraced(function* (trial: number, isServed: boolean) {
    const isNews = isServed && (trial === round || (trial === outside && !isAsked))
    if (isNews) {
      yield* gate.reset
      if (trial === round) {
        window += window < threshold ? 1 : 1 / window
      }
    }
    giveBack(trial)
    if (isNews && line.length === 0) {
      onCalm()
    }
  })

  const join = (visitor: Visitor, now: number): Place => {
    const turn = Deferred.unsafeMake<number, RateLimited>(FiberId.none)
    const place: Place = { visitor, waits: Period.make(now, visitor.patience), turn }
    const before = Arr.findLastIndex(line, (other) => other.visitor.number < visitor.number)
    line.splice(Option.match(before, { onNone: () => 0, onSome: (index) => index + 1 }), 0, place)
    if (!isDriven) {
      startDriving()
    }
    return place
  }

  const leave = (place: Place) => {
    const index = line.indexOf(place)
    line.splice(index, index < 0 ? 0 : 1)
    if (place.round !== undefined) {
      giveBack(place.round)
    }
  }

  const awaitTurn = (place: Place) =>
    Deferred.await(place.turn).pipe(
      // The line lets out its first call later than the server asked, by jitter, so a call may wait for that much
      // longer.
      Deadline.within(place.visitor.patience * longestJitter),
      Effect.catchTag("TimeoutException", () =>
        Effect.flatMap(gate.millisLeft, (left) => heldBack(left, place.visitor))
      ),
      Effect.tapError(({ _tag }) => Effect.annotateCurrentSpan(Spans.errorType, _tag)),
      Effect.withSpan("CxoneHttpClient.wait", {
        captureStackTrace: false,
        attributes: { "server.address": limited.origin }
      })
    )

  const enter = Effect.fnUntraced(function* (
    visitor: Visitor,
    restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ) {
    const left = yield* gate.millisLeft
    const now = yield* elapsed
    const isPatient = visitor.patience > 0
    if (left === 0 && line.length === 0 && (hasRoom() || !isPatient)) {
      onTrial += 1
      return round
    }
    // At an open gate, a call that won't wait is not refused: it goes past those that wait.
    if (!isPatient && (left === 0 || !isAsked)) {
      return outside
    }
    if (left > visitor.patience) {
      return yield* heldBack(left, visitor)
    }
    if (line.length >= visitor.maxWaitingCalls) {
      return yield* new RateLimited({ reason: "too_many_waiting", ...limited, ...timeLeft(left) })
    }
    if (isShut) {
      return yield* Effect.interrupt
    }
    onWait()
    const place = join(visitor, now)
    const trial = yield* Effect.onError(restore(awaitTurn(place)), () => Effect.sync(() => leave(place)))
    visitor.patience = Period.left(place.waits, yield* elapsed)
    return trial
  })

  const sendAway = (now: number, left: number) => {
    const [staying, leaving] = Arr.partition(line, ({ waits }) => Period.left(waits, now) < left)
    line = staying
    for (const { turn, visitor } of leaving) {
      Deferred.unsafeDone(turn, Exit.fail(heldBack(left, visitor)))
    }
  }

  const through: Through = (visitor, prepare, attempt) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(enter(visitor, restore), (trial) => {
        const before = closings
        visitor.isPast = trial === outside
        const made = Effect.flatMap(prepare, (prepared) =>
          closings === before ? attempt(prepared) : through(visitor, prepare, attempt)
        )
        return Effect.onExit(restore(made), (exit) => settle(trial, Exit.isSuccess(exit)))
      })
    )

  return {
    through,
    close: Effect.fnUntraced(function* (visitor, said, policy) {
      const before = yield* gate.millisLeft
      const isToldWhen = Option.isSome(askedBy(said))
      // A guessed pause does not hold back calls that won't wait. If each of their 429s began it anew, the waiting calls
      // would never go.
      if (visitor.isPast && !isToldWhen && line.length > 0) {
        return { left: before, wasOpen: false, limited }
      }
      const wasOpen = before === 0
      const left = Duration.toMillis(yield* gate.close(said, policy))
      const now = yield* elapsed
      closings += 1
      isAsked = isToldWhen || (isAsked && !wasOpen)
      sendAway(now, left)
      if (wasOpen) {
        round += 1
        onTrial = 0
        threshold = window > 1 ? window / 2 : threshold
        window = 1
        // The driver still keeps the pace of the last round. A new one replaces it, now or when the next call waits.
        isDriven = false
        if (line.length > 0) {
          startDriving()
        }
      }
      return { left, wasOpen, limited }
    }),
    isIdle: Effect.map(gate.millisLeft, (left) => left === 0 && line.length === 0),
    shutdown: () => {
      isShut = true
      for (const { turn } of line) {
        Deferred.unsafeDone(turn, Exit.interrupt(FiberId.none))
      }
    }
  }
}
