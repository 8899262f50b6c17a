import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultClient, defaultTenant } from "cxone-auth-testkit"
import { Effect, Redacted } from "effect"
import {
  claimsOf,
  goodKey,
  keyAlone,
  keySecret,
  modes,
  otherTenant,
  placed,
  read,
  twoAreas,
  users,
  usersAt
} from "../support/Harness.js"

const path = "/authentication/v1/token/access-key"

/** Sends this body to the UserHub of the default tenant. */
const post = (text: string, contentType = "application/json") =>
  Effect.flatMap(placed(), ({ areaOrigin }) =>
    HttpClientRequest.post(new URL(path, areaOrigin)).pipe(HttpClientRequest.bodyText(text, contentType), read)
  )

describe.each(modes)("UserHubTokenRoute $name", ({ layer }) => {
  it.effect("issues an access token, an id_token and an opaque refresh token, without token_type", () =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      const { json, status } = yield* keyAlone()
      strictEqual(status, 200)
      const { access_token, id_token, refresh_token, ...rest } = json
      deepStrictEqual(rest, { expires_in: 3600 })
      strictEqual(claimsOf(access_token).tenantId, defaultTenant.tenantId)
      strictEqual(claimsOf(access_token).iss, "https://auth.cxone-simulator.test")
      strictEqual(claimsOf(id_token).iss, origin)
      assertTrue(/^[\w-]{32}$/.test(String(refresh_token)))
    }).pipe(Effect.provide(layer()))
  )

  it.effect(
    "issues a token with all scopes and the lifetime of the first client, even if that client was forgotten",
    () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        const { json } = yield* keyAlone()
        strictEqual(json.expires_in, 120)
        strictEqual((yield* users(Redacted.make(String(json.access_token)))).status, 200)
        yield* simulator.registerClient({ ...defaultClient, scopes: ["offline_access"] })
        const poor = (yield* keyAlone()).json.access_token
        strictEqual((yield* users(Redacted.make(String(poor)))).status, 403)
        yield* simulator.forgetClient(defaultClient.clientId)
        strictEqual((yield* keyAlone()).status, 200)
      }).pipe(
        Effect.provide(
          layer({
            clients: [
              { ...defaultClient, tokenLifetime: "2 minutes" },
              { ...defaultClient, clientId: "second", scopes: [] }
            ]
          })
        )
      )
  )

  it.effect("issues tokens on any area host for the tenants of all areas", () =>
    Effect.gen(function* () {
      const { apiOrigin } = yield* placed()
      const { json } = yield* keyAlone(goodKey, otherTenant.tenantId)
      strictEqual(claimsOf(json.access_token).tenantId, defaultTenant.tenantId)
      strictEqual((yield* usersAt(apiOrigin, Redacted.make(String(json.access_token)))).status, 200)
    }).pipe(Effect.provide(layer(twoAreas)))
  )

  it.effect("refuses a bad key with 401, in the shape of UserHub", () =>
    Effect.gen(function* () {
      const unknown = yield* keyAlone({ ...goodKey, accessKeyId: "OTHER====" })
      const another = yield* keyAlone({ ...goodKey, accessKeySecret: "OTHER====" })
      for (const { headers, json, status, text } of [unknown, another]) {
        const { message, traceId, ...rest } = json
        strictEqual(status, 401)
        deepStrictEqual(rest, { statusCode: 401 })
        assertTrue(typeof message === "string" && typeof traceId === "string" && traceId.length > 0)
        strictEqual(headers["www-authenticate"], undefined)
        assertTrue(!text.includes(keySecret) && !text.includes(goodKey.accessKeyId))
      }
      assertTrue(unknown.json.traceId !== another.json.traceId)
    }).pipe(Effect.provide(layer()))
  )

  const malformed: ReadonlyArray<readonly [what: string, request: Parameters<typeof post>]> = [
    ["a body that isn't JSON", ["{"]],
    ["an empty body", [""]],
    ["a JSON string", [JSON.stringify(keySecret)]],
    ["a missing id", [JSON.stringify({ accessKeySecret: keySecret })]],
    ["an empty id", [JSON.stringify({ ...goodKey, accessKeyId: "" })]],
    ["an empty secret", [JSON.stringify({ ...goodKey, accessKeySecret: "" })]],
    ["a secret that isn't a string", [JSON.stringify({ ...goodKey, accessKeySecret: [keySecret] })]],
    ["a form", [new URLSearchParams(goodKey).toString(), "application/x-www-form-urlencoded"]],
    ["JSON with the content type of a form", [JSON.stringify(goodKey), "application/x-www-form-urlencoded"]]
  ]

  it.effect.each(malformed.map(([what, request]) => ({ what, request })))("refuses $what with 400", ({ request }) =>
    Effect.gen(function* () {
      const { json, status, text } = yield* post(...request)
      strictEqual(status, 400)
      strictEqual(json.statusCode, 400)
      strictEqual(typeof json.message, "string")
      assertTrue(!text.includes(keySecret))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses any method but POST, and any other path of its host", () =>
    Effect.gen(function* () {
      const { areaOrigin } = yield* placed()
      const read405 = yield* read(HttpClientRequest.get(new URL(path, areaOrigin)))
      strictEqual(read405.status, 405)
      strictEqual(read405.headers.allow, "POST")
      const token = Redacted.make(String((yield* keyAlone()).json.access_token))
      for (const url of ["/", "/oauth/token", "/auth/token", "/api/v2/users/me", `${path}/`]) {
        const answer = yield* HttpClientRequest.post(new URL(url, areaOrigin)).pipe(
          HttpClientRequest.bearerToken(token),
          read
        )
        strictEqual(answer.status, 404)
        strictEqual(answer.json.statusCode, 404)
      }
    }).pipe(Effect.provide(layer()))
  )
})
