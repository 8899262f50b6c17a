/** A client alone, at the platform gateway. */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Console, Effect, Layer, Schema } from "effect"

const AtCxone = CxoneAuth.layerFromEnv()
const AtSimulator = Layer.provide(CxoneSimulator.layerAuth({ scopes: "read:users" }), CxoneSimulator.layerServer())

// The one line that decides: `npx tsx client-pair.ts cxone` calls CXone.
const AuthLayer = process.argv[2] === "cxone" ? AtCxone : AtSimulator

const Answer = Schema.Struct({ id: Schema.String, name: Schema.String })

const program = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/api/v2/users/me")
  const { id, name } = yield* HttpClientResponse.schemaBodyJson(Answer)(response)
  yield* Console.log(`I am ${name} (${id}).`)
})

const CxoneLayer = CxoneHttpClient.layer().pipe(Layer.provideMerge(AuthLayer), Layer.provide(FetchHttpClient.layer))

NodeRuntime.runMain(Effect.provide(program, CxoneLayer))
