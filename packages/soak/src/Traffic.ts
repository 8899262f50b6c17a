/** What the app does: many fibers that call, ask for tokens, lose patience and are interrupted, at random. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { type AccessToken, CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Array, Cause, Clock, Data, Duration, Effect, Exit, Fiber, Random, Schema } from "effect"
import * as Draw from "./Draw.js"
import { isAsked, NotYet } from "./NotYet.js"
import { Outcomes } from "./Outcomes.js"
import { usableUntil } from "./Policy.js"

/** A token was handed out that ends too soon, or has other scopes than were asked for. */
class WrongToken extends Data.TaggedError("WrongToken")<{
  readonly reason: "late" | "scopes"
  readonly message: string
}> {}

/** Something took longer than all time-outs and waits of the policy together. */
class Hang extends Data.TaggedError("Hang")<{ readonly message: string }> {}

/** A call was held back though the API did not ask for it. */
class HeldBack extends Data.TaggedError("HeldBack")<{ readonly reason: "unasked"; readonly message: string }> {}

const patience = Duration.seconds(15)

/** How long a patient call may wait. The API says "not yet" for a second at a time. */
const wait = Duration.seconds(3)

const User = Schema.Struct({ id: Schema.String, name: Schema.String })

const getUser = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  return yield* Effect.flatMap(cxone.get("/api/v2/users/me"), HttpClientResponse.schemaBodyJson(User))
})

/** The clock is read before, as in `checked`. */
const call = Effect.flatMap(Clock.currentTimeMillis, (before) =>
  Effect.catchTag(getUser, "RateLimited", (error) =>
    Effect.gen(function* () {
      const until = yield* (yield* NotYet).until
      return yield* error.reason !== "held_back" || isAsked(error.retryAfter, before, until)
        ? error
        : new HeldBack({
            reason: "unasked",
            message: `The API's "not yet" ended ${until - before} ms after the call was made. ${error.message}`
          })
    })
  )
)

const patientCall = CxoneHttpClient.withCallOptions({ onRateLimited: { wait } })(call)

/**
 * A token that may be handed out is one that could be when it was asked for, the clock being read before: no allowance
 * for a busy machine is needed. And it has not ended when it arrives.
 */
const checked = <E, R>(asked: Effect.Effect<AccessToken, E, R>) =>
  Effect.gen(function* () {
    const before = yield* Clock.currentTimeMillis
    const token = yield* asked
    const late = Math.max(before - usableUntil(token), (yield* Clock.currentTimeMillis) - token.expiresAt)
    return late < 0 ? token : yield* new WrongToken({ reason: "late", message: `${late} ms past its time` })
  })

const token = Effect.flatMap(CxoneAuth, (auth) => checked(auth.accessToken))

const scopeSets: Array.NonEmptyReadonlyArray<Draw.Choice<string>> = [
  { weight: 1, value: "write:users" },
  { weight: 1, value: "read:reports" },
  { weight: 1, value: "read:users write:users" },
  { weight: 1, value: "write:users read:users" }
]

const scopedToken = Effect.gen(function* () {
  const auth = yield* CxoneAuth
  const wanted = yield* Draw.weighted(scopeSets)
  const { scopes } = yield* checked(auth.accessTokenFor(wanted))
  const same = scopes.join(" ") === wanted.split(" ").sort().join(" ")
  return same ? scopes : yield* new WrongToken({ reason: "scopes", message: `${scopes.join(" ")} for ${wanted}` })
})

/** Interrupts a call while it runs, if it is not over already: then what it came to counts. */
const interrupted = Effect.gen(function* () {
  const { abandon } = yield* Outcomes
  const fiber = yield* Effect.fork(call)
  yield* Draw.pause(0, 30)
  const exit = yield* Fiber.interrupt(fiber)
  yield* Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause) ? abandon : exit
})

/** Takes what is late for no answer. */
const impatient = Effect.gen(function* () {
  const { abandon } = yield* Outcomes
  const limit = yield* Draw.millis(1, 60)
  yield* Effect.catchTag(Effect.timeout(call, limit), "TimeoutException", () => abandon)
})

type Services = CxoneAuth | CxoneHttpClient | NotYet | Outcomes

const doing = Effect.map(Outcomes, ({ count }) => {
  const counted = (what: "calls" | "tokens", effect: Effect.Effect<unknown, unknown, Services>) =>
    count(
      what,
      Effect.timeoutFail(effect, {
        duration: patience,
        onTimeout: () => new Hang({ message: `not done in ${Duration.format(patience)}` })
      })
    )
  return Draw.weighted([
    { weight: 10, value: counted("calls", call) },
    { weight: 2, value: counted("calls", patientCall) },
    { weight: 3, value: counted("tokens", token) },
    { weight: 3, value: counted("tokens", scopedToken) },
    { weight: 1, value: counted("calls", interrupted) },
    { weight: 1, value: counted("calls", impatient) }
  ])
})

const user = Effect.flatMap(doing, (drawn) =>
  Effect.forever(Effect.zipRight(Effect.flatten(drawn), Draw.pause(20, 250)))
)

/** So many users at once, until it is interrupted. Each draws from a seed of its own. */
export const run = (users: number, seed: string) =>
  Effect.forEach(
    Array.makeBy(users, (index) => Effect.withRandom(user, Random.make(`${seed}/${index}`))),
    (user) => user,
    { concurrency: "unbounded", discard: true }
  )
