/**
 * @since 0.1.0
 */

/**
 * A token store on Redis or Valkey, over node-redis.
 *
 * @since 0.1.0
 */
export * as RedisTokenStore from "./RedisTokenStore.js"
