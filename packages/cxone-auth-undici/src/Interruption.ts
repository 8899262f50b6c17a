/** What is left to do when a caller that waits is interrupted. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

/**
 * The same as `Effect.onInterrupt`, for the waits of each request. Effect's own makes an object for each call, and V8 soon
 * allocates these objects among the old ones. Such an object keeps all that its request holds until the next full collection,
 * and each collection of young objects has to copy that. This was a fifth of the cost of a request.
 */
export const onInterrupt = <A, E>(effect: Effect.Effect<A, E>, cleanUp: Effect.Effect<void>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.catchAllCause(restore(effect), (cause) =>
      Cause.isInterruptedOnly(cause) ? Effect.zipRight(cleanUp, Effect.failCause(cause)) : Effect.failCause(cause)
    )
  )
