import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultTenant } from "cxone-auth-testkit"
import { Cause, Effect, Exit, Redacted } from "effect"
import {
  defaultKey,
  get,
  goodKey,
  keyAlone,
  keyExchange,
  keyForm,
  mintByKey,
  modes,
  otherTenant,
  placed,
  twoAreas,
  users,
  usersAt
} from "../support/Harness.js"

const configurationOf = (tenantId: string) =>
  Effect.flatMap(CxoneSimulator, ({ origin }) => get(`/.well-known/cxone-configuration?tenantId=${tenantId}`, origin))

describe.each(modes)("Tenants $name", ({ layer }) => {
  it.effect("a deactivated access key gets no token on any route; the tokens that it has stay valid", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mintByKey()
      yield* simulator.deactivateAccessKey(defaultKey.accessKeyId)
      const refused = yield* keyExchange()
      strictEqual(refused.status, 401)
      strictEqual(refused.json.error, "invalid_grant")
      strictEqual((yield* keyAlone()).status, 401)
      strictEqual((yield* users(token)).status, 200)
      const [key] = otherTenant.accessKeys
      const password = Redacted.value(key.accessKeySecret)
      strictEqual((yield* keyExchange({ ...keyForm, username: key.accessKeyId, password })).status, 200)
    }).pipe(Effect.provide(layer(twoAreas)))
  )

  it.effect("registerTenant replaces the access keys of a tenant; the old keys are refused", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const { apiOrigin } = yield* placed()
      const token = yield* mintByKey()
      const rotated = { ...defaultKey, accessKeySecret: Redacted.make("ROTATED====") }
      yield* simulator.registerTenant({ ...defaultTenant, accessKeys: [rotated] })
      strictEqual((yield* keyExchange()).json.error, "invalid_grant")
      strictEqual((yield* keyExchange({ ...keyForm, password: "ROTATED====" })).status, 200)
      strictEqual((yield* usersAt(apiOrigin, token)).status, 200)
    }).pipe(Effect.provide(layer()))
  )
})

describe("Tenants", () => {
  it.effect("registerTenant adds a tenant to an area, and activates its keys", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      strictEqual((yield* configurationOf("newcomer")).status, 404)
      yield* simulator.deactivateAccessKey("NEW====")
      const key = { accessKeyId: "NEW====", accessKeySecret: Redacted.make("NEWSECRET====") }
      yield* simulator.registerTenant({ tenantId: "newcomer", area: "eu1", accessKeys: [key] })
      strictEqual((yield* configurationOf("newcomer")).json.area, "eu1")
      const { json } = yield* keyAlone({ accessKeyId: "NEW====", accessKeySecret: "NEWSECRET====" })
      const token = Redacted.make(String(json.access_token))
      strictEqual((yield* usersAt((yield* placed(otherTenant.tenantId)).apiOrigin, token)).status, 200)
      strictEqual((yield* usersAt((yield* placed()).apiOrigin, token)).status, 401)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory(twoAreas)))
  )

  it.effect("registerTenant dies if the area is unknown or another tenant has the key", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      for (const mistake of [
        { ...otherTenant, area: "uk1" },
        { ...otherTenant, area: "na1", accessKeys: defaultTenant.accessKeys }
      ]) {
        const registered = yield* Effect.exit(simulator.registerTenant(mistake))
        assertTrue(Exit.isFailure(registered) && Cause.isDie(registered.cause))
      }
      strictEqual((yield* configurationOf(otherTenant.tenantId)).status, 404)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("reset restores the tenants of the options, with active keys", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.registerTenant({ ...otherTenant, area: "na1" })
      yield* simulator.registerTenant({
        ...defaultTenant,
        accessKeys: [{ accessKeyId: "NEW====", accessKeySecret: Redacted.make("NEWSECRET====") }]
      })
      yield* simulator.deactivateAccessKey(goodKey.accessKeyId)
      yield* simulator.reset
      strictEqual((yield* keyExchange()).status, 200)
      strictEqual((yield* keyAlone()).status, 200)
      strictEqual((yield* configurationOf(otherTenant.tenantId)).status, 404)
      deepStrictEqual((yield* simulator.requests).length, 3)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )
})
