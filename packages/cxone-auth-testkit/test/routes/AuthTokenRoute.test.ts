import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultClient, defaultTenant } from "cxone-auth-testkit"
import { Effect, Redacted } from "effect"
import {
  basic,
  claimsOf,
  defaultKey,
  goodForm,
  keyExchange,
  keyForm,
  keySecret,
  mintByKey,
  modes,
  otherTenant,
  placed,
  read,
  secret,
  twoAreas,
  users
} from "../support/Harness.js"

const without = (...names: ReadonlyArray<string>) =>
  Object.fromEntries(Object.entries(keyForm).filter(([name]) => !names.includes(name)))

const basicPair = `${encodeURIComponent(defaultClient.clientId)}:${encodeURIComponent(secret)}`

describe.each(modes)("AuthTokenRoute $name", ({ layer }) => {
  describe("issues", () => {
    it.effect("an access token, a refresh token and an id_token, without `scope`", () =>
      Effect.gen(function* () {
        const { headers, json, status } = yield* keyExchange()
        strictEqual(status, 200)
        strictEqual(headers["cache-control"], "no-store")
        deepStrictEqual(
          Object.entries(json)
            .map(([field, value]) => [field, String(value).startsWith("eyJ") ? "a JWT" : value])
            .sort(),
          [
            ["access_token", "a JWT"],
            ["expires_in", 3600],
            ["id_token", "a JWT"],
            ["issued_token_type", "urn:ietf:params:oauth:token-type:access_token"],
            ["refresh_token", "a JWT"],
            ["token_type", "Bearer"]
          ]
        )
        strictEqual(new Set([json.access_token, json.id_token, json.refresh_token]).size, 3)
      }).pipe(Effect.provide(layer()))
    )

    it.effect("tokens if the client authenticates in the form or with Basic credentials", () =>
      Effect.gen(function* () {
        strictEqual((yield* keyExchange()).status, 200)
        strictEqual((yield* keyExchange(without("client_id", "client_secret"), basic(basicPair))).status, 200)
      }).pipe(Effect.provide(layer()))
    )

    it.effect("JWTs with the user and the tenant; the access token names an issuer that no longer exists", () =>
      Effect.gen(function* () {
        const { origin } = yield* CxoneSimulator
        const { cluster } = yield* placed()
        const { access_token, id_token, refresh_token } = (yield* keyExchange()).json
        const { icBUId, role, jti, ...access } = claimsOf(access_token)
        assertTrue(typeof jti === "string")
        const person = {
          sub: "user:test-user",
          aud: defaultClient.clientId,
          tenantId: defaultTenant.tenantId,
          tenant: "test_tenant",
          icClusterId: cluster,
          name: "Zoë Ångström-Łukasiewicz",
          given_name: "Zoë",
          family_name: "Ångström-Łukasiewicz",
          iat: 0,
          exp: 3600
        }
        deepStrictEqual(access, { iss: "https://auth.cxone-simulator.test", ...person })
        assertTrue(Number.isInteger(icBUId) && typeof role === "object")
        const { jti: _, ...identity } = claimsOf(id_token)
        deepStrictEqual(identity, {
          iss: origin,
          ...person,
          icBUId,
          userId: "test-user",
          icDomain: "cxone-simulator.test"
        })
        const { sessionId, jti: __, ...refresh } = claimsOf(refresh_token)
        deepStrictEqual(refresh, {
          iss: origin,
          aud: defaultClient.clientId,
          id: "test-user",
          iat: 0,
          exp: 7200
        })
        assertTrue(typeof sessionId === "string")
      }).pipe(Effect.provide(layer()))
    )

    it.effect("tokens for the tenant of the access key", () =>
      Effect.gen(function* () {
        const [key] = otherTenant.accessKeys
        const password = Redacted.value(key.accessKeySecret)
        const { json } = yield* keyExchange({ ...keyForm, username: key.accessKeyId, password })
        for (const token of [json.access_token, json.id_token]) {
          strictEqual(claimsOf(token).tenantId, otherTenant.tenantId)
        }
      }).pipe(Effect.provide(layer(twoAreas)))
    )

    it.effect("a token with all scopes and the lifetime of the client", () =>
      Effect.gen(function* () {
        strictEqual((yield* keyExchange()).json.expires_in, 60)
        strictEqual((yield* users(yield* mintByKey({ ...keyForm, scope: "offline_access" }))).status, 200)
        const poor = { ...keyForm, client_id: "poor" }
        strictEqual((yield* users(yield* mintByKey(poor))).status, 403)
      }).pipe(
        Effect.provide(
          layer({
            clients: [
              { ...defaultClient, tokenLifetime: "1 minute" },
              { ...defaultClient, clientId: "poor", scopes: ["offline_access"] }
            ]
          })
        )
      )
    )

    it.effect("an id_token and a refresh token that the API refuses", () =>
      Effect.gen(function* () {
        const { access_token, id_token, refresh_token } = (yield* keyExchange()).json
        strictEqual((yield* users(Redacted.make(String(access_token)))).status, 200)
        strictEqual((yield* users(Redacted.make(String(id_token)))).status, 401)
        strictEqual((yield* users(Redacted.make(String(refresh_token)))).status, 401)
      }).pipe(Effect.provide(layer()))
    )

    it.effect("an opaque access token and a JWT as id_token, with `tokenFormat: opaque`", () =>
      Effect.gen(function* () {
        const { access_token, id_token } = (yield* keyExchange()).json
        assertTrue(/^[\w-]{43}$/.test(String(access_token)))
        strictEqual(claimsOf(id_token).tenantId, defaultTenant.tenantId)
      }).pipe(Effect.provide(layer({ tokenFormat: "opaque" })))
    )
  })

  describe("refuses", () => {
    const refusals: ReadonlyArray<
      readonly [what: string, request: Parameters<typeof keyExchange>, status: number, error: string]
    > = [
      ["a wrong client secret", [{ ...keyForm, client_secret: "other" }], 401, "invalid_client"],
      ["an unknown client", [{ ...keyForm, client_id: "other" }], 401, "invalid_client"],
      ["a request without a client", [without("client_id", "client_secret")], 401, "invalid_client"],
      [
        "a client secret in the header that isn't form-encoded",
        [without("client_id", "client_secret"), basic(`${defaultClient.clientId}:${secret}`)],
        401,
        "invalid_client"
      ],
      ["an unknown access key, with 401 instead of 400", [{ ...keyForm, username: "OTHER====" }], 401, "invalid_grant"],
      ["a wrong access key secret, with 401", [{ ...keyForm, password: "OTHER====" }], 401, "invalid_grant"],
      [
        "an access key in the place of the client",
        [{ ...goodForm, grant_type: "password", client_id: defaultKey.accessKeyId, client_secret: keySecret }],
        401,
        "invalid_client"
      ],
      ["the client_credentials grant, which CXone lacks here", [goodForm], 400, "unsupported_grant_type"],
      ["a repeated parameter", [`${new URLSearchParams(keyForm)}&username=a`], 400, "invalid_request"]
    ]

    it.effect.each(refusals.map(([what, ...rest]) => ({ what, rest })))("$what", ({ rest: [request, status, error] }) =>
      Effect.gen(function* () {
        const answer = yield* keyExchange(...request)
        strictEqual(answer.status, status)
        strictEqual(answer.json.error, error)
        strictEqual(typeof answer.json.error_description, "string")
        strictEqual(answer.headers["cache-control"], "no-store")
        assertTrue(!answer.text.includes(secret) && !answer.text.includes(keySecret))
      }).pipe(Effect.provide(layer()))
    )

    it.effect("a client that may not use the grant", () =>
      Effect.gen(function* () {
        const answer = yield* keyExchange()
        strictEqual(answer.status, 400)
        strictEqual(answer.json.error, "unauthorized_client")
      }).pipe(Effect.provide(layer({ clients: [{ ...defaultClient, grantTypes: ["client_credentials"] }] })))
    )

    it.effect("a client that is registered for the other authentication method", () =>
      Effect.gen(function* () {
        strictEqual((yield* keyExchange()).json.error, "invalid_client")
        strictEqual((yield* keyExchange(without("client_id", "client_secret"), basic(basicPair))).status, 200)
      }).pipe(Effect.provide(layer({ clients: [{ ...defaultClient, authMethod: "basic" }] })))
    )

    it.effect("a JSON body and a form without a parameter, in the words of CXone", () =>
      Effect.gen(function* () {
        const { origin } = yield* CxoneSimulator
        const json = yield* HttpClientRequest.post(new URL("/auth/token", origin)).pipe(
          HttpClientRequest.bodyUnsafeJson(keyForm),
          read
        )
        const asForm = yield* keyExchange(JSON.stringify(keyForm))
        const noUsername = yield* keyExchange(without("username"))
        const noPassword = yield* keyExchange(without("password"))
        const noGrantType = yield* keyExchange(without("grant_type"))
        const message = "Missing required body parameters"
        for (const answer of [asForm, noUsername, noPassword, noGrantType]) {
          strictEqual(answer.status, 400)
          deepStrictEqual(answer.json, { message })
        }
        strictEqual(json.status, 400)
        deepStrictEqual(json.json, {
          message,
          hint: "The body must be application/x-www-form-urlencoded, not application/json"
        })
      }).pipe(Effect.provide(layer()))
    )

    it.effect("any method but POST", () =>
      Effect.gen(function* () {
        const { origin } = yield* CxoneSimulator
        const answer = yield* read(HttpClientRequest.get(new URL("/auth/token", origin)))
        strictEqual(answer.status, 405)
        strictEqual(answer.headers.allow, "POST")
      }).pipe(Effect.provide(layer()))
    )
  })
})
