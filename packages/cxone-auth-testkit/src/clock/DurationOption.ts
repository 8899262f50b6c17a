import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"

/**
 * Reads a duration that a test gives. Throws a `RangeError` that names the option if it is none. `Duration` itself would
 * make zero of `NaN` and of a negative number, and the test would pass for it.
 */
export const decode = (option: string, input: Duration.DurationInput): Duration.Duration => {
  const duration = attempt(input)
  if (duration === undefined) {
    throw new RangeError(`${option} is ${shown(input)}; use a duration such as "3 seconds"`)
  }
  return duration
}

/** The same for one that ends, and is not shorter than `least`. */
export const decodeFinite = (option: string, input: Duration.DurationInput, least: Duration.DurationInput) => {
  const duration = decode(option, input)
  if (Duration.lessThan(duration, least) || !Duration.isFinite(duration)) {
    throw new RangeError(`${option} is ${shown(input)}; use a finite duration of ${Duration.format(least)} or more`)
  }
  return duration
}

const shown = (input: Duration.DurationInput): string =>
  Duration.isDuration(input) ? Duration.format(input) : String(input)

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
