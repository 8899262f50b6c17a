/** Measurements by turns, so that each meets the same machine. */
import { Array, Effect, Record } from "effect"
import * as Percentiles from "./Percentiles.js"

type Measurements<Name extends string, E, R> = { readonly [_ in Name]: Effect.Effect<number, E, R> }

/** What so many rounds measured, round by round; each begins with another measurement. */
export const rounds = <Name extends string, E, R>(
  measurements: Measurements<Name, E, R>,
  count: number
): Effect.Effect<{ readonly [_ in Name]: ReadonlyArray<number> }, E, R> =>
  Effect.gen(function* () {
    const entries = Record.toEntries<Name, Effect.Effect<number, E, R>>(measurements)
    const round = (number: number) =>
      Effect.forEach(Array.rotate(entries, number), ([name, measurement]) =>
        Effect.map(measurement, (value) => [name, value] as const)
      )
    const values = (yield* Effect.forEach(Array.range(1, count), round)).flat()
    return Record.map(measurements, (_, name) => values.flatMap(([of, value]) => (of === name ? [value] : [])))
  })

/** The medians of so many rounds, after one that does not count. */
export const medians = <Name extends string, E, R>(
  measurements: Measurements<Name, E, R>,
  count: number
): Effect.Effect<{ readonly [_ in Name]: number }, E, R> =>
  rounds(measurements, 1).pipe(
    Effect.zipRight(rounds(measurements, count)),
    Effect.map(Record.map((values) => Percentiles.at(values, 50)))
  )
