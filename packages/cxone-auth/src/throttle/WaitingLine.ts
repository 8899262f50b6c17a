/**
 * The line before one server that said "not yet".
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import { RateLimited } from "../errors/CxoneAuthError.js"
import { notBefore } from "../http/Retry.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import type { RateGate } from "./RateGate.js"

/**
 * A call on its way to a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Visitor {
  /** The calls in the order in which they came: who came first goes first, also when it has to try again. */
  readonly number: number
  /** For how many more milliseconds it may be held back. */
  patience: number
}

/**
 * Lets calls through in the order in which they came, as fast as the server takes them: when the gate opens, one; for
 * each that is answered with anything but "not yet", two more, up to half of what was too much before, and from then on
 * hardly more than one; and one a second in any case, for an answer may take long.
 *
 * @since 0.1.0
 * @category models
 */
export interface WaitingLine {
  /** Runs an attempt when its turn has come. One that cannot wait for that, or is one too many, is held back at once. */
  readonly through: <A, E>(visitor: Visitor, attempt: Effect.Effect<A, E>) => Effect.Effect<A, E | RateLimited>
  /** The server has said "not yet": closes the gate, and sends away who would have to wait too long. */
  readonly close: (retryAfter: Option.Option<Duration.Duration>) => Effect.Effect<void>
  /** Ends everybody who waits, and lets nobody wait from now on. */
  readonly shutdown: () => void
}

/**
 * What a line is told about.
 *
 * @since 0.1.0
 * @category models
 */
export interface WaitingLineOptions {
  readonly origin: string
  readonly gate: RateGate
  readonly policy: TokenPolicy
  /** Runs what lets the calls out, in place of what ran before. */
  readonly run: (driver: Effect.Effect<void>) => void
  /** Told of each call that has to wait. */
  readonly onWait: () => void
  /** Told when nobody waits any more, and a call has been served. */
  readonly onCalm: () => void
}

interface Place {
  readonly visitor: Visitor
  /** When its patience ends, in milliseconds since the epoch. */
  readonly deadline: number
  /** Ends with the round that it is let out in. */
  readonly turn: Deferred.Deferred<number, RateLimited>
  round?: number
}

/** How long the next call waits for the one before it to be answered, in milliseconds, jittered. */
const pace = 1_000

/** The round of what is let through without a look at the line. */
const outside = -1

/** The jitter, by which a gate opens later than the server asked, is not taken from a call's patience. */
const jitter = 1.2

