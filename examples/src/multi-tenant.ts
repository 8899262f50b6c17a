/** Many tenants in one process. Each has a client and a token of its own, made when first used and dropped when idle. */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Credentials, CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, type CxoneSimulatorService, type SimulatedTenant } from "cxone-auth-testkit"
import { Console, Data, Effect, Layer, LayerMap, Logger, LogLevel, Redacted, Schema } from "effect"

const tenantOf = (tenantId: string, area: string): SimulatedTenant => ({
  tenantId,
  area,
  accessKeys: [{ accessKeyId: `${tenantId}-KEY====`, accessKeySecret: Redacted.make(`${tenantId}-s3cr3t====`) }]
})

const CxoneLayer = CxoneSimulator.layerServer({
  tenants: [tenantOf("acme", "na1"), tenantOf("globex", "eu1"), tenantOf("initech", "na1")]
})

class NoSuchTenant extends Data.TaggedError("NoSuchTenant")<{ readonly tenant: string }> {}

/** The row of a tenant in a database. Here the simulator has the rows. */
const rowOf = ({ tenants }: CxoneSimulatorService, tenant: string) =>
  Effect.fromNullable(tenants.find(({ tenantId }) => tenantId === tenant)).pipe(
    Effect.mapBoth({ onFailure: () => new NoSuchTenant({ tenant }), onSuccess: ({ credentials }) => credentials })
  )

class Tenants extends LayerMap.Service<Tenants>()("examples/Tenants", {
  lookup: (tenant: string) =>
    CxoneHttpClient.layer().pipe(
      Layer.provideMerge(
        Layer.unwrapEffect(
          Effect.map(CxoneSimulator, (simulator) =>
            CxoneAuth.layer({
              credentials: Effect.map(rowOf(simulator, tenant), (row) =>
                Credentials.accessKey({
                  clientId: row.clientId,
                  clientSecret: row.clientSecret, // from a text: Redacted.make(row.client_secret)
                  accessKeyId: row.accessKeyId,
                  accessKeySecret: row.accessKeySecret
                })
              ),
              environment: simulator.issuerEnvironment, // at CXone: CxoneEnvironment.discover()
              name: tenant
            })
          )
        )
      )
    ),
  idleTimeToLive: "10 minutes"
}) {}

const Answer = Schema.Struct({ ServerTime: Schema.String })

/** What the app does for one tenant. */
const report = Effect.gen(function* () {
  const auth = yield* CxoneAuth
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  yield* cxone
    .get("/incontactAPI/services/v33.0/server-time")
    .pipe(Effect.flatMap(HttpClientResponse.schemaBodyJson(Answer)))
  const { tenant } = yield* auth.accessToken
  return `the token of ${tenant?.tenantId}, at ${yield* auth.apiBaseUrl}`
})

const program = Effect.gen(function* () {
  const { requestsTo } = yield* CxoneSimulator
  const names = ["acme", "globex", "initech"]

  // Three calls for each tenant, all at once.
  const orders = [...names, ...names, ...names]
  const reports = yield* Effect.forEach(orders, (name) => Effect.provide(report, Tenants.get(name)), {
    concurrency: "unbounded"
  })
  for (const [index, name] of names.entries()) {
    yield* Console.log(`${name.padEnd(12)}200  ${reports[index]}`)
  }
  const [tokens, calls] = [yield* requestsTo("token"), yield* requestsTo("api")]
  yield* Console.log(`\n${calls.length} calls for ${names.length} tenants: ${tokens.length} token requests`)

  const stranger = yield* Effect.flip(Effect.provide(report, Tenants.get("umbrella")))
  yield* Console.log(`${"umbrella".padEnd(12)}${stranger._tag}  ${stranger.message}`)
})

const AppLayer = Tenants.Default.pipe(
  Layer.provideMerge(CxoneLayer),
  Layer.provideMerge(FetchHttpClient.layer),
  // It prints itself what went wrong.
  Layer.provideMerge(Logger.minimumLogLevel(LogLevel.Error))
)

NodeRuntime.runMain(Effect.provide(program, AppLayer))
