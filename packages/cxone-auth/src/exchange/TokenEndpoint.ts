/**
 * One attempt to exchange credentials for a token: sent, limited and read.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ErrorBody from "../cxone/ErrorBody.js"
import type { InsufficientScope } from "../errors/ApiError.js"
import { RateLimited } from "../errors/ApiError.js"
import type { InvalidClient } from "../errors/TokenError.js"
import { InvalidTokenResponse, TokenEndpointUnavailable } from "../errors/TokenError.js"
import * as LimitedRequest from "../http/LimitedRequest.js"
import * as RetryAfter from "../http/RetryAfter.js"
import { AccessToken } from "../token/AccessToken.js"
import * as ScopeSet from "../token/ScopeSet.js"
import { type TokenPolicy, usableUntil } from "../token/TokenPolicy.js"
import * as TokenRefusal from "./TokenRefusal.js"
import * as TokenRequest from "./TokenRequest.js"
import * as TokenResponse from "./TokenResponse.js"

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
    const answer = yield* Effect.mapError(LimitedRequest.send(TokenRequest.toHttp(request), policy), (problem) =>
      unavailable(attempt, problem)
    )
    return yield* read(attempt, answer, yield* Clock.currentTimeMillis)
  })

const read = (
  attempt: Attempt,
  answer: LimitedRequest.Answer,
  now: number
): Either.Either<AccessToken, ExchangeError> => {
  const { body, response } = answer
  const { tokenEndpoint } = attempt.request
  const { status } = response
  const retryAfter = RetryAfter.parse(response.headers["retry-after"], now)
  const noToken = (reason: InvalidTokenResponse["reason"]) =>
    new InvalidTokenResponse({ reason, tokenEndpoint: TokenRequest.endpointName(attempt.request), status })

  if (status === 429) {
    return Either.left(new RateLimited({ reason: "token_endpoint", origin: tokenEndpoint.origin, retryAfter }))
  }
  const problem = ErrorBody.parse(body, response.headers)
  if (status === 408 || status >= 500) {
    const said = ErrorBody.quoted(problem, TokenRequest.secretsOf(attempt.request))
    return Either.left(unavailable(attempt, { reason: "status", status, retryAfter, ...said }))
  }
  if (status >= 400) {
    return Either.left(TokenRefusal.classify(attempt.request, status, problem))
  }
  if (status >= 300) {
    return Either.left(noToken("redirect"))
  }
  return Either.fromOption(body, () => noToken("too_large")).pipe(
    Either.flatMap((text) =>
      Either.mapLeft(TokenResponse.decode(text), (reason) =>
        Option.match(TokenResponse.holdsNoToken(text) ? ErrorBody.parseInSuccess(text) : Option.none(), {
          onNone: () => noToken(reason),
          onSome: (error) => TokenRefusal.classify(attempt.request, status, error)
        })
      )
    ),
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
    tenant: TokenResponse.tenantOf(decoded),
    obtainedAt: sentAt,
    expiresAt: sentAt + Duration.toMillis(TokenResponse.lifetimeOf(decoded, sentAt, policy))
  })

const unavailable = (
  { number, request }: Attempt,
  problem: Pick<TokenEndpointUnavailable, "reason"> &
    Partial<Pick<TokenEndpointUnavailable, "status" | "detail" | "description" | "retryAfter">>
): TokenEndpointUnavailable =>
  new TokenEndpointUnavailable({
    tokenEndpoint: TokenRequest.endpointName(request),
    attempts: number,
    retryAfter: Option.none(),
    ...problem
  })
