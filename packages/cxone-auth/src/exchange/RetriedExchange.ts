import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
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
   * Exchanges credentials for a token. Transport failures, time-outs, 5xx and 429 are tried again; a 400, 401 or 403, or
   * an answer that is no token, is not (L7). A 429 holds back every exchange here until its time has passed (L6). Each
   * attempt goes through `guard`, which may hold it back or fail in its place.
   */
  readonly run: (request: TokenRequest.TokenRequest, guard: (attempt: Attempt) => Attempt) => Attempt
  /** Whether a 429 holds exchanges back now. */
  readonly isRateLimited: Effect.Effect<boolean>
}

const rateLimited = ({ tokenEndpoint }: TokenRequest.TokenRequest, left: Duration.Duration) =>
  new RateLimited({ reason: "token_endpoint", origin: tokenEndpoint.origin, retryAfter: Option.some(left) })

const isRateLimit = ({ _tag }: TokenEndpoint.ExchangeError): boolean => _tag === "RateLimited"

const mayPass = (error: TokenEndpoint.ExchangeError): boolean =>
  error._tag === "TokenEndpointUnavailable" || isRateLimit(error)

export const make = (policy: TokenPolicy, metrics: Metrics): RetriedExchange => {
  const gate = RateGate.make(policy)

  const send = (request: TokenRequest.TokenRequest, attempts: Ref.Ref<number>): Attempt =>
    Effect.flatMap(
      Ref.updateAndGet(attempts, (made) => made + 1),
      (number) => TokenEndpoint.attempt(request, policy, number)
    ).pipe(
      Effect.tap(() => gate.reset),
      Effect.catchTag("RateLimited", ({ retryAfter }) =>
        Effect.flatMap(gate.close(retryAfter), (left) => Effect.fail(rateLimited(request, left)))
      )
    )

  const attempt = Effect.fnUntraced(
    function* (
      request: TokenRequest.TokenRequest,
      guard: (attempt: Attempt) => Attempt,
      attempts: Ref.Ref<number>,
      patience: Retry.Patience
    ) {
      const held = (left: Duration.Duration) => rateLimited(request, left)
      yield* Effect.mapError(RateGate.pass(gate, patience, metrics.waited), held)
      // While the guard held this attempt back, another exchange may have met a 429.
      const isOpen = Effect.filterOrFail(
        gate.millisLeft,
        (left) => left === 0,
        (left) => held(Duration.millis(left))
      )
      return yield* guard(Effect.zipRight(isOpen, send(request, attempts)))
    },
    Effect.tapBoth({
      onFailure: (error) => Effect.logDebug(`token request failed: ${error.message}`),
      onSuccess: (token) => Effect.logDebug("token obtained", token)
    })
  )

  const conclude = Effect.fnUntraced(function* (
    exit: Exit.Exit<AccessToken, TokenEndpoint.ExchangeError>,
    attempts: number,
    startedAt: number
  ) {
    const outcome = Spans.outcomeOf(exit, "token", ({ _tag }) => _tag)
    if (attempts > 0) {
      metrics.exchanged(outcome, Duration.millis((yield* Clock.currentTimeMillis) - startedAt))
    }
    yield* Effect.annotateCurrentSpan({ outcome, attempts })
  })

  return {
    run: (request, guard) =>
      Effect.gen(function* () {
        const attempts = yield* Ref.make(0)
        const patience = yield* Retry.patience(policy)
        const startedAt = yield* Clock.currentTimeMillis
        // The gate keeps the time of a 429.
        return yield* Retry.retry(attempt(request, guard, attempts, patience), {
          policy,
          patience,
          mayPass,
          isGated: isRateLimit
        }).pipe(Effect.onExit((exit) => Effect.flatMap(Ref.get(attempts), (made) => conclude(exit, made, startedAt))))
      }).pipe(
        Effect.withSpan("CxoneAuth.exchange", {
          captureStackTrace: false,
          attributes: { "url.full": TokenRequest.endpointName(request), scopes: request.scopes.join(" ") }
        })
      ),
    isRateLimited: Effect.map(gate.millisLeft, (left) => left > 0)
  }
}
