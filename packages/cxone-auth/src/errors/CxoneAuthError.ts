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
 * The schema of {@link CxoneAuthError}, for errors that cross a wire. For an `HttpApi`, annotate each class with its status
 * and add it by itself, because a union without a status is answered with 500.
 *
 * @since 0.1.0
 * @category errors
 * @example
 * ```ts
 * import { HttpApiEndpoint } from "@effect/platform"
 * import { InvalidClient, RateLimited } from "cxone-auth"
 * import { Schema } from "effect"
 *
 * export const report = HttpApiEndpoint.get("report", "/report")
 *   .addSuccess(Schema.String)
 *   .addError(RateLimited, { status: 429 })
 *   .addError(InvalidClient, { status: 502 })
 * ```
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
 * Every error of this library: why no token could be had, or why a call with a token failed. The `message` of each says
 * what to do, and holds no secret, so it can go into a log or a ticket.
 *
 * @since 0.1.0
 * @category errors
 * @example
 * ```ts
 * import { CxoneHttpClient } from "cxone-auth"
 * import { Effect } from "effect"
 *
 * export const me = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/api/v2/users/me")).pipe(
 *   Effect.catchTags({
 *     InvalidClient: (error) => Effect.logError(error.message),
 *     RateLimited: ({ retryAfter }) => Effect.logWarning("CXone asks for a pause", retryAfter)
 *   })
 * )
 * ```
 */
export type CxoneAuthError = typeof CxoneAuthError.Type
