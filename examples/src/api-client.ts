/** A client that is generated from an `HttpApi` definition. It knows nothing of tokens, and each of its calls carries one. */
import { HttpApiClient } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Fault } from "cxone-auth-testkit"
import { Effect, Layer, Option } from "effect"
import { CxoneApi } from "./support/CxoneApi.js"
import { line } from "./support/print.js"
import * as Stage from "./support/Stage.js"

const program = Effect.gen(function* () {
  const cxone = yield* HttpApiClient.make(CxoneApi)

  const user = yield* cxone.users.me()
  yield* line("users.me", "200", `${user.name} (${user.id})`)

  const { simulator } = yield* Stage.Stage
  if (Option.isNone(simulator)) {
    return
  }
  const { inject, requestsTo, revoke } = simulator.value

  yield* revoke(yield* Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken))
  yield* cxone.users.me()
  yield* line("token revoked", "200", "401, renewed, sent again; the generated client did not notice")

  yield* inject(Fault.respond({ status: 429, headers: { "retry-after": "1" } }), { on: "api" })
  const before = (yield* requestsTo("api")).length
  yield* cxone.system.serverTime()
  yield* line("too many calls", "200", `429, waited a second, ${(yield* requestsTo("api")).length - before} requests`)

  // Errors have the platform's types until `withTypedErrors` restores the types of this library.
  const outcome = yield* cxone.users.me().pipe(
    CxoneHttpClient.withScopes("offline_access"),
    CxoneHttpClient.withTypedErrors,
    Effect.as("no error"),
    Effect.catchTag("InsufficientScope", ({ _tag, required }) => Effect.succeed(`${_tag}: needs ${required.join(" ")}`))
  )
  yield* line("scope missing", "403", outcome)
})

const GeneratedClientLayer = CxoneHttpClient.layerHttpClient({ onRateLimited: { wait: "10 seconds" } })

NodeRuntime.runMain(Effect.provide(program, Layer.provideMerge(GeneratedClientLayer, Stage.layer)))
