import * as Duration from "effect/Duration"

/** For how long something counts: `length` milliseconds from `since`, in milliseconds since the epoch. */
export interface Period {
  readonly since: number
  readonly length: number
}

export const make = (since: number, length: Duration.DurationInput): Period => ({
  since,
  length: Duration.toMillis(length)
})

/** The period that has always ended. */
export const ended: Period = { since: 0, length: 0 }

/**
 * Whether `now` lies within a period. If the clock was set back to before the start, the period has ended (L12): its age
 * is unknown, and nothing may count for longer than it was meant to. The hot path keeps the two numbers in an object of
 * its own, so this takes them one by one.
 */
export const isWithin = (since: number, length: number, now: number): boolean => {
  const age = now - since
  return 0 <= age && age < length
}

export const isCurrent = ({ length, since }: Period, now: number): boolean => isWithin(since, length, now)

/** How many milliseconds are left of a period; zero once it has ended. */
export const left = (period: Period, now: number): number =>
  isCurrent(period, now) ? period.since + period.length - now : 0
