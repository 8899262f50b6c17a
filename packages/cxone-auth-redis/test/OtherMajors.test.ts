import { expect, it } from "@effect/vitest"
import { Redis } from "ioredis"
import { Redis as Redis6 } from "ioredis-6"
import { createClient } from "redis"
import { createClient as createClient5 } from "redis-5"
import { vi } from "vitest"
import * as Contracts from "./support/Contracts.js"
import * as RedisServer from "./support/RedisServer.js"
import { shared } from "./support/Shared.js"

// The other major of each client that the package works with.
vi.mock("ioredis", () => import("ioredis-6"))
vi.mock("redis", () => import("redis-5"))

Contracts.define(shared(RedisServer.started()), { ioredis: 6, redis: 5 })

it("the clients are those of the other majors", () => {
  expect(Redis).toBe(Redis6)
  expect(createClient).toBe(createClient5)
})
