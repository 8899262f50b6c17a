/** What the simulator tells beside the words of CXone, so that a mistake in an app is found. */
import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultClient, type SimulatorOptions } from "cxone-auth-testkit"
import { Effect } from "effect"
import {
  basic,
  exchange,
  goodForm,
  goodKey,
  keyExchange,
  keyForm,
  modes,
  placed,
  read,
  secret
} from "../support/Harness.js"

/** Sends this text with each content type to each token route. */
const sendAll = (text: string, contentType: string) =>
  Effect.gen(function* () {
    const { environment, origin } = yield* CxoneSimulator
    const { areaOrigin } = yield* placed()
    const urls = [
      new URL(environment.tokenEndpoint),
      new URL("/auth/token", origin),
      new URL("/authentication/v1/token/access-key", areaOrigin),
      new URL("/public/user/refresh", areaOrigin)
    ]
    return yield* Effect.forEach(urls, (url) =>
      HttpClientRequest.post(url).pipe(HttpClientRequest.bodyText(text, contentType), read)
    )
  })

const raw = basic(`${defaultClient.clientId}:${secret}`)
const grant = { grant_type: "client_credentials" }

describe.each(modes)("hints $name", ({ layer }) => {
  it.effect("each token route names the content type that it needs", () =>
    Effect.gen(function* () {
      const answers = yield* sendAll(JSON.stringify({ ...goodKey, ...keyForm }), "text/plain; charset=utf-8")
      const form = "The body must be application/x-www-form-urlencoded, not text/plain"
      const json = "The body must be application/json, not text/plain"
      deepStrictEqual(
        answers.map((answer) => [answer.status, answer.json.hint]),
        [
          [400, form],
          [400, form],
          [400, json],
          [400, json]
        ]
      )
      assertTrue(answers.every(({ text }) => !text.includes(goodKey.accessKeySecret) && !text.includes(secret)))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("the words of CXone stay as they are, in every shape of errors", () =>
    Effect.gen(function* () {
      const [, answer] = yield* sendAll("{}", "application/json")
      deepStrictEqual(Object.keys(answer?.json ?? {}), ["message", "hint"])
      const keys = (errors: "snake_case" | "camelCase" | "object") =>
        sendAll("", "text/plain").pipe(
          Effect.map((all) => all.map(({ json }) => Object.keys(json).at(-1))),
          Effect.provide(layer({ quirks: { errors } }))
        )
      for (const errors of ["snake_case", "camelCase", "object"] as const) {
        deepStrictEqual(yield* keys(errors), ["hint", "hint", "hint", "hint"])
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("Basic credentials that would match if they were form-encoded are called so", () =>
    Effect.gen(function* () {
      const key = { grant_type: "password", username: goodKey.accessKeyId, password: goodKey.accessKeySecret }
      for (const { json, status, text } of [yield* exchange(grant, raw), yield* keyExchange(key, raw)]) {
        strictEqual(`${status} ${json.error}`, "401 invalid_client")
        assertTrue(String(json.hint).startsWith("The Basic credentials are not form-encoded (RFC 6749 §2.3.1)"))
        assertTrue(!text.includes(secret) && !text.includes(defaultClient.clientId))
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("other refusals have no hint", () =>
    Effect.gen(function* () {
      const hint = (request: typeof raw, options: SimulatorOptions = {}) =>
        Effect.map(Effect.provide(exchange(grant, request), layer(options)), ({ json, status }) => [status, json.hint])
      deepStrictEqual(yield* hint(basic(`${defaultClient.clientId}:other%`)), [401, undefined])
      deepStrictEqual(yield* hint(basic(`other:${secret}`)), [401, undefined])
      // With `post`, the encoding is not what is wrong.
      deepStrictEqual(yield* hint(raw, { clients: [{ ...defaultClient, authMethod: "post" }] }), [401, undefined])
      strictEqual((yield* exchange({ ...goodForm, scope: "admin" })).json.hint, undefined)
    }).pipe(Effect.provide(layer()))
  )
})
