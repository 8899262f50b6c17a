/** The quirks of docs/cxone-facts.md: each way in which one CXone differs from another, played by the simulator. */
import { describe, expect, it } from "@effect/vitest"
import { ClientAuth, CxoneAuth, CxoneHttpClient } from "cxone-auth"
import {
  CxoneSimulator,
  defaultClient,
  Fault,
  type FaultOn,
  type SimulatedTenant,
  type SimulatorOptions
} from "cxone-auth-testkit"
import { Effect, Fiber, Layer, Redacted, TestClock } from "effect"
import { transports } from "../support/Transports.js"

const hostOf = (origin: string): string => new URL(origin).host

const serverTime = "/incontactAPI/services/v33.0/server-time"

const call = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get(serverTime)).pipe(Effect.map(({ status }) => status))

type Way = "accessKey" | "accessKeyOnly"
const ways: ReadonlyArray<Way> = ["accessKey", "accessKeyOnly"]

const appWith = (options: { readonly way: Way; readonly clientAuth?: ClientAuth }) =>
  CxoneHttpClient.layer().pipe(Layer.provideMerge(CxoneSimulator.layerAuth(options)))

/** Runs an effect in an app with this way in, at the simulator in memory. */
const playedBy =
  (options: SimulatorOptions, way: Way, more: { readonly clientAuth?: ClientAuth } = {}) =>
  <A, E>(effect: Effect.Effect<A, E, CxoneAuth | CxoneHttpClient | CxoneSimulator>) =>
    Effect.provide(effect, Layer.provideMerge(appWith({ way, ...more }), CxoneSimulator.layerMemory(options)))

const tenant = (tenantId: string, area: string): SimulatedTenant => ({
  tenantId,
  area,
  accessKeys: [{ accessKeyId: `${tenantId}/K+Y====`, accessKeySecret: Redacted.make("s/e+c=r%e:t £ é====") }]
})

describe.each(ways)("quirks of CXone, for the way in %s", (way) => {
  it.effect.each<readonly [row: string, options: SimulatorOptions]>([
    ["no quirk", {}],
    ["key ids ending in ====, secrets with + / % : and Unicode", { tenants: [tenant("acme", "uk1")] }],
    ["expires_in a string", { expiresIn: "string" }],
    ["expires_in missing", { expiresIn: "omitted" }],
    ["opaque tokens", { tokenFormat: "opaque" }],
    ["id_token missing: the access token names the tenant", { quirks: { idToken: "omitted" } }],
    ["refresh_token missing", { quirks: { refreshToken: "omitted" } }],
    ["answers in camel case", { quirks: { answer: "camelCase" } }],
    ["array-wrapped success", { quirks: { answer: "array" } }],
    ["discovery without area and cluster", { quirks: { configuration: "minimal" } }],
    ["api_endpoint with a trailing slash", { quirks: { apiEndpoint: "trailing-slash" } }],
    ["Basic credentials that may be raw", { quirks: { basic: "raw" } }]
  ])("%s", ([_, options]) =>
    Effect.gen(function* () {
      expect(yield* call).toBe(200)
      const { requestsTo, tenants } = yield* CxoneSimulator
      const hosts = (yield* requestsTo("api")).map(({ headers }) => headers.host)
      expect(hosts).toEqual([hostOf(tenants[0].apiOrigin)])
      expect((yield* requestsTo("token")).length).toBe(1)
    }).pipe(playedBy(options, way))
  )

  it.effect.each(["snake_case", "camelCase", "object"] as const)("errors in %s: 401 invalid_grant", (errors) =>
    Effect.gen(function* () {
      const { deactivateAccessKey, tenants } = yield* CxoneSimulator
      yield* deactivateAccessKey(tenants[0].accessKeys[0].accessKeyId)
      const error = yield* Effect.flip(call)
      expect(error).toMatchObject({ _tag: "InvalidClient", reason: "invalid_grant", status: 401 })
      expect(error.message).toContain("employee")
      expect(error.message).toContain("unknown or inactive")
    }).pipe(playedBy({ quirks: { errors } }, way))
  )

  it.effect("errors as each service sends them: 401 is invalid_grant", () =>
    Effect.gen(function* () {
      const { deactivateAccessKey, tenants } = yield* CxoneSimulator
      yield* deactivateAccessKey(tenants[0].accessKeys[0].accessKeyId)
      expect(yield* Effect.flip(call)).toMatchObject({ _tag: "InvalidClient", reason: "invalid_grant" })
    }).pipe(playedBy({}, way))
  )

  it.effect.each<readonly [row: string, fault: Parameters<typeof Fault.respond>[0], end: string]>([
    ["429 without Retry-After", { status: 429 }, "200"],
    ["429 with Retry-After", { status: 429, headers: { "retry-after": "30" } }, "200"],
    ["503 HTML", { status: 503, headers: { "content-type": "text/html" }, body: "<html></html>" }, "200"],
    [
      "200 HTML",
      { status: 200, headers: { "content-type": "text/html" }, body: "<html></html>" },
      "InvalidTokenResponse"
    ],
    ["204", { status: 204 }, "InvalidTokenResponse"]
  ])("%s from the token endpoint", ([_, answer, end]) =>
    Effect.gen(function* () {
      const { inject } = yield* CxoneSimulator
      yield* inject(Fault.respond(answer), { on: "token" })
      const fiber = yield* Effect.fork(
        Effect.merge(Effect.mapBoth(call, { onSuccess: String, onFailure: ({ _tag }) => _tag }))
      )
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(fiber)).toBe(end)
    }).pipe(playedBy({}, way))
  )

  it.effect.each<readonly [row: string, fault: FaultOn["discovery"], end: string]>([
    ["503 HTML", Fault.respond({ status: 503, body: "<html></html>" }), "200"],
    ["429", Fault.respond({ status: 429 }), "200"],
    ["a connection that is reset", Fault.connectionReset, "200"],
    ["a body that is cut off", Fault.truncatedBody, "200"],
    ["200 HTML", Fault.respond({ status: 200, body: "<html></html>" }), "DiscoveryFailed"],
    ["an endless body", Fault.endlessBody(), "DiscoveryFailed"],
    ["a body that trickles", Fault.endlessBody({ every: "1 second" }), "200"]
  ])("%s from discovery", ([_, fault, end]) =>
    Effect.gen(function* () {
      const { inject } = yield* CxoneSimulator

      yield* inject(fault, { on: "discovery" })
      const fiber = yield* Effect.fork(
        Effect.merge(Effect.mapBoth(call, { onSuccess: String, onFailure: ({ _tag }) => _tag }))
      )
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(fiber)).toBe(end)
    }).pipe(playedBy({}, way))
  )
})

