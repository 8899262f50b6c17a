/** Measurements by turns, so that each meets the same machine. */
import { Array, Effect, Record } from "effect"
import * as Percentiles from "./Percentiles.js"

/** The medians of so many rounds, after one that does not count; each round begins with another measurement. */
export const medians = <Name extends string, E, R>(
  measurements: { readonly [_ in Name]: Effect.Effect<number, E, R> },
  rounds: number
): Effect.Effect<{ readonly [_ in Name]: number }, E, R> =>
  Effect.gen(function* () {
    const entries = Record.toEntries<Name, Effect.Effect<number, E, R>>(measurements)
    const round = (number: number) =>
      Effect.forEach(Array.rotate(entries, number), ([name, measurement]) =>
        Effect.map(measurement, (value) => [name, value] as const)
      )
    yield* round(0)
    const values = (yield* Effect.forEach(Array.range(1, rounds), round)).flat()
    return Record.map(measurements, (_, name) =>
      Percentiles.at(
        values.flatMap(([of, value]) => (of === name ? [value] : [])),
        50
      )
    )
  })
