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
 * Runs operations of a store. Each may take 250 ms. After one that failed, the store counts as away, and nothing is sent
 * to it: for 1 s first, doubling to 30 s. Then one operation tries it. If that succeeds, the store is back.
 */
export interface Breaker {
  /** `None` if the operation failed, or the store is away. */
  readonly run: <A, R>(operation: Effect.Effect<A, TokenStoreError, R>) => Effect.Effect<Option.Option<A>, never, R>
}

interface Away {
  readonly pause: Period.Period
  /** Whether an operation tries the store now. */
  readonly isTried: boolean
}

/**
 * In two halves: while the app blocks the event loop, a timer passes, and what the store has answered is read only after
 * that timer. So a blocked loop counts as at most one half.
 */
const half = Duration.millis(125)
const firstPause = 1_000
const longestPause = 30_000

const tooSlow = Effect.suspend(
  () => new TokenStoreError({ message: `no answer within ${Duration.format(Duration.times(half, 2))}` })
)

const defect = () => new TokenStoreError({ message: "the store threw an error of its own" })

/** Makes the breaker of a store. All layers over the store share it. */
export const make: Effect.Effect<Breaker> = Effect.map(Ref.make<Away | undefined>(undefined), (state) => {
  const admit = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Ref.modify(state, (away): readonly ["no" | "run" | "try", Away | undefined] => {
      if (away === undefined) {
        return ["run", away]
      }
      return away.isTried || Period.isCurrent(away.pause, now) ? ["no", away] : ["try", { ...away, isTried: true }]
    })
  )

  const succeeded = Effect.flatMap(Ref.getAndSet(state, undefined), (away) => {
    Metrics.storeIsAvailable(1)
    return away === undefined ? Effect.void : Logs.warn("The token store answers again, so tokens are shared again.")
  })

  const failed = Effect.fnUntraced(function* ({ message }: TokenStoreError, isTry: boolean) {
    const now = yield* Clock.currentTimeMillis
    const before = yield* Ref.getAndUpdate(state, (away) => {
      // Operations that were under way together count once.
      if (away !== undefined && !isTry) {
        return away
      }
      const length = away === undefined ? firstPause : Math.min(2 * away.pause.length, longestPause)
      return { pause: Period.make(now, length), isTried: false }
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
    operation: Effect.Effect<A, TokenStoreError, R>,
    isTry: boolean,
    restore: <B, E, R>(effect: Effect.Effect<B, E, R>) => Effect.Effect<B, E, R>
  ) =>
    operation.pipe(
      Effect.catchAllDefect(() => Effect.fail(defect())),
      // What a store does may be uninterruptible. It must not hold up the time-out.
      Effect.either,
      Effect.disconnect,
      Effect.flatMap(identity),
      // A lease is taken and given up in an uninterruptible region. There, the loser of a race would be waited for.
      Effect.interruptible,
      Effect.raceFirst(
        Effect.interruptible(Effect.zipRight(Effect.sleep(half), Effect.sleep(half)).pipe(Effect.zipRight(tooSlow)))
      ),
      Effect.either,
      restore,
      // An operation that is interrupted tells nothing of the store.
      Effect.onInterrupt(() => (isTry ? endTry : Effect.void)),
      Effect.flatMap(
        Either.match({
          onLeft: (error) => Effect.as(failed(error, isTry), Option.none<A>()),
          onRight: (value) => Effect.as(succeeded, Option.some(value))
        })
      )
    )

  return {
    run: (operation) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(admit, (way) => (way === "no" ? Effect.succeedNone : attempt(operation, way === "try", restore)))
      )
  }
})
