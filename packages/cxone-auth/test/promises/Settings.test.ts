import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { ConfigProvider, Effect, Layer } from "effect"
import * as Fake from "../support/FakeCxone.js"
import { scripted } from "../support/ScriptedHttpClient.js"

describe("an app from settings alone", () => {
  const key = { CXONE_ACCESS_KEY_ID: "A-KEY====", CXONE_ACCESS_KEY_SECRET: "a-key-secret====" }
  const client = { CXONE_CLIENT_ID: "reports", CXONE_CLIENT_SECRET: "s3cr3t" }

  const callWith = (settings: Record<string, string>) =>
    Effect.gen(function* () {
      const { layer, sent } = yield* scripted(Fake.play())
      const app = CxoneHttpClient.layer().pipe(Layer.provide(CxoneAuth.layerFromEnv()), Layer.provide(layer))
      yield* Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/x")).pipe(
        Effect.provide(app),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings))))
      )
      return (yield* sent).map(({ body, url }) => [new URL(url).host, new URLSearchParams(body).get("scope")])
    })

  it.effect("a client and an access key: the calls reach the API, and no scope is sent", () =>
    Effect.gen(function* () {
      expect(yield* callWith({ ...client, ...key })).toEqual([
        ["cxone.niceincontact.com", null],
        ["cxone.niceincontact.com", null],
        ["cxone.niceincontact.com", null],
        ["api-na1.niceincontact.com", null]
      ])
    })
  )

  it.effect("a client, an access key and scopes: the scopes are sent", () =>
    Effect.gen(function* () {
      const [, token] = yield* callWith({ ...client, ...key, CXONE_SCOPES: "openid" })
      expect(token).toEqual(["cxone.niceincontact.com", "openid"])
    })
  )

  it.effect("a client and an access key at a custom endpoint: no scope is sent either", () =>
    Effect.gen(function* () {
      const custom = { CXONE_TOKEN_ENDPOINT: "https://a.example/auth/token", CXONE_API_BASE_URL: "https://a.example" }
      expect(yield* callWith({ ...client, ...key, ...custom })).toEqual([
        ["a.example", null],
        ["a.example", null]
      ])
    })
  )

  it.effect("an access key and its area: the calls reach the API", () =>
    Effect.gen(function* () {
      expect(yield* callWith({ ...key, CXONE_AREA: "na1" })).toEqual([
        ["na1.nice-incontact.com", null],
        ["na1.nice-incontact.com", null],
        ["api-na1.niceincontact.com", null]
      ])
    })
  )

  it.effect("a client alone: the platform gateway (client credentials), with its scope", () =>
    Effect.gen(function* () {
      expect(yield* callWith(client)).toEqual([
        ["platform.nice-ic.com", "offline_access"],
        ["platform.nice-ic.com", null]
      ])
    })
  )
})
