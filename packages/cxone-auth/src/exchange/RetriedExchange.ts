import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import { soon } from "../errors/Phrases.js"
import * as Retry from "../http/Retry.js"
import * as Logs from "../telemetry/Logs.js"
import type { Metrics } from "../telemetry/Metrics.js"
import * as Spans from "../telemetry/Spans.js"
import type { AccessToken } from "../token/AccessToken.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import type { FailedExchanges } from "./FailedExchanges.js"
import * as Pause from "./Pause.js"
import * as TokenEndpoint from "./TokenEndpoint.js"
import * as TokenRequest from "./TokenRequest.js"

const warn = (error: TokenEndpoint.ExchangeError, attempt: number, next: string) =>
  Logs.warn(`Token request failed${next}. ${error.message}`, {
    attempt,
    ...(error._tag === "CredentialsUnavailable" ? {} : { lasts: error.retryAfter })
  })

type Exchange = Effect.Effect<AccessToken, TokenEndpoint.ExchangeError, HttpClient.HttpClient>

/**
 * Makes the function that exchanges credentials for a token. `Pause.isTriedAgain` says what is tried again (L7). Each attempt
 * goes through `failed`, which may hold it back (L6).
 */
export const make =
  (policy: TokenPolicy, metrics: Metrics, failed: FailedExchanges) =>
  (request: TokenRequest.TokenRequest): Exchange =>
    Effect.gen(function* () {
      const attempts = yield* Ref.make(0)
      /** Whether an attempt was made since the last line of the log. */
      const isNews = yield* Ref.make(false)
      const startedAt = yield* Clock.currentTimeMillis

      const send = Effect.flatMap(
        Ref.set(isNews, true).pipe(Effect.zipRight(Ref.updateAndGet(attempts, (made) => made + 1))),
        (number) => TokenEndpoint.attempt(request, policy, number)
      )
      const attempt = (patience: Retry.Patience) =>
        Effect.tap(failed.guard(request, patience, send), (token) => Logs.debug("token obtained", token))

      // What a pause holds back was not tried, and its failure has been logged when the pause began.
      const report = (error: TokenEndpoint.ExchangeError, next = "") =>
        Effect.flatMap(Ref.getAndSet(isNews, false), (isNews) =>
          isNews ? Effect.flatMap(Ref.get(attempts), (made) => warn(error, made, next)) : Effect.void
        )

      /** A try that was announced, and then held back by another request's failure, has a line of its own. */
      const end = Effect.fnUntraced(function* (error: TokenEndpoint.ExchangeError) {
        const isHeldBack = "heldBack" in error && error.heldBack
        if (!isHeldBack || (yield* Ref.get(attempts)) === 0) {
          return yield* Effect.zipRight(report(error), Effect.fail(error))
        }
        yield* Ref.set(isNews, true)
        const last = Pause.sentBefore(error)
        return yield* Effect.zipRight(report(last), Effect.fail(last))
      })

      const conclude = Effect.fnUntraced(function* (exit: Exit.Exit<AccessToken, TokenEndpoint.ExchangeError>) {
        const outcome = Spans.outcomeOf(exit, "token", ({ _tag }) => _tag)
        const made = yield* Ref.get(attempts)
        if (made > 0) {
          metrics.exchanged(outcome, Duration.millis((yield* Clock.currentTimeMillis) - startedAt))
        }
        yield* Spans.conclude(exit, outcome, made)
      })

      // After "not yet" the next try starts at once, because it waits in `failed`.
      return yield* Retry.retry(attempt, {
        policy,
        mayPass: Pause.isTriedAgain,
        isGated: Pause.saysNotYet,
        onRetry: (error, wait) => report(error, `, and is sent again ${soon(wait)}`)
      }).pipe(
        Effect.catchAll((error) => Effect.flatMap(failed.conclude(request, error), end)),
        Effect.onExit(conclude)
      )
    }).pipe(
      Effect.withSpan("CxoneAuth.exchange", {
        captureStackTrace: false,
        attributes: { "url.full": TokenRequest.endpointName(request), [Spans.own("scopes")]: request.scopes.join(" ") }
      })
    )
