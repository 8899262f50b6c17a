/** The processor's time that this process takes for what it does, beside the time that passes: other processes share the machine. */
import { Effect } from "effect"
import * as Percentiles from "./Percentiles.js"

/** Keeps the time of each run by name. */
export class CpuTime {
  readonly #runs = new Map<string, Array<number>>()

  /** Runs an effect that does `count` things, and keeps the microseconds that each of them took. */
  readonly of =
    (name: string, count: number) =>
    <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.suspend(() => {
        const before = process.cpuUsage()
        return Effect.tap(effect, () =>
          Effect.sync(() => {
            const { system, user } = process.cpuUsage(before)
            this.#runs.set(name, [...(this.#runs.get(name) ?? []), (system + user) / count])
          })
        )
      })

  /** The median of the runs, in microseconds. The first run doesn't count, because the engine compiled in it. */
  readonly median = (name: string): number => Percentiles.at((this.#runs.get(name) ?? []).slice(1), 50)
}
