import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultTenant } from "cxone-auth-testkit"
import { Effect, Redacted } from "effect"
import {
  claimsOf,
  defaultKey,
  get,
  keyAlone,
  keyExchange,
  mint,
  mintByKey,
  modes,
  placed,
  read
} from "../support/Harness.js"

const path = "/auth/userinfo"

const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` })

describe.each(modes)("Userinfo $name", ({ layer }) => {
  it.effect("answers the user of the access key to GET and POST; `sub` is that of the id_token", () =>
    Effect.gen(function* () {
      const { origin, requestsTo } = yield* CxoneSimulator
      for (const { json } of [yield* keyExchange(), yield* keyAlone()]) {
        const expected = {
          sub: claimsOf(json.id_token).sub,
          name: "Zoë Ångström-Łukasiewicz",
          given_name: "Zoë",
          family_name: "Ångström-Łukasiewicz",
          email: "test.user@example.com"
        }
        const headers = bearer(json.access_token)
        const got = yield* get(path, origin, headers)
        const posted = yield* HttpClientRequest.post(new URL(path, origin)).pipe(
          HttpClientRequest.setHeaders(headers),
          read
        )
        for (const answer of [got, posted]) {
          strictEqual(answer.status, 200)
          strictEqual(answer.headers["content-type"], "application/json")
          deepStrictEqual(answer.json, expected)
        }
      }
      strictEqual((yield* requestsTo("api")).length, 4)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("leaves out what the user lacks; without an id, the access key is the user", () =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      const { access_token } = (yield* keyExchange()).json
      const sub = `user:${defaultKey.accessKeyId}`
      deepStrictEqual((yield* get(path, origin, bearer(access_token))).json, { sub, name: "Plato" })
      strictEqual(claimsOf(access_token).sub, sub)
    }).pipe(
      Effect.provide(
        layer({ tenants: [{ ...defaultTenant, accessKeys: [{ ...defaultKey, user: { name: "Plato", age: 80 } }] }] })
      )
    )
  )

  it.effect("challenges a request without a token, and refuses a wrong or a client's own token", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const at = (headers: Record<string, string>) => get(path, simulator.origin, headers)
      const without = yield* at({})
      strictEqual(without.status, 401)
      strictEqual(without.headers["www-authenticate"], 'Bearer realm="cxone-simulator"')
      const revoked = yield* mintByKey()
      yield* simulator.revoke(revoked)
      for (const token of ["made-up", Redacted.value(revoked), Redacted.value(yield* mint())]) {
        const answer = yield* at(bearer(token))
        strictEqual(answer.status, 401)
        assertTrue(answer.headers["www-authenticate"]?.includes('error="invalid_token"') === true)
      }
      strictEqual((yield* at(bearer("two words"))).status, 400)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("answers other methods 405, and is on the identity host alone", () =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      const token = yield* mintByKey()
      const put = yield* HttpClientRequest.put(new URL(path, origin)).pipe(HttpClientRequest.bearerToken(token), read)
      strictEqual(put.status, 405)
      strictEqual(put.headers.allow, "GET, HEAD, POST")
      const headers = bearer(Redacted.value(token))
      strictEqual((yield* get(path, (yield* placed()).apiOrigin, headers)).status, 404)
      for (const logIn of ["/auth/authorize", "/auth/authorize/logout"]) {
        strictEqual((yield* get(logIn, origin)).status, 404)
      }
    }).pipe(Effect.provide(layer()))
  )
})
