/** What is in memory. */
import { queryObjects } from "node:v8"
import { AccessToken } from "cxone-auth"
import { Effect } from "effect"

/** Bytes in use after a full garbage collection, which node must have been started to allow: `--expose-gc`. */
export const used: Effect.Effect<number> = Effect.suspend(() => {
  if (globalThis.gc === undefined) {
    return Effect.dieMessage("start node with --expose-gc")
  }
  globalThis.gc()
  return Effect.sync(() => process.memoryUsage().heapUsed)
})

/** How many tokens there are: what leaks once an exchange is too little to be seen among the bytes. */
export const tokensAlive: Effect.Effect<number> = Effect.sync(() => queryObjects(AccessToken, { format: "count" }))
