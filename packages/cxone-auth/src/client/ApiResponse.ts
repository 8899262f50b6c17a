/**
 * What the API answered to a request that carried a token, and what that means for the caller.
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
import { InsufficientScope, InvalidToken, RateLimited } from "../errors/CxoneAuthError.js"
import { quote, scopesIn } from "../http/Redaction.js"
import * as ResponseBody from "../http/ResponseBody.js"
import * as RetryAfter from "../http/RetryAfter.js"
import type { AccessToken } from "../token/AccessToken.js"
import type { CallPolicy } from "./CallPolicy.js"
import * as Challenge from "./Challenge.js"
import * as RedactedResponse from "./RedactedResponse.js"

/** Request and response are as the caller may see them: without the token. */
export interface ApiResponse {
  readonly request: HttpClientRequest
  readonly token: AccessToken
  readonly response: HttpClientResponse
  /** The challenges of a 401 or 403, as they were sent. They may repeat the token. */
  readonly challenges: ReadonlyArray<Challenge.Challenge>
}

const none: ReadonlyArray<never> = []

export const make = (request: HttpClientRequest, token: AccessToken, response: HttpClientResponse): ApiResponse => {
  const { headers, status } = response
  const challenges = status === 401 || status === 403 ? Challenge.parse(headers["www-authenticate"]) : none
  return { request, token, response, challenges }
}

const originOf = ({ request }: ApiResponse): string => new URL(request.url).origin

const quoted = ({ token }: ApiResponse, text: string): string => quote(text, [token.value])

type BearerParams = { readonly [Name in "error" | "error_description" | "scope"]?: string }

const bearerParams = ({ challenges }: ApiResponse): BearerParams =>
  Object.fromEntries(Option.getOrUndefined(Challenge.bearer(challenges))?.params ?? [])

/**
 * Whether this is a 401 about the token, so that a new token may help (C2). It is one if the Bearer challenge says
 * `invalid_token` or names no error (RFC 6750 §3.1), or if no challenge can be read. A 401 that names other schemes
 * only is not about the token.
 */
export const isTokenRefusal = (answer: ApiResponse): boolean => {
  const { challenges, response } = answer
  const { error = "invalid_token" } = bearerParams(answer)
  return (
    response.status === 401 &&
    error === "invalid_token" &&
    (challenges.length === 0 || Option.isSome(Challenge.bearer(challenges)))
  )
}

/** What the API said when it refused a token, without what was sent. */
export type Refusal = Pick<InvalidToken, "origin" | "error" | "description">

/**
 * Reads why a token was refused: from the Bearer challenge, else from the body or the header that CXone's services use
 * (docs/cxone-facts.md). After that the connection is free.
 */
export const refusalOf = (answer: ApiResponse, policy: CallPolicy): Effect.Effect<Refusal> =>
  Effect.map(readWhole(answer, policy), (body) => {
    const said = ErrorBody.parse(body, answer.response.headers)
    const params = bearerParams(answer)
    const error = params.error ?? said.code
    const description = params.error_description ?? said.description
    return {
      origin: originOf(answer),
      ...(error === undefined ? {} : { error: quoted(answer, error) }),
      ...(description === "" ? {} : { description: quoted(answer, description) })
    }
  })

const readWhole = ({ response }: ApiResponse, policy: CallPolicy) =>
  ResponseBody.readWithin(response, policy.maxDiscardBytes, policy.discardTimeout)

export const invalidToken = (refusal: Refusal, reason: InvalidToken["reason"]): InvalidToken =>
  new InvalidToken({ reason, ...refusal })

/**
 * The error for an answer that says "not yet" (C4): 429, or 503 with a `Retry-After` that can be read. `now` is in
 * milliseconds since the epoch.
 */
export const rateLimited = (answer: ApiResponse, now: number, policy: CallPolicy): Option.Option<RateLimited> => {
  const { headers, status } = answer.response
  const after = RetryAfter.parse(headers["retry-after"], now, policy.maxRetryAfter)
  return status === 429 || (status === 503 && after.retryAfter !== undefined)
    ? Option.some(new RateLimited({ reason: "api", origin: originOf(answer), status, ...after }))
    : Option.none()
}

/** Reads what is left of an answer, so that its connection is free, and fails in its place. */
export const failWith = <E>(answer: ApiResponse, policy: CallPolicy, error: E): Effect.Effect<never, E> =>
  Effect.zipRight(readWhole(answer, policy), Effect.fail(error))

/** `InsufficientScope` for a 401 or 403 that says `insufficient_scope` (C3). Every other answer is a response. */
export const judge = (
  answer: ApiResponse,
  policy: CallPolicy
): Effect.Effect<HttpClientResponse, HttpClientError | InsufficientScope> => {
  const { response } = answer
  if (response.status !== 401 && response.status !== 403) {
    return Effect.succeed(response)
  }
  const { error, error_description, scope } = bearerParams(answer)
  if (error === "insufficient_scope") {
    return failWith(answer, policy, insufficientScope(answer, scope, error_description))
  }
  return response.status === 403 && isJson(response) ? judgeBody(answer, policy) : Effect.succeed(response)
}

const isJson = ({ headers }: HttpClientResponse): boolean =>
  /^application\/(?:[\w.-]+\+)?json\b/i.test(headers["content-type"] ?? "")

const scopeErrorIn = (text: string) => {
  const { code, description } = ErrorBody.parse(Option.some(text), Headers.empty)
  const scope = Option.getOrUndefined(JsonAnswer.parseWrapped(text))?.scope
  return code === "insufficient_scope"
    ? Option.some({ description, scope: Predicate.isString(scope) ? scope : undefined })
    : Option.none()
}

// An API without challenges says `insufficient_scope` in the body, in the fields of RFC 6749.
const judgeBody = (answer: ApiResponse, policy: CallPolicy) => {
  const { request, response, token } = answer
  return Effect.flatMap(ResponseBody.peek(response, policy.maxErrorBytes, policy.discardTimeout), ({ body, text }) =>
    Option.match(Option.flatMap(text, scopeErrorIn), {
      onNone: () => Effect.succeed(RedactedResponse.makeWithBody(request, response, [token.value], body)),
      onSome: ({ description, scope }) => Effect.fail(insufficientScope(answer, scope, description))
    })
  )
}

const insufficientScope = (
  answer: ApiResponse,
  scope: string | undefined,
  description: string | undefined
): InsufficientScope =>
  new InsufficientScope({
    reason: "insufficient_scope",
    origin: originOf(answer),
    requested: answer.token.requestedScopes,
    granted: answer.token.scopes,
    required: scope === undefined ? [] : scopesIn(scope, [answer.token.value]),
    ...(description === undefined || description === "" ? {} : { description: quoted(answer, description) })
  })
