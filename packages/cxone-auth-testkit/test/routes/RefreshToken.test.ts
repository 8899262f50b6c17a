import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { CxoneSimulator, defaultClient, defaultTenant } from "cxone-auth-testkit"
import { Effect, Redacted, TestClock } from "effect"
import {
  basic,
  claimsOf,
  defaultKey,
  goodKey,
  keyAlone,
  keyExchange,
  modes,
  otherTenant,
  placed,
  refreshAlone,
  refreshForm,
  secret,
  twoAreas,
  users,
  usersAt
} from "../support/Harness.js"

const other = { ...defaultClient, clientId: "other" }

/**
 * The two services that refresh tokens. Each gets tokens with the default access key, and refreshes them.
 */
const services = [
  {
    service: "at /auth/token",
    issued: Effect.map(keyExchange(), ({ json }) => json.refresh_token),
    refresh: (token: unknown) =>
      Effect.map(keyExchange(refreshForm(token)), ({ json, ...answer }) => ({
        ...answer,
        json,
        access: Redacted.make(String(json.access_token)),
        next: json.refresh_token
      })),
    isInvalidGrant: (json: Record<string, unknown>) => json.error === "invalid_grant"
  },
  {
    service: "at UserHub",
    issued: Effect.map(keyAlone(), ({ json }) => json.refresh_token),
    refresh: (token: unknown) =>
      Effect.map(refreshAlone({ token }), ({ json, ...answer }) => ({
        ...answer,
        json,
        access: Redacted.make(String(json.token)),
        next: json.refreshToken
      })),
    isInvalidGrant: (json: Record<string, unknown>) => json.statusCode === 401 && typeof json.traceId === "string"
  }
] as const

describe.each(modes.flatMap((mode) => services.map((service) => ({ ...mode, ...service }))))(
  "a refresh token $service, $name",
  ({ isInvalidGrant, issued, layer, refresh }) => {
    const refused = (token: unknown) =>
      Effect.map(refresh(token), ({ json, status, text }) => {
        strictEqual(status, 401)
        assertTrue(isInvalidGrant(json))
        assertTrue(!text.includes(String(token)))
      })

    it.effect("gets a new access token and a new refresh token, again and again", () =>
      Effect.gen(function* () {
        const first = yield* issued
        const second = yield* refresh(first)
        strictEqual(second.status, 200)
        strictEqual(second.headers["cache-control"], "no-store")
        strictEqual((yield* users(second.access)).status, 200)
        const third = yield* refresh(second.next)
        strictEqual(new Set([first, second.next, third.next]).size, 3)
        const { apiOrigin } = yield* placed()
        strictEqual((yield* usersAt(apiOrigin, third.access)).status, 200)
        // The earlier access token stays valid.
        strictEqual((yield* users(second.access)).status, 200)
      }).pipe(Effect.provide(layer()))
    )

    it.effect("can be used once, also by two requests at the same time", () =>
      Effect.gen(function* () {
        const token = yield* issued
        const answers = yield* Effect.all([refresh(token), refresh(token)], { concurrency: "unbounded" })
        deepStrictEqual(answers.map(({ status }) => status).sort(), [200, 401])
        yield* refused(token)
      }).pipe(Effect.provide(layer()))
    )

    it.effect("is accepted up to the last millisecond of two hours, when its access token has long ended", () =>
      Effect.gen(function* () {
        const [early, late] = [yield* issued, yield* issued]
        yield* TestClock.setTime(7_199_999)
        strictEqual((yield* refresh(early)).status, 200)
        yield* TestClock.adjust("1 millis")
        yield* refused(late)
      }).pipe(Effect.provide(layer()))
    )

    it.effect("is refused if it is unknown, revoked, or an access token", () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        yield* refused("made-up")
        const [one, two] = [yield* issued, yield* issued]
        yield* simulator.revoke(Redacted.make(String(one)))
        yield* refused(one)
        const { access, next } = yield* refresh(two)
        yield* refused(Redacted.value(access))
        yield* simulator.revokeAll
        yield* refused(next)
        const last = yield* issued
        yield* simulator.reset
        yield* refused(last)
      }).pipe(Effect.provide(layer()))
    )

    it.effect("is refused if its access key was deactivated or replaced", () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        const [one, two] = [yield* issued, yield* issued]
        yield* simulator.deactivateAccessKey(defaultKey.accessKeyId)
        yield* refused(one)
        const rotated = { accessKeyId: "NEW====", accessKeySecret: Redacted.make("NEWSECRET====") }
        yield* simulator.registerTenant({ ...defaultTenant, accessKeys: [rotated] })
        yield* refused(two)
      }).pipe(Effect.provide(layer()))
    )
  }
)

