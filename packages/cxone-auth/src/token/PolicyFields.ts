/**
 * How a policy is made from the numbers that differ from its defaults, and how a wrong number is refused.
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Record from "effect/Record"
import * as BoundedDuration from "./BoundedDuration.js"

/** What an app gives for a policy: any part of it, with durations in any notation. */
export type Options<Policy> = {
  readonly [Field in keyof Policy]?: (Policy[Field] extends number ? number : Duration.DurationInput) | undefined
}

/** Reads one number. On the left is what was given, and what was expected. */
type Decode<A> = (input: unknown) => Either.Either<A, string>

export const duration =
  (fallback: Duration.DurationInput, least: Duration.DurationInput = 1): Decode<Duration.Duration> =>
  (input = fallback) =>
    BoundedDuration.decode(input, Duration.decode(least))

export const number =
  (fallback: number, min: number, max: number, kind: "number" | "whole number" = "number"): Decode<number> =>
  (input = fallback) =>
    typeof input === "number" && input >= min && input <= max && (kind === "number" || Number.isInteger(input))
      ? Either.right(input)
      : Either.left(
          `is ${typeof input === "string" ? JSON.stringify(input) : String(input)}; expected a ${kind} from ${min} to ${max}`
        )

export const whole = (fallback: number, min: number, max: number) => number(fallback, min, max, "whole number")

/**
 * Makes the constructor of a policy. It throws a `TypeError` that names the policy and the field if there is no such
 * field, if a value is out of range, or if the first of a pair in `ordered` is longer than the second.
 */
export const constructorOf =
  <Policy extends { readonly [Field in keyof Policy]: Duration.Duration | number }>(
    name: string,
    fields: { readonly [Field in keyof Policy]: Decode<Policy[Field]> },
    ordered: ReadonlyArray<readonly [lesser: keyof Policy & string, greater: keyof Policy & string]>
  ) =>
  (options: Options<Policy> = {}): Policy => {
    // Plain JavaScript may pass anything.
    if (typeof options !== "object" || options === null) {
      refuse(name, "expected an object with the numbers that differ from the defaults")
    }
    const given: { readonly [field: string]: unknown } = options
    const unknown = Object.keys(given).find((field) => !(field in fields))
    if (unknown !== undefined) {
      refuse(name, `there is no ${unknown}; the fields are ${Object.keys(fields).join(", ")}`)
    }
    // Each field decodes to its own type, which the type of `Record.map` can't say.
    const policy = Record.map(fields, (decode: Decode<unknown>, field) =>
      Either.getOrElse(decode(given[field]), (objection) => refuse(name, `${field} ${objection}`))
    ) as Policy

    for (const [lesser, greater] of ordered) {
      const [less, more] = [policy[lesser], policy[greater]]
      if (Duration.isDuration(less) && Duration.isDuration(more) && Duration.greaterThan(less, more)) {
        refuse(name, `${lesser} (${Duration.format(less)}) is larger than ${greater} (${Duration.format(more)})`)
      }
    }
    return policy
  }

export const refuse = (name: string, objection: string): never => {
  throw new TypeError(`${name}: ${objection}`)
}
