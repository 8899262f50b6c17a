import { HttpServerResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth } from "cxone-auth"
import { CxoneSimulator, defaultClient, Fault, Grant, type SimulatorQuirks, timePasses } from "cxone-auth-testkit"
import { Effect, Layer, Redacted, TestClock } from "effect"
import { exchange, goodForm, keyAlone, keyExchange, modes, users } from "../support/Harness.js"

const api = Effect.map(Grant, ({ scopes }) => HttpServerResponse.unsafeJson({ scopes }))

const tokenIn = (json: Record<string, unknown>) => Redacted.make(String(json.access_token))

describe.each(modes)("Fault.tokenAnswer $name", ({ layer }) => {
  for (const [route, request] of [
    ["/oauth/token", exchange({ ...goodForm, scope: "read:users write:users" })],
    ["/auth/token", keyExchange()],
    ["UserHub", keyAlone()]
  ] as const) {
    it.effect(`${route}: narrowed scopes are named, and are those that the API honours`, () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        yield* simulator.inject(Fault.tokenAnswer({ scopes: ["read:reports"] }), { on: "token" })
        const { json } = yield* request
        expect(json.scope).toBe("read:reports")
        expect((yield* users(tokenIn(json), "/x")).json).toEqual({ scopes: ["read:reports"] })
        const next = yield* request
        expect((yield* users(tokenIn(next.json), "/x")).json).not.toEqual({ scopes: ["read:reports"] })
      }).pipe(Effect.provide(layer({ api })))
    )

    it.effect(`${route}: another lifetime is announced, and ends the token`, () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        yield* simulator.inject(Fault.tokenAnswer({ lifetime: "90 seconds" }), { on: "token" })
        const { json } = yield* request
        expect(json.expires_in).toBe(90)
        yield* TestClock.adjust("89999 millis")
        expect((yield* users(tokenIn(json), "/x")).status).toBe(200)
        yield* TestClock.adjust("1 millis")
        expect((yield* users(tokenIn(json), "/x")).status).toBe(401)
      }).pipe(Effect.provide(layer({ api })))
    )
  }

  it.effect("fields take the place of the answer's own; `undefined` leaves one out", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const fields = { expires_in: "soon", token_type: undefined, note: { more: 1 } }
      yield* simulator.inject(Fault.tokenAnswer({ fields }), { on: "token" })
      const { json } = yield* exchange()
      expect(json).toMatchObject({ expires_in: "soon", note: { more: 1 } })
      expect("token_type" in json).toBe(false)
      expect((yield* users(tokenIn(json), "/x")).status).toBe(200)
    }).pipe(Effect.provide(layer({ api })))
  )

  it.effect("a shape that names no scopes names none", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.tokenAnswer({ scopes: ["read:reports"] }), { on: "token" })
      expect("scope" in (yield* exchange()).json).toBe(false)
    }).pipe(Effect.provide(layer({ quirks: { answer: "camelCase" } })))
  )

  it.effect("a refusal stays one", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.tokenAnswer({ fields: { note: 1 } }), { on: "token" })
      const { json, status } = yield* exchange({ ...goodForm, client_secret: "wrong" })
      expect([status, json.error, json.note]).toEqual([401, "invalid_client", undefined])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("two secrets are valid at once while one is rotated", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const next = Redacted.make("the next secret")
      yield* simulator.registerClient({ ...defaultClient, otherSecrets: [next] })
      const withNext = { ...goodForm, client_secret: "the next secret" }
      expect([(yield* exchange()).status, (yield* exchange(withNext)).status]).toEqual([200, 200])
      yield* simulator.registerClient({ ...defaultClient, clientSecret: next })
      expect([(yield* exchange()).status, (yield* exchange(withNext)).status]).toEqual([401, 200])
    }).pipe(Effect.provide(layer()))
  )
})

describe("Fault.tokenAnswer", () => {
  it.effect.each<SimulatorQuirks>([{}, { answer: "array" }])("a client of cxone-auth sees it: %j", (quirks) =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const auth = yield* CxoneAuth
      yield* simulator.inject(Fault.tokenAnswer({ scopes: ["read:users"], fields: { expires_in: "120" } }), {
        on: "token"
      })
      const token = yield* timePasses("1 second")(auth.accessToken)
      expect(token).toMatchObject({ scopes: ["read:users"], obtainedAt: 0, expiresAt: 120_000 })
    }).pipe(
      Effect.provide(
        CxoneSimulator.layerAuth({ scopes: "read:users write:users" }).pipe(
          Layer.provideMerge(CxoneSimulator.layerTest({ quirks }))
        )
      )
    )
  )
})
