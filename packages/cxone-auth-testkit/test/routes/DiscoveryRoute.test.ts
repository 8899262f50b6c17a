import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultTenant } from "cxone-auth-testkit"
import { Effect } from "effect"
import { get, modes, otherTenant, placed, read, twoAreas } from "../support/Harness.js"

const openid = "/.well-known/openid-configuration"
const cxone = "/.well-known/cxone-configuration"
const domain = "cxone-simulator.test"

describe.each(modes)("DiscoveryRoute $name", ({ layer }) => {
  it.effect("the identity host serves openid-configuration", () =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      const { headers, json, status } = yield* get(openid, origin)
      strictEqual(status, 200)
      strictEqual(headers["content-type"], "application/json")
      const at = (path: string) => new URL(path, origin).href
      deepStrictEqual(json, {
        issuer: origin,
        authorization_endpoint: at("/auth/authorize"),
        token_endpoint: at("/auth/token"),
        userinfo_endpoint: at("/auth/userinfo"),
        jwks_uri: at("/auth/jwks"),
        end_session_endpoint: at("/auth/authorize/logout"),
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        token_endpoint_auth_signing_alg_values_supported: ["RS256"],
        scopes_supported: ["openid"],
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        display_values_supported: ["page", "popup"],
        code_challenge_methods_supported: ["S256"]
      })
    }).pipe(Effect.provide(layer()))
  )

  it.effect("the identity host names the hosts of a tenant", () =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      for (const tenantId of [defaultTenant.tenantId, otherTenant.tenantId]) {
        const { apiOrigin, area, areaOrigin, cluster } = yield* placed(tenantId)
        strictEqual(area, tenantId === otherTenant.tenantId ? "eu1" : "na1")
        const { json, status } = yield* get(`${cxone}?tenantId=${tenantId}`, origin)
        strictEqual(status, 200)
        deepStrictEqual(json, {
          api_endpoint: apiOrigin,
          auth_endpoint: areaOrigin,
          ui_endpoint: areaOrigin,
          area,
          cluster,
          domain,
          acdDomain: domain,
          uhDomain: domain,
          globaldomain: domain,
          private: false,
          tenantId
        })
      }
    }).pipe(Effect.provide(layer(twoAreas)))
  )

  it.effect("the identity host answers 404 if the tenant is missing or unknown", () =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      for (const query of ["", "?tenantId=", "?tenantId=nobody", "?tenantid=test-tenant"]) {
        const { json, status } = yield* get(`${cxone}${query}`, origin)
        strictEqual(status, 404)
        deepStrictEqual(Object.keys(json), ["message"])
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("an area host names its own hosts, or those of a tenant in any area", () =>
    Effect.gen(function* () {
      const here = yield* placed()
      const there = yield* placed(otherTenant.tenantId)
      const area = (yield* get(cxone, here.areaOrigin)).json
      strictEqual(area.api_endpoint, here.apiOrigin)
      strictEqual(area.auth_endpoint, here.areaOrigin)
      strictEqual(area.area, here.area)
      strictEqual(area.tenantId, undefined)
      const tenant = (yield* get(`${cxone}?tenantId=${otherTenant.tenantId}`, here.areaOrigin)).json
      strictEqual(tenant.api_endpoint, there.apiOrigin)
      strictEqual(tenant.area, there.area)
      strictEqual((yield* get(`${cxone}?tenantId=nobody`, here.areaOrigin)).status, 404)
    }).pipe(Effect.provide(layer(twoAreas)))
  )

  it.effect("a host that doesn't have the document answers 404, even without a token", () =>
    Effect.gen(function* () {
      const { apiOrigin, areaOrigin } = yield* placed()
      strictEqual((yield* get(openid, areaOrigin)).status, 404)
      strictEqual((yield* get(openid, apiOrigin)).status, 404)
      strictEqual((yield* get(`${cxone}?tenantId=${defaultTenant.tenantId}`, apiOrigin)).status, 404)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("any method but GET and HEAD is answered 405", () =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      for (const path of [openid, cxone]) {
        const answer = yield* read(HttpClientRequest.post(new URL(path, origin)))
        strictEqual(answer.status, 405)
        strictEqual(answer.headers.allow, "GET, HEAD")
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("the quirks leave out the optional fields, and end api_endpoint with a slash", () =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      const { apiOrigin, areaOrigin } = yield* placed()
      deepStrictEqual((yield* get(`${cxone}?tenantId=${defaultTenant.tenantId}`, origin)).json, {
        api_endpoint: `${apiOrigin}/`,
        auth_endpoint: areaOrigin,
        ui_endpoint: areaOrigin,
        domain,
        uhDomain: domain,
        private: false
      })
    }).pipe(Effect.provide(layer({ quirks: { configuration: "minimal", apiEndpoint: "trailing-slash" } })))
  )
})
