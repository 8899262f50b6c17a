import type { CxoneEnvironment } from "../environment/CxoneEnvironment.js"
import { type Credentials, eachOf, type RotatingCredentials } from "../exchange/TokenSource.js"

/**
 * Why these credentials can't be used in this environment, or nothing. An area's token service takes an access key alone,
 * and an issuer needs a client beside it (docs/cxone-facts.md). A `custom` endpoint may take any.
 */
export const objectionTo = (
  credentials: Credentials | RotatingCredentials,
  environment: CxoneEnvironment
): string | undefined => {
  const isKeyAlone = ({ _tag }: Credentials) => _tag === "AccessKeyOnly"
  if (environment._tag === "DiscoveredEnvironment" && eachOf(credentials).some(isKeyAlone)) {
    return "CxoneEnvironment.discover needs a client beside the access key (Credentials.accessKey)"
  }
  if (environment._tag === "AreaEnvironment" && !eachOf(credentials).every(isKeyAlone)) {
    return "CxoneEnvironment.area takes an access key alone (Credentials.accessKeyOnly)"
  }
  return undefined
}
