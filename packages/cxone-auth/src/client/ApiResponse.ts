/**
 * What the API answered to a request that carried a token, and what that means for the caller.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as ErrorBody from "../cxone/ErrorBody.js"
import * as JsonAnswer from "../cxone/JsonAnswer.js"
import { InsufficientScope, InvalidToken, RateLimited } from "../errors/ApiError.js"
import { quote } from "../http/Redaction.js"
import * as ResponseBody from "../http/ResponseBody.js"
import * as RetryAfter from "../http/RetryAfter.js"
import type { AccessToken } from "../token/AccessToken.js"
import * as ScopeSet from "../token/ScopeSet.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import * as Challenge from "./Challenge.js"
import * as RedactedResponse from "./RedactedResponse.js"

/**
 * What the API answered to a request that was sent with a token. Request and response are as the caller may see them.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiAnswer {
  readonly request: HttpClientRequest
  readonly token: AccessToken
  readonly response: HttpClientResponse
}

const originOf = ({ request }: ApiAnswer): string => new URL(request.url).origin

const challengesOf = ({ response }: ApiAnswer): ReadonlyArray<Challenge.Challenge> =>
  Challenge.parse(response.headers["www-authenticate"])

/** A parameter of the Bearer challenge as it was sent; it may repeat the token. */
const bearerParam = (answer: ApiAnswer, name: "error" | "error_description" | "scope"): string | undefined =>
  Option.getOrUndefined(Challenge.bearer(challengesOf(answer)))?.params.get(name)

const quoted = ({ token }: ApiAnswer, text: string): string => quote(text, [token.value])

/**
 * Whether this is a 401 about the token, so that another one may help (C2): its Bearer challenge says `invalid_token`
 * or nothing (RFC 6750 §3.1), or it has no challenge that can be read. A 401 for another scheme only is not.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isTokenRefusal = (answer: ApiAnswer): boolean => {
  if (answer.response.status !== 401) {
    return false
  }
  const challenges = challengesOf(answer)
  const error = bearerParam(answer, "error")
  return (
    (challenges.length === 0 || Option.isSome(Challenge.bearer(challenges))) &&
    (error === undefined || error === "invalid_token")
  )
}

/**
 * What the API said when it refused a token, free of what was sent.
 *
 * @since 0.1.0
 * @category models
 */
export type Refusal = Pick<InvalidToken, "origin" | "error" | "description">

/**
 * Reads why a token was refused: from the Bearer challenge, and where that is silent from the body or the header that
 * CXone's services use (facts §4a). Then the connection is free.
 *
 * @since 0.1.0
 * @category decoding
 */
export const refusalOf = (answer: ApiAnswer, policy: TokenPolicy): Effect.Effect<Refusal> =>
  Effect.map(readWhole(answer, policy), (body) => {
    const said = ErrorBody.parse(body, answer.response.headers)
    const error = bearerParam(answer, "error") ?? said.code
    const description = bearerParam(answer, "error_description") ?? said.description
    return {
      origin: originOf(answer),
      ...(error === undefined ? {} : { error: quoted(answer, error) }),
      ...(description === "" ? {} : { description: quoted(answer, description) })
    }
  })

const readWhole = ({ response }: ApiAnswer, policy: TokenPolicy) =>
  ResponseBody.readWithin(response, policy.maxAnswerBytes, policy.discardTimeout)

/**
 * The error for a token that was refused where renewal does not help.
 *
 * @since 0.1.0
 * @category errors
 */
export const invalidToken = (refusal: Refusal, reason: InvalidToken["reason"]): InvalidToken =>
  new InvalidToken({ reason, ...refusal })

/**
 * The error for an answer that says "not yet", read at `now` (milliseconds since the epoch): 429, or 503 with a
 * `Retry-After` that can be read (C4).
 *
 * @since 0.1.0
 * @category errors
 */
export const rateLimited = (answer: ApiAnswer, now: number): Option.Option<RateLimited> => {
  const { headers, status } = answer.response
  if (status !== 429 && status !== 503) {
    return Option.none()
  }
  const retryAfter = RetryAfter.parse(headers["retry-after"], now)
  return status === 429 || Option.isSome(retryAfter)
    ? Option.some(new RateLimited({ reason: "api", origin: originOf(answer), status, retryAfter }))
    : Option.none()
}

/**
 * What the caller gets: `InsufficientScope` for a 401 or 403 that says `insufficient_scope` (C3), and every other answer
 * as the response that it is.
 *
 * @since 0.1.0
 * @category conversions
 */
export const judge = (
  answer: ApiAnswer,
  policy: TokenPolicy
): Effect.Effect<HttpClientResponse, HttpClientError | InsufficientScope> =>
  answer.response.status === 401 || answer.response.status === 403
    ? judgeScope(answer, policy)
    : Effect.succeed(answer.response)

/**
 * Fails in place of an answer, once that has been dropped.
 *
 * @since 0.1.0
 * @category errors
 */
export const failWith = <E>(answer: ApiAnswer, policy: TokenPolicy, error: E): Effect.Effect<never, E> =>
  Effect.zipRight(readWhole(answer, policy), Effect.fail(error))

const judgeScope = (answer: ApiAnswer, policy: TokenPolicy) => {
  if (bearerParam(answer, "error") === "insufficient_scope") {
    const scope = bearerParam(answer, "scope")
    return failWith(answer, policy, insufficientScope(answer, scope, bearerParam(answer, "error_description")))
  }
  return answer.response.status === 403 && isJson(answer.response)
    ? judgeScopeInBody(answer, policy)
    : Effect.succeed(answer.response)
}

const isJson = ({ headers }: HttpClientResponse): boolean =>
  /^application\/(?:[\w.-]+\+)?json\b/i.test(headers["content-type"] ?? "")

const scopeErrorIn = (text: string) => {
  const { code, description } = ErrorBody.parse(Option.some(text), Headers.empty)
  const scope = Option.getOrUndefined(JsonAnswer.parseAnswer(text))?.scope
  return code === "insufficient_scope"
    ? Option.some({ description, scope: Predicate.isString(scope) ? scope : undefined })
    : Option.none()
}

// The brief's gateway names the error, but not where: an API may also say it in the body, in the fields of RFC 6749.
const judgeScopeInBody = (answer: ApiAnswer, policy: TokenPolicy) => {
  const { request, response, token } = answer
  return Effect.flatMap(ResponseBody.peek(response, policy.maxErrorBytes, policy.discardTimeout), ({ body, text }) =>
    Option.match(Option.flatMap(text, scopeErrorIn), {
      onNone: () => Effect.succeed(RedactedResponse.makeWithBody(request, response, [token.value], body)),
      onSome: ({ description, scope }) => Effect.fail(insufficientScope(answer, scope, description))
    })
  )
}

const insufficientScope = (
  answer: ApiAnswer,
  scope: string | undefined,
  description: string | undefined
): InsufficientScope =>
  new InsufficientScope({
    reason: "insufficient_scope",
    origin: originOf(answer),
    requested: answer.token.requestedScopes,
    granted: answer.token.scopes,
    required: scope === undefined ? [] : ScopeSet.make(scope).map((each) => quoted(answer, each)),
    ...(description === undefined || description === "" ? {} : { description: quoted(answer, description) })
  })
