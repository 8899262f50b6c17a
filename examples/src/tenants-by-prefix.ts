/** Many tenants whose settings are in the environment, each under a prefix: ACME_CXONE_CLIENT_ID, GLOBEX_CXONE_CLIENT_ID. */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Config, Console, Effect, Layer, LayerMap, Schema } from "effect"

class Tenants extends LayerMap.Service<Tenants>()("app/Tenants", {
  lookup: (tenant: string) =>
    CxoneHttpClient.layer().pipe(
      Layer.provideMerge(CxoneAuth.layerFromEnv({ name: tenant, prefix: tenant.toUpperCase() }))
    ),
  idleTimeToLive: "10 minutes"
}) {}

/** What the app does for one tenant. */
const report = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  const body = yield* HttpClientResponse.schemaBodyJson(Schema.Struct({ ServerTime: Schema.String }))(response)
  const { tenant } = yield* Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken)
  return `${body.ServerTime}, with the token of ${tenant?.tenantId ?? "a tenant without a name"}`
})

const program = Effect.gen(function* () {
  const names = yield* Config.array(Config.nonEmptyString(), "TENANTS")

  // Builds the layer of each tenant, so that a setting that is missing or wrong is found now.
  yield* Effect.forEach(names, (name) => Effect.provide(Effect.void, Tenants.get(name)), { discard: true })

  yield* Effect.forEach(
    names,
    (name) => Effect.flatMap(Effect.provide(report, Tenants.get(name)), (text) => Console.log(`${name}: ${text}`)),
    { concurrency: 10, discard: true }
  )
})

// The transport is given to the map, so all tenants share it.
NodeRuntime.runMain(Effect.provide(program, Layer.provide(Tenants.Default, FetchHttpClient.layer)))
