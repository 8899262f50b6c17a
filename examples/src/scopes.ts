/** Two sets of scopes have two tokens. A caller never gets a token that was requested for other scopes. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { type AccessToken, CxoneAuth } from "cxone-auth"
import { Console, Effect, Option, Redacted } from "effect"
import { line } from "./support/print.js"
import * as Stage from "./support/Stage.js"

const isSame = (a: AccessToken, b: AccessToken) => (Redacted.value(a.value) === Redacted.value(b.value) ? "yes" : "no")

const program = Effect.gen(function* () {
  const auth = yield* CxoneAuth

  const reading = yield* auth.accessTokenFor(["read:users"])
  yield* line("read:users", "new", `granted: ${reading.scopes.join(" ")}`)

  const writing = yield* auth.accessTokenFor("read:users write:users")
  yield* line("read:users write:users", "new", `granted: ${writing.scopes.join(" ")}`)
  yield* line("", "the same token?", isSame(reading, writing))

  const reordered = yield* auth.accessTokenFor(["write:users", "read:users", "write:users"])
  yield* line(
    "write:users read:users",
    "the same token?",
    `${isSame(writing, reordered)}: the order makes no difference`
  )

  const { simulator } = yield* Stage.Stage
  if (Option.isSome(simulator)) {
    const requests = yield* simulator.value.requestsTo("token")
    yield* Console.log(`\n${requests.length} token requests for 3 calls.`)
  }
})

NodeRuntime.runMain(Effect.provide(program, Stage.layer))
