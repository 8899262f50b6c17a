import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * Ends an effect after a time, in an uninterruptible region too (C7), such as a finalizer. There `Effect.timeout` alone
 * would wait until the effect ends by itself.
 */
export const within =
  (duration: Duration.DurationInput) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Cause.TimeoutException, R> =>
    Effect.timeout(Effect.interruptible(effect), duration)
