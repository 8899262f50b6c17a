/** A row for each answer and request that docs/cxone-facts.md lists. */
import { describe, expect, it } from "@effect/vitest"
import {
  type AccessToken,
  ClientAuth,
  Credentials,
  CxoneAuth,
  type CxoneAuthError,
  CxoneEnvironment,
  CxoneHttpClient
} from "cxone-auth"
import { Effect, Encoding, Fiber, Layer, Redacted, TestClock } from "effect"
import * as Fake from "../support/FakeCxone.js"
import { json, type Sent, scripted } from "../support/ScriptedHttpClient.js"

const clientId = "reports+job"
const clientSecret = "c/l+i=e:n%t £"
const accessKeyId = "K3Y+1/D===="
const accessKeySecret = "k/e+y=s:e%c £===="

const client = { clientId, clientSecret: Redacted.make(clientSecret) }
const key = { accessKeyId, accessKeySecret: Redacted.make(accessKeySecret) }

const ways = {
  client: {
    credentials: Credentials.clientSecret(client),
    environment: CxoneEnvironment.custom({ tokenEndpoint: `${Fake.issuer}/auth/token`, apiBaseUrl: Fake.apiHost })
  },
  four: { credentials: Credentials.accessKey({ ...client, ...key }), environment: CxoneEnvironment.discover() },
  fourByPost: {
    credentials: Credentials.accessKey({ ...client, ...key, clientAuth: ClientAuth.post }),
    environment: CxoneEnvironment.discover()
  },
  two: { credentials: Credentials.accessKeyOnly(key), environment: CxoneEnvironment.area("na1") }
}

type Way = keyof typeof ways

/** Runs an effect in an app with this way in, for up to five minutes by the clock. */
const inWay = <A, E>(
  way: Way,
  others: Parameters<typeof Fake.play>[0],
  effect: Effect.Effect<A, E, CxoneAuth | CxoneHttpClient>
) =>
  Effect.gen(function* () {
    const { layer, sent } = yield* scripted(Fake.play(others))
    const app = CxoneHttpClient.layer().pipe(Layer.provideMerge(CxoneAuth.layer(ways[way])), Layer.provide(layer))
    const fiber = yield* Effect.fork(Effect.provide(effect, app))
    yield* TestClock.adjust("5 minutes")
    return { result: yield* Fiber.join(fiber), sent: yield* sent }
  })

const accessToken = Effect.flatMap(CxoneAuth, (auth) => auth.accessToken)
const apiCall = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/x"))

const tokenFrom = (answer: () => Response, way: Way = "four") =>
  Effect.map(inWay(way, { token: answer }, accessToken), ({ result }): AccessToken => result)

const errorFrom = (answer: () => Response, way: Way = "four") =>
  Effect.map(inWay(way, { token: answer }, Effect.flip(accessToken)), ({ result }): CxoneAuthError => result)

const lifetimeOf = ({ expiresAt, obtainedAt }: AccessToken) => (expiresAt - obtainedAt) / 1000

const value = Fake.jwt({ iss: Fake.oldHost, tenantId: "tenant-1" })
const idToken = Fake.jwt({ iss: Fake.issuer, tenantId: "tenant-1" })

