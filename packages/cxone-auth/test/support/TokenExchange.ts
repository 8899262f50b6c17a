import { Credentials, TokenPolicy } from "cxone-auth"
import { Effect, Either, Fiber, Option, Random, Redacted, TestClock } from "effect"
import * as FailedExchanges from "../../src/exchange/FailedExchanges.js"
import * as RetriedExchange from "../../src/exchange/RetriedExchange.js"
import type { TokenRequest } from "../../src/exchange/TokenRequest.js"
import * as Metrics from "../../src/telemetry/Metrics.js"
import { json, type Play, scripted } from "./ScriptedHttpClient.js"

export const clientSecret = "s/e+c=r et&"

/** The token request of these tests; each may say otherwise in part. */
export const request: TokenRequest = {
  tokenEndpoint: new URL("https://platform.nice-ic.com/oauth/token"),
  environment: "region",
  credentials: Credentials.clientSecret({ clientId: "my app", clientSecret: Redacted.make(clientSecret) }),
  scopes: ["offline_access", "read:users"]
}

/** An answer with a token of one hour. */
export const token = () => json({ access_token: "t0k3n", token_type: "Bearer", expires_in: 3600 })

/** An answer that refuses the request with this code. */
export const refusal = (status: number, error: string, error_description?: string) => () =>
  json({ error, ...(error_description === undefined ? {} : { error_description }) }, { status })

/**
 * Runs one exchange, retries included, for up to ten minutes by the clock. Gives its end, what was sent and when (in
 * seconds). Take it for a single exchange, without a cache or memory of refusals; take `SecretsWorld` for those.
 */
export const run = (play: Play, overrides: Partial<TokenRequest> = {}, seed = "a fixed seed") =>
  Effect.gen(function* () {
    const { layer, sent } = yield* scripted(play)
    const metrics = Metrics.make(undefined)
    const failed = yield* FailedExchanges.make(TokenPolicy.defaults, metrics)
    const exchange = RetriedExchange.make(TokenPolicy.defaults, metrics, failed)
    const fiber = yield* exchange({ ...request, ...overrides }).pipe(
      Effect.either,
      Effect.provide(layer),
      Effect.withRandom(Random.make(seed)),
      Effect.fork
    )
    yield* TestClock.adjust("10 minutes")
    const all = yield* sent
    return { result: yield* Fiber.join(fiber), sent: all, seconds: all.map(({ at }) => at / 1000) }
  })

/** The error of an exchange that fails, and what was sent for it. */
export const failureOf = (play: Play) =>
  Effect.map(run(play), ({ result, sent }) => ({ error: Option.getOrThrow(Either.getLeft(result)), sent }))
