import type { TokenStore } from "cxone-auth"
import { RedisTokenStore as OverIoredis } from "cxone-auth-redis/ioredis"
import { RedisTokenStore as OverNodeRedis } from "cxone-auth-redis/node-redis"
import type { ConfigError, Layer } from "effect"
import { Redacted } from "effect"
import { Cluster, Redis } from "ioredis"
import { Cluster as Cluster6, Redis as Redis6 } from "ioredis-6"
import { createClient, createCluster, createSentinel } from "redis"
import {
  createClient as createClient5,
  createCluster as createCluster5,
  createSentinel as createSentinel5
} from "redis-5"
import { describe, expect, it } from "tstyche"

const rootNodes = [{ url: "redis://redis.example" }]
const sentinel = { name: "tokens", sentinelRootNodes: [{ host: "redis.example", port: 26379 }] }

describe("RedisTokenStore", () => {
  it("needs nothing, and can't fail, unless it reads settings", () => {
    for (const store of [OverIoredis, OverNodeRedis]) {
      expect(store.layer({ url: "redis://redis.example" })).type.toBe<Layer.Layer<TokenStore>>()
      expect(store.layerFromEnv()).type.toBe<Layer.Layer<TokenStore, ConfigError.ConfigError>>()
    }
  })

  it("takes a URL as a secret, and options that are undefined", () => {
    expect(OverIoredis.layer).type.toBeCallableWith({
      url: Redacted.make("redis://redis.example"),
      username: undefined,
      password: undefined,
      prefix: undefined
    })
    expect(OverIoredis.layer).type.not.toBeCallableWith({ url: "redis://redis.example", password: "plain" })
  })

  it("takes the clients of both majors of ioredis", () => {
    expect(OverIoredis.layerClient).type.toBeCallableWith(new Redis())
    expect(OverIoredis.layerClient).type.toBeCallableWith(new Cluster([]))
    expect(OverIoredis.layerClient).type.toBeCallableWith(new Redis6())
    expect(OverIoredis.layerClient).type.toBeCallableWith(new Redis6({ protocol: 3, replyMapping: "resp3" }))
    expect(OverIoredis.layerClient).type.toBeCallableWith(new Cluster6([]))
    expect(OverIoredis.layerClient).type.not.toBeCallableWith(createClient())
  })

  it("takes the clients of both majors of node-redis", () => {
    expect(OverNodeRedis.layerClient).type.toBeCallableWith(createClient())
    expect(OverNodeRedis.layerClient).type.toBeCallableWith(createClient({ RESP: 2 }))
    expect(OverNodeRedis.layerClient).type.toBeCallableWith(createCluster({ rootNodes }))
    expect(OverNodeRedis.layerClient).type.toBeCallableWith(createSentinel(sentinel))
    expect(OverNodeRedis.layerClient).type.toBeCallableWith(createClient5())
    expect(OverNodeRedis.layerClient).type.toBeCallableWith(createCluster5({ rootNodes }))
    expect(OverNodeRedis.layerClient).type.toBeCallableWith(createSentinel5(sentinel))
    expect(OverNodeRedis.layerClient).type.not.toBeCallableWith(new Redis())
  })
})
