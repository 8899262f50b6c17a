import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { ConfigProvider, Effect, Fiber, Layer, LayerMap, Metric, Redacted, TestClock } from "effect"
import * as Fake from "../support/FakeCxone.js"
import { json, type Sent, scripted } from "../support/ScriptedHttpClient.js"

const hostOf = (tenant: string) => `https://api-${tenant}.niceincontact.com`

/** A CXone in which each access key has a tenant with its own API host. */
const manyTenants = Fake.play({
  token: (_, { body }) => json(Fake.tokenAnswer(new URLSearchParams(body).get("username")?.replace("====", ""))),
  configuration: (_, { url }) => json({ api_endpoint: hostOf(new URL(url).searchParams.get("tenantId") ?? "") })
})

const credentialsOf = (tenant: string) =>
  Credentials.accessKey({
    clientId: "reports",
    clientSecret: Redacted.make("s3cr3t"),
    accessKeyId: `${tenant}====`,
    accessKeySecret: Redacted.make("a-key-secret====")
  })

/** A layer for each tenant, as an app would write it. */
class Tenants extends LayerMap.Service<Tenants>()("test/Tenants", {
  lookup: (tenant: string) =>
    CxoneHttpClient.layer().pipe(
      Layer.provideMerge(
        CxoneAuth.layer({ credentials: credentialsOf(tenant), environment: CxoneEnvironment.discover(), name: tenant })
      )
    ),
  idleTimeToLive: "10 minutes"
}) {}

const call = (tenant: string) =>
  Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/x")).pipe(Effect.provide(Tenants.get(tenant)))

const withTenants = <A, E>(body: (sent: Effect.Effect<ReadonlyArray<Sent>>) => Effect.Effect<A, E, Tenants>) =>
  Effect.flatMap(scripted(manyTenants), ({ layer, sent }) =>
    Effect.provide(body(sent), Layer.provide(Tenants.Default, layer))
  )

const apiCalls = (sent: ReadonlyArray<Sent>) =>
  sent
    .filter((each) => Fake.kindOf(each) === "api")
    .map(({ request, url }) => `${new URL(url).origin} ${request.headers.authorization}`)

const ownCall = (tenant: string) => `${hostOf(tenant)} Bearer ${Fake.tokenAnswer(tenant).access_token}`

const count = (sent: ReadonlyArray<Sent>, kind: Fake.Kind) => sent.filter((each) => Fake.kindOf(each) === kind).length

describe("many tenants in one process", () => {
  it.effect("L10: each tenant has a token and an API host of its own, even if the layers share constants", () =>
    withTenants((sent) =>
      Effect.gen(function* () {
        // Both layers are alive at once, because a layer is shared only while it lives.
        const both = Effect.flatMap(CxoneHttpClient, (one) =>
          Effect.zipRight(
            Effect.flatMap(CxoneHttpClient, (two) => Effect.zip(one.get("/x"), two.get("/x"))).pipe(
              Effect.provide(Tenants.get("t2"))
            ),
            one.get("/x")
          )
        )
        yield* both.pipe(Effect.provide(Tenants.get("t1")))
        expect(apiCalls(yield* sent)).toEqual([ownCall("t1"), ownCall("t2"), ownCall("t1")])
      })
    )
  )

  it.effect("L2, L10: 300 tenants, all at once and in any order, never share a token or an API host", () =>
    withTenants((sent) =>
      Effect.gen(function* () {
        const tenants = Array.from({ length: 900 }, (_, index) => `t${(index * 7919) % 300}`)
        yield* Effect.forEach(tenants, call, { concurrency: "unbounded" })
        const all = yield* sent
        expect(apiCalls(all).sort()).toEqual(tenants.map(ownCall).sort())
        expect([count(all, "token"), count(all, "configuration")]).toEqual([300, 300])
      })
    )
  )

  it.effect("a tenant that is used keeps its token; an idle one is dropped, and built again when it is used", () =>
    withTenants((sent) =>
      Effect.gen(function* () {
        yield* call("t1")
        yield* TestClock.adjust("9 minutes")
        yield* call("t1")
        yield* TestClock.adjust("9 minutes")
        yield* call("t1")
        expect(count(yield* sent, "token")).toBe(1)
        yield* TestClock.adjust("10 minutes")
        yield* call("t1")
        expect(count(yield* sent, "token")).toBe(2)
      })
    )
  )

  it.effect("L3: a tenant that is dropped during a renewal leaves no fiber behind", () =>
    Effect.gen(function* () {
      const play = Fake.play({ token: (index) => (index === 0 ? json(Fake.tokenAnswer("t1")) : Effect.never) })
      const { layer, sent } = yield* scripted(play)
      yield* Effect.gen(function* () {
        yield* call("t1")
        const staysAlive = yield* Effect.fork(Effect.never.pipe(Effect.provide(Tenants.get("t1"))))
        yield* TestClock.adjust("55 minutes")
        yield* call("t1")
        yield* TestClock.adjust("1 second")
        expect(count(yield* sent, "token")).toBe(2)
        yield* Fiber.interrupt(staysAlive)
        yield* TestClock.adjust("10 minutes")
        const before = count(yield* sent, "token")
        yield* TestClock.adjust("1 hour")
        expect(count(yield* sent, "token")).toBe(before)
      }).pipe(Effect.provide(Layer.provide(Tenants.Default, layer)))
    })
  )

  it.effect("in a LayerMap each tenant has settings of its own", () =>
    Effect.gen(function* () {
      const { layer, sent } = yield* scripted(manyTenants)
      const settingsOf = (tenant: string) =>
        ConfigProvider.fromMap(
          new Map([
            ["CXONE_CLIENT_ID", "reports"],
            ["CXONE_CLIENT_SECRET", "s3cr3t"],
            ["CXONE_ACCESS_KEY_ID", `${tenant}====`],
            ["CXONE_ACCESS_KEY_SECRET", "a-key-secret===="]
          ])
        )
      const map = yield* LayerMap.make((tenant: string) =>
        CxoneHttpClient.layer().pipe(
          Layer.provide(CxoneAuth.layerFromEnv()),
          Layer.provide(Layer.setConfigProvider(settingsOf(tenant))),
          Layer.provide(layer)
        )
      )
      const callOf = (tenant: string) =>
        Effect.provide(
          Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/x")),
          map.get(tenant)
        )
      yield* Effect.zipRight(callOf("t1"), callOf("t2")).pipe(Effect.provide(map.get("t1")))
      expect(apiCalls(yield* sent).sort()).toEqual([ownCall("t1"), ownCall("t2")].sort())
    }).pipe(Effect.scoped)
  )

  it.effect("metrics have the tenant's name", () =>
    withTenants(() =>
      Effect.gen(function* () {
        yield* call("metrics-1")
        yield* call("metrics-2")
        const labels = (yield* Metric.snapshot)
          .filter(({ metricKey }) => metricKey.name === "cxone_auth_renewals")
          .flatMap(({ metricKey }) => metricKey.tags.filter(({ key }) => key === "client").map(({ value }) => value))
        expect(labels).toEqual(expect.arrayContaining(["metrics-1", "metrics-2"]))
      })
    )
  )
})
