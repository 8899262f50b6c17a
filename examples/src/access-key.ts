/** Access keys: the two ways in that NICE describes, and a call to the API that discovery finds. */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, type CxoneSimulatorService } from "cxone-auth-testkit"
import { Config, type ConfigError, Console, Effect, Layer, Option, Schema } from "effect"
import { line, withoutWarnings, wrapped } from "./support/print.js"

const Answer = Schema.Struct({ ServerTime: Schema.String })

/** The whole program. It is the same for each way in, at the simulator and at CXone. */
const serverTime = Effect.gen(function* () {
  const auth = yield* CxoneAuth
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  const { ServerTime } = yield* HttpClientResponse.schemaBodyJson(Answer)(response)
  const { tenant } = yield* auth.accessToken
  yield* line("tenant", tenant?.tenantId ?? "not named", "the token names it")
  yield* line("API", yield* auth.apiBaseUrl, "found by discovery")
  yield* line("GET server-time", ServerTime)
})

const clientOver = <E, R>(auth: Layer.Layer<CxoneAuth, E, R>) => Layer.provideMerge(CxoneHttpClient.layer(), auth)

const fromSettings = Effect.provide(serverTime, clientOver(CxoneAuth.layerFromEnv()))

const atTheSimulator = ({ deactivateAccessKey, origin, tenants: [tenant] }: CxoneSimulatorService) =>
  Effect.gen(function* () {
    const [{ accessKeyId }] = tenant.accessKeys
    yield* Console.log(`CXONE_ACCESS_KEY_ID is not set: this runs at a simulator, ${origin}`)

    yield* Console.log("\nFour secrets: a client and an access key. The issuer gives the token")
    yield* Effect.provide(serverTime, clientOver(CxoneSimulator.layerAuth({ way: "accessKey" })))

    yield* Console.log("\nTwo secrets: an access key alone. The area gives the token")
    yield* Effect.provide(serverTime, clientOver(CxoneSimulator.layerAuth({ way: "accessKeyOnly" })))

    yield* Console.log("\nThe employee who owns the key is deactivated")
    yield* deactivateAccessKey(accessKeyId)
    const refused = yield* Effect.flip(
      Effect.provide(serverTime, clientOver(CxoneSimulator.layerAuth({ way: "accessKey" })))
    )
    yield* line(refused._tag, "no token")
    yield* Console.log(wrapped("message" in refused ? refused.message : String(refused), "  "))
  }).pipe(Effect.orDieWith((error) => error))

const program = Effect.gen(function* () {
  const key = yield* Config.option(Config.nonEmptyString("CXONE_ACCESS_KEY_ID"))
  if (Option.isSome(key)) {
    return yield* fromSettings
  }
  return yield* Effect.flatMap(CxoneSimulator, atTheSimulator).pipe(
    Effect.provide(Layer.merge(CxoneSimulator.layerServer(), withoutWarnings))
  )
})

// Prints the message of a failure, without its stack: settings and calls can both fail.
const explain = (error: { readonly message: string } | ConfigError.ConfigError) =>
  Console.error(`\n${wrapped("message" in error ? error.message : String(error), "")}`)

NodeRuntime.runMain(program.pipe(Effect.provide(FetchHttpClient.layer), Effect.tapError(explain)), {
  disableErrorReporting: true
})
