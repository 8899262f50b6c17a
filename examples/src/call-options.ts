/** Options for a single call, and a client whose calls are repeated. */
import { FetchHttpClient, HttpClient } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Console, Effect, Layer, Schedule } from "effect"

const AtCxone = CxoneAuth.layerFromEnv()
const AtSimulator = Layer.provide(CxoneSimulator.layerAuth({ way: "accessKey" }), CxoneSimulator.layerServer())
const AuthLayer = process.argv[2] === "cxone" ? AtCxone : AtSimulator

const program = Effect.gen(function* () {
  const cxone = yield* CxoneHttpClient
  const serverTime = "/incontactAPI/services/v33.0/server-time"

  const { status } = yield* CxoneHttpClient.withCallOptions(cxone.get(serverTime), {
    onRateLimited: { wait: "30 seconds" }, // after a 429, instead of failing at once
    idempotent: true // it may be sent twice; say so for a POST that only searches
  })
  yield* Console.log(`with options: ${status}`)

  const resilient = HttpClient.filterStatusOk(cxone).pipe(
    HttpClient.retryTransient({ times: 3, schedule: Schedule.exponential("1 second") })
  )
  const again = yield* resilient.get(serverTime)
  yield* Console.log(`repeated, if need be: ${again.status}`)
})

const CxoneLayer = CxoneHttpClient.layer().pipe(Layer.provide(AuthLayer), Layer.provide(FetchHttpClient.layer))

NodeRuntime.runMain(Effect.provide(program, CxoneLayer))
