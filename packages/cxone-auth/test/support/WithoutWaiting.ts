import { TokenPolicy } from "cxone-auth"
import { Clock, Duration, Effect } from "effect"

const clock = Clock.make()

/** Sleeps that are shorter than the time-out of an attempt take no time, and longer ones never end. */
export const withoutWaiting = Effect.withClock({
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis(),
  unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
  currentTimeMillis: clock.currentTimeMillis,
  currentTimeNanos: clock.currentTimeNanos,
  sleep: (duration) => (Duration.lessThan(duration, TokenPolicy.defaults.attemptTimeout) ? Effect.void : Effect.never)
})