/**
 * Makes a line in which nobody waits.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ gate, onCalm, onWait, origin, policy, run }: WaitingLineOptions): WaitingLine => {
  const line: Array<Place> = []
  let isDriven = false
  let isShut = false
  // Whether the server named the time, or we chose it, in which case nobody fails for it who is not willing to wait.
  let isAsked = false
  // A round begins when the gate closes. What was let out in an earlier one says nothing of this one.
  let round = 0
  let onTrial = 0
  let window = 1
  // Up to here the window doubles, as TCP's does (RFC 5681 §3.1): half of what was too much in an earlier round.
  let threshold = Number.POSITIVE_INFINITY

  const notLetThrough = (reason: RateLimited["reason"], left: number) =>
    new RateLimited({ reason, origin, retryAfter: left > 0 ? Option.some(Duration.millis(left)) : Option.none() })

  const letOut = () => {
    const place = line.shift()
    if (place !== undefined) {
      onTrial += 1
      place.round = round
      Deferred.unsafeDone(place.turn, Exit.succeed(round))
    }
  }

  // A window of two and a half is one of two.
  const hasRoom = () => onTrial + 1 <= window

  const letOutAll = () => {
    while (line.length > 0 && hasRoom()) {
      letOut()
    }
  }

  const drive: Effect.Effect<void> = Effect.suspend(() => {
    isDriven = line.length > 0
    return isDriven
      ? Effect.flatMap(gate.millisLeft, (left) => {
          if (left === 0) {
            letOut()
          }
          return Effect.flatMap(notBefore(left === 0 ? pace : left), Effect.sleep).pipe(Effect.zipRight(drive))
        })
      : Effect.void
  })

  const startDriving = () => {
    isDriven = true
    run(drive)
  }

  const giveBack = (trial: number) => {
    if (trial === round) {
      onTrial -= 1
      letOutAll()
    }
  }

  const served = (trial: number) => {
    if (trial === round) {
      window += window < threshold ? 1 : 1 / window
      giveBack(trial)
    }
    if (line.length === 0) {
      onCalm()
    }
  }

  const settle = (trial: number, isServed: boolean): Effect.Effect<void> => {
    if (!isServed) {
      return Effect.sync(() => giveBack(trial))
    }
    const isOfNow = trial === round || (trial === outside && !isAsked)
    return isOfNow
      ? Effect.zipRight(
          gate.reset,
          Effect.sync(() => served(trial))
        )
      : Effect.void
  }

  const join = (visitor: Visitor, now: number): Place => {
    const turn = Deferred.unsafeMake<number, RateLimited>(FiberId.none)
    const place: Place = { visitor, deadline: now + visitor.patience, turn }
    const before = Arr.findLastIndex(line, (other) => other.visitor.number < visitor.number)
    line.splice(Option.match(before, { onNone: () => 0, onSome: (index) => index + 1 }), 0, place)
    if (!isDriven) {
      startDriving()
    }
    return place
  }

  const remove = (place: Place) => {
    const index = line.indexOf(place)
    if (index >= 0) {
      line.splice(index, 1)
    }
  }

  const leave = (place: Place) => {
    remove(place)
    if (place.round !== undefined) {
      giveBack(place.round)
    }
  }

  const awaitTurn = (place: Place): Effect.Effect<number, RateLimited> =>
    Deferred.await(place.turn).pipe(
      Effect.timeoutTo({
        duration: place.visitor.patience * jitter,
        onSuccess: (trial) => Effect.succeed(trial),
        onTimeout: () => Effect.flatMap(gate.millisLeft, (left) => notLetThrough("held_back", left))
      }),
      Effect.flatten,
      Effect.withSpan("CxoneHttpClient.wait", { captureStackTrace: false, attributes: { "server.address": origin } })
    )

  const enter = (
    visitor: Visitor,
    restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ): Effect.Effect<number, RateLimited> =>
    Effect.flatMap(Effect.zip(gate.millisLeft, Clock.currentTimeMillis), ([left, now]) => {
      const isPatient = visitor.patience > 0
      if (left === 0 && line.length === 0 && (hasRoom() || !isPatient)) {
        onTrial += 1
        return Effect.succeed(round)
      }
      if (!isPatient && left > 0 && !isAsked) {
        return Effect.succeed(outside)
      }
      if (!isPatient || left > visitor.patience) {
        return notLetThrough("held_back", left)
      }
      if (line.length >= policy.maxWaitingCalls) {
        return notLetThrough("too_many_waiting", left)
      }
      if (isShut) {
        return Effect.interrupt
      }
      onWait()
      const place = join(visitor, now)
      return restore(awaitTurn(place)).pipe(
        Effect.onError(() => Effect.sync(() => leave(place))),
        Effect.zipWith(Clock.currentTimeMillis, (trial, then) => {
          visitor.patience -= Math.max(0, then - now)
          return trial
        })
      )
    })

  const sendAway = (before: number, left: number) => {
    for (const place of line.filter(({ deadline }) => deadline < before)) {
      remove(place)
      Deferred.unsafeDone(place.turn, Exit.fail(notLetThrough("held_back", left)))
    }
  }

  return {
    through: (visitor, attempt) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(enter(visitor, restore), (trial) =>
          Effect.onExit(restore(attempt), (exit) => settle(trial, Exit.isSuccess(exit)))
        )
      ),
    close: (retryAfter) =>
      Effect.gen(function* () {
        const wasOpen = (yield* gate.millisLeft) === 0
        const left = Duration.toMillis(yield* gate.close(retryAfter))
        const now = yield* Clock.currentTimeMillis
        isAsked = Option.exists(retryAfter, Duration.greaterThan(Duration.zero)) || (isAsked && !wasOpen)
        sendAway(now + left, left)
        if (wasOpen) {
          round += 1
          onTrial = 0
          threshold = window > 1 ? window / 2 : threshold
          window = 1
          // Who comes next starts it anew: it keeps the pace of the round before.
          isDriven = false
          if (line.length > 0) {
            startDriving()
          }
        }
      }),
    shutdown: () => {
      isShut = true
      for (const { turn } of line) {
        Deferred.unsafeDone(turn, Exit.interrupt(FiberId.none))
      }
    }
  }
}
