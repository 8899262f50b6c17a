import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Logs from "../telemetry/Logs.js"
import * as Metrics from "../telemetry/Metrics.js"
import * as Period from "../token/Period.js"
import { TokenStoreError } from "./TokenStoreBackend.js"

/**
 * Runs operations of a store. Each may take 250 ms, and the first one 1 s. After one that failed, the store counts as
 * away, and nothing is sent to it: for 1 s first, doubling to 30 s. Then one operation tries it. If that succeeds, the
 * store is back.
 *
 * A store that is full, or a replica, fails writes alone. Then reads go on, and prove nothing of writes.
 */
export interface Breaker {
  /** Runs an operation that changes nothing. `None` if it failed, or the store is away. */
  readonly read: Run
  /** Runs an operation that changes something. `None` if it failed, or the store is away for writes. */
  readonly write: Run
  /**
   * Runs an operation on what is there: it takes it away, or lets a lease last longer. A store that is full still does
   * that. So it goes on as reads do, and proves nothing of writes either.
   */
  readonly cleanUp: Run
}

type Run = <A, R>(operation: Operation<A, R>) => Effect.Effect<Option.Option<A>, never, R>

/** An app's backend may throw where it should give an effect. */
type Operation<A, R> = () => Effect.Effect<A, TokenStoreError, R>

type Kind = "read" | "write"

interface Away {
  /** After a write that failed, reads go on. */
  readonly since: Kind
  readonly pause: Period.Period
  /** Whether an operation tries the store now. */
  readonly isTried: boolean
}

/** Whether the store counts as away for this kind of operation. */
const isAwayFor = (away: Away | undefined, kind: Kind): away is Away =>
  away !== undefined && (away.since === "read" || kind === "write")

/**
 * In two halves: while the app blocks the event loop, a timer passes, and what the store has answered is read only after
 * that timer. So a blocked loop counts as at most one half.
 */
const half = Duration.millis(125)
/** The first operation also connects, often while a whole fleet starts and the processor is busy. */
const firstHalf = Duration.millis(500)
const firstPause = 1_000
const longestPause = 30_000

const tooSlow = (half: Duration.Duration) =>
  Effect.zipRight(
    Effect.zipRight(Effect.sleep(half), Effect.sleep(half)),
    Effect.suspend(
      () => new TokenStoreError({ message: `no answer within ${Duration.format(Duration.times(half, 2))}` })
    )
  )

const defect = () => new TokenStoreError({ message: "the store threw an error of its own" })

/** Makes the breaker of a store. All layers over the store share it. */
export const make: Effect.Effect<Breaker> = Effect.map(Ref.make<Away | undefined>(undefined), (state) => {
  let isNew = true

  const admit = (kind: Kind) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Ref.modify(state, (away): readonly ["no" | "run" | "try", Away | undefined] => {
        if (!isAwayFor(away, kind)) {
          return ["run", away]
        }
        return away.isTried || Period.isCurrent(away.pause, now) ? ["no", away] : ["try", { ...away, isTried: true }]
      })
    )

  const succeeded = (kind: Kind) =>
    Effect.suspend(() => {
      isNew = false
      return Effect.flatMap(
        Ref.modify(state, (away): readonly [change: "still away" | "well" | "back", Away | undefined] =>
          away === undefined ? ["well", away] : isAwayFor(away, kind) ? ["back", undefined] : ["still away", away]
        ),
        (change) => {
          if (change === "still away") {
            return Effect.void
          }
          Metrics.storeIsAvailable(1)
          return change === "well"
            ? Effect.void
            : Logs.warn("The token store answers again, so tokens are shared again.")
        }
      )
    })

  const failed = Effect.fnUntraced(function* ({ message }: TokenStoreError, kind: Kind, isTry: boolean) {
    isNew = false
    const now = yield* Clock.currentTimeMillis
    const before = yield* Ref.getAndUpdate(state, (away) => {
      // Operations that were under way together count once.
      if (isAwayFor(away, kind) && !isTry) {
        return away
      }
      const length = away === undefined ? firstPause : Math.min(2 * away.pause.length, longestPause)
      return { since: isAwayFor(away, kind) ? away.since : kind, pause: Period.make(now, length), isTried: false }
    })
    Metrics.storeIsAvailable(0)
    if (before === undefined) {
      yield* Logs.warn(
        `The token store failed: ${message}. Until it answers again, this process requests tokens of its own. No call fails for it.`
      )
    }
  })

  const endTry = Ref.update(state, (away) => away && { ...away, isTried: false })

  const attempt = <A, R>(
    operation: Operation<A, R>,
    kind: Kind,
    failsAs: Kind,
    isTry: boolean,
    restore: <B, E, R>(effect: Effect.Effect<B, E, R>) => Effect.Effect<B, E, R>
  ) =>
    Effect.suspend(operation).pipe(
      // A defect, or a store that interrupts itself, must not end the call.
      Effect.catchAllCause((cause) => Effect.fail(Option.getOrElse(Cause.failureOption(cause), defect))),
      // What a store does may be uninterruptible. It must not hold up the time-out.
      Effect.either,
      Effect.disconnect,
      Effect.flatMap(identity),
      // A race waits until the loser is interrupted. So each side can be, also where the caller can't.
      Effect.interruptible,
      Effect.raceFirst(Effect.interruptible(tooSlow(isNew ? firstHalf : half))),
      Effect.either,
      restore,
      // An operation that is interrupted tells nothing of the store.
      Effect.onInterrupt(() => (isTry ? endTry : Effect.void)),
      Effect.flatMap(
        Either.match({
          onLeft: (error) => Effect.as(failed(error, failsAs, isTry), Option.none<A>()),
          onRight: (value) => Effect.as(succeeded(kind), Option.some(value))
        })
      )
    )

  const run =
    (kind: Kind, failsAs: Kind): Run =>
    (operation) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(admit(kind), (way) =>
          way === "no" ? Effect.succeedNone : attempt(operation, kind, failsAs, way === "try", restore)
        )
      )

  return { read: run("read", "read"), write: run("write", "write"), cleanUp: run("read", "write") }
})
