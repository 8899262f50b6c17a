/**
 * One attempt to exchange credentials for a token: the request is sent, and the answer is read.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ErrorBody from "../cxone/ErrorBody.js"
import {
  InsufficientScope,
  InvalidClient,
  InvalidTokenResponse,
  RateLimited,
  TokenEndpointUnavailable
} from "../errors/CxoneAuthError.js"
import * as LimitedRequest from "../http/LimitedRequest.js"
import { quote } from "../http/Redaction.js"
import * as RetryAfter from "../http/RetryAfter.js"
import { AccessToken } from "../token/AccessToken.js"
import * as Expiry from "../token/Expiry.js"
import * as ScopeSet from "../token/ScopeSet.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import * as TokenRequest from "./TokenRequest.js"
import * as TokenResponse from "./TokenResponse.js"

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
 * Sends the request once, and reads the answer: a token, or what went wrong. `number` is the number of this attempt. A
 * redirect is not followed (S3), and no tracing header is sent (C5).
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
  { body, response }: LimitedRequest.Answer,
  now: number
): Either.Either<AccessToken, ExchangeError> => {
  const { request } = attempt
  const { headers, status } = response
  const retryAfter = RetryAfter.parse(headers["retry-after"], now)
  const noToken = (reason: InvalidTokenResponse["reason"]) =>
    new InvalidTokenResponse({ reason, tokenEndpoint: TokenRequest.endpointName(request), status })

  if (status === 429) {
    return Either.left(new RateLimited({ reason: "token_endpoint", origin: request.tokenEndpoint.origin, retryAfter }))
  }
  const problem = ErrorBody.parse(body, headers)
  if (status === 408 || status >= 500) {
    const said = ErrorBody.quoted(problem, TokenRequest.secretsOf(request))
    return Either.left(unavailable(attempt, { reason: "status", status, retryAfter, ...said }))
  }
  if (status >= 400) {
    return Either.left(refusalOf(request, status, problem))
  }
  if (status >= 300) {
    return Either.left(noToken("redirect"))
  }
  return Either.fromOption(body, () => noToken("too_large")).pipe(
    Either.flatMap((text) =>
      Either.mapLeft(TokenResponse.decode(text), (reason) =>
        Option.match(TokenResponse.holdsNoToken(text) ? ErrorBody.parseInSuccess(text) : Option.none(), {
          onNone: () => noToken(reason),
          onSome: (error) => refusalOf(request, status, error)
        })
      )
    ),
    Either.map((decoded) => toAccessToken(attempt, decoded)),
    Either.filterOrLeft(
      (token) => now < Expiry.usableUntil(attempt.policy, token),
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
    expiresAt: sentAt + Expiry.lifetimeOf(decoded, sentAt, policy)
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

/**
 * Tells a refusal by the error code of RFC 6749 §5.2. A 401 with any other code, or none, is a refusal of the credentials
 * as well, because nothing else is authenticated here. The server's words are quoted without what was sent to it (S2).
 */
const refusalOf = (
  request: TokenRequest.TokenRequest,
  status: number,
  problem: ErrorBody.ErrorBody
): InvalidClient | InsufficientScope | InvalidTokenResponse => {
  const sent = TokenRequest.secretsOf(request)
  const description = ErrorBody.quoted(problem, sent)
  const answer = { tokenEndpoint: TokenRequest.endpointName(request), status, ...description }
  const credentials = request.credentials._tag

  switch (problem.code) {
    case "invalid_client":
    case "invalid_grant":
    case "unauthorized_client":
    case "unsupported_grant_type":
      return new InvalidClient({ reason: problem.code, credentials, ...answer })
    case "invalid_scope":
    case "insufficient_scope":
      return new InsufficientScope({
        reason: "invalid_scope",
        origin: request.tokenEndpoint.origin,
        requested: request.scopes,
        granted: [],
        required: [],
        ...description
      })
  }
  const error = problem.code === undefined ? {} : { error: quote(problem.code, sent) }
  if (status !== 401) {
    return new InvalidTokenResponse({ reason: "unexpected_status", ...error, ...answer })
  }
  const reason = credentials === "AccessKeyOnly" ? "invalid_grant" : "invalid_client"
  return new InvalidClient({ reason, isGuess: true, credentials, ...error, ...answer })
}
