/** For how long the machine, busy with other things, kept the app from going on. */
import { monitorEventLoopDelay } from "node:perf_hooks"
import { Effect } from "effect"

/** The longest stall so far, in milliseconds. It is watched until the scope is closed. */
export const watch = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const delays = monitorEventLoopDelay({ resolution: 10 })
      delays.enable()
      return delays
    }),
    (delays) => Effect.sync(() => delays.disable())
  ),
  (delays) => Effect.sync(() => delays.max / 1e6)
)
