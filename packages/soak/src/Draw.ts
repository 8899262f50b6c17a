/** What is left to chance, from the current `Random`: a seed repeats it. */
import { Array, Duration, Effect, Random } from "effect"

/** Something that is drawn more often, the greater its weight. */
export interface Choice<A> {
  readonly weight: number
  readonly value: A
}

export const weighted = <A>(choices: Array.NonEmptyReadonlyArray<Choice<A>>): Effect.Effect<A> =>
  Effect.map(
    Random.nextIntBetween(
      0,
      Array.reduce(choices, 0, (sum, { weight }) => sum + weight)
    ),
    (draw) => {
      let left = draw
      for (const { value, weight } of choices) {
        if (left < weight) {
          return value
        }
        left -= weight
      }
      return choices[0].value
    }
  )

/** A duration from the one number of milliseconds to the other. */
export const millis = (from: number, to: number): Effect.Effect<Duration.Duration> =>
  Effect.map(Random.nextRange(from, to), Duration.millis)

/** Waits for between so many milliseconds and so many. */
export const pause = (from: number, to: number): Effect.Effect<void> => Effect.flatMap(millis(from, to), Effect.sleep)
