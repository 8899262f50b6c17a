/**
 * The exchange of credentials for a token, tried again where that may help.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { RateLimited } from "../errors/ApiError.js"
import type { Metrics } from "../telemetry/Metrics.js"
import * as RateGate from "../throttle/RateGate.js"
import type { AccessToken } from "../token/AccessToken.js"
import { backoff, notBefore, type TokenPolicy } from "../token/TokenPolicy.js"
import * as TokenEndpoint from "./TokenEndpoint.js"
import * as TokenRequest from "./TokenRequest.js"

/**
 * One attempt to get a token.
 *
 * @since 0.1.0
 * @category models
 */
export type Attempt = Effect.Effect<AccessToken, TokenEndpoint.ExchangeError, HttpClient.HttpClient>

/**
 * Exchanges at one token endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenExchange {
  /**
   * Exchanges credentials for a token. What may pass (transport failures, time-outs, 5xx, 429) is tried again; what
   * will not (a 400, 401 or 403, an answer that is no token) is not (L7). A 429 holds back every exchange here until
   * its time has passed (L6). Each attempt goes through `guard`, which may hold it back or fail in its place.
   */
  readonly run: (request: TokenRequest.TokenRequest, guard: (attempt: Attempt) => Attempt) => Attempt
  /** Whether a 429 holds exchanges back now. */
  readonly isRateLimited: Effect.Effect<boolean>
}

/** How an exchange has gone so far. */
interface Progress {
  readonly attempts: number
  /** For how long the server has made it wait ("not yet"), in milliseconds. */
  readonly waited: number
}

const addWait = (progress: Ref.Ref<Progress>, millis: number) =>
  Ref.update(progress, (before) => ({ ...before, waited: before.waited + millis }))

const nextAttempt = (progress: Ref.Ref<Progress>) =>
  Effect.map(
    Ref.updateAndGet(progress, (before) => ({ ...before, attempts: before.attempts + 1 })),
    ({ attempts }) => attempts
  )

const rateLimited = ({ tokenEndpoint }: TokenRequest.TokenRequest, left: Duration.Duration) =>
  new RateLimited({ reason: "token_endpoint", origin: tokenEndpoint.origin, retryAfter: Option.some(left) })

const askedBy = (error: TokenEndpoint.ExchangeError): Duration.Duration =>
  "retryAfter" in error ? Option.getOrElse(error.retryAfter, () => Duration.zero) : Duration.zero

const mayPass = (error: TokenEndpoint.ExchangeError): boolean =>
  error._tag === "TokenEndpointUnavailable" || error._tag === "RateLimited"

/**
 * Exchanges at one token endpoint, which share what is known of its rate limit.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (policy: TokenPolicy, metrics: Metrics): TokenExchange => {
  const gate = RateGate.make(policy)

  const patienceLeft = (progress: Ref.Ref<Progress>) =>
    Effect.map(Ref.get(progress), ({ waited }) => Duration.toMillis(policy.maxWait) - waited)

  const attempt = (
    request: TokenRequest.TokenRequest,
    guard: (attempt: Attempt) => Attempt,
    progress: Ref.Ref<Progress>
  ): Attempt => {
    const pass = (patience: number) =>
      Effect.mapError(
        RateGate.pass(gate, { patience, onWait: metrics.waited, waited: (millis) => addWait(progress, millis) }),
        (left) => rateLimited(request, left)
      )
    const send = Effect.flatMap(nextAttempt(progress), (number) => TokenEndpoint.attempt(request, policy, number)).pipe(
      Effect.tap(() => gate.reset),
      Effect.catchTag("RateLimited", ({ retryAfter }) =>
        Effect.flatMap(gate.close(retryAfter), (left) => Effect.fail(rateLimited(request, left)))
      )
    )
    return Effect.gen(function* () {
      yield* pass(yield* patienceLeft(progress))
      // While the guard held it back, another exchange may have met a 429.
      return yield* guard(Effect.zipRight(pass(0), send))
    }).pipe(
      Effect.tapBoth({
        onFailure: (error) => Effect.logDebug(`token request failed: ${error.message}`),
        onSuccess: (token) => Effect.logDebug("token obtained", token)
      })
    )
  }

  const delayAfter = (error: TokenEndpoint.ExchangeError, delay: Duration.Duration, progress: Ref.Ref<Progress>) => {
    if (error._tag === "RateLimited") {
      return Effect.succeed(Duration.zero) // The gate keeps the time.
    }
    const asked = Duration.toMillis(askedBy(error))
    return asked === 0 ? Effect.succeed(delay) : Effect.zipRight(addWait(progress, asked), notBefore(asked))
  }

  const schedule = (progress: Ref.Ref<Progress>) =>
    Schedule.identity<TokenEndpoint.ExchangeError>().pipe(
      Schedule.intersect(backoff(policy)),
      Schedule.intersect(Schedule.recurs(policy.retries)),
      Schedule.modifyDelayEffect(([[error]], delay) => delayAfter(error, delay, progress))
    )

  const conclude = (
    exit: Exit.Exit<AccessToken, TokenEndpoint.ExchangeError>,
    progress: Ref.Ref<Progress>,
    startedAt: number
  ) =>
    Effect.gen(function* () {
      const { attempts } = yield* Ref.get(progress)
      const outcome = Exit.match(exit, { onFailure: outcomeOf, onSuccess: () => "token" })
      if (attempts > 0) {
        metrics.exchanged(outcome, Duration.millis((yield* Clock.currentTimeMillis) - startedAt))
      }
      yield* Effect.annotateCurrentSpan({ outcome, attempts })
    })

  return {
    run: (request, guard) =>
      Effect.gen(function* () {
        const progress = yield* Ref.make<Progress>({ attempts: 0, waited: 0 })
        const startedAt = yield* Clock.currentTimeMillis
        return yield* attempt(request, guard, progress).pipe(
          Effect.retry({
            while: (error) =>
              Effect.map(
                patienceLeft(progress),
                (patience) => mayPass(error) && Duration.toMillis(askedBy(error)) <= patience
              ),
            schedule: schedule(progress)
          }),
          Effect.onExit((exit) => conclude(exit, progress, startedAt))
        )
      }).pipe(
        Effect.withSpan("CxoneAuth.exchange", {
          captureStackTrace: false,
          attributes: {
            "url.full": TokenRequest.endpointName(request),
            scopes: request.scopes.join(" ")
          }
        })
      ),
    isRateLimited: Effect.map(gate.millisLeft, (left) => left > 0)
  }
}

const outcomeOf = (cause: Cause.Cause<TokenEndpoint.ExchangeError>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => (Cause.isInterruptedOnly(cause) ? "interrupted" : "Defect"),
    onSome: ({ _tag }) => _tag
  })
