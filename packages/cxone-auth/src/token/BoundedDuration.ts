import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

// `Duration.decode` turns negative numbers and NaN into zero.
const isNegative = (input: unknown): boolean =>
  typeof input === "string"
    ? input.trim().startsWith("-")
    : [input].flat().some((part) => (typeof part === "number" || typeof part === "bigint") && !(part >= 0))

// The longest that a timer can wait (2^31 ms), in whole days.
const longest = Duration.days(24)

/** Reads a duration from `least` to 24 days. On the left is what was given and what was expected. */
export const decode = (input: unknown, least: Duration.Duration): Either.Either<Duration.Duration, string> => {
  const fits = Duration.between({ minimum: least, maximum: longest })
  return Either.fromOption(
    isNegative(input) ? Option.none() : Option.filter(Duration.decodeUnknown(input), fits),
    () => `is ${String(input)}; expected a duration from ${Duration.format(least)} to ${Duration.format(longest)}`
  )
}
