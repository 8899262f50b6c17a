import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect } from "effect"
import { certificates } from "../../cxone-auth/test/support/Certificates.js"
import { names } from "./support/Adapters.js"
import * as RedisServer from "./support/RedisServer.js"
import { shared } from "./support/Shared.js"
import * as Workers from "./support/Workers.js"

const place = shared(
  Effect.gen(function* () {
    const { authority, good } = yield* certificates
    const server = yield* RedisServer.started({ tls: { ...good, ca: authority.cert } })
    const file = join(yield* RedisServer.temporaryFolder, "authority.pem")
    writeFileSync(file, authority.cert)
    return { file, program: yield* Workers.bundle, server }
  })
)

const report = (name: string, trusted: Record<string, string>) =>
  Effect.gen(function* () {
    const { program, server } = yield* place
    const simulator = yield* CxoneSimulator
    const settings = { ...simulator.env(), ...trusted, CXONE_REDIS_URL: server.url, ADAPTER: name }
    const { work } = yield* Workers.start(program, settings)
    return yield* work(1, 0)
  })

describe.each(names)("TLS over %s", (name) => {
  it.scopedLive("is rediss:// with an authority that Node trusts", () =>
    Effect.gen(function* () {
      const { file, server } = yield* place
      yield* server.cli("FLUSHALL")
      // A process that is too busy to open the connection in the time of an operation goes on alone.
      yield* RedisServer.eventually(
        Effect.zipRight(
          report(name, { NODE_EXTRA_CA_CERTS: file }),
          Effect.map(server.cli("--scan"), (keys) => keys.includes(":token"))
        )
      )
    }).pipe(Effect.provide(CxoneSimulator.layerServer()))
  )

  it.scopedLive("of a server that nobody vouches for fails no call, and says why", () =>
    Effect.gen(function* () {
      const { calls, failures, warnings } = yield* report(name, {})
      expect([calls, failures]).toStrictEqual([1, 0])
      expect(warnings[0]).toMatch(/Redis can't be reached: [A-Z_]*(CERT|SIGNATURE)[A-Z_]*\.|no answer within 250ms/)
    }).pipe(Effect.provide(CxoneSimulator.layerServer()))
  )
})
