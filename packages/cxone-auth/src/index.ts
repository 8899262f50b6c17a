/**
 * CXone credentials in, valid access tokens on every call out.
 *
 * @since 0.1.0
 */
export { AccessToken, type Claims } from "./AccessToken.js"
export { ClientAuth, type ClientProof, type ClientSecret, Credentials } from "./Credentials.js"
export { CxoneAuth, type CxoneAuthOptions, type CxoneAuthService } from "./CxoneAuth.js"
export { CxoneEnvironment, type Region } from "./CxoneEnvironment.js"
export {
  CxoneAuthError,
  ForeignOrigin,
  InsufficientScope,
  InvalidClient,
  InvalidToken,
  InvalidTokenResponse,
  RateLimited,
  TokenEndpointUnavailable
} from "./CxoneError.js"
export { type AuthenticatedHttpClient, CxoneHttpClient, type CxoneHttpClientOptions } from "./CxoneHttpClient.js"
