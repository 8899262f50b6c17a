import * as Schema from "effect/Schema"
import { Quotation, said, whereSet } from "./Phrases.js"

/**
 * The token endpoint answered with something that is no token (RFC 6749 §5.1). Not retried. What a successful answer
 * said is not quoted, for it may hold a token, unless it calls itself an error and has no field for one.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidTokenResponse extends Schema.TaggedError<InvalidTokenResponse>("cxone-auth/InvalidTokenResponse")(
  "InvalidTokenResponse",
  {
    reason: Schema.Literal(
      "unexpected_status",
      "redirect",
      "too_large",
      "not_json",
      "invalid_access_token",
      "invalid_token_type",
      "invalid_expires_in",
      "invalid_scope_field",
      "expired"
    ),
    tokenEndpoint: Schema.String,
    status: Schema.Number,
    error: Quotation,
    description: Quotation
  }
) {
  override get message(): string {
    const code = this.error === undefined ? "" : ` ${this.error}`
    return `${this.tokenEndpoint} answered ${this.status}${code}: ${this.problem}.${said(this.description)}`
  }

  private get problem(): string {
    const place = `that ${whereSet} leads to CXone's token endpoint`
    switch (this.reason) {
      case "unexpected_status":
        return this.error === undefined
          ? `this is no token. Check ${place}`
          : `it refused the request. Check that the application's type allows the grant that is used, and ${place}`
      case "redirect":
        return `credentials are never sent on through a redirect. Check ${place}, not a page that leads to it`
      case "too_large":
        return `more bytes than any token needs (maxAnswerBytes, 64 KiB by default). Check ${place}`
      case "not_json":
        return `the body is not a JSON object. Check ${place}, and that no proxy answers in its place`
      case "invalid_access_token":
        return `access_token is missing, empty, or has characters that no HTTP header may carry. Check ${place}`
      case "invalid_token_type":
        return `token_type is not Bearer, the only type that this library knows. Check ${place}`
      case "invalid_expires_in":
        return `expires_in is not a number of seconds from 1 up. Check ${place}`
      case "invalid_scope_field":
        return `scope is not a string. Check ${place}`
      case "expired":
        return "the token had ended when it arrived: it lives too short for a network this slow, or a clock is wrong"
    }
  }
}