describe("docs/cxone-facts.md: every answer with a token gives that token", () => {
  const full = { token_type: "Bearer", refresh_token: "r", id_token: idToken, issued_token_type: "urn:x" }
  const rows: ReadonlyArray<readonly [row: string, body: unknown, lifetime: number]> = [
    ["/auth/token: all fields, expires_in a number", { access_token: value, expires_in: 3600, ...full }, 3600],
    ["/auth/token: expires_in a string", { access_token: value, expires_in: "1800", ...full }, 1800],
    ["/auth/token: refresh_token, expires_in and token_type missing", { access_token: value, id_token: idToken }, 3600],
    ["/auth/token: id_token missing", { access_token: value, token_type: "Bearer", expires_in: 3600 }, 3600],
    [
      "UserHub access-key: no token_type",
      { access_token: value, expires_in: 3590, refresh_token: "r", id_token: idToken },
      3590
    ],
    [
      "UserHub refresh: token, tokenExpirationTimeSec",
      { token: value, refreshToken: "r", refreshTokenExpirationTimeSec: 7200, tokenExpirationTimeSec: 3591 },
      3591
    ],
    [
      "UserHub regional: accessToken, accessTokenExpiry",
      { accessToken: value, accessTokenExpiry: 3592, tenantId: "tenant-1" },
      3592
    ],
    [
      "legacy Token: token_type bearer in lower case, and fields of its own",
      {
        access_token: value,
        token_type: "bearer",
        expires_in: 3593,
        resource_server_base_uri: "https://x.example",
        agent_id: 1
      },
      3593
    ],
    [
      "legacy whoami: numbers as strings",
      { access_token: value, token_type: "bearer", expires_in: "3599", agent_id: "1" },
      3599
    ],
    [
      "NICE's own parser: camel case",
      { accessToken: value, accessTokenExpiry: 1200, refreshToken: "r", idToken },
      1200
    ],
    ["a proxy: wrapped in an array of one", [{ access_token: value, expires_in: 3600 }], 3600]
  ]
  it.effect.each(rows)("%s", ([_, body, lifetime]) =>
    Effect.gen(function* () {
      const token = yield* tokenFrom(() => json(body))
      expect(Redacted.value(token.value)).toBe(value)
      expect(lifetimeOf(token)).toBe(lifetime)
      expect(token.tenant?.tenantId).toBe("tenant-1")
    })
  )

  it.effect("NICE's own parser: the tenant's issuer is in idToken", () =>
    Effect.gen(function* () {
      const token = yield* tokenFrom(() => json({ accessToken: "opaque", idToken }))
      expect(token.tenant).toEqual({ tenantId: "tenant-1", issuer: Fake.issuer })
    })
  )

  it.effect("L8: expires_in missing: the JWT's exp counts", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000_000)
      const jwt = Fake.jwt({ iat: 1_000_000, exp: 1_000_900 })
      expect(lifetimeOf(yield* tokenFrom(() => json({ access_token: jwt })))).toBe(900)
    })
  )

  it.effect("claims in base64url with names that are not ASCII", () =>
    Effect.gen(function* () {
      const claims = { tenantId: "tenant-1", name: "Zoë ÿ🙂 東京 ~~~???>>>", icBUId: -5 }
      const token = yield* tokenFrom(() => json({ access_token: Fake.jwt(claims) }))
      expect(token.claims).toMatchObject({ _tag: "Some", value: claims })
    })
  )

  it.effect("an id token that cannot be read does not fail the exchange", () =>
    Effect.gen(function* () {
      for (const id_token of [42, {}, null, "junk", "a.b.c"]) {
        const token = yield* tokenFrom(() => json({ access_token: value, id_token }))
        expect(token.tenant).toEqual({ tenantId: "tenant-1" })
      }
    })
  )
})

