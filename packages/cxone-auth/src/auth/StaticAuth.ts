/**
 * The token service of a test: a fixed answer, or an effect that is run at each look.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { CxoneEnvironment, defaultScopes } from "../environment/CxoneEnvironment.js"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import { AccessToken, isAccessToken } from "../token/AccessToken.js"
import * as ScopeSet from "../token/ScopeSet.js"
import * as TokenStatus from "./TokenStatus.js"

/**
 * What the token service of a test answers: a token, as plain text or with its times; or a failure.
 *
 * @since 0.1.0
 * @category models
 */
export type TestAnswer = string | AccessToken | CxoneAuthError

/** How a look ended, and when. */
interface Look {
  readonly result: Either.Either<AccessToken, CxoneAuthError>
  readonly at: number
}

/** The API base URL of a test, by the rules of `CxoneEnvironment.custom`. */
export const baseUrlOf = (apiBaseUrl: string | URL = "https://cxone.test"): string =>
  CxoneEnvironment.custom({ tokenEndpoint: "https://cxone.test/oauth/token", apiBaseUrl }).apiBaseUrl

export const make = <R>(
  answer: TestAnswer | Effect.Effect<TestAnswer, CxoneAuthError, R>,
  options: { readonly apiBaseUrl: string }
) =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const last = yield* Ref.make<Look | undefined>(undefined)

    const accessTokenFor = (input: string | ReadonlyArray<string>): Effect.Effect<AccessToken, CxoneAuthError> => {
      const scopes = ScopeSet.make(input)
      // An error is an effect, which fails with it.
      const answered = Effect.isEffect(answer) ? Effect.provide(answer, context) : Effect.succeed(answer)
      return Effect.flatMap(answered, (given) => tokenOf(given, scopes)).pipe(
        Effect.either,
        Effect.tap((result) => Effect.flatMap(Clock.currentTimeMillis, (at) => Ref.set(last, { result, at }))),
        Effect.flatten
      )
    }

    const accessToken = accessTokenFor(defaultScopes)
    const isFixed = !Effect.isEffect(answer) || Predicate.isError(answer)
    yield* isFixed ? Effect.either(accessToken) : Effect.void

    return {
      accessToken,
      accessTokenFor,
      invalidate: () => Effect.void,
      apiBaseUrl: Effect.succeed(options.apiBaseUrl),
      status: Effect.zipWith(Ref.get(last), Clock.currentTimeMillis, (look, now) => [statusOf(look, now)])
    }
  })

const tokenOf = (answer: TestAnswer, scopes: ScopeSet.ScopeSet): Effect.Effect<AccessToken, CxoneAuthError> => {
  if (typeof answer === "string") {
    return Effect.succeed(everlasting(answer, scopes))
  }
  return isAccessToken(answer) ? Effect.succeed(answer) : Effect.fail(answer)
}

const statusOf = (look: Look | undefined, now: number): TokenStatus.TokenStatus => {
  const empty = { scopes: defaultScopes, token: undefined, isRenewing: false, lastFailure: undefined }
  if (look === undefined) {
    return TokenStatus.make(empty, "open", now)
  }
  return Either.match(look.result, {
    onRight: (token) => TokenStatus.make({ ...empty, scopes: token.requestedScopes, token }, "open", now),
    onLeft: ({ _tag: tag }) => {
      const standing = tag === "InvalidClient" ? "refused" : tag === "RateLimited" ? "rate_limited" : "open"
      return TokenStatus.make({ ...empty, lastFailure: { tag, at: look.at } }, standing, now)
    }
  })
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
