import * as Duration from "effect/Duration"

/** How long something counts. It begins at `since` (milliseconds since the epoch) and lasts `length` milliseconds. */
export interface Period {
  readonly since: number
  readonly length: number
}

export const make = (since: number, length: Duration.DurationInput): Period => ({
  since,
  length: Duration.toMillis(length)
})

/** A period that has ended, whatever the time is. */
export const ended: Period = { since: 0, length: 0 }

/**
 * Whether `now` lies within a period. If the clock was set back to before the start, the period has ended (L12): its
 * age is unknown, and nothing may count for longer than it was meant to. `TokenSlot.Held`, on the hot path, holds no
 * `Period`, so this takes the two numbers.
 */
export const isWithin = (since: number, length: number, now: number): boolean => {
  const age = now - since
  return 0 <= age && age < length
}

export const isCurrent = ({ length, since }: Period, now: number): boolean => isWithin(since, length, now)

/** How many milliseconds are left of a period; zero once it has ended. */
export const left = (period: Period, now: number): number =>
  isCurrent(period, now) ? period.since + period.length - now : 0
