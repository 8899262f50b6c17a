import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Option } from "effect"
import * as IoredisDriver from "../src/ioredis/IoredisDriver.js"
import * as NodeRedisDriver from "../src/node-redis/NodeRedisDriver.js"
import * as ClientOperations from "../src/store/ClientOperations.js"
import * as Options from "../src/store/Options.js"
import * as RedisBackend from "../src/store/RedisBackend.js"
import * as RedisServer from "./support/RedisServer.js"
import { shared } from "./support/Shared.js"

const drivers = { ioredis: IoredisDriver.ofAddress, "node-redis": NodeRedisDriver.ofAddress }
const server = shared(RedisServer.started())

describe.each(Object.entries(drivers))("L1: over %s, a token", (name, driverOf) => {
  it.scopedLive("that is written late is not stored, because it would last too long", () =>
    Effect.gen(function* () {
      const { cli, url } = yield* server
      const operations = yield* ClientOperations.make(driverOf(Options.resolve({ url }).address))
      const late = RedisBackend.make(
        {
          ...operations,
          // Redis answers its clock, and hears of the write later.
          evaluate: (script, keys, args) =>
            Effect.delay(operations.evaluate(script, keys, args), script.includes("PUBLISH") ? "400 millis" : 0)
        },
        name
      )
      const inTime = RedisBackend.make(operations, name)
      yield* inTime.write("token", "newer", Duration.minutes(1))
      yield* late.write("token", "older", Duration.minutes(1))
      expect(Option.map(yield* inTime.read("token"), ({ value }) => value)).toStrictEqual(Option.some("newer"))
      yield* cli("DEL", `${name}:{token}:token`)
      yield* late.write("token", "older", Duration.minutes(1))
      expect(yield* inTime.read("token")).toStrictEqual(Option.none())
    })
  )
})
