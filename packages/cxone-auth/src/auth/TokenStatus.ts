import type { AccessToken } from "../token/AccessToken.js"
import type { ScopeSet } from "../token/ScopeSet.js"
import type { Snapshot } from "./TokenSlot.js"

/**
 * The state of the token of one set of scopes, for a health endpoint. Plain data without secrets, ready for
 * `JSON.stringify`.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenStatus {
  /** The scopes that are requested. */
  readonly scopes: ScopeSet
  /**
   * `refused`: the provider refuses the credentials, and they are not sent for a while. `rate_limited`: it answered 429, or
   * named a `Retry-After`, and nothing is sent for a while. `renewing`: an exchange is under way, or will be tried again.
   * `fresh`: there is a token. `empty`: there is none; the next call asks for one, and may wait or fail.
   *
   * If `secondsToExpiry` is present, the token is handed out, whatever the state is. The API may refuse it all the same: it
   * may have been revoked, and then a call fails until there is a new one.
   */
  readonly state: "empty" | "fresh" | "renewing" | "refused" | "rate_limited"
  /** How long the token still lives, in whole seconds. Absent if there is no token that may be handed out. */
  readonly secondsToExpiry?: number
  /**
   * Where the token came from: an exchange of this layer, or the `TokenStore` that it shares. Absent if there is no token
   * that may be handed out.
   */
  readonly source?: "exchange" | "store"
  /**
   * The last failure, however long ago: of an exchange, or of a call that was held back in the pause after one. Then the
   * message says that nothing was sent.
   */
  readonly lastFailure?: {
    /** The error's tag; `Defect` for a bug. */
    readonly tag: string
    /** The error's `reason`. Absent for a bug. */
    readonly reason?: string
    /** The error's message, as it was at that time: it holds no secret. Absent for a bug. */
    readonly message?: string
    /** When, in milliseconds since the epoch. */
    readonly at: number
  }
  /**
   * When the failures began that no token has ended yet, in milliseconds since the epoch. Absent if the last exchange
   * gave a token.
   */
  readonly failingSince?: number
}

export const make = (
  { failingSince, isRenewing, lastFailure, scopes, token }: Snapshot,
  standing: "open" | "refused" | "rate_limited",
  wasTaken: (token: AccessToken) => boolean,
  now: number
): TokenStatus => {
  const ofToken = token === undefined ? "empty" : "fresh"
  const ofSlot = isRenewing ? "renewing" : ofToken
  return {
    scopes,
    state: standing === "open" ? ofSlot : standing,
    ...(token === undefined
      ? {}
      : {
          secondsToExpiry: Math.floor((token.expiresAt - now) / 1000),
          source: wasTaken(token) ? ("store" as const) : ("exchange" as const)
        }),
    ...(lastFailure === undefined ? {} : { lastFailure }),
    ...(failingSince === undefined ? {} : { failingSince })
  }
}
