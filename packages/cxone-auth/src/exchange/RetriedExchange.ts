import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import { RateLimited } from "../errors/CxoneAuthError.js"
import * as Retry from "../http/Retry.js"
import type { Metrics } from "../telemetry/Metrics.js"
import * as Spans from "../telemetry/Spans.js"
import { RateGate } from "../throttle/Throttle.js"
import type { AccessToken } from "../token/AccessToken.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import * as TokenEndpoint from "./TokenEndpoint.js"
import * as TokenRequest from "./TokenRequest.js"

/** One attempt to get a token. */
export type Attempt = Effect.Effect<AccessToken, TokenEndpoint.ExchangeError, HttpClient.HttpClient>

/** Exchanges at one token endpoint, which share what is known of its rate limit. */
export interface RetriedExchange {
  /**
   * Exchanges credentials for a token. Transport failures, time-outs, 408, 429 and 5xx are tried again; another 4xx, or
   * an answer that is no token, is not (L7). A 429 holds back every exchange here until its time has passed (L6). Each
   * attempt goes through `guard`, which may fail in its place.
   */
  readonly run: (request: TokenRequest.TokenRequest, guard: (attempt: Attempt) => Attempt) => Attempt
  /** Whether a 429 holds exchanges back now. */
  readonly isRateLimited: Effect.Effect<boolean>
}

const isRateLimit = ({ _tag }: TokenEndpoint.ExchangeError): boolean => _tag === "RateLimited"

const mayPass = (error: TokenEndpoint.ExchangeError): boolean =>
  error._tag === "TokenEndpointUnavailable" || isRateLimit(error)

export const make = (policy: TokenPolicy, metrics: Metrics): RetriedExchange => {
  const gate = RateGate.make()

  const run = (request: TokenRequest.TokenRequest, guard: (attempt: Attempt) => Attempt) =>
    Effect.gen(function* () {
      const attempts = yield* Ref.make(0)
      const startedAt = yield* Clock.currentTimeMillis
      const { origin } = request.tokenEndpoint
      const rateLimited = (left: Duration.Duration) =>
        new RateLimited({ reason: "token_endpoint", origin, retryAfter: left })

      const send = Ref.updateAndGet(attempts, (made) => made + 1).pipe(
        Effect.flatMap((number) => TokenEndpoint.attempt(request, policy, number)),
        Effect.tap(() => gate.reset),
        Effect.catchTag("RateLimited", (error) =>
          Effect.flatMap(gate.close(error, policy), (left) => Effect.fail(rateLimited(left)))
        )
      )

      // Looks at the gate again, because another exchange may have met a 429 since.
      const isOpen = Effect.filterOrFail(
        gate.millisLeft,
        (left) => left === 0,
        (left) => rateLimited(Duration.millis(left))
      )

      const attempt = (patience: Retry.Patience) =>
        RateGate.pass(gate, patience, metrics.waited).pipe(
          Effect.mapError(rateLimited),
          Effect.zipRight(guard(Effect.zipRight(isOpen, send))),
          Effect.tapBoth({
            onFailure: (error) => Effect.logDebug(`token request failed: ${error.message}`),
            onSuccess: (token) => Effect.logDebug("token obtained", token)
          })
        )

      const conclude = Effect.fnUntraced(function* (exit: Exit.Exit<AccessToken, TokenEndpoint.ExchangeError>) {
        const outcome = Spans.outcomeOf(exit, "token", ({ _tag }) => _tag)
        const made = yield* Ref.get(attempts)
        if (made > 0) {
          metrics.exchanged(outcome, Duration.millis((yield* Clock.currentTimeMillis) - startedAt))
        }
        yield* Spans.conclude(exit, outcome, made)
      })

      // A 429 needs no delay here, because the next try waits at the gate.
      return yield* Effect.onExit(Retry.retry(attempt, { policy, mayPass, isGated: isRateLimit }), conclude)
    }).pipe(
      Effect.withSpan("CxoneAuth.exchange", {
        captureStackTrace: false,
        attributes: { "url.full": TokenRequest.endpointName(request), [Spans.own("scopes")]: request.scopes.join(" ") }
      })
    )

  return { run, isRateLimited: Effect.map(gate.millisLeft, (left) => left > 0) }
}
