/**
 * Turns CXone credentials into a valid access token on every call.
 *
 * @since 0.1.0
 */

export {
  CxoneAuth,
  type CxoneAuthFromEnvOptions,
  type CxoneAuthOptions,
  type CxoneAuthService,
  type TestAnswer,
  type TestOptions
} from "./auth/CxoneAuth.js"
export type { TokenStatus } from "./auth/TokenStatus.js"
export type { AuthenticatedHttpClient } from "./client/AuthenticatedHttpClient.js"
export type { AsResponse, CallOptions, OnRateLimited } from "./client/CallOptions.js"
export { CallPolicy, type CallPolicyOptions } from "./client/CallPolicy.js"
export { CxoneHttpClient, type CxoneHttpClientOptions } from "./client/CxoneHttpClient.js"
export type { RateLimitKey } from "./client/RateLimitKey.js"
export {
  type AreaEnvironment,
  type AreaEnvironmentOptions,
  CxoneEnvironment,
  type DiscoveredEnvironment,
  type DiscoveredEnvironmentOptions,
  type FixedEnvironment,
  type FixedEnvironmentOptions,
  type KnownArea,
  type Region,
  type UrlInput
} from "./environment/CxoneEnvironment.js"
export {
  CredentialsUnavailable,
  CxoneAuthError,
  DiscoveryFailed,
  ForeignOrigin,
  InsufficientScope,
  InvalidClient,
  InvalidToken,
  InvalidTokenResponse,
  RateLimited,
  TokenEndpointUnavailable
} from "./errors/CxoneAuthError.js"
export { ClientAuth, type ClientProof } from "./exchange/ClientAuth.js"
export {
  type AccessKey,
  type AccessKeyOnly,
  type AccessKeyOptions,
  type ClientOptions,
  type ClientSecret,
  Credentials,
  type RotatingCredentials,
  type RotatingOptions
} from "./exchange/Credentials.js"
export type { CredentialsInput } from "./exchange/TokenSource.js"
export type { CxoneSettings } from "./settings/CxoneConfig.js"
export { type StoredEntry, TokenStore, type TokenStoreBackend, TokenStoreError } from "./store/TokenStore.js"
export type { TokenStoreService } from "./store/TokenStoreService.js"
export { AccessToken, type Claims, type Tenant } from "./token/AccessToken.js"
export type { ScopeSet } from "./token/ScopeSet.js"
export { TokenPolicy, type TokenPolicyOptions } from "./token/TokenPolicy.js"
