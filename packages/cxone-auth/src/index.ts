/**
 * CXone credentials in, valid access tokens on every call out.
 *
 * @since 0.1.0
 */
export { AccessToken, type Claims, type Tenant } from "./AccessToken.js"
export { ForeignOrigin, InsufficientScope, InvalidToken, RateLimited } from "./ApiError.js"
export type { AuthenticatedHttpClient } from "./AuthenticatedHttpClient.js"
export type { OnRateLimited } from "./CallOptions.js"
export { ClientAuth, type ClientProof } from "./ClientAuth.js"
export {
  type AccessKey,
  type AccessKeyOnly,
  type ClientSecret,
  Credentials,
  type RotatingCredentials
} from "./Credentials.js"
export { CxoneAuth, type CxoneAuthOptions, type CxoneAuthService } from "./CxoneAuth.js"
export {
  type AreaEnvironment,
  CxoneEnvironment,
  type DiscoveredEnvironment,
  type FixedEnvironment,
  type Region
} from "./CxoneEnvironment.js"
export { CxoneAuthError } from "./CxoneError.js"
export { CxoneHttpClient, type CxoneHttpClientOptions } from "./CxoneHttpClient.js"
export { DiscoveryFailed } from "./DiscoveryFailed.js"
export { CredentialsUnavailable, InvalidClient, InvalidTokenResponse, TokenEndpointUnavailable } from "./TokenError.js"
export { TokenPolicy, type TokenPolicyOptions } from "./TokenPolicy.js"
export type { CredentialsInput } from "./TokenSource.js"
export type { TokenStatus } from "./TokenStatus.js"
