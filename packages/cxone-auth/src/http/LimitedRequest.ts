import type * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { NoAnswer } from "../errors/NoAnswer.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import * as Deadline from "./Deadline.js"
import type * as Redaction from "./Redaction.js"
import * as ResponseBody from "./ResponseBody.js"
import * as ResponseHeaders from "./ResponseHeaders.js"
import * as RetryAfter from "./RetryAfter.js"
import * as Transport from "./Transport.js"
import * as TransportFailure from "./TransportFailure.js"

export interface Answer extends RetryAfter.RetryAfter {
  readonly status: number
  readonly headers: Headers.Headers
  /** `None` if it is longer than allowed, is still encoded, or if the body of a 3xx or 4xx stalls or breaks off. */
  readonly body: Option.Option<string>
  /** The content coding that the body is still in. */
  readonly coding: Coding | undefined
}

/** A content coding that is registered (RFC 9110 §8.4.1), or one that is not, whose name may be anything. */
type Coding = (typeof codings)[number] | "unknown"

const codings = ["gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"] as const

/**
 * Sends a request once, and reads the answer and its body within `attemptTimeout` and `maxResponseBytes`. A redirect is an
 * answer, and is not followed (S3). No tracing header is sent (C5). The body is asked for uncoded, because only fetch
 * decodes one. Of a failure or defect of the transport only what may be shown is kept, because the rest may quote the
 * request (S1). `sent` is what is secret in the request: in that for a document, nothing.
 */
export const send = (
  request: HttpClientRequest.HttpClientRequest,
  policy: TokenPolicy,
  sent: Redaction.Sent = []
): Effect.Effect<Answer, NoAnswer, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const transport = Transport.make(yield* HttpClient.HttpClient)
    const response = yield* transport(HttpClientRequest.setHeader(request, "accept-encoding", "identity"))
    const text = yield* readBody(response, policy)
    const { status } = response
    const headers = ResponseHeaders.of(response)
    const coding = Option.getOrUndefined(Option.flatMap(text, (text) => codingOf(text, headers)))
    const body = coding === undefined ? text : Option.none()
    const now = yield* Clock.currentTimeMillis
    return { status, headers, body, coding, ...RetryAfter.parse(headers["retry-after"], now, policy.maxRetryAfter) }
  }).pipe(
    Effect.catchAllCause((cause) => Effect.fail(TransportFailure.noAnswerOf(Cause.squash(cause), request.url, sent))),
    // An answer to the request itself never has this status: it is the proxy's (RFC 9110 §15.5.8).
    Effect.filterOrFail(
      ({ status }) => status !== 407,
      (): NoAnswer => ({ reason: "proxy_authentication" })
    ),
    Deadline.within(policy.attemptTimeout),
    Effect.mapError(
      (problem): NoAnswer =>
        "reason" in problem ? problem : { reason: "timeout", detail: Duration.format(policy.attemptTimeout) }
    )
  )

// A 3xx or 4xx is an answer even if its body stalls or breaks off. As a transport failure it would be tried again,
// which only repeats the credentials.
const readBody = (response: HttpClientResponse, { maxResponseBytes, errorBodyTimeout }: TokenPolicy) => {
  const body = ResponseBody.readText(response, maxResponseBytes)
  return response.status >= 300 && response.status < 500
    ? Effect.orElseSucceed(Deadline.within(errorBodyTimeout)(body), Option.none)
    : body
}

// fetch leaves the header on a body that it has decoded. A coded body has bytes that are no UTF-8 text.
const codingOf = (text: string, headers: Headers.Headers): Option.Option<Coding> => {
  const named = headers["content-encoding"]?.trim().toLowerCase()
  return named !== undefined && named !== "identity" && text.includes("\ufffd")
    ? Option.some(codings.find((coding) => coding === named) ?? "unknown")
    : Option.none()
}