describe.each(modes)("a refresh at /auth/token $name", ({ layer }) => {
  it.effect("is answered as the access key is, for the same tenant and user", () =>
    Effect.gen(function* () {
      const first = (yield* keyExchange()).json
      yield* TestClock.setTime(1_000_000)
      const second = (yield* keyExchange({ ...refreshForm(first.refresh_token), scope: "openid" })).json
      deepStrictEqual(Object.keys(second).sort(), Object.keys(first).sort())
      const { jti: _, ...before } = claimsOf(first.id_token)
      const { jti: __, ...after } = claimsOf(second.id_token)
      deepStrictEqual(after, { ...before, iat: 1000, exp: 4600 })
    }).pipe(Effect.provide(layer()))
  )

  it.effect("is authenticated by the client in either way, and refused to another client", () =>
    Effect.gen(function* () {
      const token = (yield* keyExchange()).json.refresh_token
      const { client_id: _, client_secret: __, ...noClient } = refreshForm(token)
      const anonymous = yield* keyExchange(noClient)
      strictEqual(`${anonymous.status} ${anonymous.json.error}`, "401 invalid_client")
      const byOther = yield* keyExchange({ ...refreshForm(token), client_id: other.clientId })
      strictEqual(`${byOther.status} ${byOther.json.error}`, "401 invalid_grant")
      // Neither of them used it up.
      const pair = `${encodeURIComponent(defaultClient.clientId)}:${encodeURIComponent(secret)}`
      strictEqual((yield* keyExchange(noClient, basic(pair))).status, 200)
    }).pipe(Effect.provide(layer({ clients: [defaultClient, other] })))
  )

  it.effect("is refused to a client that may not use the grant, and without the token", () =>
    Effect.gen(function* () {
      const token = (yield* keyExchange()).json.refresh_token
      const missing = yield* keyExchange(refreshForm(""))
      strictEqual(missing.status, 400)
      deepStrictEqual(missing.json, { message: "Missing required body parameters" })
      const simulator = yield* CxoneSimulator
      yield* simulator.registerClient({ ...defaultClient, grantTypes: ["password"] })
      strictEqual((yield* keyExchange(refreshForm(token))).json.error, "unauthorized_client")
      yield* simulator.forgetClient(defaultClient.clientId)
      strictEqual((yield* keyExchange(refreshForm(token))).json.error, "invalid_client")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("takes no refresh token of UserHub, and UserHub none of /auth/token", () =>
    Effect.gen(function* () {
      const [ofUserHub, ofIssuer] = [(yield* keyAlone()).json.refresh_token, (yield* keyExchange()).json.refresh_token]
      strictEqual((yield* keyExchange(refreshForm(ofUserHub))).json.error, "invalid_grant")
      strictEqual((yield* refreshAlone({ token: ofIssuer })).status, 401)
      strictEqual((yield* keyExchange(refreshForm(ofIssuer))).status, 200)
      strictEqual((yield* refreshAlone({ token: ofUserHub })).status, 200)
    }).pipe(Effect.provide(layer()))
  )
})

describe.each(modes)("a refresh at UserHub $name", ({ layer }) => {
  it.effect("is answered on any area host with the field names of UserHub, and without an id_token", () =>
    Effect.gen(function* () {
      const { refresh_token } = (yield* keyAlone()).json
      const { json } = yield* refreshAlone({ token: refresh_token }, otherTenant.tenantId)
      const { refreshToken, token, ...rest } = json
      deepStrictEqual(rest, { tokenExpirationTimeSec: 3600, refreshTokenExpirationTimeSec: 7200 })
      assertTrue(/^[\w-]{32}$/.test(String(refreshToken)))
      strictEqual(claimsOf(token).tenantId, defaultTenant.tenantId)
    }).pipe(Effect.provide(layer(twoAreas)))
  )

  it.effect("has the options of the other token routes", () =>
    Effect.gen(function* () {
      const fields = (options: Parameters<typeof layer>[0]) =>
        Effect.gen(function* () {
          const issued = (yield* keyAlone()).text.match(/"refresh_?[tT]oken":"([^"]+)"/)?.[1]
          return Object.keys(JSON.parse((yield* refreshAlone({ token: issued })).text)).sort()
        }).pipe(Effect.provide(layer(options)))
      deepStrictEqual(yield* fields({ expiresIn: "omitted" }), [
        "refreshToken",
        "refreshTokenExpirationTimeSec",
        "token"
      ])
      deepStrictEqual(yield* fields({ quirks: { answer: "camelCase" } }), [
        "accessToken",
        "accessTokenExpiry",
        "refreshToken"
      ])
      const camel = refreshAlone({ token: "made-up" }).pipe(Effect.provide(layer({ quirks: { errors: "camelCase" } })))
      strictEqual((yield* camel).json.error, "invalid_grant")
    })
  )

  it.effect("is refused with 400 if the body isn't JSON with the token", () =>
    Effect.gen(function* () {
      for (const body of [{}, { token: "" }, { token: 1 }, goodKey, "text"]) {
        const { json, status, text } = yield* refreshAlone(body)
        strictEqual(status, 400)
        strictEqual(json.statusCode, 400)
        assertTrue(!text.includes(goodKey.accessKeySecret))
      }
    }).pipe(Effect.provide(layer()))
  )
})
