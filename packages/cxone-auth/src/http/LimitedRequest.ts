/**
 * Requests that take and read no more than the policy allows.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import * as ResponseBody from "./ResponseBody.js"
import * as Transport from "./Transport.js"
import * as TransportFailure from "./TransportFailure.js"

/**
 * What was answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly response: HttpClientResponse
  /** `None` if it is longer than the policy allows. */
  readonly body: Option.Option<string>
}

/**
 * Why there is no answer; `detail` is the transport's error code.
 *
 * @since 0.1.0
 * @category errors
 */
export interface NoAnswer {
  readonly reason: "transport" | "timeout"
  readonly detail?: string
}

/**
 * Sends a request once, and reads the answer, body included, within `attemptTimeout` and `maxAnswerBytes`. A redirect is
 * an answer and never followed (S3), and no tracing header is sent (C5). What the client fails or dies of is told by its
 * code alone, for it may quote the request (S1).
 *
 * @since 0.1.0
 * @category requests
 */
export const send = (
  request: HttpClientRequest,
  policy: TokenPolicy
): Effect.Effect<Answer, NoAnswer, HttpClient.HttpClient> =>
  HttpClient.HttpClient.pipe(
    Effect.map(Transport.make),
    Effect.flatMap((http) => http.execute(request)),
    Effect.bindTo("response"),
    Effect.bind("body", ({ response }) => readBody(response, policy)),
    Effect.catchAllCause((cause): Effect.Effect<never, NoAnswer> => {
      const detail = TransportFailure.codeOf(Cause.squash(cause))
      return Effect.fail({ reason: "transport", ...(detail === undefined ? {} : { detail }) })
    }),
    Effect.timeoutFail({ duration: policy.attemptTimeout, onTimeout: (): NoAnswer => ({ reason: "timeout" }) })
  )

// A refusal is one by its status. If its body stalls or breaks, trying again would only repeat the credentials.
const readBody = (response: HttpClientResponse, policy: TokenPolicy) => {
  const body = ResponseBody.readText(response, policy.maxAnswerBytes)
  return response.status >= 300 && response.status < 500
    ? Effect.orElseSucceed(Effect.timeout(body, policy.refusalBodyTimeout), Option.none)
    : body
}
