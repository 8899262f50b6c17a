import * as Schema from "effect/Schema"
import { inSeconds, Quotation, RetryAfter, said, toJson } from "./Phrases.js"

/**
 * The API refused the token with 401, and a new token did not or could not help.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidToken extends Schema.TaggedError<InvalidToken>("cxone-auth/InvalidToken")("InvalidToken", {
  /**
   * - `refused_again`: the renewed token was refused as well, now or a short time ago on the same path.
   * - `too_many_renewals`: so many tokens were refused within a minute, on all paths together, that none is renewed for now.
   * - `body_not_replayable`: the body of the request is a stream, which can be sent only once. The next call gets a token
   *   that the API takes.
   */
  reason: Schema.Literal("refused_again", "too_many_renewals", "body_not_replayable"),
  /** The origin of the API. */
  origin: Schema.String,
  /** The code in the answer, such as `invalid_token` (RFC 6750 §3.1). */
  error: Quotation,
  /** What the API said about it, without the token. */
  description: Quotation,
  /** How long from now a 401 on this path (`too_many_renewals`: on any) renews no token. Absent if the next one does. */
  retryAfter: RetryAfter
}) {
  /** The fields and the message. */
  override toJSON(): object {
    return toJson(this)
  }

  /** What happened and what to do, without secrets. */
  override get message(): string {
    const refusal = `${this.origin} refused the access token (401${this.error === undefined ? "" : ` ${this.error}`})`
    if (this.reason === "body_not_replayable") {
      return (
        `${refusal}, and the request's body is a stream that cannot be sent twice. ` +
        `Make the call again: it gets a new token.${said(this.description)}`
      )
    }
    const [why, here] =
      this.reason === "refused_again"
        ? ["although it was new", "on this path"]
        : ["and refused so many within a minute that none is renewed for now", "on any path"]
    const pause =
      this.retryAfter === undefined ? "" : ` For ${inSeconds(this.retryAfter)} a 401 ${here} renews no token.`
    return (
      `${refusal}, ${why}. Check that the API base URL belongs to the same CXone as the token endpoint (CXONE_REGION, ` +
      "CXONE_ISSUER or CXONE_AREA; or CXONE_API_BASE_URL and CXONE_TOKEN_ENDPOINT), that the application or access key is still active, " +
      `and that it may use this path.${pause}${said(this.description)}`
    )
  }
}
