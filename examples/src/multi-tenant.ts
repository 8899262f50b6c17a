/** Many tenants in one process: each by its name, made on demand, dropped when idle, with a token of its own. */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, type CxoneSimulatorService, type SimulatedTenant } from "cxone-auth-testkit"
import { Console, Data, Effect, Layer, LayerMap, Redacted, Schema } from "effect"
import { line } from "./support/print.js"

const tenantOf = (tenantId: string, area: string): SimulatedTenant => ({
  tenantId,
  area,
  accessKeys: [{ accessKeyId: `${tenantId}-KEY====`, accessKeySecret: Redacted.make(`${tenantId}-s3cr3t====`) }]
})

const CxoneLayer = CxoneSimulator.layerServer({
  tenants: [tenantOf("acme", "na1"), tenantOf("globex", "eu1"), tenantOf("initech", "na1")]
})

class NoSuchTenant extends Data.TaggedError("NoSuchTenant")<{ readonly tenant: string }> {}

/** Where an app has the credentials of its tenants: a vault, a database; here the simulator knows them. */
const credentialsOf = ({ tenants }: CxoneSimulatorService, tenant: string) =>
  Effect.fromNullable(tenants.find(({ tenantId }) => tenantId === tenant)).pipe(
    Effect.mapBoth({ onFailure: () => new NoSuchTenant({ tenant }), onSuccess: ({ credentials }) => credentials })
  )

/**
 * A client for each tenant by its name. What no call has used for ten minutes is dropped, token and all. The credentials
 * are given as an effect: where a vault fails, so does the call, and the next one asks it anew. Had the layer failed
 * instead, `LayerMap` would keep the failure for as long as somebody asks.
 */
class Tenants extends LayerMap.Service<Tenants>()("examples/Tenants", {
  lookup: (tenant: string) =>
    CxoneHttpClient.layer.pipe(
      Layer.provideMerge(
        Layer.unwrapEffect(
          Effect.map(CxoneSimulator, (simulator) =>
            CxoneAuth.layer({
              credentials: credentialsOf(simulator, tenant),
              environment: simulator.issuerEnvironment,
              name: tenant
            })
          )
        )
      )
    ),
  idleTimeToLive: "10 minutes"
}) {}

const Answer = Schema.Struct({ ServerTime: Schema.String })

/** What the app does for one tenant. It knows nothing of the others. */
const report = Effect.gen(function* () {
  const auth = yield* CxoneAuth
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  yield* cxone
    .get("/incontactAPI/services/v33.0/server-time")
    .pipe(Effect.flatMap(HttpClientResponse.schemaBodyJson(Answer)))
  const { tenant } = yield* auth.accessToken
  return `the token of ${tenant?.tenantId}, at ${(yield* auth.apiBaseUrl).origin}`
})

const program = Effect.gen(function* () {
  const { requestsTo } = yield* CxoneSimulator
  const names = ["acme", "globex", "initech"]

  // Each three times, all at once.
  const orders = [...names, ...names, ...names]
  const reports = yield* Effect.forEach(orders, (name) => Effect.provide(report, Tenants.get(name)), {
    concurrency: "unbounded"
  })
  for (const [index, name] of names.entries()) {
    yield* line(name, "200", reports[index])
  }
  const [tokens, calls] = [yield* requestsTo("token"), yield* requestsTo("api")]
  yield* Console.log(`\n${calls.length} calls for ${names.length} tenants: ${tokens.length} token requests`)

  const stranger = yield* Effect.flip(Effect.provide(report, Tenants.get("umbrella")))
  yield* line("umbrella", stranger._tag, stranger.message)
})

const AppLayer = Tenants.Default.pipe(Layer.provideMerge(CxoneLayer), Layer.provideMerge(FetchHttpClient.layer))

NodeRuntime.runMain(Effect.provide(program, AppLayer))
