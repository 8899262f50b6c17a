/**
 * One attempt to exchange credentials for a token: the request is sent, and the answer is read.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ErrorBody from "../cxone/ErrorBody.js"
import {
  type CredentialsUnavailable,
  InsufficientScope,
  InvalidClient,
  InvalidTokenResponse,
  RateLimited,
  TokenEndpointUnavailable
} from "../errors/CxoneAuthError.js"
import * as LimitedRequest from "../http/LimitedRequest.js"
import * as Redaction from "../http/Redaction.js"
import type { RetryAfter } from "../http/RetryAfter.js"
import * as SecureUrl from "../http/SecureUrl.js"
import { AccessToken } from "../token/AccessToken.js"
import * as Expiry from "../token/Expiry.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import * as Suspects from "./Suspects.js"
import * as TokenRequest from "./TokenRequest.js"
import * as TokenResponse from "./TokenResponse.js"

export type ExchangeError =
  | InvalidClient
  | InsufficientScope
  | RateLimited
  | TokenEndpointUnavailable
  | InvalidTokenResponse
  | CredentialsUnavailable

/**
 * Sends the request once, and reads the answer: a token, or what went wrong. `number` is the number of this attempt. A
 * redirect is not followed (S3), and no tracing header is sent (C5).
 */
export const attempt = Effect.fnUntraced(function* (
  request: TokenRequest.TokenRequest,
  policy: TokenPolicy,
  number: number
): Effect.fn.Return<AccessToken, ExchangeError, HttpClient.HttpClient> {
  const tokenEndpoint = TokenRequest.endpointName(request)
  const { environment } = request
  const unreached = { tokenEndpoint, environment, attempts: number }

  const proof = yield* TokenRequest.prove(request)
  const sent = TokenRequest.secretsOf(request, proof)
  const sentAt = yield* Clock.currentTimeMillis
  const { body, coding, headers, status, ...after } = yield* Effect.mapError(
    LimitedRequest.send(TokenRequest.toHttp(request, proof), policy, sent),
    (problem) => new TokenEndpointUnavailable({ ...unreached, ...problem })
  )
  const noToken = (reason: InvalidTokenResponse["reason"]) =>
    new InvalidTokenResponse({ reason, tokenEndpoint, environment, status, ...after })

  const redirected = (location: string | undefined) => {
    const origin = SecureUrl.originOf(location, request.tokenEndpoint)
    const detail = origin === undefined || Redaction.hasPiece(origin, sent) ? {} : { detail: origin }
    return new InvalidTokenResponse({ reason: "redirect", tokenEndpoint, environment, status, ...after, ...detail })
  }

  if (status === 429) {
    return yield* new RateLimited({ reason: "token_endpoint", origin: request.tokenEndpoint.origin, ...after })
  }
  const problem = ErrorBody.parse(body, headers)
  const problemOf = (problem: ErrorBody.ErrorBody) => {
    const { code } = problem
    if (status !== 408 && status < 500 && !isPassing(code)) {
      return refusalOf(request, sent, { status, ...after }, problem)
    }
    const said = ErrorBody.quoted(problem, sent)
    const detail = isPassing(code) ? { detail: code } : {}
    return new TokenEndpointUnavailable({ ...unreached, reason: "status", status, ...after, ...detail, ...said })
  }
  if (status >= 400) {
    return yield* problemOf(problem)
  }
  if (status >= 300) {
    return yield* status === 304 ? noToken("unexpected_status") : redirected(headers.location)
  }
  if (coding !== undefined) {
    const named = coding === "unknown" ? {} : { coding }
    return yield* new InvalidTokenResponse({
      reason: "encoded",
      tokenEndpoint,
      environment,
      status,
      ...after,
      ...named
    })
  }
  const text = yield* Effect.mapError(body, () => noToken("too_large"))
  const decoded = yield* Effect.mapError(TokenResponse.decode(text), (reason) =>
    Option.match(TokenResponse.holdsNoToken(text) ? ErrorBody.parseInSuccess(text) : Option.none(), {
      onNone: () => noToken(reason),
      onSome: problemOf
    })
  )
  const receivedAt = yield* Clock.currentTimeMillis
  const secrets = [...sent, decoded.access_token, ...Option.toArray(Option.fromNullable(decoded.id_token))]
  const token = new AccessToken({
    value: decoded.access_token,
    tokenType: decoded.token_type,
    scopes: decoded.scope === undefined ? request.scopes : Redaction.scopesIn(decoded.scope, secrets, request.scopes),
    requestedScopes: request.scopes,
    tenant: TokenResponse.tenantOf(decoded, secrets),
    obtainedAt: sentAt,
    receivedAt,
    expiresAt: sentAt + Expiry.lifetimeOf(decoded, sentAt, policy)
  })
  return Expiry.isUsable(policy, token, receivedAt) ? token : yield* noToken("expired")
})

/** Whether a code says that the server can't answer now (RFC 6749 §4.1.2.1, which some servers use here as well). */
const isPassing = (code: string | undefined): code is string =>
  code === "temporarily_unavailable" || code === "server_error"

/**
 * Classifies a refusal by the error code of RFC 6749 §5.2. A 401 with any other code, or none, is a refusal of the
 * credentials as well, because nothing else is authenticated here. The server's words are quoted without what was sent
 * to it (S2).
 */
const refusalOf = (
  request: TokenRequest.TokenRequest,
  sent: Redaction.Sent,
  { status, ...after }: RetryAfter & { readonly status: number },
  problem: ErrorBody.ErrorBody
) => {
  const description = ErrorBody.quoted(problem, sent)
  const answer = { tokenEndpoint: TokenRequest.endpointName(request), status, ...after, ...description }
  const credentials = request.credentials._tag
  const { environment } = request
  const aboutKey = credentials === "AccessKeyOnly" || (credentials === "AccessKey" && problem.code === "invalid_grant")

  switch (problem.code) {
    case "invalid_client":
    case "invalid_grant":
    case "unauthorized_client":
    case "unsupported_grant_type":
      return new InvalidClient({
        reason: problem.code,
        credentials,
        environment,
        ...Suspects.afterRefusal(request, aboutKey ? "key" : "client", true),
        ...answer
      })
    case "invalid_scope":
    case "insufficient_scope":
      return new InsufficientScope({
        reason: "invalid_scope",
        origin: request.tokenEndpoint.origin,
        requested: request.scopes,
        granted: [],
        required: [],
        ...after,
        ...description
      })
  }
  const error = problem.code === undefined ? {} : { error: Redaction.quote(problem.code, sent) }
  if (status !== 401) {
    return new InvalidTokenResponse({
      reason: "unexpected_status",
      environment: request.environment,
      ...error,
      ...answer
    })
  }
  const reason = credentials === "AccessKeyOnly" ? "invalid_grant" : "invalid_client"
  const suspects = Suspects.afterRefusal(request, aboutKey ? "key" : "any", problem.code !== undefined)
  return new InvalidClient({ reason, isGuess: true, credentials, environment, ...suspects, ...error, ...answer })
}
