import { HttpRouter, HttpServerResponse } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  CxoneSimulator,
  defaultTenant,
  defaultUser,
  Grant,
  type SimulatedAccessKey,
  type SimulatedUser
} from "cxone-auth-testkit"
import { Cause, Effect, Exit, Redacted } from "effect"
import {
  claimsOf,
  defaultKey,
  get,
  goodKey,
  keyAlone,
  keyExchange,
  keyForm,
  mint,
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
      const key = { accessKeyId: "NEW====", accessKeySecret: Redacted.make("NEWSECRET====") }
      const newcomer = { tenantId: "newcomer", area: "eu1", accessKeys: [key] } as const
      yield* simulator.registerTenant(newcomer)
      yield* simulator.deactivateAccessKey("NEW====")
      yield* simulator.registerTenant(newcomer)
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
      yield* simulator.deactivateAccessKey(goodKey.accessKeyId)
      yield* simulator.registerTenant({
        ...defaultTenant,
        accessKeys: [{ accessKeyId: "NEW====", accessKeySecret: Redacted.make("NEWSECRET====") }]
      })
      yield* simulator.reset
      strictEqual((yield* keyExchange()).status, 200)
      strictEqual((yield* keyAlone()).status, 200)
      strictEqual((yield* configurationOf(otherTenant.tenantId)).status, 404)
      deepStrictEqual((yield* simulator.requests).length, 3)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("deactivateAccessKey dies if no tenant has the key, and names those that there are", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const exit = yield* Effect.exit(simulator.deactivateAccessKey("TYPO===="))
      const [defect] = Exit.isFailure(exit) ? Array.from(Cause.defects(exit.cause)) : []
      assertTrue(defect instanceof RangeError)
      strictEqual(
        defect.message,
        `CxoneSimulator.deactivateAccessKey: no tenant has the access key "TYPO===="; known are OTHERKEY====, ${defaultKey.accessKeyId}`
      )
      yield* simulator.deactivateAccessKey(defaultKey.accessKeyId)
      yield* simulator.deactivateAccessKey(defaultKey.accessKeyId)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory(twoAreas)))
  )
})

describe("the users of access keys", () => {
  const keyOf = (accessKeyId: string, user?: SimulatedUser): SimulatedAccessKey => ({
    accessKeyId,
    accessKeySecret: Redacted.make(`${accessKeyId} secret`),
    user
  })
  const whose = HttpRouter.get(
    HttpRouter.empty,
    "/whose",
    Effect.map(Grant, ({ accessKeyId, user }) => HttpServerResponse.unsafeJson({ accessKeyId, user }))
  )
  /** What users/me, Grant and the claims say of a key's user. */
  const seen = (accessKeyId: string) =>
    Effect.gen(function* () {
      const { json } = yield* keyAlone({ accessKeyId, accessKeySecret: `${accessKeyId} secret` })
      const token = Redacted.make(String(json.access_token))
      const { json: user } = yield* users(token)
      deepStrictEqual((yield* users(token, "/whose")).json, { accessKeyId, user })
      const { name, sub, userId } = claimsOf(json.id_token)
      deepStrictEqual({ sub, userId, name }, { sub: `user:${user.id}`, userId: String(user.id), name: user.name })
      strictEqual(claimsOf(json.access_token).sub, sub)
      return user
    })
  const tenants = [
    { tenantId: "one", accessKeys: [keyOf("a===="), keyOf("b===="), keyOf("c====", { id: 7, name: "Grace", x: [1] })] },
    { tenantId: "two", accessKeys: [keyOf("d====")] }
  ] as const

  it.effect("each key has a user of its own, and the first key the default user", () =>
    Effect.gen(function* () {
      deepStrictEqual(yield* seen("a===="), defaultUser)
      deepStrictEqual(yield* seen("c===="), { id: 7, name: "Grace", x: [1] })
      const others = yield* Effect.all([seen("b===="), seen("d====")])
      deepStrictEqual(
        others.map(({ id }) => id),
        ["one-user-2", "two-user-1"]
      )
      for (const field of ["id", "name", "email"]) {
        strictEqual(new Set([defaultUser, ...others].map((user) => user[field])).size, 3)
      }
    }).pipe(Effect.provide(CxoneSimulator.layerMemory({ tenants, api: whose })))
  )

  it.effect("the option `user` is the user of the first key and of a client's own token", () =>
    Effect.gen(function* () {
      const user = { id: "ada", name: "Ada Lovelace" }
      deepStrictEqual(yield* seen("a===="), user)
      strictEqual((yield* seen("b====")).id, "one-user-2")
      deepStrictEqual((yield* users(yield* mint(), "/whose")).json, { user })
      deepStrictEqual((yield* users(yield* mint())).json, user)
    }).pipe(
      Effect.provide(CxoneSimulator.layerMemory({ tenants, api: whose, user: { id: "ada", name: "Ada Lovelace" } }))
    )
  )

  it.effect("a key that replaces another at its place is of the same user", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.registerTenant({ tenantId: "one", accessKeys: [keyOf("e===="), keyOf("f====")] })
      deepStrictEqual(yield* seen("e===="), defaultUser)
      strictEqual((yield* seen("f====")).id, "one-user-2")
    }).pipe(Effect.provide(CxoneSimulator.layerMemory({ tenants, api: whose })))
  )
})
