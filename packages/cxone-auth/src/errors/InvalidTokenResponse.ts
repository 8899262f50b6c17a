import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { Quotation, said, whereSet } from "./Phrases.js"

const place = `that ${whereSet} leads to CXone's token endpoint`

const problems = {
  unexpected_status: `this is no token. Check ${place}`,
  redirect: `credentials are never sent on through a redirect. Check ${place}, and not to a page that redirects there`,
  too_large: `it has more bytes than any token needs (maxResponseBytes, 64 KiB by default). Check ${place}`,
  not_json: `the body is not a JSON object. Check ${place}, and that no proxy answers in its place`,
  invalid_access_token: `access_token is missing, empty, or has characters that no HTTP header may carry. Check ${place}`,
  invalid_token_type: `token_type is not Bearer, the only type that this library knows. Check ${place}`,
  invalid_expires_in: `expires_in is not a number of seconds from 1 up. Check ${place}`,
  invalid_scope_field: `scope is not a string. Check ${place}`,
  expired:
    "the token had ended, or almost, when it arrived: its life is too short for this network, or a clock is wrong"
}

/**
 * The token endpoint answered with something that is no token (RFC 6749 §5.1). It is not tried again. A successful answer
 * may hold a token, so its words are quoted only if it calls itself an error and has no field for a token.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidTokenResponse extends Schema.TaggedError<InvalidTokenResponse>("cxone-auth/InvalidTokenResponse")(
  "InvalidTokenResponse",
  {
    /** What is wrong with the answer. `expired`: the token had ended, or almost, when it arrived. */
    reason: Schema.Literal(...Record.keys(problems)),
    /** The token endpoint, without its query. */
    tokenEndpoint: Schema.String,
    /** The status of the answer. */
    status: Schema.Number,
    /** The code in the answer, if it calls itself an error. */
    error: Quotation,
    /** What the endpoint said about it, without secrets. */
    description: Quotation
  }
) {
  /** What happened and what to do, without secrets. */
  override get message(): string {
    const code = this.error === undefined ? "" : ` ${this.error}`
    return `${this.tokenEndpoint} answered ${this.status}${code}: ${this.problem}.${said(this.description)}`
  }

  private get problem(): string {
    return this.reason === "unexpected_status" && this.error !== undefined
      ? `it refused the request. Check that the application's type allows the grant that is used, and ${place}`
      : problems[this.reason]
  }
}
