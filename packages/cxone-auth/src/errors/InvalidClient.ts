import * as Schema from "effect/Schema"
import { inSeconds, Quotation, RetryAfter, said } from "./Phrases.js"

const cureOfKey =
  "Check accessKeyId (CXONE_ACCESS_KEY_ID) and accessKeySecret (CXONE_ACCESS_KEY_SECRET): both of the same key, " +
  'complete to the "====" at their end; then that the key is active; then that the employee it belongs to is ' +
  "neither deactivated nor locked. The key is in the employee's record in CXone; a lost secret means a new key."

/**
 * The token endpoint refused the credentials. They are not sent again at once, because that could lock them out.
 *
 * `reason` is the code of RFC 6749 §5.2. `credentials` is the kind that was sent: with an access key, `invalid_grant`
 * is about the key, and the other codes are about the client. `isGuess`: the answer was a 401 without such a code, and
 * `reason` is the likeliest one; `error` is the code that it had, if any. Until `retryAfter` has
 * passed, every call that needs a new token fails with this error and nothing is sent, unless the credentials change. `bothRefused`: the current and the next credentials were refused.
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
  retryAfter: RetryAfter,
  bothRefused: Schema.optionalWith(Schema.Boolean, { default: () => false })
}) {
  override get message(): string {
    const subject = this.isAboutKey
      ? "the access key"
      : this.isAboutBoth
        ? "the client or its access key"
        : "the client"
    const both = this.bothRefused ? `${subject}, with the current and with the next credentials` : subject
    const code = this.isGuess ? (this.error ?? "without a reason") : this.reason
    const memory =
      this.retryAfter === undefined
        ? ""
        : ` For ${inSeconds(this.retryAfter)} these credentials are not sent again; other ones are tried at once.`
    return `${this.tokenEndpoint} refused ${both} (${this.status} ${code}). ${this.cure}${memory}${said(this.description)}`
  }

  private get isAboutKey(): boolean {
    return this.credentials === "AccessKeyOnly" || (this.credentials === "AccessKey" && this.reason === "invalid_grant")
  }

  private get isAboutBoth(): boolean {
    return this.credentials === "AccessKey" && this.isGuess
  }

  private get cure(): string {
    if (this.isAboutKey) {
      return cureOfKey
    }
    const registration =
      this.credentials === "AccessKey"
        ? "Client id and secret are those of the app registration that NICE sent you. A new registration takes some days."
        : "The registration is in CXone's Admin portal under Applications > OAuth."
    const client = `${this.cureOfClient} ${registration}`
    return this.isAboutBoth ? `${client} If the client is right: ${cureOfKey}` : client
  }

  private get cureOfClient(): string {
    const pair =
      "check clientId (CXONE_CLIENT_ID) and clientSecret (CXONE_CLIENT_SECRET): both from the same application, " +
      "no white space at either end, the secret not already percent-encoded"
    const grantName = this.credentials === "AccessKey" ? "password" : "client_credentials"
    const grant = `check that the application's type allows the ${grantName} grant`
    switch (this.reason) {
      case "invalid_client":
        return `First ${pair}; then ${grant}; then that CXONE_CLIENT_AUTH (post or basic) is what the application was registered for.`
      case "invalid_grant":
        return `First ${pair}; then ${grant}.`
      case "unauthorized_client":
      case "unsupported_grant_type":
        return `First ${grant}; then ${pair}.`
    }
  }
}
