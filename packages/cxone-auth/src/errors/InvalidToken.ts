import * as Schema from "effect/Schema"
import { Quotation, said } from "./Phrases.js"

/**
 * The API refused the token with 401, and a new token did not or could not help.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidToken extends Schema.TaggedError<InvalidToken>("cxone-auth/InvalidToken")("InvalidToken", {
  /**
   * - `refused_again`: the renewed token was refused as well, now or within the last minute.
   * - `body_not_replayable`: the body of the request is a stream, which can be sent only once. The token was dropped, and
   *   the next call gets a new one.
   */
  reason: Schema.Literal("refused_again", "body_not_replayable"),
  /** The origin of the API. */
  origin: Schema.String,
  /** The code in the answer, such as `invalid_token` (RFC 6750 §3.1). */
  error: Quotation,
  /** What the API said about it, without the token. */
  description: Quotation
}) {
  /** What happened and what to do, without secrets. */
  override get message(): string {
    const refusal = `${this.origin} refused the access token (401${this.error === undefined ? "" : ` ${this.error}`})`
    return this.reason === "body_not_replayable"
      ? `${refusal}, and the request's body is a stream that cannot be sent twice. ` +
          `Make the call again: it gets a new token.${said(this.description)}`
      : `${refusal}, although it was new. Check that the API base URL belongs to the same CXone as the ` +
          "token endpoint (CXONE_REGION, CXONE_ISSUER or CXONE_AREA; or CXONE_API_BASE_URL and " +
          `CXONE_TOKEN_ENDPOINT), and that the application is still active.${said(this.description)}`
  }
}