describe("docs/cxone-facts.md: every refusal of the token endpoint says what to do", () => {
  const registration = ["CXONE_CLIENT_ID", "already percent-encoded", "app registration"]
  const employee = ["CXONE_ACCESS_KEY_ID", "====", "employee"]
  const status = (code: number) => ({ status: code })
  const html = (title: string) => `<!DOCTYPE html><html><head><title>${title}</title></head></html>`

  const rows: ReadonlyArray<
    readonly [row: string, way: Way, answer: () => Response, tag: string, says: ReadonlyArray<string>]
  > = [
    [
      "/auth/token, bad client: 401 invalid_client",
      "four",
      () => json({ error: "invalid_client" }, status(401)),
      "InvalidClient",
      registration
    ],
    [
      "/auth/token, not yet approved: with error_description",
      "four",
      () => json({ error: "invalid_client", error_description: "not approved" }, status(401)),
      "InvalidClient",
      [...registration, "not approved"]
    ],
    [
      "/auth/token, bad or revoked access key: 401 invalid_grant",
      "four",
      () => json({ error: "invalid_grant" }, status(401)),
      "InvalidClient",
      employee
    ],
    [
      "/auth/token, invalid_grant with 400, as RFC 6749 has it",
      "four",
      () => json({ error: "invalid_grant" }, status(400)),
      "InvalidClient",
      employee
    ],
    [
      "/auth/token, JSON body: Missing required body parameters",
      "four",
      () => json({ message: "Missing required body parameters" }, status(400)),
      "InvalidTokenResponse",
      ["Missing required body parameters"]
    ],
    [
      "/auth/token, unknown grant",
      "four",
      () => json({ error: "unsupported_grant_type" }, status(400)),
      "InvalidClient",
      ["password grant"]
    ],
    [
      "global auth: error and errorDescription, camel case",
      "four",
      () => json({ error: "invalid_client", errorDescription: "Client is inactive" }, status(401)),
      "InvalidClient",
      [...registration, "Client is inactive"]
    ],
    [
      "global auth: only errorDescription",
      "four",
      () => json({ errorDescription: "Client is inactive" }, status(401)),
      "InvalidClient",
      ["Client is inactive"]
    ],
    [
      "legacy token server: plain text",
      "four",
      () => new Response("Client application 'app@vendor' not authorized for user", status(401)),
      "InvalidClient",
      ["app@vendor"]
    ],
    [
      "ACD API: empty body, text in icStatusDescription",
      "four",
      () => new Response("", { status: 401, headers: { icStatusDescription: "Key is inactive" } }),
      "InvalidClient",
      ["Key is inactive"]
    ],
    [
      "error as an object",
      "four",
      () => json({ error: { code: "invalid_grant", message: "Key is revoked" } }, status(401)),
      "InvalidClient",
      [...employee, "Key is revoked"]
    ],
    [
      "UserHub: message, statusCode, traceId, exception",
      "two",
      () =>
        json({ message: "Invalid access key", statusCode: 401, traceId: "t", exception: { type: "X" } }, status(401)),
      "InvalidClient",
      [...employee, "Invalid access key"]
    ],
    [
      "teams: message, detailedMessage, httpCode",
      "two",
      () => json({ message: "Unauthorized", detailedMessage: "Key was deleted", httpCode: 401 }, status(401)),
      "InvalidClient",
      [...employee, "Key was deleted"]
    ],
    [
      "wrapped in an array of one",
      "four",
      () => json([{ error: "invalid_grant" }], status(401)),
      "InvalidClient",
      employee
    ],
    [
      "401 with an empty body, for an access key alone",
      "two",
      () => new Response(null, status(401)),
      "InvalidClient",
      employee
    ],
    [
      "401 with an empty body, for a client with an access key",
      "four",
      () => new Response(null, status(401)),
      "InvalidClient",
      registration
    ],
    ["403", "four", () => json({ message: "Forbidden" }, status(403)), "InvalidTokenResponse", ["403", "Forbidden"]],
    [
      "wrong host for the path: 404",
      "four",
      () => new Response(html("Not Found"), status(404)),
      "InvalidTokenResponse",
      ["404", "an HTML page, Not Found", "CXONE_ISSUER"]
    ],
    [
      "report download: 200 with errorMessage",
      "two",
      () => json({ errorMessage: "Key is inactive" }),
      "InvalidTokenResponse",
      ["Key is inactive"]
    ],
    ["200 with invalid_client", "four", () => json({ error: "invalid_client" }), "InvalidClient", registration],
    [
      "missing Accept header: 200 with text",
      "four",
      () => new Response("No known way to render data"),
      "InvalidTokenResponse",
      ["not a JSON object"]
    ],
    ["many calls: 204", "four", () => new Response(null, status(204)), "InvalidTokenResponse", ["204"]],
    [
      "proxy page: HTML with 200",
      "four",
      () => new Response(html("Sign in")),
      "InvalidTokenResponse",
      ["no proxy answers in its place"]
    ],
    [
      "gateway page: HTML with 503",
      "four",
      () => new Response(html("Down for maintenance"), status(503)),
      "TokenEndpointUnavailable",
      ["503", "4 attempts", "Down for maintenance"]
    ],
    ["429 without Retry-After", "four", () => new Response("", status(429)), "RateLimited", ["429"]],
    [
      "429 with Retry-After",
      "four",
      () => new Response("", { status: 429, headers: { "retry-after": "300" } }),
      "RateLimited",
      ["5m"]
    ]
  ]
  it.effect.each(rows)("%s", ([_, way, answer, tag, says]) =>
    Effect.gen(function* () {
      const error = yield* errorFrom(answer, way)
      expect(error._tag).toBe(tag)
      for (const part of says) expect(error.message).toContain(part)
    })
  )

  it.effect("S2: an answer with an invalid token is not quoted, even if it has an errorMessage", () =>
    Effect.gen(function* () {
      for (const name of ["access_token", "accessToken", "token"]) {
        const body = { [name]: "no token", errorMessage: "a remark", tokenExpirationTimeSec: 3600 }
        const error = yield* errorFrom(() => json(body))
        expect(error).toMatchObject({ _tag: "InvalidTokenResponse", reason: "invalid_access_token" })
        expect(error.message).not.toContain("a remark")
      }
    })
  )

  it.effect.each<readonly [row: string, way: Way, body: unknown]>([
    ["the error code of Spring", "four", { error: "Unauthorized", message: "Bad credentials" }],
    ["an unknown code in an object", "two", { error: { code: "AUTH_FAILED", message: "Bad credentials" } }],
    ["access_denied", "four", { error: "access_denied", error_description: "Bad credentials" }],
    ["a sentence as the code", "two", { error: "Invalid access key or secret", message: "Bad credentials" }],
    ["no code", "four", { message: "Bad credentials" }]
  ])("L6: 401 with %s is a refusal, is remembered, and names every possible cause", ([_, way, body]) =>
    Effect.gen(function* () {
      const twice = Effect.zip(Effect.flip(accessToken), Effect.flip(accessToken))
      const { result, sent } = yield* inWay(way, { token: () => json(body, { status: 401 }) }, twice)
      expect(result.map(({ _tag }) => _tag)).toEqual(["InvalidClient", "InvalidClient"])
      expect(sent.filter((each) => Fake.kindOf(each) === "token")).toHaveLength(1)
      expect(result[0].message).toContain("employee")
      expect(result[0].message).toContain("Bad credentials")
      expect(result[0].message.includes("CXONE_CLIENT_SECRET")).toBe(way === "four")
    })
  )

  it.effect("L10: after a 401 with an unknown code the next credentials are sent", () =>
    Effect.gen(function* () {
      const { layer } = yield* scripted(
        Fake.play({
          token: (_, { body }) =>
            body.includes("NEXT") ? json(Fake.tokenAnswer()) : json({ error: "Unauthorized" }, { status: 401 })
        })
      )
      const next = Credentials.accessKey({ ...client, ...key, accessKeyId: "NEXT====" })
      const credentials = Credentials.rotating({ current: ways.four.credentials, next })
      const token = yield* Effect.provide(
        accessToken,
        Layer.provide(CxoneAuth.layer({ credentials, environment: CxoneEnvironment.discover() }), layer)
      )
      expect(token.tenant?.tenantId).toBe("tenant-1")
    })
  )

  it.effect.each([
    ["a token of another kind", { token: "0b1c", parameterName: "_csrf" }],
    ["the word null", { access_token: "null" }],
    ["the word undefined", { access_token: "undefined" }]
  ])("%s is not a token", ([_, body]) =>
    Effect.gen(function* () {
      expect(yield* errorFrom(() => json(body))).toMatchObject({ reason: "invalid_access_token" })
    })
  )

  it.effect("200 with an error code and an access_token of null is a refusal", () =>
    Effect.gen(function* () {
      const body = { access_token: null, error: "invalid_grant", error_description: "Key revoked" }
      const error = yield* errorFrom(() => json(body))
      expect(error).toMatchObject({ _tag: "InvalidClient", reason: "invalid_grant", description: "Key revoked" })
    })
  )

  it.effect("an error of the access key does not mention the client, and the other way round", () =>
    Effect.gen(function* () {
      const ofClient = yield* errorFrom(() => json({ error: "invalid_client" }, { status: 401 }))
      const ofKey = yield* errorFrom(() => json({ error: "invalid_grant" }, { status: 401 }))
      expect(ofClient.message).not.toContain("employee")
      expect(ofKey.message).not.toContain("CXONE_CLIENT_SECRET")
      const ofGateway = yield* errorFrom(() => json({ error: "invalid_grant" }, { status: 400 }), "client")
      expect(ofGateway.message).not.toContain("employee")
    })
  )
})

