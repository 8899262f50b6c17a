import { HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, defaultTenant, type SimulatorOptions } from "cxone-auth-testkit"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"
import { claimsOf, get, goodForm, keyForm, modes, otherTenant, placed, read, usersAt } from "../support/Harness.js"

const gov = { ...otherTenant, issuer: "gov" }
const options: SimulatorOptions = { tenants: [defaultTenant, gov] }
const [govKey] = gov.accessKeys
const govForm = { ...keyForm, username: govKey.accessKeyId, password: Redacted.value(govKey.accessKeySecret) }

const exchangeAt = (issuer: string, form: Record<string, string>) =>
  HttpClientRequest.post(new URL("/auth/token", issuer)).pipe(
    HttpClientRequest.bodyText(new URLSearchParams(form).toString(), "application/x-www-form-urlencoded"),
    read
  )

describe.each(modes)("Several issuers $name", ({ layer }) => {
  it.effect("each knows its own tenants only: tokens, refresh tokens, documents and the API", () =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      const [here, there] = [yield* placed(), yield* placed(gov.tenantId)]
      expect(here.issuer).toBe(origin)
      expect(there.issuer).not.toBe(origin)

      const tokens = yield* exchangeAt(there.issuer, govForm)
      expect(claimsOf(tokens.json.id_token).iss).toBe(there.issuer)
      expect((yield* exchangeAt(origin, govForm)).json.error).toBe("invalid_grant")
      expect((yield* exchangeAt(there.issuer, keyForm)).json.error).toBe("invalid_grant")

      const token = Redacted.make(String(tokens.json.access_token))
      expect((yield* usersAt(there.issuer, token)).status).toBe(200)
      expect((yield* usersAt(there.apiOrigin, token)).status).toBe(200)
      expect((yield* usersAt(origin, token)).status).toBe(401)

      const openid = yield* get("/.well-known/openid-configuration", there.issuer)
      expect(openid.json.issuer).toBe(there.issuer)
      const document = `/.well-known/cxone-configuration?tenantId=${gov.tenantId}`
      expect((yield* get(document, there.issuer)).status).toBe(200)
      expect((yield* get(document, origin)).status).toBe(404)

      const { grant_type: _, password: _1, username: _2, ...client } = keyForm
      const refresh = { ...client, grant_type: "refresh_token", refresh_token: String(tokens.json.refresh_token) }
      expect((yield* exchangeAt(origin, refresh)).json.error).toBe("invalid_grant")
      // The wrong issuer has not used it up.
      expect((yield* exchangeAt(there.issuer, refresh)).status).toBe(200)

      const alone = yield* HttpClientRequest.post(new URL("/oauth/token", there.issuer)).pipe(
        HttpClientRequest.bodyText(new URLSearchParams(goodForm).toString(), "application/x-www-form-urlencoded"),
        read
      )
      expect(claimsOf(alone.json.access_token).iss).toBe(there.issuer)
    }).pipe(Effect.provide(layer(options)))
  )

  it.effect("an app finds the API of a tenant by the tenant's own issuer", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const app = CxoneHttpClient.layer().pipe(
        Layer.provide(CxoneSimulator.layerAuth({ way: "accessKey", tenant: gov.tenantId }))
      )
      const call = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/api/v2/users/me"))
      expect((yield* Effect.provide(call, app)).status).toBe(200)
      const { apiOrigin, issuer } = yield* placed(gov.tenantId)
      const origins = (yield* simulator.requests).map(({ endpoint, origin }) => `${endpoint} ${origin}`)
      expect(new Set(origins)).toEqual(new Set([`discovery ${issuer}`, `token ${issuer}`, `api ${apiOrigin}`]))
    }).pipe(Effect.provide(layer(options)))
  )
})

describe("The name of an issuer", () => {
  it.effect("in memory it is a part of the host's", () =>
    Effect.gen(function* () {
      expect((yield* placed(gov.tenantId)).issuer).toBe("https://login-gov.cxone-simulator.test")
    }).pipe(Effect.provide(CxoneSimulator.layerMemory(options)))
  )

  it.effect("that can't be one is a defect; so is one that no tenant of the options has", () =>
    Effect.gen(function* () {
      const built = yield* Effect.exit(
        Effect.scoped(Layer.build(CxoneSimulator.layerMemory({ tenants: [{ ...gov, issuer: "go v" }] })))
      )
      expect(Exit.isFailure(built) && Cause.pretty(built.cause)).toContain('"go v" is no issuer')
      const { registerTenant } = yield* CxoneSimulator
      const registered = yield* Effect.exit(registerTenant({ ...gov, issuer: "mil" }))
      expect(Exit.isFailure(registered) && Cause.pretty(registered.cause)).toContain('no host is the issuer "mil"')
    }).pipe(Effect.provide(CxoneSimulator.layerMemory(options)))
  )
})
