import { spawn } from "node:child_process"
import { once } from "node:events"
import { expect, it } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect, Redacted } from "effect"
import { adapters, names } from "./support/Adapters.js"
import * as Processes from "./support/Processes.js"
import * as RedisServer from "./support/RedisServer.js"

const clientSecret = "client-canary-secret"
const accessKeySecret = "key-canary-secret"

/** Everything that a server is told, as redis-cli prints it. */
const monitor = ({ cli, port }: RedisServer.RedisServer) =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn("redis-cli", ["-p", String(port), "MONITOR"], { stdio: ["ignore", "pipe", "ignore"] })),
      (started) =>
        Effect.promise(async () => {
          // It ends by itself with the server.
          if (started.exitCode === null) {
            const ended = once(started, "exit")
            started.kill()
            await ended
          }
        })
    )
    child.stdout.on("data", (chunk) => void seen.push(String(chunk)))
    const text = () => seen.join("")
    yield* RedisServer.eventually(Effect.sync(() => text().includes("OK")))
    const all = Effect.gen(function* () {
      yield* cli("PING", "until now")
      yield* RedisServer.eventually(Effect.sync(() => text().includes("until now")))
      return text()
    })
    return { all }
  })

it.scopedLive("F3: nothing that Redis is told, or keeps, and no line of the log has a token or a secret in it", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    const server = yield* RedisServer.started()
    const { all } = yield* monitor(server)
    const tokens: Array<string> = []
    const processes: Array<Processes.Process> = []
    for (const name of names) {
      for (const way of ["clientSecret", "accessKey", "accessKeyOnly"] as const) {
        const store = adapters[name].layer({ url: server.url, prefix: name })
        const one = yield* Processes.start(simulator.account({ way }), store, [])
        const two = yield* Processes.start(simulator.account({ way }), store, [])
        yield* RedisServer.eventually(Processes.share(one, two))
        const both = yield* Effect.forEach([one, two], ({ run }) => run((auth) => auth.accessToken))
        tokens.push(...both.map(({ value }) => Redacted.value(value)))
        processes.push(one, two)
      }
    }
    const keys = (yield* server.cli("--scan")).split("\n")
    expect(keys).toHaveLength(names.length * 3)
    const kept = yield* Effect.forEach(keys, (key) =>
      Effect.all([Effect.succeed(key), server.cli("GET", key), server.cli("DUMP", key)])
    )
    const told = yield* all
    expect(told).toContain('"EVAL"')

    // What it says of a store that is away, and of a token that is refused meanwhile.
    yield* server.stop
    const alone = yield* Effect.forEach(processes, Processes.renew, { concurrency: "unbounded" })
    tokens.push(...alone.map(({ value }) => Redacted.value(value)))
    yield* Processes.awaitWarnings(processes, "went")
    const lines = processes.flatMap(({ log }) => log())
    expect(lines.some((line) => line.includes("level=DEBUG"))).toBe(true)

    // A JWT's middle part has the claims, and its last one the signature.
    const secrets = [clientSecret, accessKeySecret, ...tokens, ...tokens.flatMap((token) => token.split(".").slice(1))]
    const spellings = secrets.flatMap((secret) => [
      secret,
      Buffer.from(secret).toString("base64").replace(/=*$/, ""),
      Buffer.from(secret).toString("base64url"),
      Buffer.from(secret).toString("hex")
    ])
    const text = [
      ...lines,
      told,
      ...kept.flat(),
      ...kept.map(([, value]) => Buffer.from(value, "base64url").toString("latin1"))
    ]
    for (const spelling of [...spellings, "canary"]) {
      expect(text.some((each) => each.includes(spelling))).toBe(false)
    }
    expect(new Set(tokens).size).toBeGreaterThanOrEqual(names.length * 3)
  }).pipe(
    Effect.provide(
      CxoneSimulator.layerServer({
        clients: [
          { clientId: "client", clientSecret: Redacted.make(clientSecret), scopes: ["offline_access", "read:users"] }
        ],
        tenants: [
          {
            tenantId: "tenant",
            accessKeys: [{ accessKeyId: "key", accessKeySecret: Redacted.make(accessKeySecret) }]
          }
        ]
      })
    )
  )
)
