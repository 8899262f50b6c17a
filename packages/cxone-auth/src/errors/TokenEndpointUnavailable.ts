import * as Schema from "effect/Schema"
import {
  attempts,
  bracketed,
  certificateCure,
  proxyCure,
  Quotation,
  RetryAfter,
  said,
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
   * How the last attempt ended: no connection, no answer in time, or a status. These were tried again. A certificate that
   * is not trusted, and a proxy that wants credentials (407), were not, because the next try would end the same way.
   */
  reason: Schema.Literal("transport", "timeout", "status", "certificate", "proxy_authentication"),
  /** The token endpoint, without its query. */
  tokenEndpoint: Schema.String,
  /**
   * How many attempts were made: four by default (`maxRetries`), or fewer if the endpoint asked for waits of more than 60 s
   * in all (`maxWait`).
   */
  attempts: Schema.Number,
  /** The status of the answer, if there was one. */
  status: Schema.optionalWith(Schema.Number, { exact: true }),
  /** The transport's error code, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`, or the code in the answer, if there is one. */
  detail: Quotation,
  /** What the endpoint said about it, without secrets. */
  description: Quotation,
  /**
   * How long from now the next request waits. Until then, every call that needs a new token fails with this error, or waits
   * if `maxWait` is long enough. Absent after `transport` and `timeout`.
   */
  retryAfter: RetryAfter
}) {
  /** What happened and what to do, without secrets. */
  override get message(): string {
    const problems = {
      transport:
        `the connection failed${bracketed(this.detail)}. Check ${whereSet}, ` +
        "DNS, and the proxy or firewall in between",
      timeout:
        "no complete answer in time (attemptTimeout, 10 s by default). Check the proxy or firewall in between, " +
        "or try again later",
      status: `it answered ${this.status}${bracketed(this.detail)}. The problem is on CXone's side. ${whenToRetry(this.retryAfter)}`,
      certificate: `its certificate is not trusted${bracketed(this.detail)}. ${certificateCure}`,
      proxy_authentication: `the proxy in between wants credentials (407). ${proxyCure}`
    }
    const problem = problems[this.reason]
    return `${this.tokenEndpoint} gave no token in ${attempts(this.attempts)}: ${problem}.${said(this.description)}`
  }
}