describe("quirks of CXone: how a client authenticates", () => {
  it.effect.each([
    ["basic", undefined, "basic"],
    ["post", ClientAuth.post, "post"]
  ] as const)("a registration for %s", ([_, clientAuth, authMethod]) =>
    Effect.gen(function* () {
      expect(yield* call).toBe(200)
    }).pipe(
      playedBy(
        { clients: [{ ...defaultClient, authMethod }] },
        "accessKey",
        clientAuth === undefined ? {} : { clientAuth }
      )
    )
  )

  it.effect("a client that authenticates the wrong way is invalid_client, and the message names the setting", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(call)
      expect(error).toMatchObject({ _tag: "InvalidClient", reason: "invalid_client" })
      expect(error.message).toContain("CXONE_CLIENT_AUTH")
    }).pipe(playedBy({ clients: [{ ...defaultClient, authMethod: "post" }] }, "accessKey"))
  )
})

describe("quirks of CXone: two tenants at one issuer", () => {
  const options = { tenants: [tenant("acme", "na1"), tenant("globex", "eu1")] } as const

  it.effect("L10: each has its own token, and only its own API host accepts it", () =>
    Effect.gen(function* () {
      const { issuerEnvironment, requestsTo, tenants } = yield* CxoneSimulator
      for (const { credentials } of tenants) {
        const app = CxoneHttpClient.layer().pipe(
          Layer.provide(CxoneAuth.layer({ credentials, environment: issuerEnvironment }))
        )
        expect(yield* Effect.provide(call, app)).toBe(200)
      }
      expect((yield* requestsTo("api")).map(({ headers }) => headers.host)).toEqual(
        tenants.map(({ apiOrigin }) => hostOf(apiOrigin))
      )
    }).pipe(Effect.provide(CxoneSimulator.layerMemory(options)))
  )

  it.effect("an access key that is sent to another area finds its own tenant's API", () =>
    Effect.gen(function* () {
      const { requestsTo, tenants } = yield* CxoneSimulator
      const [acme, globex] = tenants
      const app = CxoneHttpClient.layer().pipe(
        Layer.provide(
          CxoneAuth.layer({
            credentials: acme.accessKeyOnly,
            environment: globex?.areaEnvironment ?? acme.areaEnvironment
          })
        )
      )
      expect(yield* Effect.provide(call, app)).toBe(200)
      expect((yield* requestsTo("api")).map(({ headers }) => headers.host)).toEqual([hostOf(acme.apiOrigin)])
    }).pipe(Effect.provide(CxoneSimulator.layerMemory(options)))
  )
})

describe.each(transports)("the ways in with an access key, on sockets over %s", (_, http) => {
  it.live.each(ways)("%s: from the access key to the API of its tenant, on hosts of their own", (way) =>
    Effect.gen(function* () {
      expect(yield* call).toBe(200)
      const { origin, requests, tenants } = yield* CxoneSimulator
      const [{ apiOrigin, areaOrigin }] = tenants
      const identity = way === "accessKey" ? origin : areaOrigin
      const hosts = (yield* requests).map(({ endpoint, headers }) => [endpoint, headers.host])
      expect(hosts).toEqual([
        ...(way === "accessKey" ? [["discovery", hostOf(identity)]] : []),
        ["token", hostOf(identity)],
        ["discovery", hostOf(identity)],
        ["api", hostOf(apiOrigin)]
      ])
    }).pipe(
      Effect.provide(appWith({ way }).pipe(Layer.provideMerge(CxoneSimulator.layerServer()), Layer.provideMerge(http)))
    )
  )
})
