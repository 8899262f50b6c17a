import { createPublicKey, type JsonWebKey, verify } from "node:crypto"
import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect } from "effect"
import { exchange, get, keyAlone, keyExchange, modes, placed, read, refreshForm } from "../support/Harness.js"

/** What an app finds: it follows `jwks_uri`, as NICE's SDK does. */
const keys = Effect.gen(function* () {
  const { origin } = yield* CxoneSimulator
  const { json } = yield* get("/.well-known/openid-configuration", origin)
  const answer = yield* get(String(json.jwks_uri), origin)
  strictEqual(answer.status, 200)
  strictEqual(answer.headers["content-type"], "application/json")
  return answer.json.keys as ReadonlyArray<JsonWebKey & { readonly kid: string }>
})

const headerOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split(".")[0] ?? "", "base64url").toString())

const isSignedBy = (key: JsonWebKey, token: unknown): boolean => {
  const [header, claims, signature = ""] = String(token).split(".")
  const publicKey = createPublicKey({ key, format: "jwk" })
  return verify("RSA-SHA256", Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, "base64url"))
}

describe.each(modes)("JwksRoute $name", ({ layer }) => {
  it.effect("serves one public key of 2048 bits for RS256, without a token", () =>
    Effect.gen(function* () {
      const [key, ...more] = yield* keys
      deepStrictEqual(more, [])
      const { e, n, ...rest } = key ?? {}
      // Nothing of the private key is there.
      deepStrictEqual(rest, { kty: "RSA", kid: "default", use: "sig", alg: "RS256" })
      strictEqual(e, "AQAB")
      strictEqual(Buffer.from(n ?? "", "base64url").length, 256)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("the key verifies every JWT that the simulator issues", () =>
    Effect.gen(function* () {
      const byKey = (yield* keyExchange()).json
      const alone = (yield* keyAlone()).json
      const refreshed = (yield* keyExchange(refreshForm(byKey.refresh_token))).json
      const { access_token: ofClient } = (yield* exchange()).json
      const [key = {}] = yield* keys
      const jwts = [
        ...[byKey, refreshed].flatMap((json) => [json.access_token, json.id_token, json.refresh_token]),
        ...[alone.access_token, alone.id_token, ofClient]
      ]
      strictEqual(new Set(jwts).size, 9)
      for (const jwt of jwts) {
        strictEqual(headerOf(jwt).alg, "RS256")
        assertTrue(isSignedBy(key, jwt))
      }
      const [header, , signature] = String(byKey.id_token).split(".")
      assertTrue(!isSignedBy(key, `${header}.${String(alone.id_token).split(".")[1]}.${signature}`))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("the header of an id_token names the key, and that of an access token of an access key does not", () =>
    Effect.gen(function* () {
      const [key] = yield* keys
      for (const { json } of [yield* keyExchange(), yield* keyAlone()]) {
        strictEqual(headerOf(json.id_token).kid, key?.kid)
        deepStrictEqual(headerOf(json.access_token), { alg: "RS256", typ: "JWT" })
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("counts as discovery, answers only reads, and is on the identity host alone", () =>
    Effect.gen(function* () {
      const { origin, requestsTo } = yield* CxoneSimulator
      const posted = yield* read(HttpClientRequest.post(new URL("/auth/jwks", origin)))
      strictEqual(posted.status, 405)
      strictEqual(posted.headers.allow, "GET, HEAD")
      strictEqual((yield* requestsTo("discovery")).length, 1)
      const { apiOrigin, areaOrigin } = yield* placed()
      strictEqual((yield* get("/auth/jwks", areaOrigin)).status, 404)
      strictEqual((yield* get("/auth/jwks", apiOrigin)).status, 401)
    }).pipe(Effect.provide(layer()))
  )
})
