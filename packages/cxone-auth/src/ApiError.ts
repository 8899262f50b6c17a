/**
 * What keeps a call from being served with the token, each with what to do about it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { listed, Quotation, RetryAfter, said, whenToRetry } from "./ErrorText.js"

/**
 * The application lacks a scope. `invalid_scope`: the token endpoint would not grant what was requested (RFC 6749
 * §5.2). `insufficient_scope`: the API wants more than the token has (RFC 6750 §3.1). `not_supported`: an access key
 * alone can ask for none, and nothing was sent. Not retried, nothing renewed.
 *
 * @since 0.1.0
 * @category errors
 */
export class InsufficientScope extends Schema.TaggedError<InsufficientScope>("cxone-auth/InsufficientScope")(
  "InsufficientScope",
  {
    reason: Schema.Literal("invalid_scope", "insufficient_scope", "not_supported"),
    origin: Schema.String,
    requested: Schema.Array(Schema.String),
    granted: Schema.Array(Schema.String),
    required: Schema.Array(Schema.String),
    description: Quotation
  }
) {
  override get message(): string {
    return this.reason === "not_supported"
      ? `An access key alone asks for no scopes, so nothing was sent to ${this.origin} (${listed(this.requested)}). ` +
          "Leave the scopes out: what the key may do is its employee's role. Or give a client beside it."
      : `${this.problem} ${this.cure}${said(this.description)}`
  }

  private get problem(): string {
    return this.reason === "invalid_scope"
      ? `${this.origin} does not grant the requested scopes (invalid_scope): ${listed(this.requested)}.`
      : `${this.origin} wants more scopes than the token has (insufficient_scope). ` +
          `Required: ${this.required.length === 0 ? "not said" : listed(this.required)}; ` +
          `granted: ${listed(this.granted)}; requested: ${listed(this.requested)}.`
  }

  private get cure(): string {
    return (
      "Check the scopes that are requested (scopes, CXONE_SCOPES), and those that the application has in CXone's " +
      "Admin portal under Applications > OAuth. A scope that was added there takes some minutes to arrive."
    )
  }
}

/**
 * 429 from the token endpoint (after the retries) or from the API. `retryAfter`: from the API what it asked for; from
 * the token endpoint how long from now no token request will be sent, whether it asked for that or not (L6).
 *
 * @since 0.1.0
 * @category errors
 */
export class RateLimited extends Schema.TaggedError<RateLimited>("cxone-auth/RateLimited")("RateLimited", {
  reason: Schema.Literal("token_endpoint", "api"),
  origin: Schema.String,
  retryAfter: RetryAfter
}) {
  override get message(): string {
    return this.reason === "api"
      ? `${this.origin} answered 429: too many API requests. ${whenToRetry(this.retryAfter)}, and space the calls out.`
      : `${this.origin} answered 429: too many token requests. ${whenToRetry(this.retryAfter)}. ` +
          "Provide one CxoneAuth layer per process and share it; each layer has a token cache of its own."
  }
}

/**
 * The API refused the token with 401, and a renewed one would not or could not help. `refused_again`: the renewed
 * token was refused as well, now or within the last minute. `body_not_replayable`: the request's body is a stream
 * that can be sent only once; the token has been dropped, and the next call gets a new one.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidToken extends Schema.TaggedError<InvalidToken>("cxone-auth/InvalidToken")("InvalidToken", {
  reason: Schema.Literal("refused_again", "body_not_replayable"),
  origin: Schema.String,
  error: Quotation,
  description: Quotation
}) {
  override get message(): string {
    const refusal = `${this.origin} refused the access token (401${this.error === undefined ? "" : ` ${this.error}`})`
    return this.reason === "body_not_replayable"
      ? `${refusal}, and the request's body is a stream that cannot be sent twice. ` +
          `Make the call again: it gets a new token.${said(this.description)}`
      : `${refusal}, though it was fresh. Check that the API base URL belongs to the same CXone as the ` +
          "token endpoint (CXONE_REGION, CXONE_ISSUER or CXONE_AREA; or CXONE_API_BASE_URL and " +
          "CXONE_TOKEN_ENDPOINT), and that the " +
          `application is still active.${said(this.description)}`
  }
}

/**
 * A request would have carried the token to a place that it may not go to. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class ForeignOrigin extends Schema.TaggedError<ForeignOrigin>("cxone-auth/ForeignOrigin")("ForeignOrigin", {
  reason: Schema.Literal("not_allowed", "not_confidential", "user_info"),
  origin: Schema.String,
  allowed: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `Nothing was sent to ${this.origin}: ${this.problem}`
  }

  private get problem(): string {
    switch (this.reason) {
      case "not_allowed":
        return (
          `the access token goes to ${this.allowed.join(", ")} only. If this origin is CXone's, name it in ` +
          "CxoneHttpClient.layerWith({ allowedOrigins }), or allow all of NICE's own with { allowCxoneHosts: true }; " +
          "for other hosts use the plain HttpClient."
        )
      case "not_confidential":
        return "the access token travels over https only (plain http only to this machine)."
      case "user_info":
        return "the URL carries a user name or password, which could disguise the host. Remove it."
    }
  }
}
