/**
 * A token store on Redis or Valkey, over ioredis.
 *
 * @since 0.1.0
 */
import type { TokenStore } from "cxone-auth"
import type { ConfigError } from "effect/ConfigError"
import type * as Layer from "effect/Layer"
import * as Layers from "../store/Layers.js"
import type { ClientOptions, RedisTokenStoreOptions } from "../store/Options.js"
import type { IoredisClient } from "./IoredisDriver.js"
import * as IoredisDriver from "./IoredisDriver.js"

export type { ClientOptions, RedisTokenStoreOptions } from "../store/Options.js"
export type { IoredisClient } from "./IoredisDriver.js"

/**
 * A store with connections of its own, which end with the layer: one, and a second one while the process waits for another
 * one's token. Building the layer doesn't wait for Redis, and doesn't fail for it. It throws a `TypeError` that names the
 * option which is wrong.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { CxoneAuth } from "cxone-auth"
 * import { RedisTokenStore } from "cxone-auth-redis/ioredis"
 * import { Layer } from "effect"
 *
 * export const AuthLayer = CxoneAuth.layerSharedFromEnv().pipe(
 *   Layer.provide(RedisTokenStore.layer({ url: "rediss://redis.example:6379", prefix: "reports" })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 */
export const layer = (options: RedisTokenStoreOptions): Layer.Layer<TokenStore> =>
  Layers.overAddress(options, IoredisDriver.ofAddress)

/**
 * {@link layer} for the settings `CXONE_REDIS_URL`, `CXONE_REDIS_USERNAME` and `CXONE_REDIS_PASSWORD` (in place of those in
 * the URL), and `CXONE_REDIS_PREFIX` (default: `cxone-auth`). A `ConfigError` names the setting that is missing or wrong.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFromEnv = (): Layer.Layer<TokenStore, ConfigError> => Layers.fromEnv(IoredisDriver.ofAddress)

/**
 * A store over a client of the app's: a `Redis`, also one that is connected by Sentinel, or a `Cluster`. The layer doesn't
 * close it. Subscriptions of a `Redis` go over a duplicate, which the layer opens and closes.
 *
 * @since 0.1.0
 * @category layers
 * @example
 * ```ts
 * import { RedisTokenStore } from "cxone-auth-redis/ioredis"
 * import { Cluster } from "ioredis"
 *
 * const cluster = new Cluster([{ host: "redis-1.example", port: 6379 }])
 *
 * export const StoreLayer = RedisTokenStore.layerClient(cluster)
 * ```
 */
export const layerClient = (client: IoredisClient, options?: ClientOptions): Layer.Layer<TokenStore> =>
  Layers.overDriver(IoredisDriver.ofClient(client), options)
