import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import {
  Environment,
  HeldBack,
  notBefore,
  orHeldBack,
  Quotation,
  RetryAfter,
  said,
  toJson,
  whereSet
} from "./Phrases.js"

const problems = {
  unexpected_status: (place: string) =>
    `this is no token, and no reason that a token endpoint gives. Check ${place}, and that no proxy or firewall answers in its place`,
  redirect: (place: string) =>
    `credentials are never sent on through a redirect. Check ${place}, and not to a page that redirects there`,
  too_large: (place: string) =>
    `it has more bytes than any token needs (maxResponseBytes, 64 KiB by default). Check ${place}`,
  not_json: (place: string) => `the body is not a JSON object. Check ${place}, and that no proxy answers in its place`,
  encoded: (place: string) =>
    `the body is encoded, although none was asked for (accept-encoding: identity). Check the proxy in between, and ${place}`,
  invalid_access_token: (place: string) =>
    `access_token is missing, empty, or has characters that no HTTP header may carry. Check ${place}`,
  invalid_token_type: (place: string) =>
    `token_type is not Bearer, the only type that this library knows. Check ${place}`,
  invalid_expires_in: (place: string) => `expires_in is not a number of seconds. Check ${place}`,
  invalid_scope_field: (place: string) => `scope is not a string. Check ${place}`,
  expired: () =>
    "the token had ended, or almost, when it arrived. Check this machine's clock; if it is right, the provider hands out old tokens, or ones that end at once (expires_in)"
}

/**
 * The token endpoint answered with something that is no token (RFC 6749 §5.1). Only a token that had ended on arrival
 * (`expired`) is asked for again. A successful answer may hold a token, so its words are quoted only if it calls itself an
 * error and has no field for a token.
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
    /** The content coding of the body (`gzip`), if it is `encoded` with one that is known. */
    coding: Quotation,
    /** Where a redirect leads: an origin. */
    detail: Quotation,
    /** What the endpoint said about it, without secrets. */
    description: Quotation,
    /**
     * How long from now the next request waits. Until then, every call that needs a new token fails with this error, or
     * waits if `maxWait` is long enough.
     */
    retryAfter: RetryAfter,
    /** The constructor of `CxoneEnvironment` that gave the token endpoint, such as `region`. */
    environment: Environment,
    /** Whether nothing was sent this time: the failure of an earlier request is given again, in the pause that it began. */
    heldBack: HeldBack
  }
) {
  /** The fields and the message. */
  override toJSON(): object {
    return toJson(this)
  }

  /** What happened and what to do, without secrets. */
  override get message(): string {
    const code = this.error === undefined ? "" : ` ${this.error}`
    const pause = notBefore("No token is requested", this.retryAfter)
    return orHeldBack(
      this.heldBack,
      `${this.tokenEndpoint} answered ${this.status}${code}: ${this.problem}.${pause}${said(this.description)}`
    )
  }

  private get problem(): string {
    const place = `that ${whereSet(this.environment)} leads to CXone's token endpoint`
    if (this.reason === "encoded" && this.coding !== undefined) {
      return problems.encoded(place).replace("encoded", `encoded with ${this.coding}`)
    }
    if (this.reason === "redirect" && this.detail !== undefined) {
      return `${problems.redirect(place)}. It leads to ${this.detail}`
    }
    const grant = `that the application's type allows the grant that is used, and ${place}`
    if (this.reason === "unexpected_status" && this.error !== undefined) {
      return `it refused the request. Check ${grant}`
    }
    return this.reason === "unexpected_status" && this.status === 400
      ? `it refused the request, and doesn't say why. Check the credentials, ${grant}`
      : problems[this.reason](place)
  }
}
