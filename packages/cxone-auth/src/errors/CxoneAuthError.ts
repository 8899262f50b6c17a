/**
 * Everything that can keep a call from carrying a valid token.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ForeignOrigin, InsufficientScope, InvalidToken, RateLimited } from "./ApiError.js"
import { DiscoveryFailed } from "./DiscoveryFailed.js"
import { CredentialsUnavailable, InvalidClient, InvalidTokenResponse, TokenEndpointUnavailable } from "./TokenError.js"

/**
 * Everything that can keep a call from carrying a valid token.
 *
 * @since 0.1.0
 * @category errors
 */
export type CxoneAuthError =
  | CredentialsUnavailable
  | InvalidClient
  | InsufficientScope
  | RateLimited
  | InvalidToken
  | TokenEndpointUnavailable
  | InvalidTokenResponse
  | DiscoveryFailed
  | ForeignOrigin

/**
 * The schema of {@link CxoneAuthError}, for errors that cross a wire.
 *
 * @since 0.1.0
 * @category errors
 */
export const CxoneAuthError = Schema.Union(
  CredentialsUnavailable,
  InvalidClient,
  InsufficientScope,
  RateLimited,
  InvalidToken,
  TokenEndpointUnavailable,
  InvalidTokenResponse,
  DiscoveryFailed,
  ForeignOrigin
)
