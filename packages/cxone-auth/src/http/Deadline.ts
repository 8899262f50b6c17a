import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * Ends an effect after a time, in an uninterruptible region too (C7), such as a finalizer. There `Effect.timeout` alone
 * would wait until the effect ends by itself. The effect runs in a fiber of its own: what interrupts the caller must not
 * end it as long as the caller can't be interrupted.
 */
export const within =
  (duration: Duration.DurationInput) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Cause.TimeoutException, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.forkDaemon(Effect.interruptible(Effect.timeout(effect, duration))), (fiber) =>
        Effect.onInterrupt(restore(Fiber.join(fiber)), () => Fiber.interrupt(fiber))
      )
    )
