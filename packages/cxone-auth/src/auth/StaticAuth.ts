/**
 * The token service of a test: always the same answer.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { CxoneEnvironment, defaultScopes } from "../environment/CxoneEnvironment.js"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import { AccessToken } from "../token/AccessToken.js"
import * as ScopeSet from "../token/ScopeSet.js"
import * as TokenStatus from "./TokenStatus.js"

/** A token, as plain text or with its times; or a failure. */
export type Answer = string | AccessToken | CxoneAuthError

export const make = (answer: Answer, options?: { readonly apiBaseUrl?: string | URL }) => {
  const tokenEndpoint = "https://cxone.test/oauth/token"
  const { apiBaseUrl } = CxoneEnvironment.custom({ tokenEndpoint, apiBaseUrl: "https://cxone.test", ...options })
  const answerFor = (scopes: ScopeSet.ScopeSet) => {
    const given = typeof answer === "string" ? everlasting(answer, scopes) : answer
    return given instanceof AccessToken ? Either.right(given) : Either.left(given)
  }
  const accessToken = answerFor(defaultScopes)
  return {
    accessToken,
    accessTokenFor: (scopes: string | ReadonlyArray<string>) => answerFor(ScopeSet.make(scopes)),
    invalidate: () => Effect.void,
    apiBaseUrl: Effect.succeed(apiBaseUrl),
    status: Effect.map(Clock.currentTimeMillis, (now) => [statusOf(accessToken, now)])
  }
}

const statusOf = (answer: Either.Either<AccessToken, CxoneAuthError>, now: number): TokenStatus.TokenStatus => {
  const empty = { scopes: defaultScopes, token: undefined, isRenewing: false, lastFailure: undefined }
  if (Either.isRight(answer)) {
    return TokenStatus.make({ ...empty, scopes: answer.right.requestedScopes, token: answer.right }, "open", now)
  }
  const { _tag: tag } = answer.left
  const standing = tag === "InvalidClient" ? "refused" : tag === "RateLimited" ? "rate-limited" : "open"
  return TokenStatus.make({ ...empty, lastFailure: { tag, at: now } }, standing, now)
}

/** The last time that a `Date` can show. */
const lastInstant = 8_640_000_000_000_000

const everlasting = (value: string, scopes: ScopeSet.ScopeSet): AccessToken =>
  new AccessToken({
    value: Redacted.make(value),
    tokenType: "Bearer",
    scopes,
    requestedScopes: scopes,
    obtainedAt: 0,
    expiresAt: lastInstant
  })
