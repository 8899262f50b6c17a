/** The app's `cxone`. Every call of the process uses this one, because it holds the token. */
import { FetchHttpClient } from "@effect/platform"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { GlobalValue, Layer } from "effect"
import { makeCxone } from "./make-cxone.js"

const CxoneLayer = CxoneHttpClient.layer().pipe(
  // A token request ends with its error, within 18 s, before the time-out of the call.
  Layer.provideMerge(CxoneAuth.layerFromEnv({ policy: { attemptTimeout: "5 seconds", maxRetries: 2 } })),
  Layer.provide(FetchHttpClient.layer)
)

// `next dev` loads this module again after each change. `globalValue` keeps the first one.
export const cxone = GlobalValue.globalValue("app/cxone", () => makeCxone(CxoneLayer))
