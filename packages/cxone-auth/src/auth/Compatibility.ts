import { isCxoneHost, isGateway } from "../cxone/Hosts.js"
import type { CxoneEnvironment } from "../environment/CxoneEnvironment.js"
import { type Credentials, eachOf, isInput, type RotatingCredentials } from "../exchange/TokenSource.js"

/**
 * Why these credentials can't be used in this environment, or nothing. An area's token service takes an access key alone,
 * an issuer needs a client beside it, one of NICE's also needs the key, and the platform gateway takes a client alone
 * (docs/cxone-facts.md). Any other endpoint may take any.
 */
export const objectionIn =
  (environment: CxoneEnvironment) =>
  (credentials: Credentials | RotatingCredentials): string | undefined => {
    if (!isInput(credentials)) {
      return "the credentials must be made by a constructor of Credentials, such as Credentials.clientSecret, or be an Effect that yields them"
    }
    const hasAny = (tag: Credentials["_tag"]) => eachOf(credentials).some(({ _tag }) => _tag === tag)
    const hasClient = hasAny("ClientSecret")
    switch (environment._tag) {
      case "FixedEnvironment":
        return isGateway(new URL(environment.tokenEndpoint)) && (hasAny("AccessKey") || hasAny("AccessKeyOnly"))
          ? "the platform gateway (CxoneEnvironment.region) takes a client alone (Credentials.clientSecret); an access key goes with area or discover"
          : undefined
      case "DiscoveredEnvironment":
        if (hasAny("AccessKeyOnly")) {
          return "CxoneEnvironment.discover needs a client beside the access key (Credentials.accessKey)"
        }
        return hasClient && isCxoneHost(new URL(environment.issuer))
          ? "CxoneEnvironment.discover needs an access key beside the client at NICE's own issuers (Credentials.accessKey); a client alone goes with region"
          : undefined
      case "AreaEnvironment":
        return hasClient || hasAny("AccessKey")
          ? "CxoneEnvironment.area takes an access key alone (Credentials.accessKeyOnly)"
          : undefined
    }
  }
