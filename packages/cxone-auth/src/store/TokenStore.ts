/**
 * Where processes share their tokens.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as FileBackend from "./FileBackend.js"
import * as MemoryBackend from "./MemoryBackend.js"
import * as SharedTokens from "./SharedTokens.js"
import type { TokenStoreBackend } from "./TokenStoreBackend.js"
import { key, of, type TokenStoreService } from "./TokenStoreService.js"

export { type StoredEntry, type TokenStoreBackend, TokenStoreError } from "./TokenStoreBackend.js"

/**
 * Where processes share their tokens, for `CxoneAuth.layerShared`: one exchange for all that use the same credentials,
 * endpoint and scopes. What is stored is encrypted with a key from the secret of the credentials.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { CxoneAuth, TokenStore } from "cxone-auth"
 * import { Layer } from "effect"
 *
 * // Two tenants' layers in one process would share this store, too.
 * export const AuthLayer = CxoneAuth.layerSharedFromEnv().pipe(
 *   Layer.provide(TokenStore.layerMemory),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 */
export class TokenStore extends Context.Tag(key)<TokenStore, TokenStoreService>() {
  /**
   * A store over a place of your own. If an operation fails, or doesn't end within 250 ms (the first one: 1 s), the store
   * counts as away: each process requests its own tokens, and after 1 s (doubling to 30 s) one operation tries the store
   * again. No call fails for it. Throws a `TypeError` that names the operation which is missing.
   *
   * @since 0.1.0
   * @category constructors
   */
  static make(backend: TokenStoreBackend): Effect.Effect<TokenStoreService> {
    requireOperations(backend)
    return Effect.map(SharedTokens.make(backend), of)
  }

  /**
   * {@link TokenStore.make} as a layer. It throws as that does.
   *
   * @since 0.1.0
   * @category layers
   */
  static layer(backend: TokenStoreBackend): Layer.Layer<TokenStore> {
    return Layer.effect(TokenStore, TokenStore.make(backend))
  }

  /**
   * A store in the memory of this process, for several `CxoneAuth` layers with the same credentials, and for tests. Provide
   * the same layer to all of them.
   *
   * @since 0.1.0
   * @category layers
   */
  static readonly layerMemory: Layer.Layer<TokenStore> = Layer.effect(
    TokenStore,
    Effect.suspend(() => TokenStore.make(MemoryBackend.make()))
  )

  /**
   * A store in a folder of this machine, for command-line tools and jobs that start often. Only the user that the process
   * runs as may read its files. The folder is made when the first token is stored; one that exists keeps its mode. It must
   * be on a local disk, because leases rely on a file that only one process can create. Throws a `TypeError` if the path is
   * empty.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { NodeContext } from "@effect/platform-node"
   * import { TokenStore } from "cxone-auth"
   * import { Layer } from "effect"
   *
   * export const StoreLayer = TokenStore.layerFileSystem("/var/lib/reports/tokens").pipe(Layer.provide(NodeContext.layer))
   * ```
   */
  static layerFileSystem(folder: string): Layer.Layer<TokenStore, never, FileSystem.FileSystem | Path.Path> {
    if (!Predicate.isString(folder) || folder.trim() === "") {
      throw new TypeError("TokenStore: folder must be the path of a folder")
    }
    return Layer.effect(
      TokenStore,
      Effect.flatMap(Effect.all([FileSystem.FileSystem, Path.Path]), ([files, path]) =>
        TokenStore.make(FileBackend.make(files, path, folder))
      )
    )
  }
}

const operations = ["read", "write", "remove", "acquire", "renew", "release", "watch"] as const

/** Plain JavaScript may pass anything. */
const requireOperations = (backend: TokenStoreBackend): void => {
  for (const operation of operations) {
    if (!Predicate.isRecord(backend) || !Predicate.isFunction(backend[operation])) {
      throw new TypeError(`TokenStore: expected a backend whose ${operation} is a function`)
    }
  }
}
