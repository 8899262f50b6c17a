/** What kind of machine it is, and nothing that tells whose. */
import { arch, availableParallelism, cpus, platform } from "node:os"
import { Effect } from "effect"

export interface Machine {
  readonly cores: number
  readonly processor: string
  readonly system: string
  readonly node: string
}

export const current: Effect.Effect<Machine> = Effect.sync(() => ({
  cores: availableParallelism(),
  processor: cpus()[0]?.model.trim() || "unknown processor",
  system: `${platform()} ${arch()}`,
  node: process.version
}))
