/** From credentials to a CXone call, and what happens when something goes wrong. */
import { HttpClientResponse } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, type CxoneSimulatorService, Fault } from "cxone-auth-testkit"
import { Clock, type ConfigError, Console, Effect, Layer, Option, Schema } from "effect"
import { line, wrapped } from "./support/print.js"
import * as Stage from "./support/Stage.js"

const User = Schema.Struct({ id: Schema.String, name: Schema.String })

const whoAmI = Effect.gen(function* () {
  const cxone = yield* CxoneHttpClient
  const response = yield* cxone.get("/api/v2/users/me").pipe(Effect.flatMap(HttpClientResponse.filterStatusOk))
  return yield* HttpClientResponse.schemaBodyJson(User)(response)
})

const refusedCall = Effect.flip(whoAmI).pipe(
  Effect.orDieWith(() => new Error("the call succeeded, but should have failed"))
)

const whatAlwaysHappens = Effect.gen(function* () {
  const auth = yield* CxoneAuth

  const token = yield* auth.accessToken
  const minutes = Math.round((token.expiresAt - (yield* Clock.currentTimeMillis)) / 60_000)
  yield* line("token", "new", `for ${token.scopes.join(" ")}; ends in ${minutes} minutes`)

  const again = yield* auth.accessToken
  yield* line("token", again === token ? "cached" : "new", "nothing was sent")

  const user = yield* whoAmI
  yield* line("GET users/me", "200", `${user.name} (${user.id})`)
})

const whatCanGoWrong = (simulator: CxoneSimulatorService) =>
  Effect.gen(function* () {
    const exchanges = Effect.map(simulator.requestsTo("token"), ({ length }) => length)
    const before = yield* exchanges
    yield* simulator.inject(Fault.revokeToken, { on: "api" })
    yield* whoAmI
    yield* line(
      "token revoked",
      "401, renewed, 200",
      `the caller saw only the 200; ${(yield* exchanges) - before} token request`
    )

    const withoutScope = CxoneHttpClient.layer().pipe(
      Layer.provide(CxoneSimulator.layerAuth({ scopes: "offline_access" }))
    )
    const tooLittle = yield* Effect.provide(refusedCall, withoutScope)
    yield* line("scope missing", "403, InsufficientScope")
    yield* Console.log(wrapped(tooLittle.message, "  "))

    yield* simulator.inject(Fault.respond({ status: 429, headers: { "retry-after": "5" } }), { on: "api" })
    const tooMuch = yield* refusedCall
    yield* line("too many calls", "429, RateLimited")
    yield* Console.log(wrapped(tooMuch.message, "  "))
  }).pipe(Effect.provideService(CxoneSimulator, simulator))

const program = Effect.gen(function* () {
  const { simulator } = yield* Stage.Stage
  yield* whatAlwaysHappens
  yield* Option.match(simulator, {
    onNone: () => Console.log("\nFailures are shown at the simulator only. Unset CXONE_CLIENT_ID to see them."),
    onSome: whatCanGoWrong
  })
})

// Prints the message of a failure, without its stack: settings and calls can both fail.
const explain = (error: { readonly message: string } | ConfigError.ConfigError) =>
  Console.error(`\n${wrapped("message" in error ? error.message : String(error), "")}`)

NodeRuntime.runMain(program.pipe(Effect.provide(Stage.layer), Effect.tapError(explain)), {
  disableErrorReporting: true
})
