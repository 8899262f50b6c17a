/**
 * One attempt to exchange credentials for a token: sent, limited and read.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { AccessToken } from "./AccessToken.js"
import type { InsufficientScope } from "./ApiError.js"
import { RateLimited } from "./ApiError.js"
import * as ManualRedirect from "./ManualRedirect.js"
import * as ResponseBody from "./ResponseBody.js"
import * as RetryAfter from "./RetryAfter.js"
import * as ScopeSet from "./ScopeSet.js"
import * as Telemetry from "./Telemetry.js"
import type { InvalidClient } from "./TokenError.js"
import { InvalidTokenResponse, TokenEndpointUnavailable } from "./TokenError.js"
import { type TokenPolicy, usableUntil } from "./TokenPolicy.js"
import * as TokenRefusal from "./TokenRefusal.js"
import * as TokenRequest from "./TokenRequest.js"
import * as TokenResponse from "./TokenResponse.js"
import * as TransportFailure from "./TransportFailure.js"

/**
 * What can go wrong in an exchange.
 *
 * @since 0.1.0
 * @category errors
 */
export type ExchangeError =
  | InvalidClient
  | InsufficientScope
  | RateLimited
  | TokenEndpointUnavailable
  | InvalidTokenResponse

interface Attempt {
  readonly request: TokenRequest.TokenRequest
  readonly policy: TokenPolicy
  readonly number: number
  readonly sentAt: number
}

interface Answer {
  readonly response: HttpClientResponse
  /** `None` if it is longer than a token answer can be. */
  readonly body: Option.Option<string>
}

/**
 * Sends the request once, and reads the answer: a token, or what went wrong. It takes as long and reads as much as the
 * policy allows, body included. A redirect is never followed (S3), and no tracing header is sent (C5). `number` says
 * how many attempts this makes.
 *
 * @since 0.1.0
 * @category exchange
 */
export const attempt = (
  request: TokenRequest.TokenRequest,
  policy: TokenPolicy,
  number: number
): Effect.Effect<AccessToken, ExchangeError, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const attempt: Attempt = { request, policy, number, sentAt: yield* Clock.currentTimeMillis }
    const answer = yield* send(attempt)
    return yield* read(attempt, answer, yield* Clock.currentTimeMillis)
  })

const send = (attempt: Attempt): Effect.Effect<Answer, TokenEndpointUnavailable, HttpClient.HttpClient> =>
  HttpClient.HttpClient.pipe(
    Effect.map((http) => ManualRedirect.apply(Telemetry.withoutOwnSpan(http))),
    Effect.flatMap((http) => http.execute(TokenRequest.toHttp(attempt.request))),
    Effect.bindTo("response"),
    Effect.bind("body", ({ response }) => readBody(response, attempt.policy)),
    // Its bugs as well: what a client died of may quote the request (S1), and callers are to get a typed error.
    Effect.catchAllCause((cause) => {
      const detail = TransportFailure.codeOf(Cause.squash(cause))
      return Effect.fail(unavailable(attempt, { reason: "transport", ...(detail === undefined ? {} : { detail }) }))
    }),
    Effect.timeoutFail({
      duration: attempt.policy.attemptTimeout,
      onTimeout: () => unavailable(attempt, { reason: "timeout" })
    })
  )

// A refusal is one by its status. If its body stalls or breaks, trying again would only repeat the credentials.
const readBody = (response: HttpClientResponse, policy: TokenPolicy) => {
  const body = ResponseBody.readText(response, policy.maxAnswerBytes)
  return response.status >= 300 && response.status < 500
    ? Effect.orElseSucceed(Effect.timeout(body, policy.refusalBodyTimeout), Option.none)
    : body
}

const read = (attempt: Attempt, { body, response }: Answer, now: number): Either.Either<AccessToken, ExchangeError> => {
  const { tokenEndpoint } = attempt.request
  const { status } = response
  const retryAfter = RetryAfter.parse(response.headers["retry-after"], now)
  const noToken = (reason: InvalidTokenResponse["reason"]) =>
    new InvalidTokenResponse({ reason, tokenEndpoint: TokenRequest.endpointName(attempt.request), status })

  if (status === 429) {
    return Either.left(new RateLimited({ reason: "token_endpoint", origin: tokenEndpoint.origin, retryAfter }))
  }
  if (status === 408 || status >= 500) {
    return Either.left(unavailable(attempt, { reason: "status", status, retryAfter }))
  }
  if (status >= 400) {
    const text = Option.getOrElse(body, () => "")
    return Either.left(TokenRefusal.classify(attempt.request, status, text))
  }
  if (status >= 300) {
    return Either.left(noToken("redirect"))
  }
  return Either.fromOption(body, () => noToken("too_large")).pipe(
    Either.flatMap((text) => Either.mapLeft(TokenResponse.decode(text), noToken)),
    Either.map((decoded) => toAccessToken(attempt, decoded)),
    Either.filterOrLeft(
      (token) => now < usableUntil(attempt.policy, token),
      () => noToken("expired")
    )
  )
}

const toAccessToken = ({ policy, request, sentAt }: Attempt, decoded: TokenResponse.TokenResponse): AccessToken =>
  new AccessToken({
    value: decoded.access_token,
    tokenType: decoded.token_type,
    scopes: decoded.scope === undefined ? request.scopes : ScopeSet.make(decoded.scope),
    requestedScopes: request.scopes,
    obtainedAt: sentAt,
    expiresAt: sentAt + Duration.toMillis(TokenResponse.lifetimeOf(decoded, sentAt, policy))
  })

const unavailable = (
  { number, request }: Attempt,
  problem: Pick<TokenEndpointUnavailable, "reason"> &
    Partial<Pick<TokenEndpointUnavailable, "status" | "detail" | "retryAfter">>
): TokenEndpointUnavailable =>
  new TokenEndpointUnavailable({
    tokenEndpoint: TokenRequest.endpointName(request),
    attempts: number,
    retryAfter: Option.none(),
    ...problem
  })
