/**
 * What is said of a token that the API refused, if the call is not sent again: the error, and the line of the log.
 */
import type * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import type { Verdict } from "../auth/CxoneAuth.js"
import { InvalidToken } from "../errors/CxoneAuthError.js"
import * as Logs from "../telemetry/Logs.js"
import * as ApiResponse from "./ApiResponse.js"
import * as RateLimitKey from "./RateLimitKey.js"

const reasonOf = (verdict: Verdict): Pick<InvalidToken, "reason" | "retryAfter"> => {
  switch (verdict._tag) {
    case "Refuse":
      return Struct.pick(verdict, "reason", "retryAfter")
    case "Await":
      return { reason: "body_not_replayable", retryAfter: verdict.delay }
    default:
      return { reason: "body_not_replayable" }
  }
}

/** The error of the call. */
export const errorOf = (refusal: ApiResponse.Refusal, verdict: Verdict): InvalidToken =>
  new InvalidToken({ ...refusal, ...reasonOf(verdict) })

/** Logs the refusal. It doesn't wait for the body, so it has no words of the API. */
export const warn = (answer: ApiResponse.ApiResponse, verdict: Verdict): Effect.Effect<void> => {
  const { message, retryAfter } = errorOf(ApiResponse.refusalInChallenge(answer), verdict)
  return Logs.warn(`Token refused at ${RateLimitKey.routeOf(answer.request)}. ${message}`, {
    tenant: answer.token.tenant?.tenantId,
    lasts: retryAfter
  })
}
