import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { defaultClient, type SimulatorOptions } from "cxone-auth-testkit"
import { Effect, Redacted } from "effect"
import {
  basic,
  exchange,
  goodForm,
  goodKey,
  keyAlone,
  keyExchange,
  keyForm,
  modes,
  secret
} from "../support/Harness.js"

/** One successful answer from each token route. */
const answers = Effect.all([exchange(), keyExchange(), keyAlone()])

/** One refusal from each token route. */
const refusals = Effect.all([
  exchange({ ...goodForm, client_id: "other" }),
  keyExchange({ ...keyForm, username: "OTHER====" }),
  keyAlone({ ...goodKey, accessKeyId: "OTHER====" })
])

describe.each(modes)("Quirks $name", ({ layer }) => {
  const fields = (options: SimulatorOptions) =>
    answers.pipe(
      Effect.map((all) => all.map(({ json }) => Object.keys(json).sort())),
      Effect.provide(layer(options))
    )

  it.effect(
    "with `answer: camelCase`, every token route answers with only the four fields that CXone's own clients read",
    () =>
      Effect.gen(function* () {
        const key = ["accessToken", "accessTokenExpiry", "idToken", "refreshToken"]
        deepStrictEqual(yield* fields({ quirks: { answer: "camelCase" } }), [
          ["accessToken", "accessTokenExpiry"],
          key,
          key
        ])
      })
  )

  it.effect("with `answer: array`, every token route puts the same answer into an array", () =>
    Effect.gen(function* () {
      for (const { text } of yield* answers) {
        const [only, ...more] = JSON.parse(text)
        strictEqual(typeof only.access_token, "string")
        strictEqual(only.expires_in, 3600)
        deepStrictEqual(more, [])
      }
    }).pipe(Effect.provide(layer({ quirks: { answer: "array" } })))
  )

  it.effect("`expiresIn` applies to every token route and every shape of the answer", () =>
    Effect.gen(function* () {
      for (const [answer, field] of [
        ["snake_case", "expires_in"],
        ["camelCase", "accessTokenExpiry"]
      ] as const) {
        const expiries = (expiresIn: "string" | "omitted") =>
          answers.pipe(
            Effect.map((all) => all.map(({ json }) => json[field])),
            Effect.provide(layer({ expiresIn, quirks: { answer } }))
          )
        deepStrictEqual(yield* expiries("string"), ["3600", "3600", "3600"])
        deepStrictEqual(yield* expiries("omitted"), [undefined, undefined, undefined])
      }
    })
  )

  it.effect("with `idToken: omitted`, no token route answers with an id_token", () =>
    Effect.gen(function* () {
      for (const answer of ["snake_case", "camelCase"] as const) {
        const all = yield* fields({ quirks: { idToken: "omitted", answer } })
        assertTrue(all.every((names) => !names.includes("id_token") && !names.includes("idToken")))
        assertTrue(all.slice(1).every((names) => names.some((name) => /refresh/.test(name))))
      }
    })
  )

  it.effect("with `refreshToken: omitted`, no token route answers with a refresh token", () =>
    Effect.gen(function* () {
      for (const answer of ["snake_case", "camelCase"] as const) {
        const all = yield* fields({ quirks: { refreshToken: "omitted", answer } })
        assertTrue(all.every((names) => !names.some((name) => /refresh/.test(name))))
        assertTrue(all.slice(1).every((names) => names.some((name) => /id_?token/i.test(name))))
      }
    })
  )

  it.effect("`errors` sets the shape of every error on every token route", () =>
    Effect.gen(function* () {
      const codes = ["invalid_client", "invalid_grant", "invalid_grant"]
      const refused = (errors: "snake_case" | "camelCase" | "object") =>
        refusals.pipe(
          Effect.map((all) =>
            all.map(({ json, status }) => {
              strictEqual(status, 401)
              return json
            })
          ),
          Effect.provide(layer({ quirks: { errors } }))
        )
      for (const [errors, field] of [
        ["snake_case", "error_description"],
        ["camelCase", "errorDescription"]
      ] as const) {
        const all = yield* refused(errors)
        deepStrictEqual(
          all.map((json) => [Object.keys(json), json.error, typeof json[field]]),
          codes.map((code) => [["error", field], code, "string"])
        )
      }
      deepStrictEqual(
        (yield* refused("object")).map((json) => [
          Object.keys(json),
          JSON.stringify(json.error).replace(/("message":)"[^"]+"/, "$1…")
        ]),
        codes.map((code) => [["error"], `{"code":"${code}","message":…}`])
      )
    })
  )

  it.effect("`errors` also sets the shape if a parameter is missing", () =>
    Effect.gen(function* () {
      const form = yield* keyExchange({ ...keyForm, username: "" })
      deepStrictEqual(form.json, {
        error: "invalid_request",
        errorDescription: "Missing required body parameters"
      })
      strictEqual((yield* keyAlone({})).json.error, "invalid_request")
    }).pipe(Effect.provide(layer({ quirks: { errors: "camelCase" } })))
  )

  it.effect("with `basic: raw`, Basic credentials are accepted both encoded and not encoded", () => {
    const proofs = [secret, encodeURIComponent(secret)].map((text) => basic(`${defaultClient.clientId}:${text}`))
    const statuses = (options: SimulatorOptions) =>
      Effect.forEach(proofs, (proof) =>
        Effect.map(
          Effect.all([
            exchange({ grant_type: "client_credentials", client_id: defaultClient.clientId }, proof),
            keyExchange(
              { grant_type: "password", username: goodKey.accessKeyId, password: goodKey.accessKeySecret },
              proof
            )
          ]),
          (all) => all.map(({ status }) => status)
        )
      ).pipe(Effect.provide(layer(options)))
    return Effect.gen(function* () {
      deepStrictEqual(yield* statuses({ quirks: { basic: "raw" } }), [
        [200, 200],
        [200, 200]
      ])
      deepStrictEqual(yield* statuses({}), [
        [401, 401],
        [200, 200]
      ])
      // This secret can be form-decoded, but the result differs from it.
      const clients = [{ ...defaultClient, clientSecret: Redacted.make("a+b%20c") }] as const
      const plus = exchange({ grant_type: "client_credentials" }, basic(`${defaultClient.clientId}:a+b%20c`))
      const status = (options: SimulatorOptions) =>
        Effect.map(Effect.provide(plus, layer({ clients, ...options })), (answer) => answer.status)
      strictEqual(yield* status({ quirks: { basic: "raw" } }), 200)
      strictEqual(yield* status({}), 401)
    })
  })

  it.effect("with `basic: raw`, a wrong secret is still refused", () =>
    Effect.gen(function* () {
      const answer = yield* exchange({ grant_type: "client_credentials" }, basic(`${defaultClient.clientId}:other%`))
      strictEqual(answer.json.error, "invalid_client")
    }).pipe(Effect.provide(layer({ quirks: { basic: "raw" } })))
  )
})
