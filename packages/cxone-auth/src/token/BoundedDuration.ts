import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

// `Duration.decode` turns negative numbers and NaN into zero.
const isNegative = (input: unknown): boolean =>
  typeof input === "string"
    ? input.trim().startsWith("-")
    : [input].flat().some((part) => (typeof part === "number" || typeof part === "bigint") && !(part >= 0))

// A timer waits for at most 2^31 ms, 24.8 days, and jitter may add a fifth to a duration.
const longest = Duration.days(20)

/** Reads a duration from `least` to 20 days. On the left is what was given and what was expected. */
export const decode = (input: unknown, least: Duration.Duration): Either.Either<Duration.Duration, string> => {
  const fits = Duration.between({ minimum: least, maximum: longest })
  return Either.fromOption(
    isNegative(input) ? Option.none() : Option.filter(Duration.decodeUnknown(input), fits),
    () =>
      `is ${String(input)}; expected a duration from ${Duration.format(least)} to ${Duration.format(longest)}, such as "5 seconds"`
  )
}
