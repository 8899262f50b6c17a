/**
 * What keeps an app from getting a token, each with what to do about it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { attempts, instant, Quotation, RetryAfter, said, whenToRetry } from "./Phrases.js"

const whereSet = "the setting (CXONE_REGION, CXONE_ISSUER, CXONE_AREA or CXONE_TOKEN_ENDPOINT)"

/**
 * The app's own effect that yields the credentials failed, took longer than an attempt may, or yielded some that do not
 * go with the environment (`unsuitable`). `detail` is the tag or name of its failure, of which nothing else is kept, for
 * it may hold a secret; or why the credentials do not go.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialsUnavailable extends Schema.TaggedError<CredentialsUnavailable>(
  "cxone-auth/CredentialsUnavailable"
)("CredentialsUnavailable", {
  reason: Schema.Literal("failed", "timeout", "unsuitable"),
  detail: Quotation
}) {
  override get message(): string {
    if (this.reason === "unsuitable") {
      return `The effect given as credentials yielded some that cannot be used, so nothing was sent: ${this.detail}.`
    }
    const problem =
      this.reason === "timeout"
        ? "did not end in time (attemptTimeout, 10 s by default)"
        : `failed${this.detail === undefined ? "" : ` (${this.detail})`}`
    return `The effect given as credentials ${problem}, so nothing was sent. Check the place that it reads them from.`
  }
}

/**
 * The token endpoint refused the credentials. Not retried: trying again with the same ones can only lock them out.
 * `reason` is the code of RFC 6749 §5.2, `credentials` the kind that was sent: with an access key, `invalid_grant` is
 * about the key, and the others are about the client. `isGuess`: it was a 401 without such a code (`error` is the one it
 * had, if any), and `reason` is the likeliest. Until `until` (milliseconds since the epoch) the refusal is
 * remembered: every call that needs a new token fails with it, and nothing is sent, unless the credentials change (L6).
 * `bothRefused`: there were current and next credentials, and neither was accepted.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidClient extends Schema.TaggedError<InvalidClient>("cxone-auth/InvalidClient")("InvalidClient", {
  reason: Schema.Literal("invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"),
  credentials: Schema.optionalWith(Schema.Literal("ClientSecret", "AccessKey", "AccessKeyOnly"), {
    default: () => "ClientSecret"
  }),
  isGuess: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  tokenEndpoint: Schema.String,
  status: Schema.Number,
  error: Quotation,
  description: Quotation,
  until: Schema.optionalWith(Schema.Number, { exact: true }),
  bothRefused: Schema.optionalWith(Schema.Boolean, { default: () => false })
}) {
  override get message(): string {
    const subject = this.isAboutKey
      ? "the access key"
      : this.isAboutBoth
        ? "the client or its access key"
        : "the client"
    const both = this.bothRefused ? `${subject}, with the current and with the next credentials` : subject
    return (
      `${this.tokenEndpoint} refused ${both} (${this.status} ${this.code}). ${this.cure}` +
      `${this.memory}${said(this.description)}`
    )
  }

  private get isAboutKey(): boolean {
    return this.credentials === "AccessKeyOnly" || (this.credentials === "AccessKey" && this.reason === "invalid_grant")
  }

  private get isAboutBoth(): boolean {
    return this.credentials === "AccessKey" && this.isGuess
  }

  private get code(): string {
    return this.isGuess ? (this.error ?? "without a reason") : this.reason
  }

  private get memory(): string {
    return this.until === undefined
      ? ""
      : ` Until ${instant(this.until)} these credentials are not sent again; other ones are tried at once.`
  }

  private get cure(): string {
    if (this.isAboutKey) {
      return this.cureOfKey
    }
    const client = `${this.cureOfClient} ${this.registration}`
    return this.isAboutBoth ? `${client} If the client is right: ${this.cureOfKey}` : client
  }

  private get cureOfKey(): string {
    return (
      "Check accessKeyId (CXONE_ACCESS_KEY_ID) and accessKeySecret (CXONE_ACCESS_KEY_SECRET): both of the same key, " +
      'complete to the "====" at their end; then that the key is active; then that the employee it belongs to is ' +
      "neither deactivated nor locked. The key is in the employee's record in CXone; a lost secret means a new key."
    )
  }

  private get registration(): string {
    return this.credentials === "AccessKey"
      ? "Client id and secret are those of the app registration that NICE sent you; a new one takes some days."
      : "The registration is in CXone's Admin portal under Applications > OAuth."
  }

  private get cureOfClient(): string {
    const pair =
      "check clientId (CXONE_CLIENT_ID) and clientSecret (CXONE_CLIENT_SECRET): both from the same application, " +
      "no white space at either end, the secret not already percent-encoded"
    const grantName = this.credentials === "AccessKey" ? "password" : "client_credentials"
    const grant = `check that the application's type allows the ${grantName} grant`
    switch (this.reason) {
      case "invalid_client":
        return `First ${pair}; then ${grant}; then that CXONE_CLIENT_AUTH (post or basic) is what it was registered for.`
      case "invalid_grant":
        return `First ${pair}; then ${grant}.`
      case "unauthorized_client":
      case "unsupported_grant_type":
        return `First ${grant}; then ${pair}.`
    }
  }
}

/**
 * The token endpoint could not be reached, took longer than 10 s, or answered 5xx or 408, at each of `attempts`: four,
 * or fewer if it asked for longer waits than 60 s in all (`retryAfter`). `detail` is the transport's error code (such
 * as `ECONNREFUSED` or `CERT_HAS_EXPIRED`) where there is one. The numbers are the defaults of `TokenPolicy`.
 *
 * @since 0.1.0
 * @category errors
 */
export class TokenEndpointUnavailable extends Schema.TaggedError<TokenEndpointUnavailable>(
  "cxone-auth/TokenEndpointUnavailable"
)("TokenEndpointUnavailable", {
  reason: Schema.Literal("transport", "timeout", "status"),
  tokenEndpoint: Schema.String,
  attempts: Schema.Number,
  status: Schema.optionalWith(Schema.Number, { exact: true }),
  detail: Quotation,
  description: Quotation,
  retryAfter: RetryAfter
}) {
  override get message(): string {
    return `${this.tokenEndpoint} gave no token in ${attempts(this.attempts)}: ${this.problem}.${said(this.description)}`
  }

  private get problem(): string {
    switch (this.reason) {
      case "transport":
        return (
          `the connection failed${this.detail === undefined ? "" : ` (${this.detail})`}. Check ${whereSet}, ` +
          "DNS, and the proxy or firewall in between"
        )
      case "timeout":
        return (
          "no complete answer in time (attemptTimeout, 10 s by default). Check the proxy or firewall in between, " +
          "or try again later"
        )
      case "status":
        return `it answered ${this.status}. This is CXone's side. ${whenToRetry(this.retryAfter)}`
    }
  }
}

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
