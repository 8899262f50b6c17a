/**
 * The token service of a test: always the same answer.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
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
  const accessTokenFor = (scopes: string | ReadonlyArray<string>) => answerFor(answer, ScopeSet.make(scopes))
  const accessToken = answerFor(answer, defaultScopes)
  return {
    accessToken,
    accessTokenFor,
    invalidate: () => Effect.void,
    apiBaseUrl: Effect.sync(() => new URL(apiBaseUrl)),
    status: Effect.zipWith(Effect.either(accessToken), Clock.currentTimeMillis, (given, now) => [
      given._tag === "Right" ? statusWith(given.right, now) : statusWithout(given.left, now)
    ])
  }
}

const answerFor = (answer: Answer, scopes: ScopeSet.ScopeSet): Effect.Effect<AccessToken, CxoneAuthError> => {
  if (typeof answer === "string") {
    return Effect.succeed(everlasting(answer, scopes))
  }
  return answer instanceof AccessToken ? Effect.succeed(answer) : Effect.fail(answer)
}

const statusWith = (token: AccessToken, now: number): TokenStatus.TokenStatus =>
  TokenStatus.make({
    scopes: token.requestedScopes,
    standing: "open",
    snapshot: { token, isRenewing: false, lastFailure: undefined },
    now
  })

const statusWithout = ({ _tag: tag }: CxoneAuthError, now: number): TokenStatus.TokenStatus =>
  TokenStatus.make({
    scopes: defaultScopes,
    standing: tag === "InvalidClient" ? "refused" : tag === "RateLimited" ? "rate-limited" : "open",
    snapshot: { token: undefined, isRenewing: false, lastFailure: { tag, at: now } },
    now
  })

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
