/** What `docs/security-model.md` says of Node's diagnostics channels. The library can't prevent it, so it must be told. */
import * as DiagnosticsChannel from "node:diagnostics_channel"
import { inspect } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { ClientAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect, Layer, Predicate } from "effect"
import { transports } from "../support/Transports.js"

const channels = ["undici:request:create", "undici:request:bodyChunkSent", "http.client.request.start"]

const textOf = (message: unknown) =>
  Predicate.hasProperty(message, "chunk") && message.chunk instanceof Uint8Array
    ? String(Buffer.from(message.chunk))
    : inspect(message, { depth: 6 })

/** All that a subscriber of the channels is told until the scope ends. */
const subscribed = Effect.gen(function* () {
  const told: Array<string> = []
  const onMessage = (message: unknown) => void told.push(textOf(message))
  yield* Effect.forEach(channels, (channel) =>
    Effect.acquireRelease(
      Effect.sync(() => DiagnosticsChannel.subscribe(channel, onMessage)),
      () => Effect.sync(() => DiagnosticsChannel.unsubscribe(channel, onMessage))
    )
  )
  return told
})

describe("S1: whoever subscribes to the diagnostics channels of Node's HTTP clients", () => {
  it.scopedLive.each(transports)("is told secrets and tokens, and the security model says so: %s", ([name, http]) =>
    Effect.gen(function* () {
      const told = yield* subscribed
      const world = Layer.merge(CxoneSimulator.layerServer(), http)
      for (const clientAuth of [ClientAuth.basic, ClientAuth.post]) {
        const auth = CxoneSimulator.layerAuth({ scopes: "read:users", clientAuth })
        const layer = Layer.provide(CxoneHttpClient.layer(), auth).pipe(Layer.provide(world))
        yield* Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/api/v2/users/me")).pipe(Effect.provide(layer))
      }
      expect(told.join()).toMatch(/Basic \w/)
      // That of node:http has it in a buffer, which is not printed as text.
      expect(name === "node:http" || told.join().includes("client_secret=")).toBe(true)
      expect(told.join()).toMatch(/Bearer eyJ/)
    })
  )
})
