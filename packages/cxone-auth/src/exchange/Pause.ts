/**
 * How long no token is requested after an exchange that failed with its last try (L6).
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import {
  InsufficientScope,
  InvalidClient,
  InvalidTokenResponse,
  RateLimited,
  TokenEndpointUnavailable
} from "../errors/CxoneAuthError.js"
import * as NoAnswer from "../errors/NoAnswer.js"
import * as Retry from "../http/Retry.js"
import * as Period from "../token/Period.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import type { ExchangeError } from "./TokenEndpoint.js"

/** A pause after a failure. When it is over, it still counts how often the endpoint failed in a row. */
export interface Pause {
  readonly error: ExchangeError
  readonly period: Period.Period
  readonly strikes: Strikes
}

interface Strikes {
  readonly refusals: number
  readonly others: number
}

const askedBy = (error: ExchangeError): Option.Option<Duration.Duration> =>
  error._tag === "CredentialsUnavailable" ? Option.none() : Retry.askedBy(error)

const noStrikes: Strikes = { refusals: 0, others: 0 }

/**
 * What a failure tells something about: the credentials at this endpoint, or only the scopes that were requested with
 * them. A connection that failed tells nothing, and nor does a request that was not sent.
 */
export const subjectOf = (error: ExchangeError): "credentials" | "scopes" | "nothing" => {
  switch (error._tag) {
    case "CredentialsUnavailable":
      return "nothing"
    case "InvalidClient":
    case "RateLimited":
      return "credentials"
    case "InsufficientScope":
      return "scopes"
    case "InvalidTokenResponse":
      return isTokenAnswer(error) ? "scopes" : "credentials"
    case "TokenEndpointUnavailable":
      return error.reason === "transport" || error.reason === "timeout" ? "nothing" : "credentials"
  }
}

// Who gets an answer with a token in it has been authenticated, so other scopes may do better.
const isTokenAnswer = ({ reason }: InvalidTokenResponse): boolean =>
  reason === "expired" ||
  reason === "invalid_expires_in" ||
  reason === "invalid_token_type" ||
  reason === "invalid_scope_field"

/** Whether an exchange tries again after this failure (L7). */
export const isTriedAgain = (error: ExchangeError): boolean =>
  error._tag === "RateLimited" ||
  (error._tag === "TokenEndpointUnavailable" && (error.reason === "status" || NoAnswer.mayPass(error))) ||
  (error._tag === "InvalidTokenResponse" && error.reason === "expired")

/** Whether the endpoint said "not yet". Its pause begins at once: an answer with `Retry-After`, or a 429. */
export const saysNotYet = (error: ExchangeError): boolean =>
  error._tag === "RateLimited" || Option.isSome(askedBy(error))

/**
 * Whether callers may wait for the end of a pause. Nobody waits for refused credentials: time doesn't make them right, and
 * a person must hear of it.
 */
export const isWorthWaiting = (error: ExchangeError): boolean => error._tag !== "InvalidClient"

const kindOf = (error: ExchangeError): keyof Strikes => (isWorthWaiting(error) ? "others" : "refusals")

const lengthOf = (error: ExchangeError, { others, refusals }: Strikes, policy: TokenPolicy): Duration.Duration => {
  const asked = askedBy(error)
  if (error._tag !== "InvalidClient") {
    return Option.getOrElse(asked, () => Retry.pauseAfter(policy, others))
  }
  const own = Duration.min(Duration.times(policy.refusalPause, 2 ** (refusals - 1)), policy.maxRefusalPause)
  return Option.match(asked, { onNone: () => own, onSome: Duration.max(own) })
}

/** The pause after a failure, given the pause that was there before. */
export const after = (last: Pause | undefined, error: ExchangeError, now: number, policy: TokenPolicy): Pause => {
  const kind = kindOf(error)
  const before = last?.strikes ?? noStrikes
  if (last === undefined || !Period.isCurrent(last.period, now)) {
    const strikes = { ...before, [kind]: before[kind] + 1 }
    return { error, period: Period.make(now, lengthOf(error, strikes, policy)), strikes }
  }
  // A failure within a pause is the answer to a request that was under way when the pause began. Together they count once.
  const strikes = { ...before, [kind]: Math.max(1, before[kind]) }
  if (kindOf(last.error) === kind && Option.isNone(askedBy(error))) {
    return { ...last, strikes }
  }
  const left = Duration.millis(Period.left(last.period, now))
  const length = lengthOf(error, strikes, policy)
  const isGraver = isWorthWaiting(last.error) && (!isWorthWaiting(error) || Duration.greaterThan(length, left))
  return { error: isGraver ? error : last.error, period: Period.make(now, Duration.max(left, length)), strikes }
}

/** What is left of a pause after a success: only one after a 429 or a `Retry-After`. */
export const afterSuccess = (last: Pause | undefined, now: number): Pause | undefined =>
  last !== undefined && saysNotYet(last.error) && Period.isCurrent(last.period, now)
    ? { ...last, strikes: noStrikes }
    : undefined

/** The error, with how long it still counts. */
export const until = (error: ExchangeError, millis: number): ExchangeError =>
  withFields(error, { retryAfter: Duration.millis(millis) })

/** The error again, for a request that was not sent because of it. */
export const heldBack = (error: ExchangeError, millis: number): ExchangeError =>
  withFields(error, { retryAfter: Duration.millis(millis), heldBack: true })

/** The error, for a caller for whom something was sent before it was held back. */
export const sentBefore = (error: ExchangeError): ExchangeError => withFields(error, { heldBack: false })

const withFields = (
  error: ExchangeError,
  fields: { readonly retryAfter?: Duration.Duration; readonly heldBack?: boolean }
): ExchangeError => {
  switch (error._tag) {
    case "CredentialsUnavailable":
      return error
    case "InvalidClient":
      return new InvalidClient({ ...error, ...fields })
    case "RateLimited":
      return new RateLimited({ ...error, ...fields })
    case "InsufficientScope":
      return new InsufficientScope({ ...error, ...fields })
    case "InvalidTokenResponse":
      return new InvalidTokenResponse({ ...error, ...fields })
    case "TokenEndpointUnavailable":
      return new TokenEndpointUnavailable({ ...error, ...fields })
  }
}
