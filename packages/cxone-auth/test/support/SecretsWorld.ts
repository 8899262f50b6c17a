import { type AccessToken, Credentials, CxoneAuth, type CxoneAuthError, type CxoneAuthOptions } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Clock, Duration, Effect, Random, Redacted } from "effect"

/** The client of these tests, with this secret. */
export const credentialsWith = (clientSecret: string) =>
  Credentials.clientSecret({ clientId: "reporting-job", clientSecret: Redacted.make(clientSecret) })

/** From now on the simulator knows the client by this secret, and by no other. */
export const registerSecret = (secret: string) =>
  Effect.flatMap(CxoneSimulator, ({ registerClient }) =>
    registerClient({ clientId: "reporting-job", clientSecret: Redacted.make(secret), scopes: ["a", "b", "c"] })
  )

/**
 * Runs the body with a token service at the simulator of cxone-auth-testkit, in memory, which at first knows the client
 * by the secret `right`. Every random draw is `draw`. Take it for what depends on the secret that was sent, or on a fault
 * of the token endpoint. Take `TokenExchange` for a single exchange, and `ClientWorld` for what the API answers.
 */
export const withAuth = <A, E>(
  options: Omit<CxoneAuthOptions, "environment">,
  body: (auth: typeof CxoneAuth.Service) => Effect.Effect<A, E, CxoneSimulator>,
  draw = 0
) =>
  Effect.gen(function* () {
    yield* registerSecret("right")
    const { environment } = yield* CxoneSimulator
    const layer = CxoneAuth.layer({ environment, scopes: "a", ...options })
    return yield* Effect.provide(Effect.flatMap(CxoneAuth, body), layer)
  }).pipe(Effect.provide(CxoneSimulator.layerMemory()), Effect.withRandom(Random.fixed([draw])))

/** The secrets that were sent, in order. */
export const secretsSent = Effect.flatMap(CxoneSimulator, ({ requestsTo }) =>
  Effect.map(requestsTo("token"), (requests) =>
    requests.map(({ body }) => new URLSearchParams(Redacted.value(body)).get("client_secret"))
  )
)

/** How many token requests were sent. */
export const sent = Effect.map(secretsSent, ({ length }) => length)

/** The refusal that a call fails with; any other error is a defect. */
export const refusalOf = (call: Effect.Effect<AccessToken, CxoneAuthError>) =>
  Effect.flatMap(Effect.flip(call), (error) =>
    error._tag === "InvalidClient" ? Effect.succeed(error) : Effect.die(`not refused, but ${error.message}`)
  )

/** Until when the refusal that a call fails with is remembered, in milliseconds since the epoch. */
export const refusedUntil = (call: Effect.Effect<AccessToken, CxoneAuthError>) =>
  Effect.flatMap(refusalOf(call), ({ retryAfter }) =>
    Effect.map(Clock.currentTimeMillis, (now) => retryAfter && now + Duration.toMillis(retryAfter))
  )
