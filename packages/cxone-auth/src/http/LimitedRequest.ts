import type * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import * as ResponseBody from "./ResponseBody.js"
import * as RetryAfter from "./RetryAfter.js"
import * as Transport from "./Transport.js"

export interface Answer extends RetryAfter.RetryAfter {
  readonly status: number
  readonly headers: Headers.Headers
  /** `None` if it is longer than allowed, or if the body of a 3xx or 4xx stalls or breaks off. */
  readonly body: Option.Option<string>
}

/** Why there is no answer. `detail` is the transport's error code. */
export interface NoAnswer {
  readonly reason: "transport" | "timeout"
  readonly detail?: string
}

/**
 * Sends a request once, and reads the answer and its body within `attemptTimeout` and `maxResponseBytes`. A redirect is
 * an answer, and is not followed (S3). No tracing header is sent (C5). Only the code of a client's failure or defect is
 * kept, because the rest may quote the request (S1).
 */
export const send = (
  request: HttpClientRequest,
  policy: TokenPolicy
): Effect.Effect<Answer, NoAnswer, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const http = Transport.make(yield* HttpClient.HttpClient)
    const response = yield* http.execute(request)
    const body = yield* readBody(response, policy)
    const { headers, status } = response
    const now = yield* Clock.currentTimeMillis
    return { status, headers, body, ...RetryAfter.parse(headers["retry-after"], now, policy.maxRetryAfter) }
  }).pipe(
    Effect.catchAllCause((cause): Effect.Effect<never, NoAnswer> => {
      const detail = Transport.codeOf(Cause.squash(cause))
      return Effect.fail({ reason: "transport", ...(detail === undefined ? {} : { detail }) })
    }),
    Effect.timeoutFail({ duration: policy.attemptTimeout, onTimeout: (): NoAnswer => ({ reason: "timeout" }) })
  )

// A 3xx or 4xx is an answer even if its body stalls or breaks off. As a transport failure it would be tried again,
// which only repeats the credentials.
const readBody = (response: HttpClientResponse, { maxResponseBytes, errorBodyTimeout }: TokenPolicy) => {
  const body = ResponseBody.readText(response, maxResponseBytes)
  return response.status >= 300 && response.status < 500
    ? Effect.orElseSucceed(Effect.timeout(body, errorBodyTimeout), Option.none)
    : body
}
