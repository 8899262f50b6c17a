/** A process of the fleet: hundreds of fibers call the API, with a token that all processes share. */
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { RedisTokenStore } from "cxone-auth-redis/ioredis"
import { Config, Console, Effect, Layer, Option, Random, Ref, Schedule, Schema } from "effect"
import { Report } from "./support/FleetReport.js"
import { withoutWarnings } from "./support/print.js"

const settings = Config.all({
  name: Config.nonEmptyString("FLEET_NAME"),
  fibers: Config.integer("FLEET_FIBERS")
})

const work = Effect.gen(function* () {
  const { fibers } = yield* settings
  const auth = yield* CxoneAuth
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const counts = yield* Ref.make({ calls: 0, failed: 0 })

  const call = Effect.flatMap(cxone.get("/api/v2/users/me"), ({ json }) => json).pipe(
    Effect.match({ onFailure: () => 1, onSuccess: () => 0 }),
    Effect.flatMap((failures) =>
      Ref.update(counts, ({ calls, failed }) => ({ calls: calls + 1, failed: failed + failures }))
    )
  )
  const pause = Effect.flatMap(Random.nextRange(2_000, 6_000), Effect.sleep)
  const tell = Effect.gen(function* () {
    const [status] = yield* auth.status
    const source = Option.fromNullable(status?.source)
    const report = { ...(yield* Ref.get(counts)), ...(Option.isSome(source) ? { source: source.value } : {}) }
    yield* Console.log(yield* Schema.encode(Report)(report))
  })

  yield* Effect.fork(Effect.repeat(tell, Schedule.spaced("200 millis")))
  yield* Effect.replicateEffect(Effect.forever(Effect.zipRight(call, pause)), fibers, { concurrency: "unbounded" })
})

/** The simulator counts the requests of each process by this header. */
const named = Layer.effect(
  HttpClient.HttpClient,
  Effect.zipWith(HttpClient.HttpClient, settings, (http, { name }) =>
    HttpClient.mapRequest(http, HttpClientRequest.setHeader("x-worker", name))
  )
).pipe(Layer.provide(FetchHttpClient.layer))

const layer = CxoneHttpClient.layer().pipe(
  Layer.provideMerge(CxoneAuth.layerSharedFromEnv()),
  Layer.provide(RedisTokenStore.layerFromEnv()),
  Layer.provide(named)
)

// The process that reads this may have ended.
process.stdout.on("error", () => process.exit())

NodeRuntime.runMain(Effect.provide(work, Layer.provideMerge(layer, withoutWarnings)))
