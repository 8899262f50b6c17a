import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"

/**
 * Reads a duration that a test gives. Throws a `RangeError` that names the option if it is none, is not a number, or is below
 * `least`. `Duration` itself would make zero of `NaN` and of a negative number, and the test would pass for it.
 */
export const decode = (option: string, input: Duration.DurationInput, least: Duration.DurationInput = 0) => {
  const duration = attempt(input)
  if (duration === undefined || Duration.lessThan(duration, least)) {
    const given = Duration.isDuration(input) ? Duration.format(input) : String(input)
    const floor = Duration.toMillis(least) === 0 ? "" : `, of ${Duration.format(least)} or more`
    throw new RangeError(`${option} is ${given}; use a duration such as "3 seconds"${floor}`)
  }
  return duration
}

const attempt = (input: Duration.DurationInput): Duration.Duration | undefined => {
  const isNegative = Predicate.isString(input) && input.startsWith("-")
  if (isNegative || (Predicate.isNumber(input) && !(input >= 0))) {
    return undefined
  }
  try {
    return Duration.decode(input)
  } catch {
    return undefined
  }
}
