/** A client and an access key. NICE's issuer gives the token, and discovery finds the API. */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Console, Effect, Layer, Schema } from "effect"

const AtCxone = CxoneAuth.layerFromEnv()
const AtSimulator = Layer.provide(CxoneSimulator.layerAuth({ way: "accessKey" }), CxoneSimulator.layerServer())

// The one line that decides: `npx tsx four-secrets.ts cxone` calls CXone.
const AuthLayer = process.argv[2] === "cxone" ? AtCxone : AtSimulator

const Answer = Schema.Struct({ ServerTime: Schema.String })

const program = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  const { ServerTime } = yield* HttpClientResponse.schemaBodyJson(Answer)(response)
  const { apiBaseUrl } = yield* CxoneAuth
  yield* Console.log(`It is ${ServerTime} at ${yield* apiBaseUrl}`)
})

const CxoneLayer = CxoneHttpClient.layer().pipe(Layer.provideMerge(AuthLayer), Layer.provide(FetchHttpClient.layer))

NodeRuntime.runMain(Effect.provide(program, CxoneLayer))
