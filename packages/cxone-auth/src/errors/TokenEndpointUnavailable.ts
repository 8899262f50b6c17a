import * as Schema from "effect/Schema"
import * as NoAnswer from "./NoAnswer.js"
import {
  attempts,
  bracketed,
  Environment,
  HeldBack,
  orHeldBack,
  Quotation,
  RetryAfter,
  said,
  toJson,
  whenToRetry,
  whereSet
} from "./Phrases.js"

/**
 * The token endpoint could not be reached, took longer than 10 s (`attemptTimeout`), or answered 5xx or 408, or with
 * `temporarily_unavailable` or `server_error`.
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenEndpointUnavailable extends Schema.TaggedError<TokenEndpointUnavailable>(
  "cxone-auth/TokenEndpointUnavailable"
)("TokenEndpointUnavailable", {
  /**
   * How the last attempt ended: no connection, no answer in time, or a status. These were tried again, and so was a proxy
   * that answered 408, 429 or 5xx (`proxy_refused`). The others were not, because the next try would end the same way: a
   * certificate that is not trusted, a proxy that wants credentials (407) or refuses the host, and an `HttpClient` of the
   * app's that itself failed, for example because its agent or dispatcher is none (`http_client`).
   */
  reason: Schema.Literal(...NoAnswer.reasons, "status"),
  /** The token endpoint, without its query. */
  tokenEndpoint: Schema.String,
  /**
   * How many attempts were made: four by default (`maxRetries`), or fewer if the endpoint asked for waits of more than 60 s
   * in all (`maxWait`).
   */
  attempts: Schema.Number,
  /** The status of the answer, or of the proxy that refused, if there was one. */
  status: Schema.optionalWith(Schema.Number, { exact: true }),
  /**
   * The transport's error code, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`, perhaps with more behind a colon, as in
   * `UND_ERR_CONNECT_TIMEOUT: connectTimeout 10s`; if it has none, what it says, without secrets;
   * the code in the answer; or, after a time-out, how long the attempt might take.
   */
  detail: Quotation,
  /** What was looked up or connected to, such as `127.0.0.1:3128`, if it is not the token endpoint: most likely a proxy. */
  peer: Quotation,
  /** What the endpoint said about it, without secrets. */
  description: Quotation,
  /**
   * How long from now the next request waits. Until then, every call that needs a new token fails with this error, or waits
   * if `maxWait` is long enough. Absent after `transport` and `timeout`.
   */
  retryAfter: RetryAfter,
  /** The constructor of `CxoneEnvironment` that gave the token endpoint, such as `region`. */
  environment: Environment,
  /** Whether nothing was sent this time: the failure of an earlier request is given again, in the pause that it began. */
  heldBack: HeldBack
}) {
  /** The fields and the message. */
  override toJSON(): object {
    return toJson(this)
  }

  /** What happened and what to do, without secrets. */
  override get message(): string {
    return orHeldBack(
      this.heldBack,
      `${this.tokenEndpoint} gave no token in ${attempts(this.attempts)}: ${this.problem}${said(this.description)}`
    )
  }

  private get problem(): string {
    const { detail, reason, retryAfter, status } = this
    return reason === "status"
      ? `it answered ${status}${bracketed(detail)}. The problem is on CXone's side, or at a gateway in between. ${whenToRetry(retryAfter)}.`
      : NoAnswer.asSentences(this.tokenEndpoint, { ...this, reason }, whereSet(this.environment))
  }
}
