import type * as Effect from "effect/Effect"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import type { AccessToken } from "../token/AccessToken.js"
import type { TokenStatus } from "./TokenStatus.js"

/**
 * What the token service does.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneAuthService {
  /**
   * A valid token with the scopes of the layer. `Redacted.value(token.value)` is its text, for a header that is set by
   * hand; {@link CxoneHttpClient} sets it itself. In a generator, `yield*` returns a cached token at once, without going
   * through the fiber's run loop. So a loop that does nothing else lets no other fiber run, as with `Effect.succeed`.
   */
  readonly accessToken: Effect.Effect<AccessToken, CxoneAuthError>
  /**
   * A valid token with these scopes, in any order, as a list or separated by spaces. Each set of scopes has a token of its
   * own, which no caller with another set gets. Throws a `TypeError` if a scope has a character that RFC 6749 §3.3 forbids.
   */
  readonly accessTokenFor: (scopes: string | ReadonlyArray<string>) => Effect.Effect<AccessToken, CxoneAuthError>
  /**
   * Drops a token that was refused, but only if it is still the cached one. If the provider issues the same token again,
   * that is handed out again.
   */
  readonly invalidate: (token: AccessToken) => Effect.Effect<void>
  /**
   * The base URL of the API for the tokens of `accessToken`. It ends in `/`. With discovery, it may first request a token,
   * because the token names the tenant.
   */
  readonly apiBaseUrl: Effect.Effect<string, CxoneAuthError>
  /**
   * The state of the layer's own scopes and of each other set that was asked for, without secrets, for a health endpoint. A set
   * that no call has used yet is `empty`.
   */
  readonly status: Effect.Effect<ReadonlyArray<TokenStatus>>
}
