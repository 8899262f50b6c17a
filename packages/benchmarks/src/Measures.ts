/**
 * All measures, in the order in which they are taken. What is taken at the same time counts requests, at a pace that
 * leaves the machine room, and measures no time.
 */
import type { Measure } from "./Measure.js"
import { cachedToken } from "./measures/CachedToken.js"
import { coldCache } from "./measures/ColdCache.js"
import { coldFleet } from "./measures/ColdFleet.js"
import { endToEnd } from "./measures/EndToEnd.js"
import { expiries } from "./measures/Expiries.js"
import { footprint } from "./measures/Footprint.js"
import { longRun } from "./measures/LongRun.js"
import { manyKeys } from "./measures/ManyKeys.js"
import { providerDown } from "./measures/ProviderDown.js"
import { revokedToken } from "./measures/RevokedToken.js"
import { testKit } from "./measures/TestKit.js"
import { withoutAuth } from "./measures/WithoutAuth.js"
import { wrongSecret } from "./measures/WrongSecret.js"

export const measures: ReadonlyArray<ReadonlyArray<Measure>> = [
  [cachedToken],
  [withoutAuth],
  [endToEnd],
  [coldCache],
  [expiries],
  [providerDown, wrongSecret, revokedToken],
  [manyKeys],
  [footprint],
  [longRun],
  [testKit],
  [coldFleet]
]
