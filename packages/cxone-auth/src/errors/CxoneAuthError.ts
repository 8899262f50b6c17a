import * as Schema from "effect/Schema"
import { CredentialsUnavailable } from "./CredentialsUnavailable.js"
import { DiscoveryFailed } from "./DiscoveryFailed.js"
import { ForeignOrigin } from "./ForeignOrigin.js"
import { InsufficientScope } from "./InsufficientScope.js"
import { InvalidClient } from "./InvalidClient.js"
import { InvalidToken } from "./InvalidToken.js"
import { InvalidTokenResponse } from "./InvalidTokenResponse.js"
import { RateLimited } from "./RateLimited.js"
import { TokenEndpointUnavailable } from "./TokenEndpointUnavailable.js"

export * from "./CredentialsUnavailable.js"
export * from "./DiscoveryFailed.js"
export * from "./ForeignOrigin.js"
export * from "./InsufficientScope.js"
export * from "./InvalidClient.js"
export * from "./InvalidToken.js"
export * from "./InvalidTokenResponse.js"
export * from "./RateLimited.js"
export * from "./TokenEndpointUnavailable.js"

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

/**
 * Every error of this library: why no token could be had, or why a call with a token failed.
 *
 * @since 0.1.0
 * @category errors
 */
export type CxoneAuthError = typeof CxoneAuthError.Type
