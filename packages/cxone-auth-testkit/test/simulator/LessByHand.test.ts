import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, defaultClient, defaultTenant, type SimulatorOptions, type WayIn } from "cxone-auth-testkit"
import { Cause, Clock, ConfigProvider, Effect, Exit, Layer, Redacted } from "effect"
import {
  exchange,
  keyAlone,
  keyExchange,
  keySecret,
  mint,
  modes,
  otherTenant,
  secret,
  users
} from "../support/Harness.js"

const other = { ...defaultClient, clientId: "other-client", scopes: ["offline_access"] }
const options: SimulatorOptions = { clients: [defaultClient, other], tenants: [defaultTenant, otherTenant] }

const serverTime = "/incontactAPI/services/v33.0/server-time"

const waysIn: ReadonlyArray<readonly [wayIn: WayIn, client: string | undefined, tenant: string | undefined]> = [
  [{}, "test-client", undefined],
  [{ client: "other-client" }, "other-client", undefined],
  [{ way: "accessKey" }, "test-client", "test-tenant"],
  [{ way: "accessKey", tenant: "other-tenant", client: "other-client" }, "other-client", "other-tenant"],
  [{ way: "accessKeyOnly", tenant: "other-tenant" }, undefined, "other-tenant"]
]

/** Makes a call, and asks the simulator whose request the token was. A fault for others only must not hit it. */
const whoCalls = (client: string | undefined, tenant: string | undefined) =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    const cxone = yield* CxoneHttpClient
    const [taken] = yield* simulator.forms.pipe(
      Effect.zipRight(cxone.get(serverTime)),
      Effect.zipRight(simulator.forms)
    )
    const account = { client: taken?.client_id, key: taken?.username ?? taken?.accessKeyId }
    const key = tenant === "other-tenant" ? otherTenant.accessKeys[0] : defaultTenant.accessKeys[0]
    expect(account.key).toBe(tenant === undefined ? undefined : key.accessKeyId)
    const header = (yield* simulator.requestsTo("token"))[0]?.headers.authorization
    if (client !== undefined && header === undefined) {
      expect(account.client).toBe(client)
    }
    if (header !== undefined) {
      expect(atob(header.slice(6)).split(":")[0]).toBe(client)
    }
    expect(yield* simulator.answersOf("api")).toEqual([200])
  })

describe.each(modes)("Less by hand $name", ({ layer }) => {
  for (const [wayIn, client, tenant] of waysIn) {
    it.effect(`layerAuth, account and env are of the same account: ${JSON.stringify(wayIn)}`, () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        const http = yield* HttpClient.HttpClient
        const Http = Layer.succeed(HttpClient.HttpClient, http)
        const env = new Map(Object.entries(simulator.env(wayIn)))
        for (const auth of [
          CxoneSimulator.layerAuth(wayIn),
          CxoneAuth.layer(simulator.account(wayIn)),
          Layer.provide(CxoneAuth.layerFromEnv(), Layer.setConfigProvider(ConfigProvider.fromMap(env)))
        ]) {
          yield* simulator.clearRequests
          const App = CxoneHttpClient.layer().pipe(Layer.provide(auth), Layer.provide(Http))
          yield* Effect.provide(whoCalls(client, tenant), App)
        }
      }).pipe(Effect.provide(layer(options)))
    )
  }

  it.effect("an account that isn't there is a mistake that names those that are", () =>
    Effect.gen(function* () {
      const { account } = yield* CxoneSimulator
      expect(() => account({ client: "nobody" })).toThrow(
        "no client of the options is nobody; there is test-client, other-client"
      )
      expect(() => account({ tenant: "none" })).toThrow("there is test-tenant, other-tenant")
    }).pipe(Effect.provide(layer(options)))
  )

  it.effect("forms: what the token requests sent, without secrets", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* exchange()
      yield* keyExchange()
      yield* keyAlone()
      const forms = yield* simulator.forms
      expect(forms).toMatchObject([
        { grant_type: "client_credentials", client_id: "test-client", client_secret: "<redacted>" },
        { grant_type: "password", username: defaultTenant.accessKeys[0].accessKeyId, password: "<redacted>" },
        { accessKeyId: defaultTenant.accessKeys[0].accessKeyId, accessKeySecret: "<redacted>" }
      ])
      yield* keyAlone({ accessKeyId: "a", accessKeySecret: keySecret, ttl: 1 })
      expect((yield* simulator.forms).at(-1)).toEqual({
        accessKeyId: "a",
        accessKeySecret: "<redacted>",
        ttl: "<redacted>"
      })
      // A secret under a wrong name, and bodies that are none of the two kinds.
      yield* exchange(`grant_type=client_credentials&clientSecret=${keySecret}`)
      expect((yield* simulator.forms).at(-1)).toEqual({
        grant_type: "client_credentials",
        clientSecret: "<redacted>"
      })
      yield* exchange(JSON.stringify({ client_secret: keySecret }))
      yield* exchange(keySecret, { "content-type": "text/plain" })
      yield* keyAlone([keySecret])
      expect((yield* simulator.forms).at(-1)).not.toHaveProperty(keySecret)
      expect(JSON.stringify(yield* simulator.forms)).not.toContain(keySecret)
      expect([secret, keySecret].filter((each) => JSON.stringify(forms).includes(each))).toEqual([])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("fail: every request to the endpoint fails until the fault is removed", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const outage = yield* simulator.fail("token")
      yield* Effect.replicateEffect(exchange(), 3)
      yield* outage.remove
      yield* exchange()
      const other = yield* simulator.fail("token", 500)
      yield* exchange()
      yield* other.remove
      expect(yield* simulator.answersOf("token")).toEqual([503, 503, 503, 200, 500])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("clearRequests forgets the requests, and no token", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      yield* simulator.clearRequests
      expect(yield* simulator.requests).toEqual([])
      expect((yield* users(token)).status).toBe(200)
      yield* simulator.awaitRequests("api", 1)
    }).pipe(Effect.provide(layer()))
  )
})

describe("awaitRequests", () => {
  const told = <A>(effect: Effect.Effect<A, never, CxoneSimulator | HttpClient.HttpClient>) =>
    Effect.map(Effect.exit(Effect.provide(effect, CxoneSimulator.layerMemory())), (exit) =>
      Exit.match(exit, { onSuccess: () => "", onFailure: Cause.pretty })
    )

  it.effect.each([Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY])("for %s requests is a defect", (count) =>
    Effect.gen(function* () {
      const text = yield* told(Effect.flatMap(CxoneSimulator, ({ awaitRequests }) => awaitRequests("token", count)))
      expect(text).toContain(`count is ${count}; use a whole number from 0 up`)
    })
  )

  it.effect(
    "for requests that never come tells what has arrived, though TestClock stands still",
    () =>
      Effect.gen(function* () {
        const text = yield* told(
          Effect.gen(function* () {
            const simulator = yield* CxoneSimulator
            yield* Effect.orDie(users(Redacted.make("made-up"), "/contacts?token=s3cr3t"))
            yield* Effect.ignore(HttpClient.get("https://example.com/x?token=s3cr3t"))
            yield* simulator.awaitRequests("token", 1)
          })
        )
        expect(text).toContain('waited for 1 requests to "token"')
        expect(text).toContain("api: GET https://cxone-simulator.test/contacts (401)")
        expect(text).toContain("foreign: GET https://example.com/x (unreachable)")
        expect(text).not.toContain("s3cr3t")
        expect(yield* Clock.currentTimeMillis).toBe(0)
      }),
    20_000
  )
})
