import * as Schema from "effect/Schema"
import { attempts, bracketed, Quotation, RetryAfter, said, whenToRetry, whereSet } from "./Phrases.js"

/**
 * The token endpoint could not be reached, took longer than 10 s (`attemptTimeout`), or answered 5xx or 408.
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenEndpointUnavailable extends Schema.TaggedError<TokenEndpointUnavailable>(
  "cxone-auth/TokenEndpointUnavailable"
)("TokenEndpointUnavailable", {
  /** How the last attempt ended: no connection, no answer in time, or a status. */
  reason: Schema.Literal("transport", "timeout", "status"),
  /** The token endpoint, without its query. */
  tokenEndpoint: Schema.String,
  /**
   * How many attempts were made: four by default (`maxRetries`), or fewer if the endpoint asked for waits of more than 60 s
   * in all (`maxWait`).
   */
  attempts: Schema.Number,
  /** The status of the answer, if there was one. */
  status: Schema.optionalWith(Schema.Number, { exact: true }),
  /** The transport's error code, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`, if there is one. */
  detail: Quotation,
  /** What the endpoint said about it, without secrets. */
  description: Quotation,
  /** The wait that the endpoint asked for. Absent if it named none. */
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
      status: `it answered ${this.status}. The problem is on CXone's side. ${whenToRetry(this.retryAfter)}`
    }
    const problem = problems[this.reason]
    return `${this.tokenEndpoint} gave no token in ${attempts(this.attempts)}: ${problem}.${said(this.description)}`
  }
}
