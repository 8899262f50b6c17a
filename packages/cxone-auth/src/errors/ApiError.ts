/**
 * What keeps a call from being served with the token, each with what to do about it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { listed, Quotation, RetryAfter, said, whenToRetry } from "./Phrases.js"

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
 * Too many requests. `token_endpoint`: 429 from there, after the retries. `api`: the API answered 429, or 503 with
 * `Retry-After` (`status`). `held_back`: it had done so a moment before, so this request was not sent.
 * `too_many_waiting`: nor was this one, since as many calls wait for that to pass as may (`maxWaitingCalls`).
 * `retryAfter`: of `api` what the answer asked for; else how long from now nothing will be sent (L6, C4).
 *
 * @since 0.1.0
 * @category errors
 */
export class RateLimited extends Schema.TaggedError<RateLimited>("cxone-auth/RateLimited")("RateLimited", {
  reason: Schema.Literal("token_endpoint", "api", "held_back", "too_many_waiting"),
  origin: Schema.String,
  status: Schema.optionalWith(Schema.Literal(429, 503), { default: () => 429 }),
  retryAfter: RetryAfter
}) {
  override get message(): string {
    const when = whenToRetry(this.retryAfter)
    switch (this.reason) {
      case "token_endpoint":
        return (
          `${this.origin} answered 429: too many token requests. ${when}. ` +
          "Provide one CxoneAuth layer per process and share it; each layer has a token cache of its own."
        )
      case "api":
        return this.status === 503
          ? `${this.origin} answered 503: it cannot serve API requests now. ${when}.`
          : `${this.origin} answered 429: too many API requests. ${when}, and space the calls out.`
      case "held_back":
        return (
          `This request was not sent: ${this.origin} has said that it takes no API requests for now. ${when}, ` +
          "or let calls wait (CxoneHttpClient.layerWith({ onRateLimited: { wait } }))."
        )
      case "too_many_waiting":
        return (
          `This request was not sent: ${this.origin} has said that it takes no API requests for now, and as many ` +
          `calls wait for it as may (maxWaitingCalls, 1,000 by default). ${when}, with fewer calls at once.`
        )
    }
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
 * A request would have carried the token to a place that it may not go to, or was none of http. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class ForeignOrigin extends Schema.TaggedError<ForeignOrigin>("cxone-auth/ForeignOrigin")("ForeignOrigin", {
  reason: Schema.Literal("not_allowed", "not_confidential", "not_http", "user_info"),
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
      case "not_http":
        return (
          "this client makes http(s) requests, and opens no WebSocket or other connection. " +
          "For those, take the token from CxoneAuth.accessToken."
        )
      case "user_info":
        return "the URL carries a user name or password, which could disguise the host. Remove it."
    }
  }
}