describe("docs/cxone-facts.md: a 401 or 403 of the API is an error with its reason, and any other answer is a response", () => {
  const inBody = (body: unknown) => () => json(body, { status: 401 })
  it.effect.each<readonly [row: string, answer: () => Response, error: string, description: string]>([
    [
      "expired token: 401 with error and error_description",
      inBody({ error: "invalid_token", error_description: "Token has expired" }),
      "invalid_token",
      "Token has expired"
    ],
    ["expired token: 401, empty", () => new Response(null, { status: 401 }), "", ""],
    [
      "4xx: message in the header icStatusDescription",
      () => new Response(null, { status: 401, headers: { icStatusDescription: "Invalid token" } }),
      "",
      "Invalid token"
    ],
    ["UserHub style", inBody({ message: "Unauthorized", statusCode: 401 }), "", "Unauthorized"],
    [
      "access key used directly as Bearer: HTML",
      () => new Response("<html><title>401</title></html>", { status: 401 }),
      "",
      "an HTML page, 401"
    ],
    [
      "the challenge counts before the body",
      () =>
        json(
          { message: "body" },
          { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token", error_description="revoked"' } }
        ),
      "invalid_token",
      "revoked"
    ]
  ])("C2: 401, %s", ([_, answer, error, description]) =>
    Effect.gen(function* () {
      const { result } = yield* inWay("four", { api: answer }, Effect.flip(apiCall))
      expect(result).toMatchObject({ _tag: "InvalidToken", reason: "refused_again" })
      if (error !== "") expect(result.message).toContain(`401 ${error}`)
      if (description !== "") expect(result.message).toContain(description)
    })
  )

  it.effect.each<readonly [row: string, answer: () => Response, status: number, text: string]>([
    ["no permission: 403", () => json({ message: "no role" }, { status: 403 }), 403, '{"message":"no role"}'],
    [
      "validation: 400",
      () => json({ error: "InvalidDateRange" }, { status: 400 }),
      400,
      '{"error":"InvalidDateRange"}'
    ],
    ["many calls: 204", () => new Response(null, { status: 204 }), 204, ""],
    ["retired version: 404", () => new Response("gone", { status: 404 }), 404, "gone"],
    [
      "report download: 200 with errorMessage",
      () => json({ errorMessage: "failed" }),
      200,
      '{"errorMessage":"failed"}'
    ],
    ["HTML with 200", () => new Response("<html></html>"), 200, "<html></html>"],
    ["HTML with 503", () => new Response("<html></html>", { status: 503 }), 503, "<html></html>"]
  ])("%s", ([_, answer, status, text]) =>
    Effect.gen(function* () {
      const { result } = yield* inWay("four", { api: answer }, apiCall)
      expect(result.status).toBe(status)
      expect(status === 204 ? "" : yield* result.text).toBe(text)
    })
  )

  it.effect("C3: 403 insufficient_scope in the body, in snake case, camel case and as an object", () =>
    Effect.gen(function* () {
      for (const body of [
        { error: "insufficient_scope", error_description: "needs more", scope: "a b" },
        { error: "insufficient_scope", errorDescription: "needs more", scope: "a b" },
        { error: { code: "insufficient_scope", message: "needs more" }, scope: "a b" }
      ]) {
        const { result } = yield* inWay("four", { api: () => json(body, { status: 403 }) }, Effect.flip(apiCall))
        expect(result).toMatchObject({ _tag: "InsufficientScope", required: ["a", "b"], description: "needs more" })
      }
    })
  )

  it.effect("C5: every request has an Accept header", () =>
    Effect.gen(function* () {
      const { sent } = yield* inWay("four", {}, apiCall)
      expect(sent.map(({ request }) => request.headers.accept)).toEqual(sent.map(() => "application/json"))
    })
  )
})

describe("docs/cxone-facts.md: requests that CXone accepts", () => {
  const tokenRequest = (way: Way) =>
    Effect.map(inWay(way, {}, accessToken), ({ sent }): Sent => {
      const request = sent.find((each) => Fake.kindOf(each) === "token")
      if (request === undefined) throw new Error("no token request was sent")
      return request
    })
  const basicOf = ({ request }: Sent) =>
    Encoding.decodeBase64String((request.headers.authorization ?? "").replace("Basic ", ""))

  it.effect("a form with the password grant and no scope, in which ==== is %3D%3D%3D%3D", () =>
    Effect.gen(function* () {
      const sent = yield* tokenRequest("four")
      expect(sent.request.headers["content-type"]).toBe("application/x-www-form-urlencoded")
      expect(sent.body).toBe(
        "grant_type=password&username=K3Y%2B1%2FD%3D%3D%3D%3D&password=k%2Fe%2By%3Ds%3Ae%25c+%C2%A3%3D%3D%3D%3D"
      )
    })
  )

  it.effect("S4: Basic by default, form-encoded before base64", () =>
    Effect.gen(function* () {
      expect(basicOf(yield* tokenRequest("four"))).toMatchObject({
        right: "reports%2Bjob:c%2Fl%2Bi%3De%3An%25t+%C2%A3"
      })
    })
  )

  it.effect("a client in the form, if it was registered for that", () =>
    Effect.gen(function* () {
      const sent = yield* tokenRequest("fourByPost")
      expect(sent.request.headers.authorization).toBeUndefined()
      expect(Object.fromEntries(new URLSearchParams(sent.body))).toEqual({
        grant_type: "password",
        username: accessKeyId,
        password: accessKeySecret,
        client_id: clientId,
        client_secret: clientSecret
      })
    })
  )

  it.effect("an access key alone: JSON without a client", () =>
    Effect.gen(function* () {
      const sent = yield* tokenRequest("two")
      expect(sent.request.headers["content-type"]).toBe("application/json")
      expect(JSON.parse(sent.body)).toEqual({ accessKeyId, accessKeySecret })
    })
  )

  it.effect("scopes that the app asks for are sent (RFC 6749 §4.3.2)", () =>
    Effect.gen(function* () {
      const { sent } = yield* inWay(
        "four",
        {},
        Effect.flatMap(CxoneAuth, (auth) => auth.accessTokenFor("openid"))
      )
      expect(new URLSearchParams(sent.at(-1)?.body).get("scope")).toBe("openid")
    })
  )

  it.effect("L2: two issuers with the same access key share no token", () =>
    Effect.gen(function* () {
      const { layer, sent } = yield* scripted(
        Fake.play({
          openid: (_, { url }) => {
            const { origin } = new URL(url)
            return json({ issuer: origin, token_endpoint: `${origin}/auth/token` })
          },
          token: (_, { url }) => json({ access_token: Fake.jwt({ tenantId: new URL(url).host }) }),
          configuration: () => json({ api_endpoint: Fake.apiHost })
        })
      )
      const tokenAt = (issuer: string) =>
        Effect.flatMap(CxoneAuth, (auth) => Effect.zipLeft(auth.accessToken, auth.apiBaseUrl)).pipe(
          Effect.provide(
            Layer.provide(CxoneAuth.layer({ ...ways.four, environment: CxoneEnvironment.discover({ issuer }) }), layer)
          )
        )
      const tokens = yield* Effect.all([tokenAt(Fake.issuer), tokenAt("https://cxone-gov.niceincontact.com")])
      expect(tokens.map(({ tenant }) => tenant?.tenantId)).toEqual([
        "cxone.niceincontact.com",
        "cxone-gov.niceincontact.com"
      ])
      expect((yield* sent).filter((each) => Fake.kindOf(each) === "token")).toHaveLength(2)
    })
  )
})
