/** What the place of the layer costs: provided in each request, or held by one runtime. */
import { FetchHttpClient, type HttpClient } from "@effect/platform"
import { CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect, Layer, ManagedRuntime } from "effect"

const simulator = ManagedRuntime.make(Layer.merge(CxoneSimulator.layerServer(), FetchHttpClient.layer))
const { clearRequests, requestsTo } = await simulator.runPromise(CxoneSimulator)
const simulated = await simulator.runPromise(Effect.context<CxoneSimulator | HttpClient.HttpClient>())

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneSimulator.layerAuth()),
  Layer.provide(Layer.succeedContext(simulated))
)

const call = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/incontactAPI/services/v33.0/server-time"))

const requests = Array.from({ length: 11 })
const report = async (way: string) => {
  const { length } = await simulator.runPromise(requestsTo("token"))
  console.log(`${way}: ${requests.length} requests made ${length} token exchange(s)`)
  await simulator.runPromise(clearRequests)
}

for (const _ of requests) await Effect.runPromise(Effect.provide(call, CxoneLayer))
await report("Effect.provide in each request")

const runtime = ManagedRuntime.make(CxoneLayer)
for (const _ of requests) await runtime.runPromise(call)
await report("one ManagedRuntime")

await runtime.dispose()
await simulator.dispose()
