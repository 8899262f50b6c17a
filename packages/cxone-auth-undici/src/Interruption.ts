/** What is left to do when a caller that waits is interrupted. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

/**
 * `Effect.onInterrupt`, for what every request does. Effect's own makes an object for each call that V8 soon allocates among
 * the old ones. Then all that the request holds stays in memory until the next full collection, and each collection of young
 * objects copies it, which was a fifth of the cost of a request.
 */
export const onInterrupt = <A, E>(effect: Effect.Effect<A, E>, cleanUp: Effect.Effect<void>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.catchAllCause(restore(effect), (cause) =>
      Cause.isInterruptedOnly(cause) ? Effect.zipRight(cleanUp, Effect.failCause(cause)) : Effect.failCause(cause)
    )
  )
