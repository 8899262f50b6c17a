import { isGateway } from "../cxone/Hosts.js"
import type { CxoneEnvironment } from "../environment/CxoneEnvironment.js"
import { type Credentials, eachOf, isInput, type RotatingCredentials } from "../exchange/TokenSource.js"

/**
 * Why these credentials can't be used in this environment, or nothing. An area's token service takes an access key alone,
 * an issuer needs a client beside it, and the platform gateway takes a client alone (docs/cxone-facts.md). Any other
 * endpoint may take any.
 */
export const objectionIn =
  (environment: CxoneEnvironment) =>
  (credentials: Credentials | RotatingCredentials): string | undefined => {
    if (!isInput(credentials)) {
      return "the credentials must be made by a constructor of Credentials, such as Credentials.clientSecret, or be an Effect that yields them"
    }
    const areKeysAlone = eachOf(credentials).map(({ _tag }) => _tag === "AccessKeyOnly")
    if (environment._tag === "DiscoveredEnvironment" && areKeysAlone.includes(true)) {
      return "CxoneEnvironment.discover needs a client beside the access key (Credentials.accessKey)"
    }
    if (environment._tag === "FixedEnvironment" && isGateway(new URL(environment.tokenEndpoint))) {
      return eachOf(credentials).every(({ _tag }) => _tag === "ClientSecret")
        ? undefined
        : "CxoneEnvironment.region takes a client alone (Credentials.clientSecret); an access key goes with area or discover"
    }
    if (environment._tag === "AreaEnvironment" && areKeysAlone.includes(false)) {
      return "CxoneEnvironment.area takes an access key alone (Credentials.accessKeyOnly)"
    }
    return undefined
  }
