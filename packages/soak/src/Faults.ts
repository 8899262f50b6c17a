/** What goes wrong, how often, and what it is called. */
import { type Endpoint, Fault, type FaultOn, type RecordedRequest } from "cxone-auth-testkit"
import { type Array, Effect, Option, Random } from "effect"
import * as Draw from "./Draw.js"

type Drawn<On extends Endpoint> = Array.NonEmptyReadonlyArray<Draw.Choice<Effect.Effect<FaultOn[On]>>>

const respond = (status: number, headers: { readonly [name: string]: string } = {}, body?: unknown) =>
  Effect.succeed(Fault.respond({ status, headers, ...(body === undefined ? {} : { body }) }))

const delay = (from: number, to: number) => Effect.map(Draw.millis(from, to), Fault.delay)

const onToken: Drawn<"token"> = [
  { weight: 3, value: respond(503) },
  { weight: 1, value: respond(503, { "retry-after": "1" }) },
  { weight: 2, value: respond(429) },
  { weight: 1, value: respond(429, { "retry-after": "1" }) },
  // Longer than the policy waits.
  { weight: 1, value: respond(429, { "retry-after": "2" }) },
  { weight: 2, value: Effect.succeed(Fault.connectionReset) },
  { weight: 2, value: Effect.succeed(Fault.truncatedBody) },
  { weight: 3, value: delay(20, 300) },
  // Longer than an attempt may take.
  { weight: 1, value: delay(1100, 1500) },
  { weight: 1, value: respond(401, {}, { error: "invalid_client" }) }
]

const onApi: Drawn<"api"> = [
  { weight: 3, value: respond(503, {}, { message: "Service Unavailable" }) },
  { weight: 2, value: respond(403, {}, { error: "insufficient_scope", scope: "admin:all" }) },
  { weight: 3, value: Effect.succeed(Fault.connectionReset) },
  { weight: 3, value: Effect.succeed(Fault.truncatedBody) },
  { weight: 4, value: delay(5, 200) }
]

/** What to inject next at the token endpoint: often more than the retries of one exchange get past. */
export const forToken = Effect.zipWith(
  Effect.flatten(Draw.weighted(onToken)),
  Random.nextIntBetween(1, 4),
  (fault, times) => ({ fault, times })
)

/**
 * What to inject next at the API. Two are not among it because they would happen too often: with so many revoked tokens
 * none would live to its end, and with so many "not yet" hardly a call would be sent.
 */
export const forApi: Effect.Effect<FaultOn["api"]> = Effect.flatten(Draw.weighted(onApi))

/** The API says "not yet". */
export const notYet: FaultOn["api"] = Fault.respond({
  status: 429,
  headers: { "retry-after": "1" },
  body: { message: "Too Many Requests" }
})

/** What a request had to suffer, by endpoint: the status that it was answered, or the kind of fault. */
export const nameOf = ({ endpoint, fault }: RecordedRequest): Option.Option<string> =>
  Option.map(fault, (fault) => `${endpoint} ${fault._tag === "Respond" ? fault.status : fault._tag}`)
