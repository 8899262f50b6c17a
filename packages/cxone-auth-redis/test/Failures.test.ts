import { describe, expect, it } from "@effect/vitest"
import { TokenStoreError } from "cxone-auth"
import { Duration, Effect } from "effect"
import * as IoredisDriver from "../src/ioredis/IoredisDriver.js"
import * as NodeRedisDriver from "../src/node-redis/NodeRedisDriver.js"
import * as Failure from "../src/store/Failure.js"
import * as Options from "../src/store/Options.js"
import { backendOver } from "./support/Contracts.js"
import * as RedisServer from "./support/RedisServer.js"

const drivers = { ioredis: IoredisDriver.ofAddress, "node-redis": NodeRedisDriver.ofAddress }

const passwords = ["right-canary", "wrong-canary"]
const value = "value-canary"

/** Every operation fails, and says this. Nothing of what was sent is in it. */
const expectFailures = (backend: Effect.Effect.Success<ReturnType<typeof backendOver>>, says: string | RegExp) =>
  Effect.gen(function* () {
    const lasts = Duration.seconds(1)
    for (const operation of [backend.acquire("name", value, lasts), backend.write("name", value, lasts)]) {
      const error = yield* Effect.flip(operation)
      expect(error).toBeInstanceOf(TokenStoreError)
      expect(error.message).toMatch(says)
      expect(error.message).not.toContain("canary")
      expect(error.message.endsWith(".")).toBe(false)
    }
  })

describe.each(Object.entries(drivers))("over %s, a failure says why:", (_, driverOf) => {
  const open = (url: string) => backendOver(driverOf(Options.resolve({ url }).address))

  it.scopedLive("nobody listens", () =>
    Effect.gen(function* () {
      const backend = yield* open(`redis://127.0.0.1:${yield* RedisServer.freePort}`)
      yield* expectFailures(backend, /^Redis can't be reached: ECONNREFUSED$/)
    })
  )

  it.scopedLive("what Redis answers", () =>
    Effect.gen(function* () {
      const server = yield* RedisServer.started()
      const { cli } = server
      const backend = yield* open(server.url)

      yield* cli("CONFIG", "SET", "maxmemory", "1")
      yield* expectFailures(backend, /^Redis answered OOM: its memory is full/)
      yield* cli("CONFIG", "SET", "maxmemory", "0")

      yield* cli("ACL", "SETUSER", "default", "-set")
      yield* expectFailures(backend, /^Redis answered NOPERM: its ACL/)
      yield* cli("ACL", "SETUSER", "default", "+set", "-eval")
      yield* expectFailures(backend, /^Redis answered NOPERM: its ACL/)
      yield* cli("ACL", "SETUSER", "default", "+eval", "-get")
      // What can't be read is no miss.
      expect((yield* Effect.flip(backend.read("name"))).message).toMatch(/^Redis answered NOPERM: its ACL/)
      yield* cli("ACL", "SETUSER", "default", "+get")

      yield* cli("REPLICAOF", "127.0.0.1", "1")
      yield* expectFailures(backend, /^Redis answered READONLY: it is a replica/)
      yield* cli("REPLICAOF", "NO", "ONE")

      yield* cli("CONFIG", "SET", "requirepass", "right-canary")
      const { port, url } = server
      yield* expectFailures(yield* open(url), /^Redis answered NOAUTH: it wants a password/)
      yield* expectFailures(
        yield* open(`redis://:wrong-canary@127.0.0.1:${port}`),
        /^Redis answered WRONGPASS: it refuses the user or the password/
      )
      expect(
        yield* (yield* open(`redis://:right-canary@127.0.0.1:${port}`)).acquire("name", "owner", Duration.seconds(1))
      ).toBe("acquired")
    })
  )

  it.scopedLive("a node of a cluster", () =>
    Effect.gen(function* () {
      const server = yield* RedisServer.started({ config: ["cluster-enabled yes"] })
      yield* expectFailures(yield* open(server.url), /^Redis answered CLUSTERDOWN: the cluster is down/)
    })
  )
})

describe("an error of a client", () => {
  it("is shown by its code or its name, and never by its words", () => {
    class SomeClientError extends Error {}
    const cases: ReadonlyArray<readonly [error: unknown, message: string]> = [
      [new SomeClientError(`AUTH ${passwords[0]}`), "the client of Redis failed: SomeClientError"],
      [new Error(`Connection of ${value} is closed.`), "the client of Redis failed, or has lost its connection"],
      [Object.assign(new Error(value), { code: "ENOTFOUND" }), "Redis can't be reached: ENOTFOUND"],
      [
        Object.assign(new Error(value), { code: `no code ${value}` }),
        "the client of Redis failed, or has lost its connection"
      ],
      [
        Object.assign(new Error(value), { lastNodeError: new Error(`LOADING ${value}`) }),
        "Redis answered LOADING: it is loading its data"
      ],
      [
        new Error(`ERR Error running script: @user_script:1: -OOM command not allowed for ${value}`),
        "Redis answered OOM: its memory is full and it may not evict, so raise maxmemory, or set maxmemory-policy to volatile-lru"
      ],
      [new Error(`ERR something of ${value}`), "Redis answered ERR: see its log"],
      [value, "the client of Redis failed"],
      [null, "the client of Redis failed"]
    ]
    for (const [error, message] of cases) {
      expect(Failure.of(error).message).toBe(message)
    }
  })
})
