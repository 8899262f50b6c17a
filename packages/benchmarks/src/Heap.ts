/** What is in memory. */
import { queryObjects } from "node:v8"
import { AccessToken } from "cxone-auth"
import { Effect } from "effect"

/** Bytes. */
export interface Memory {
  readonly heap: number
  readonly rss: number
}

const collector: Effect.Effect<NodeJS.GCFunction> = Effect.suspend(() =>
  globalThis.gc === undefined ? Effect.dieMessage("start node with --expose-gc") : Effect.succeed(globalThis.gc)
)

/** So that nobody who is measured cleans up after another. */
export const collect: Effect.Effect<void> = Effect.map(collector, (gc) => gc())

/** Collects the young objects alone. */
export const collectYoung: Effect.Effect<void> = Effect.map(collector, (gc) => gc({ type: "minor" }))

/** After two full garbage collections, with a turn between them for what the first one has finalized. */
export const sample: Effect.Effect<Memory> = collect.pipe(
  Effect.zipRight(Effect.sleep("20 millis")),
  Effect.zipRight(collect),
  Effect.zipRight(
    Effect.sync(() => {
      const { heapUsed, rss } = process.memoryUsage()
      return { heap: heapUsed, rss }
    })
  )
)

/** How many tokens there are. */
export const tokensAlive: Effect.Effect<number> = Effect.sync(() => queryObjects(AccessToken, { format: "count" }))
