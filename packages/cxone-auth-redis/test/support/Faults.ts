import { describe, expect, it } from "@effect/vitest"
import type { TokenStore } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect, type Layer } from "effect"
import { adapters, type names } from "./Adapters.js"
import * as Processes from "./Processes.js"
import * as RedisServer from "./RedisServer.js"

type Server = RedisServer.RedisServer

/** A fault that processes notice, and its end. */
const faults: Record<
  string,
  { readonly [when in "begin" | "end"]: (server: Server) => Effect.Effect<unknown, unknown> }
> = {
  "stops, and starts again": { begin: ({ stop }) => stop, end: ({ start }) => start },
  "hangs with live connections": { begin: ({ pause }) => pause, end: ({ resume }) => resume },
  "is full": {
    begin: ({ cli }) => cli("CONFIG", "SET", "maxmemory", "1"),
    end: ({ cli }) => cli("CONFIG", "SET", "maxmemory", "0")
  },
  "becomes a replica, which can't be written to": {
    begin: ({ cli }) => cli("REPLICAOF", "127.0.0.1", "1"),
    end: ({ cli }) => cli("REPLICAOF", "NO", "ONE")
  },
  "wants a password all at once": {
    begin: ({ cli, port }) =>
      Effect.zipRight(
        cli("CONFIG", "SET", "requirepass", "s3cret"),
        RedisServer.cliOf(port, "s3cret")("CLIENT", "KILL", "TYPE", "normal")
      ),
    end: ({ port }) => RedisServer.cliOf(port, "s3cret")("CONFIG", "SET", "requirepass", "")
  },
  "denies what the store does": {
    begin: ({ cli }) => cli("ACL", "SETUSER", "default", "-set"),
    end: ({ cli }) => cli("ACL", "SETUSER", "default", "+set")
  }
}

const simulated = <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.provide(body, CxoneSimulator.layerServer())

const startTwo = (store: Layer.Layer<TokenStore, unknown>) =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    const one = yield* Processes.start(simulator, store)
    const two = yield* Processes.start(simulator, store)
    return [one, two] as const
  })

/** Defines the tests. Each adapter has a file of its own, so that they run side by side. */
export const define = (name: (typeof names)[number]): void => {
  describe(`F4: over ${name}, no call fails, and tokens are shared again by themselves,`, () => {
    const { layer } = adapters[name]

    const throughFault = (server: Server, url: string, { begin, end }: (typeof faults)[string]) =>
      Effect.gen(function* () {
        const both = yield* startTwo(layer({ url }))
        const failures = yield* Processes.underLoad(
          both,
          Effect.gen(function* () {
            yield* begin(server)
            yield* Processes.awaitWarnings(both, "went")
            // Each gets a token of its own meanwhile.
            yield* Effect.forEach(both, Processes.renew)
            yield* end(server)
            yield* Processes.awaitWarnings(both, "cameBack")
          })
        )
        expect(failures).toStrictEqual([])
        yield* RedisServer.eventually(Processes.share(...both))
        for (const process of both) {
          expect(Processes.kindsOf(process)).toStrictEqual(Processes.inTurns(process))
        }
      }).pipe(simulated)

    for (const [title, fault] of Object.entries(faults)) {
      it.scopedLive(`if Redis ${title}`, () =>
        Effect.gen(function* () {
          const server = yield* RedisServer.started()
          yield* throughFault(server, server.url, fault)
        })
      )
    }

    it.scopedLive("if Redis is not there, and comes later", () =>
      Effect.gen(function* () {
        const server = yield* RedisServer.make()
        yield* throughFault(server, server.url, { begin: () => Effect.void, end: ({ start }) => start })
      })
    )

    it.scopedLive("if Redis does not accept the password, and then does", () =>
      Effect.gen(function* () {
        const server = yield* RedisServer.started({ config: ["requirepass old"], password: "old" })
        yield* throughFault(server, server.url.replace("//", "//:new@"), {
          begin: () => Effect.void,
          end: ({ cli }) => cli("CONFIG", "SET", "requirepass", "new")
        })
      })
    )

    it.scopedLive("if Redis loses all data, or restarts", () =>
      Effect.gen(function* () {
        const server = yield* RedisServer.started()
        const both = yield* startTwo(layer({ url: server.url }))
        yield* RedisServer.eventually(Processes.share(...both))
        const failures = yield* Processes.underLoad(
          both,
          Effect.gen(function* () {
            yield* server.cli("FLUSHALL")
            yield* Effect.sleep("100 millis")
            yield* server.stop
            yield* server.start
          })
        )
        expect(failures).toStrictEqual([])
        yield* RedisServer.eventually(Processes.share(...both))
      }).pipe(simulated)
    )

    it.scopedLive("if what is stored is something else", () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        const server = yield* RedisServer.started()
        const both = yield* startTwo(layer({ url: server.url }))
        const third = yield* Processes.start(simulator, layer({ url: server.url }), "offline_access")
        yield* RedisServer.eventually(Processes.share(...both))
        const [key = ""] = (yield* server.cli("KEYS", "*:token")).split("\n")
        const stored = yield* server.cli("GET", key)
        yield* third.run((auth) => auth.accessToken)
        const keys = (yield* server.cli("KEYS", "*:token")).split("\n")
        const otherKey = keys.find((each) => each !== key) ?? ""
        const moved = yield* server.cli("GET", otherKey)
        const bytes = Buffer.from(stored, "base64url")
        const [version = 0] = bytes
        const ofNextVersion = Buffer.from([version + 1, ...bytes.subarray(1)]).toString("base64url")
        expect(version).toBe(1)

        for (const value of ["", "garbage", "\u0001", stored.slice(0, 40), ofNextVersion, moved]) {
          yield* server.cli("SET", key, value, "PX", "60000")
          yield* RedisServer.eventually(Processes.share(...both))
          expect(yield* server.cli("GET", key)).not.toBe(value)
        }
        // Not even a text, or without an end.
        yield* server.cli("DEL", key)
        yield* server.cli("RPUSH", key, "a", "b")
        yield* server.cli("SET", key.replace("token", "lease"), "of nobody")
        yield* RedisServer.eventually(Processes.share(...both))
        expect(keys).toHaveLength(2)
      }).pipe(simulated)
    )
  })
}
