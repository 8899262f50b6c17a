import { CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Effect, Layer, Logger, LogLevel } from "effect"
import { afterAll, expect, test } from "vitest"
import { answerFor, makeCxone } from "./make-cxone.js"

// What an app imports as `cxone`, over a simulator in memory.
const simulated = CxoneHttpClient.layer().pipe(
  Layer.provideMerge(CxoneSimulator.layerAuth({ way: "accessKey" })),
  Layer.provideMerge(CxoneSimulator.layerTest()),
  Layer.provideMerge(Logger.minimumLogLevel(LogLevel.None))
)
const cxone = makeCxone(simulated)
afterAll(() => cxone.stop())

const path = "/incontactAPI/services/v33.0/server-time"

test("the answer is the JSON", async () => {
  expect(await cxone.getJson(path)).toHaveProperty("ServerTime")
})

test("a 429 becomes a 503 with its wait", async () => {
  const limit = Fault.respond({ status: 429, headers: { "retry-after": "7" } })
  await cxone.runtime.runPromise(Effect.flatMap(CxoneSimulator, ({ inject }) => inject(limit, { on: "api" })))
  const error: unknown = await cxone.getJson(path).catch((error) => error)
  expect(answerFor(error)).toMatchObject({ status: 503, headers: { "retry-after": "7" } })
})
