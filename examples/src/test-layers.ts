/** The same program three times. Only the layer differs. */
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Config, Effect, Layer, Option, Schema } from "effect"
import { line } from "./support/print.js"

const User = Schema.Struct({ name: Schema.String })

/** What an app does. It does not know where its token comes from. */
const greeting = Effect.gen(function* () {
  const cxone = yield* CxoneHttpClient
  const response = yield* cxone.get("/api/v2/users/me")
  const user = yield* HttpClientResponse.schemaBodyJson(User)(response)
  return `Hello ${user.name}!`
})

/** An HttpClient that gives every request the same answer, for a test that is not about CXone. */
const cannedAnswer = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, new Response(JSON.stringify({ name: "canned answer" }))))
  )
)

const withFixedToken = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneAuth.layerTest("any-token")),
  Layer.provide(cannedAnswer)
)

const withSimulator = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneSimulator.layerAuth({ scopes: "read:users" })),
  Layer.provide(CxoneSimulator.layerMemory())
)

const withCxone = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneAuth.layerFromEnv()),
  Layer.provide(FetchHttpClient.layer)
)

const program = Effect.gen(function* () {
  yield* line("a fixed token", yield* Effect.provide(greeting, withFixedToken), "CxoneAuth.layerTest: no exchange")
  yield* line(
    "the simulator",
    yield* Effect.provide(greeting, withSimulator),
    "in memory, with a real exchange and real checks"
  )
  const clientId = yield* Config.option(Config.nonEmptyString("CXONE_CLIENT_ID"))
  yield* Option.isSome(clientId)
    ? Effect.flatMap(Effect.provide(greeting, withCxone), (text) => line("CXone", text, "CxoneAuth.layerFromEnv()"))
    : line("CXone", "not called", "CXONE_CLIENT_ID is not set, so only the simulator was called")
})

NodeRuntime.runMain(program)
