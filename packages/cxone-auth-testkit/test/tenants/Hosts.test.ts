import { HttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultTenant, defaultUser, type SimulatedTenant } from "cxone-auth-testkit"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"
import { get, keyForm, mint, mintByKey, modes, otherTenant, placed, twoAreas, usersAt } from "../support/Harness.js"

const [otherKey] = otherTenant.accessKeys
const otherForm = {
  ...keyForm,
  username: otherKey.accessKeyId,
  password: Redacted.value(otherKey.accessKeySecret)
}

describe.each(modes)("Hosts $name", ({ layer }) => {
  it.effect("each area has two hosts, even with several tenants", () =>
    Effect.gen(function* () {
      const { origin, tenants } = yield* CxoneSimulator
      deepStrictEqual(
        tenants.map(({ area, tenantId }) => [tenantId, area]),
        [
          ["test-tenant", "na1"],
          ["other-tenant", "eu1"],
          ["neighbour", "na1"]
        ]
      )
      const origins = tenants.flatMap(({ apiOrigin, areaOrigin }) => [areaOrigin, apiOrigin])
      deepStrictEqual(origins.slice(4), origins.slice(0, 2))
      strictEqual(new Set([origin, ...origins]).size, 5)
    }).pipe(
      Effect.provide(
        layer({
          tenants: [
            defaultTenant,
            otherTenant,
            { tenantId: "neighbour", accessKeys: [{ ...otherKey, accessKeyId: "NEIGHBOUR====" }] }
          ]
        })
      )
    )
  )

  it.effect("the API host of an area accepts only the tokens of its tenants", () =>
    Effect.gen(function* () {
      const here = yield* placed()
      const there = yield* placed(otherTenant.tenantId)
      const [token, otherToken] = [yield* mintByKey(), yield* mintByKey(otherForm)]
      deepStrictEqual((yield* usersAt(here.apiOrigin, token)).json, defaultUser)
      strictEqual((yield* usersAt(there.apiOrigin, otherToken)).json.id, "other-tenant-user-1")
      const strangers = [
        yield* usersAt(there.apiOrigin, token),
        yield* usersAt(here.apiOrigin, otherToken),
        // A client's own token belongs to no tenant.
        yield* usersAt(here.apiOrigin, yield* mint())
      ]
      for (const { headers, json, status } of strangers) {
        strictEqual(status, 401)
        strictEqual(json.error, "invalid_token")
        assertTrue(headers["www-authenticate"]?.includes('error="invalid_token"') === true)
      }
    }).pipe(Effect.provide(layer(twoAreas)))
  )

  it.effect("the identity host accepts every token", () =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      for (const token of [yield* mintByKey(), yield* mintByKey(otherForm), yield* mint()]) {
        strictEqual((yield* usersAt(origin, token)).status, 200)
      }
    }).pipe(Effect.provide(layer(twoAreas)))
  )

  it.effect("the API host checks tokens, revoked ones too, and has no token endpoint", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const { apiOrigin } = yield* placed()
      const token = yield* mintByKey()
      strictEqual((yield* get("/api/v2/users/me", apiOrigin)).status, 401)
      strictEqual((yield* get("/oauth/token", apiOrigin)).status, 401)
      strictEqual((yield* usersAt(apiOrigin, token)).status, 200)
      yield* simulator.revoke(token)
      strictEqual((yield* usersAt(apiOrigin, token)).status, 401)
    }).pipe(Effect.provide(layer()))
  )
})

describe("Hosts", () => {
  it.effect("in memory, the hosts have names as in CXone; no other host is reached", () =>
    Effect.gen(function* () {
      const { areaOrigin, apiOrigin } = yield* placed(otherTenant.tenantId)
      strictEqual(areaOrigin, "https://eu1.cxone-simulator.test")
      strictEqual(apiOrigin, "https://api-eu1.cxone-simulator.test")
      for (const host of ["uk1", "api-uk1", "auth", "eu1.na1"]) {
        const error = yield* Effect.flip(HttpClient.get(`https://${host}.cxone-simulator.test/`))
        strictEqual(`${error._tag} ${error.reason}`, "RequestError Transport")
      }
      strictEqual((yield* Effect.flip(HttpClient.get("http://eu1.cxone-simulator.test/"))).reason, "Transport")
    }).pipe(Effect.provide(CxoneSimulator.layerMemory(twoAreas)))
  )

  it.effect("on sockets, each host has its own port of 127.0.0.1", () =>
    Effect.gen(function* () {
      const { origin, tenants } = yield* CxoneSimulator
      const all = [origin, ...tenants.flatMap(({ apiOrigin, areaOrigin }) => [apiOrigin, areaOrigin])].map(
        (url) => new URL(url)
      )
      assertTrue(all.every(({ hostname, protocol }) => hostname === "127.0.0.1" && protocol === "http:"))
      strictEqual(new Set(all.map(({ port }) => port)).size, 5)
    }).pipe(Effect.provide(CxoneSimulator.layerServer(twoAreas)))
  )

  it.effect("the host is the one that listens, whatever the Host header says", () =>
    Effect.gen(function* () {
      const { areaOrigin } = yield* placed(otherTenant.tenantId)
      const { apiOrigin } = yield* placed()
      const local = (origin: string) => `http://localhost:${new URL(origin).port}`
      const document = yield* get("/.well-known/cxone-configuration", local(areaOrigin))
      strictEqual(document.status, 200)
      strictEqual(document.json.area, "eu1")
      const other = yield* mintByKey(otherForm)
      strictEqual((yield* usersAt(local(apiOrigin), other)).status, 401)
      strictEqual((yield* usersAt(local(apiOrigin), yield* mintByKey())).status, 200)
    }).pipe(Effect.provide(Layer.merge(CxoneSimulator.layerServer(twoAreas), NodeHttpClient.layerUndici)))
  )

  const mistakes: ReadonlyArray<readonly [what: string, tenant: SimulatedTenant]> = [
    ["an area with a space", { ...otherTenant, area: "eu 1" }],
    ["an area with the name of an API host", { ...otherTenant, area: "api-na1" }],
    ["two tenants with the same id", { ...otherTenant, tenantId: defaultTenant.tenantId }],
    ["an access key of another tenant", { ...otherTenant, accessKeys: defaultTenant.accessKeys }],
    ["an access key that is listed twice", { ...otherTenant, accessKeys: [otherKey, otherKey] }]
  ]

  it.effect.each(mistakes.map(([what, tenant]) => ({ what, tenant })))("$what is a defect", ({ tenant }) =>
    Effect.gen(function* () {
      const tenants = [defaultTenant, tenant] as const
      for (const layer of [CxoneSimulator.layerMemory({ tenants }), CxoneSimulator.layerServer({ tenants })]) {
        const built = yield* Effect.exit(Effect.scoped(Layer.build(layer)))
        assertTrue(Exit.isFailure(built) && Cause.isDie(built.cause))
        assertTrue(!Cause.pretty(built.cause).includes(Redacted.value(otherKey.accessKeySecret)))
      }
    })
  )
})
