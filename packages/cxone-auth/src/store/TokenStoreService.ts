/**
 * What a layer needs of a store. It is a file of its own, so that a program without a store bundles nothing of it.
 */
import type { SharedTokens } from "./SharedTokens.js"

export type { Subject } from "./Envelope.js"
export type { SharedToken, SharedTokens } from "./SharedTokens.js"

/** The key of the tag. */
export const key = "cxone-auth/TokenStore"

const inside: unique symbol = Symbol.for(key)

/**
 * A store for `CxoneAuth.layerShared`. It has no members for apps: the layers over it do all that there is to do.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenStoreService {
  /** @internal */
  readonly [inside]: SharedTokens
}

export const of = (shared: SharedTokens): TokenStoreService => ({ [inside]: shared })

export const sharedTokensOf = (store: TokenStoreService): SharedTokens => store[inside]
