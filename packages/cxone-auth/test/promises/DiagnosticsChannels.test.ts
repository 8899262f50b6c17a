/** What `docs/security-model.md` says of Node's diagnostics channels. The library can't prevent it, so it must be told. */
import * as DiagnosticsChannel from "node:diagnostics_channel"
import { inspect } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { ClientAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect, Layer } from "effect"
import { transports } from "../support/Transports.js"

const channels = ["undici:request:create", "undici:client:sendHeaders", "http.client.request.start"]

/** What a subscriber of each channel is told until the scope ends. */
const subscribed = Effect.gen(function* () {
  const told = new Map<string, string>()
  for (const channel of channels) {
    const onMessage = (message: unknown) => {
      told.set(channel, (told.get(channel) ?? "") + inspect(message, { depth: 4 }))
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => DiagnosticsChannel.subscribe(channel, onMessage)),
      () => Effect.sync(() => DiagnosticsChannel.unsubscribe(channel, onMessage))
    )
  }
  return told
})

describe("S1: whoever subscribes to the diagnostics channels of Node's HTTP clients", () => {
  it.scopedLive.each(transports)(
    "is told the secret and the token, and the security model says so: %s",
    ([name, http]) =>
      Effect.gen(function* () {
        const told = yield* subscribed
        const auth = CxoneSimulator.layerAuth({ scopes: "read:users", clientAuth: ClientAuth.basic })
        const world = Layer.merge(CxoneSimulator.layerServer(), http)
        const layer = Layer.provide(CxoneHttpClient.layer(), auth).pipe(Layer.provide(world))
        yield* Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/api/v2/users/me")).pipe(Effect.provide(layer))
        const family = name === "node:http" ? "http.client." : "undici:"
        for (const channel of channels) {
          const text = told.get(channel) ?? ""
          expect([channel, /Basic \w/.test(text), /Bearer eyJ/.test(text)]).toEqual([
            channel,
            channel.startsWith(family),
            channel.startsWith(family)
          ])
        }
      })
  )
})
