import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultClient, defaultTenant } from "cxone-auth-testkit"
import { Effect, Random, Redacted } from "effect"
import {
  basic,
  claimsOf,
  exchange,
  goodForm,
  mint,
  modes,
  read,
  secret,
  tokenRequest,
  without
} from "../support/Harness.js"

const encode = (text: string) => new URLSearchParams([["", text]]).toString().slice(1)

describe.each(modes)("OAuthTokenRoute $name", ({ layer }) => {
  describe("issues a token", () => {
    it.effect("as RFC 6749 §5.1 says, to a client that sends its secret in the form", () =>
      Effect.gen(function* () {
        const answer = yield* exchange({ ...goodForm, scope: "read:users offline_access" })
        strictEqual(answer.status, 200)
        strictEqual(answer.headers["content-type"], "application/json")
        strictEqual(answer.headers["cache-control"], "no-store")
        strictEqual(answer.headers.pragma, "no-cache")
        deepStrictEqual(
          { ...answer.json, access_token: typeof answer.json.access_token },
          { access_token: "string", token_type: "Bearer", expires_in: 3600, scope: "read:users offline_access" }
        )
      }).pipe(Effect.provide(layer()))
    )

    it.effect("to a client that sends form-encoded Basic credentials", () =>
      Effect.gen(function* () {
        const pair = `${encode(defaultClient.clientId)}:${encode(secret)}`
        const answer = yield* exchange({ grant_type: "client_credentials" }, basic(pair))
        strictEqual(answer.status, 200)
        const again = yield* exchange(without("client_secret"), {
          authorization: basic(pair).authorization.replace("Basic", "basic")
        })
        strictEqual(again.status, 200)
      }).pipe(Effect.provide(layer()))
    )

    it.effect("to a client with any Unicode in its id and secret, by both methods", () => {
      const clientId = "büro:+%&= 東京"
      const clientSecret = "päss+wörd %3D=&🔑:\u0000"
      return Effect.gen(function* () {
        const post = yield* exchange({ ...goodForm, client_id: clientId, client_secret: clientSecret })
        strictEqual(post.status, 200)
        const header = basic(`${encode(clientId)}:${encode(clientSecret)}`)
        strictEqual((yield* exchange({ grant_type: "client_credentials" }, header)).status, 200)
      }).pipe(
        Effect.provide(layer({ clients: [{ clientId, clientSecret: Redacted.make(clientSecret), scopes: ["a"] }] }))
      )
    })

    it.effect("with all scopes of the client if it requests none", () =>
      Effect.gen(function* () {
        strictEqual((yield* exchange()).json.scope, defaultClient.scopes.join(" "))
        strictEqual((yield* exchange({ ...goodForm, scope: "" })).json.scope, defaultClient.scopes.join(" "))
      }).pipe(Effect.provide(layer()))
    )

    it.effect("that is a JWT with the client, the scope and the lifetime", () =>
      Effect.gen(function* () {
        const { access_token } = (yield* exchange({ ...goodForm, scope: "read:users" })).json
        const { origin } = yield* CxoneSimulator
        const { jti, ...claims } = claimsOf(access_token)
        deepStrictEqual(claims, {
          iss: origin,
          sub: defaultClient.clientId,
          tenantId: defaultTenant.tenantId,
          scope: "read:users",
          iat: 0,
          exp: 3600
        })
        assertTrue(typeof jti === "string" && jti.length > 0)
      }).pipe(Effect.provide(layer()))
    )

    it.effect("that is random with `tokenFormat: opaque`", () =>
      Effect.gen(function* () {
        const token = String((yield* exchange()).json.access_token)
        assertTrue(/^[\w-]{43}$/.test(token))
      }).pipe(Effect.provide(layer({ tokenFormat: "opaque" })))
    )

    it.effect("that differs each time, and is repeated only with the same seed", () => {
      const three = Effect.all([mint(), mint(), mint()]).pipe(
        Effect.map((tokens) => tokens.map(Redacted.value)),
        // The `Random` of a request must not matter, because it would make all three tokens the same.
        Effect.withRandom(Random.make("request"))
      )
      const seeded = (seed: string) =>
        three.pipe(Effect.provide(layer({ tokenFormat: "opaque" })), Effect.withRandom(Random.make(seed)))
      return Effect.gen(function* () {
        const first = yield* seeded("one")
        strictEqual(new Set(first).size, 3)
        deepStrictEqual(yield* seeded("one"), first)
        strictEqual(new Set([...first, ...(yield* seeded("two"))]).size, 6)
      })
    })

    it.effect("whose expires_in is a number, a string or omitted, as `expiresIn` says", () =>
      Effect.gen(function* () {
        const client = { ...defaultClient, tokenLifetime: "90.9 seconds" } as const
        const expiresIn = (form: "number" | "string" | "omitted") =>
          Effect.map(exchange(), ({ json }) => json.expires_in).pipe(
            Effect.provide(layer({ clients: [client], expiresIn: form }))
          )
        strictEqual(yield* expiresIn("number"), 90)
        strictEqual(yield* expiresIn("string"), "90")
        strictEqual(yield* expiresIn("omitted"), undefined)
      })
    )
  })

  describe("refuses", () => {
    const refusals: ReadonlyArray<
      readonly [
        what: string,
        request: Parameters<typeof exchange>,
        status: number,
        error: string,
        challenged?: "challenged"
      ]
    > = [
      ["a wrong secret", [{ ...goodForm, client_secret: "other" }], 401, "invalid_client"],
      ["an unknown client", [{ ...goodForm, client_id: "other" }], 401, "invalid_client"],
      ["a request without a secret", [without("client_secret")], 401, "invalid_client"],
      ["a request without a client", [{ grant_type: "client_credentials" }], 401, "invalid_client"],
      [
        "a wrong secret in the header",
        [{ grant_type: "client_credentials" }, basic(`${defaultClient.clientId}:other`)],
        401,
        "invalid_client",
        "challenged"
      ],
      [
        "a secret in the header that isn't form-encoded",
        [{ grant_type: "client_credentials" }, basic(`${defaultClient.clientId}:${secret}`)],
        401,
        "invalid_client",
        "challenged"
      ],
      [
        "a header that isn't base64",
        [{ grant_type: "client_credentials" }, { authorization: "Basic ???" }],
        401,
        "invalid_client",
        "challenged"
      ],
      [
        "a header without a colon",
        [{ grant_type: "client_credentials" }, basic("nobody")],
        401,
        "invalid_client",
        "challenged"
      ],
      ["a scheme that isn't Basic", [goodForm, { authorization: "Bearer abc" }], 400, "invalid_request"],
      ["two authentication methods at once", [goodForm, basic(`${defaultClient.clientId}:x`)], 400, "invalid_request"],
      [
        "a client_id that differs from the one in the header",
        [{ ...without("client_secret"), client_id: "other" }, basic(`${defaultClient.clientId}:x`)],
        400,
        "invalid_request"
      ],
      ["a missing grant type", [without("grant_type")], 400, "invalid_request"],
      ["an empty grant type", [{ ...goodForm, grant_type: "" }], 400, "invalid_request"],
      ["another grant type", [{ ...goodForm, grant_type: "password" }], 400, "unsupported_grant_type"],
      ["a scope that the client may not have", [{ ...goodForm, scope: "read:users admin" }], 400, "invalid_scope"],
      ["a scope in another case", [{ ...goodForm, scope: "Read:Users" }], 400, "invalid_scope"],
      ["scopes with two spaces between", [{ ...goodForm, scope: "read:users  offline_access" }], 400, "invalid_scope"],
      ["a repeated parameter", [`${new URLSearchParams(goodForm)}&scope=a&scope=a`], 400, "invalid_request"],
      ["JSON with the content type of a form", [JSON.stringify(goodForm)], 400, "invalid_request"],
      ["an empty form", [""], 400, "invalid_request"]
    ]

    it.effect.each(refusals.map(([what, ...rest]) => ({ what, rest })))("$what", ({ rest }) =>
      Effect.gen(function* () {
        const [request, status, error, challenged] = rest
        const answer = yield* exchange(...request)
        strictEqual(answer.status, status)
        strictEqual(answer.json.error, error)
        strictEqual(typeof answer.json.error_description, "string")
        strictEqual(answer.headers["cache-control"], "no-store")
        strictEqual(answer.headers["www-authenticate"], challenged && 'Basic realm="cxone-simulator", charset="UTF-8"')
        assertTrue(!answer.text.includes(secret))
      }).pipe(Effect.provide(layer()))
    )

    it.effect("a client that may not use the grant", () =>
      Effect.gen(function* () {
        const answer = yield* exchange()
        strictEqual(answer.status, 400)
        strictEqual(answer.json.error, "unauthorized_client")
      }).pipe(Effect.provide(layer({ clients: [{ ...defaultClient, grantTypes: ["password"] }] })))
    )

    it.effect("a client that is registered for the other authentication method", () => {
      const clients = [
        { ...defaultClient, clientId: "by-basic", authMethod: "basic" },
        { ...defaultClient, clientId: "by-post", authMethod: "post" }
      ] as const
      const byBasic = (clientId: string) =>
        exchange({ grant_type: "client_credentials" }, basic(`${clientId}:${encode(secret)}`))
      const byPost = (clientId: string) => exchange({ ...goodForm, client_id: clientId })
      return Effect.gen(function* () {
        strictEqual((yield* byBasic("by-basic")).status, 200)
        strictEqual((yield* byPost("by-post")).status, 200)
        for (const refused of [yield* byPost("by-basic"), yield* byBasic("by-post")]) {
          strictEqual(refused.status, 401)
          strictEqual(refused.json.error, "invalid_client")
        }
      }).pipe(Effect.provide(layer({ clients })))
    })

    it.effect("a JSON body, in the words of CXone", () =>
      Effect.gen(function* () {
        const answer = yield* (yield* tokenRequest).pipe(HttpClientRequest.bodyUnsafeJson(goodForm), read)
        strictEqual(answer.status, 400)
        deepStrictEqual(answer.json, {
          error: "invalid_request",
          error_description: "Missing required body parameters",
          hint: "The body must be application/x-www-form-urlencoded, not application/json"
        })
      }).pipe(Effect.provide(layer()))
    )

    it.effect("any method but POST", () =>
      Effect.gen(function* () {
        const answer = yield* (yield* tokenRequest).pipe(HttpClientRequest.setMethod("GET"), read)
        strictEqual(answer.status, 405)
        strictEqual(answer.headers.allow, "POST")
      }).pipe(Effect.provide(layer()))
    )
  })
})
