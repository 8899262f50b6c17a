/**
 * Which credentials go with which CXone.
 *
 * @since 0.1.0
 */

import type { CxoneEnvironment } from "../environment/CxoneEnvironment.js"
import type { Credentials, RotatingCredentials } from "../exchange/Credentials.js"

/**
 * Why these credentials cannot be used there, or nothing if they can: an area's token service takes an access key alone,
 * and an issuer takes one with a client only (facts §1). What a `custom` endpoint takes is not known here.
 *
 * @since 0.1.0
 * @category predicates
 */
export const objectionTo = (
  credentials: Credentials | RotatingCredentials,
  environment: CxoneEnvironment
): string | undefined => {
  if (credentials._tag === "RotatingCredentials") {
    return objectionTo(credentials.current, environment) ?? objectionTo(credentials.next, environment)
  }
  const isKeyAlone = credentials._tag === "AccessKeyOnly"
  if (environment._tag === "DiscoveredEnvironment" && isKeyAlone) {
    return "CxoneEnvironment.discover needs a client beside the access key (Credentials.accessKey)"
  }
  if (environment._tag === "AreaEnvironment" && !isKeyAlone) {
    return "CxoneEnvironment.area takes an access key alone (Credentials.accessKeyOnly)"
  }
  return undefined
}
