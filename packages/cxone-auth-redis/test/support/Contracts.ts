import { Effect, type Scope } from "effect"
import { Redis } from "ioredis"
import { createClient } from "redis"
import { contract } from "../../../cxone-auth/test/store/Contract.js"
import * as IoredisDriver from "../../src/ioredis/IoredisDriver.js"
import * as NodeRedisDriver from "../../src/node-redis/NodeRedisDriver.js"
import * as ClientOperations from "../../src/store/ClientOperations.js"
import type { Driver } from "../../src/store/Driver.js"
import * as Options from "../../src/store/Options.js"
import * as RedisBackend from "../../src/store/RedisBackend.js"
import type { RedisServer } from "./RedisServer.js"

/** A process over a driver. */
export const backendOver = (driver: Driver) =>
  Effect.map(ClientOperations.make(driver), (operations) => RedisBackend.make(operations, "contract"))

/** Defines the tests of the contract over drivers, one for each process. */
export const over = (title: string, open: Effect.Effect<Driver, unknown, Scope.Scope>): void =>
  contract(title, {
    isLive: true,
    tells: true,
    open: Effect.gen(function* () {
      const one = yield* backendOver(yield* open)
      const two = yield* backendOver(yield* open)
      return { one, two, pass: Effect.sleep }
    })
  })

/** Clients of an app, with settings that change what they answer, and how they name keys. */
const ioredis = ({ url }: RedisServer) =>
  Effect.acquireRelease(
    Effect.sync(() => new Redis(url, { stringNumbers: true, keyPrefix: "app:" })),
    (client) => Effect.sync(() => client.disconnect())
  )

const nodeRedis = ({ url }: RedisServer) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = createClient({ url })
      client.on("error", () => {})
      await client.connect()
      return client
    }),
    (client) => Effect.sync(() => client.destroy())
  )

/** Defines the tests of the contract over each way to connect, with the clients that `ioredis` and `redis` are. */
export const define = (server: Effect.Effect<RedisServer>, versions: Record<"ioredis" | "redis", number>): void => {
  const address = Effect.map(server, ({ url }) => Options.resolve({ url }).address)
  over(`a URL over ioredis ${versions.ioredis}`, Effect.map(address, IoredisDriver.ofAddress))
  over(`a URL over node-redis ${versions.redis}`, Effect.map(address, NodeRedisDriver.ofAddress))
  over(
    `the app's client of ioredis ${versions.ioredis}`,
    Effect.map(Effect.flatMap(server, ioredis), IoredisDriver.ofClient)
  )
  over(
    `the app's client of node-redis ${versions.redis}`,
    Effect.map(Effect.flatMap(server, nodeRedis), NodeRedisDriver.ofClient)
  )
}
