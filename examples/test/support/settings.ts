import { CxoneSimulator, type WayIn } from "cxone-auth-testkit"
import { Effect } from "effect"

/** Settings that point to the simulator, as they would point to CXone. */
export const settingsOf = (wayIn?: WayIn) => Effect.map(CxoneSimulator, ({ env }) => env(wayIn))
