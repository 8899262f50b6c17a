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
import * as Route from "../cxone/Route.js"
import { InsufficientScope, type InvalidToken, type RateLimited } from "../errors/CxoneAuthError.js"
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
  const { status } = response
  const challenges = status === 401 || status === 403 ? Challenge.parse(response.headers["www-authenticate"]) : none
  return { request, token, response, challenges }
}

const originOf = ({ request }: ApiResponse): string => new URL(request.url).origin

const quoted = ({ token }: ApiResponse, text: string): string => quote(text, [token.value])

type BearerParams = { readonly [Name in "error" | "error_description" | "scope"]?: string }

const bearerParams = ({ challenges }: ApiResponse): BearerParams =>
  Object.fromEntries(Option.getOrUndefined(Challenge.bearer(challenges))?.params ?? [])

/** Whether this is a 401 about the token (C2): each is, unless its Bearer challenge says `insufficient_scope`. */
export const isTokenRefusal = (answer: ApiResponse): boolean =>
  answer.response.status === 401 && bearerParams(answer).error !== "insufficient_scope"

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
      ...(error === undefined ? {} : { error: codes.has(error) ? error : quoted(answer, error) }),
      ...(description === "" ? {} : { description: quoted(answer, description) })
    }
  })

/** The codes of RFC 6750 §3.1, which tell nothing of a token, whatever it is. */
const codes: ReadonlySet<string> = new Set(["invalid_request", "invalid_token", "insufficient_scope"])

/** The same, as far as it is known before the body is read. */
export const refusalInChallenge = (answer: ApiResponse): Refusal => {
  const { error } = bearerParams(answer)
  return { origin: originOf(answer), ...(error !== undefined && codes.has(error) ? { error } : {}) }
}

const readWhole = ({ response }: ApiResponse, policy: CallPolicy) =>
  ResponseBody.readWithin(response, policy.maxDiscardBytes, policy.discardTimeout)

/** Reads an answer that nobody will see, so that its connection is free. */
export const discard = readWhole

/** An answer that says "not yet" (C4): its status, and how long it asks to be left alone. */
export type NotYet = Pick<RateLimited, "status" | "retryAfter">

/** Reads a 429, or a 503 with a `Retry-After` that can be read. `now` is in milliseconds since the epoch. */
export const notYet = (
  { response: { headers, status } }: ApiResponse,
  now: number,
  policy: CallPolicy
): Option.Option<NotYet> => {
  const after = RetryAfter.parse(headers["retry-after"], now, policy.maxRetryAfter)
  return status === 429 || (status === 503 && after.retryAfter !== undefined)
    ? Option.some({ status, ...after })
    : Option.none()
}

/**
 * What the body of such an answer says: the name of the route, as it was sent and as it may be shown, if there is one; and a
 * text.
 */
export const limitIn = (answer: ApiResponse, policy: CallPolicy) =>
  Effect.map(readWhole(answer, policy), (body) => {
    const name = Route.namedIn(body)
    const { description } = ErrorBody.parse(body, answer.response.headers)
    return {
      name,
      // A name that can be shown only in part would mislead.
      route: name === undefined || quoted(answer, name) !== name ? undefined : name,
      said: description === "" ? {} : { description: quoted(answer, description) }
    }
  })

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
    // What is left of the answer is read, so that its connection is free.
    return Effect.zipRight(readWhole(answer, policy), insufficientScope(answer, scope, error_description))
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
      onNone: () => RedactedResponse.makeWithBody(request, response, [token.value], body),
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
    required: scope === undefined ? [] : scopesIn(scope, [answer.token.value], answer.token.requestedScopes),
    ...(description === undefined || description === "" ? {} : { description: quoted(answer, description) })
  })
