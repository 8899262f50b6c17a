/** Meets every fault once, over a real socket, and prints every log line. Canary.test.ts runs it. */
import { FetchHttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { ClientAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Config, Effect, Layer, Logger, LogLevel, Redacted } from "effect"
import { accessKeySecret, clientId, clientSecret } from "./Canary.js"

const transports = {
  fetch: FetchHttpClient.layer,
  undici: NodeHttpClient.layerUndici,
  "cxone-auth-undici": UndiciHttpClient.layer(),
  node: NodeHttpClient.layer
}

const show = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.tapErrorCause((cause) => Effect.logError("it failed", cause)),
    Effect.tapError((error) => Effect.logError(error)),
    Effect.tap((value) => Effect.log("it went well", value)),
    Effect.tap((value) => Effect.sync(() => console.dir(value, { depth: 9, showHidden: true }))),
    Effect.exit,
    Effect.tap((exit) => Effect.sync(() => console.log(exit)))
  )

const ways = [
  CxoneSimulator.layerAuth({ scopes: "read:users", clientAuth: ClientAuth.post }),
  CxoneSimulator.layerAuth({ scopes: "read:users", clientAuth: ClientAuth.basic }),
  CxoneSimulator.layerAuth({ way: "accessKey" }),
  CxoneSimulator.layerAuth({ way: "accessKeyOnly" })
]

const program = Effect.gen(function* () {
  const { deactivateAccessKey, inject, reset, tenants } = yield* CxoneSimulator
  const call = show(Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/api/v2/users/me")))
  for (const way of ways) {
    const fresh = Effect.provide(call, Layer.provide(CxoneHttpClient.layer(), way))
    yield* fresh
    yield* inject(Fault.revokeToken, { on: "api", times: 2 })
    yield* fresh
    yield* inject(Fault.respond({ status: 429 }), { on: "api" })
    yield* fresh
    for (const fault of [Fault.connectionReset, Fault.truncatedBody]) {
      yield* inject(fault, { on: "api" })
      yield* fresh
    }
    yield* inject(Fault.respond({ status: 429, headers: { "retry-after": "90" } }), { on: "token" })
    yield* fresh
    yield* inject(Fault.respond({ status: 200, body: "<html>" }), { on: "token" })
    yield* fresh
    yield* inject(Fault.respond({ status: 404, body: "<html>" }), { on: "discovery" })
    yield* fresh
    yield* reset
    yield* inject(Fault.forgetClient, { on: "token" })
    yield* deactivateAccessKey(tenants[0].credentials.accessKeyId)
    yield* fresh
    yield* reset
  }
})

const transport = Effect.runSync(Config.literal("fetch", "undici", "cxone-auth-undici", "node")("TRANSPORT"))

const simulator = CxoneSimulator.layerServer({
  clients: [{ clientId, clientSecret: Redacted.make(clientSecret), scopes: ["read:users"] }],
  tenants: [
    { tenantId: "t", accessKeys: [{ accessKeyId: "A-KEY====", accessKeySecret: Redacted.make(accessKeySecret) }] }
  ]
})

program.pipe(
  Effect.provide(Layer.mergeAll(simulator, transports[transport], Logger.pretty)),
  Logger.withMinimumLogLevel(LogLevel.All),
  Effect.runPromise
)
