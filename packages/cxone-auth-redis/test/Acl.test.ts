import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Option } from "effect"
import * as IoredisDriver from "../src/ioredis/IoredisDriver.js"
import * as NodeRedisDriver from "../src/node-redis/NodeRedisDriver.js"
import * as Options from "../src/store/Options.js"
import { backendOver } from "./support/Contracts.js"
import * as RedisServer from "./support/RedisServer.js"

const drivers = { ioredis: IoredisDriver.ofAddress, "node-redis": NodeRedisDriver.ofAddress }

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
const guide = readFileSync(new URL("../../../docs/fleet.md", import.meta.url), "utf8")

/** The user that the README makes. */
const [, , ...user] = /^ACL SETUSER .*$/m.exec(readme)?.[0].split(" ") ?? []
// The backend of these tests has another prefix.
const rights = user.map((right) => right.replace("cxone-auth:", "contract:"))

const lasts = Duration.seconds(10)

/** Every operation once. */
const useAll = (backend: Effect.Effect.Success<ReturnType<typeof backendOver>>) =>
  Effect.gen(function* () {
    expect(yield* backend.acquire("name", "owner", lasts)).toBe("acquired")
    expect(yield* backend.acquire("name", "other", lasts)).toBe("held")
    expect(yield* backend.renew("name", "owner", lasts)).toBe(true)
    const changes = yield* backend.watch("name")
    yield* backend.write("name", "value", lasts)
    yield* changes
    expect(Option.map(yield* backend.read("name"), ({ value }) => value)).toStrictEqual(Option.some("value"))
    yield* backend.remove("name", "value")
    yield* backend.release("name", "owner")
  })

describe.each(Object.entries(drivers))("F4: over %s, the user of the README", (_, driverOf) => {
  const open = (port: number, path: string) =>
    backendOver(driverOf(Options.resolve({ url: `redis://cxone-auth:password@127.0.0.1:${port}${path}` }).address))

  it.scopedLive("may do all that the store does, and in another database with `+select`", () =>
    Effect.gen(function* () {
      const { cli, port } = yield* RedisServer.started()
      yield* cli("ACL", "SETUSER", ...rights)
      yield* useAll(yield* open(port, ""))
      expect(yield* cli("ACL", "LOG")).toBe("")

      const denied = yield* Effect.flip((yield* open(port, "/1")).acquire("name", "owner", lasts))
      expect(denied.message).toContain("NOPERM")
      yield* cli("ACL", "SETUSER", "cxone-auth", "+select")
      yield* (yield* open(port, "/1")).write("name", "in 1", lasts)
      expect(yield* cli("-n", "1", "EXISTS", "contract:{name}:token")).toBe("1")
      expect(yield* cli("EXISTS", "contract:{name}:token")).toBe("0")

      const missing = yield* Effect.flip((yield* open(port, "/99")).acquire("name", "owner", lasts))
      expect(missing.message).toBe("Redis answered ERR: it has no database with this number")
    })
  )
})

it("the guide names the same commands as the README", () => {
  const commandsIn = (text: string) => Array.from(text.matchAll(/\+[a-z]+/g), ([command]) => command)
  const documented = /^- \*\*ACL\.\*\*.*$/m.exec(guide)?.[0] ?? ""
  expect(new Set(commandsIn(documented))).toEqual(new Set([...commandsIn(user.join(" ")), "+select"]))
})
