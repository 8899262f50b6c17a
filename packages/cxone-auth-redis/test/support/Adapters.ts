/** Both adapters, so that each test can run over both. */
import { RedisTokenStore as OverIoredis } from "cxone-auth-redis/ioredis"
import { RedisTokenStore as OverNodeRedis } from "cxone-auth-redis/node-redis"

export const adapters = { ioredis: OverIoredis, "node-redis": OverNodeRedis }

export const names = ["ioredis", "node-redis"] as const
