/**
 * The token service of a test: a fixed answer, or an effect that is run at each look.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { constFalse } from "effect/Function"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { defaultScopes, type UrlInput } from "../environment/CxoneEnvironment.js"
import type { CxoneAuthError } from "../errors/CxoneAuthError.js"
import * as SecureUrl from "../http/SecureUrl.js"
import { AccessToken, isAccessToken } from "../token/AccessToken.js"
import * as ScopeSet from "../token/ScopeSet.js"
import * as TokenSlot from "./TokenSlot.js"
import * as TokenStatus from "./TokenStatus.js"

/**
 * What the token service of a test answers: a token, as plain text or with its times; or a failure.
 *
 * @since 0.1.0
 * @category models
 */
export type TestAnswer = string | AccessToken | CxoneAuthError

/**
 * What `CxoneAuth.layerTest` may be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface TestOptions {
  /** Where the API is, as the test sees it. Default: `https://cxone.test/`. */
  readonly apiBaseUrl?: UrlInput | undefined
}

/** What the looks so far have given: the token of the last one, if it gave one, and the last failure. */
interface Looks {
  readonly token: AccessToken | undefined
  readonly lastFailure: TokenSlot.LastFailure | undefined
  readonly failingSince: number | undefined
}

/** The API base URL of a test. Throws a `TypeError` if it is none. */
export const baseUrlOf = (apiBaseUrl: UrlInput = "https://cxone.test"): string =>
  SecureUrl.folderOf(
    Either.getOrThrowWith(
      SecureUrl.parse(apiBaseUrl),
      (objection) => new TypeError(`CxoneAuth.layerTest: apiBaseUrl ${objection}`)
    )
  ).href

export const make = <R>(
  answer: TestAnswer | Effect.Effect<TestAnswer, CxoneAuthError, R>,
  options: { readonly apiBaseUrl: string }
) =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const looks = yield* Ref.make<Looks>({ token: undefined, lastFailure: undefined, failingSince: undefined })

    const note = (exit: Exit.Exit<AccessToken, CxoneAuthError>) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.update(looks, (before) =>
          Exit.match(exit, {
            onSuccess: (token) => ({ ...before, token, failingSince: undefined }),
            onFailure: (cause) =>
              Cause.isInterruptedOnly(cause)
                ? before
                : { token: undefined, ...TokenSlot.failing(before, TokenSlot.failureOf(cause, now)) }
          })
        )
      )

    const accessTokenFor = (input: string | ReadonlyArray<string>): Effect.Effect<AccessToken, CxoneAuthError> => {
      const scopes = ScopeSet.parseOrThrow("CxoneAuth: scopes", input)
      // An error is an effect, which fails with it.
      const answered = Effect.isEffect(answer) ? Effect.provide(Effect.scoped(answer), context) : Effect.succeed(answer)
      return Effect.onExit(
        Effect.flatMap(answered, (given) => tokenOf(given, scopes)),
        note
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
      status: Effect.zipWith(Ref.get(looks), Clock.currentTimeMillis, (current, now) => [statusOf(current, now)])
    }
  })

const tokenOf = (answer: TestAnswer, scopes: ScopeSet.ScopeSet): Effect.Effect<AccessToken, CxoneAuthError> => {
  if (typeof answer === "string") {
    return Effect.succeed(everlasting(answer, scopes))
  }
  return isAccessToken(answer) ? Effect.succeed(answer) : Effect.fail(answer)
}

const statusOf = ({ failingSince, lastFailure, token }: Looks, now: number): TokenStatus.TokenStatus => {
  const scopes = token?.requestedScopes ?? defaultScopes
  const tag = token === undefined ? lastFailure?.tag : undefined
  const standing = tag === "InvalidClient" ? "refused" : tag === "RateLimited" ? "rate_limited" : "open"
  return TokenStatus.make({ scopes, token, isRenewing: false, lastFailure, failingSince }, standing, constFalse, now)
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
