import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logs from "../telemetry/Logs.js"
import * as Period from "../token/Period.js"

/** How many different warnings pass in one pause. */
const mostDifferent = 16

/** Makes a function that logs a warning, and the same one again only after the pause. */
export const make = (pause: Duration.Duration): ((message: string) => Effect.Effect<void>) => {
  const pauses = new Map<string, Period.Period>()
  return (message) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      pauses.forEach((period, said) => void (Period.isCurrent(period, now) || pauses.delete(said)))
      if (pauses.has(message) || pauses.size >= mostDifferent) {
        return Effect.void
      }
      pauses.set(message, Period.make(now, pause))
      return Logs.warn(message)
    })
}
