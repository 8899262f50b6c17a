import * as Arr from "effect/Array"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as String from "effect/String"
import { HeldBack, inSeconds, orHeldBack, Quotation, RetryAfter, said, toJson } from "./Phrases.js"

const cureOfKey =
  "check accessKeyId (CXONE_ACCESS_KEY_ID) and accessKeySecret (CXONE_ACCESS_KEY_SECRET): both of the same key, " +
  'complete to the "====" at their end; then that the key is active; then that the employee it belongs to is ' +
  "neither deactivated nor locked. The key is in the employee's record in CXone; a lost secret means a new key."

const areaOfKey = "The area must be the one that the employee is in (CXONE_AREA)."

const suspicions = {
  other_path: "The path does not look like that of a token endpoint: check CXONE_TOKEN_ENDPOINT.",
  quotes: "An id or secret is in quotes, which count as a part of it: remove them.",
  line_break: "An id or secret has a line break in it: was a file wrapped?",
  placeholder: "An id or secret looks like a placeholder or a path in the place of the value.",
  key_secret:
    'The client secret ends in "====", as the secret of an access key does (accessKeySecret, CXONE_ACCESS_KEY_SECRET).',
  swapped: "Client id and client secret look swapped.",
  percent_encoded: "An id or secret looks percent-encoded: decode it, because the library encodes it itself.",
  gateway:
    "At the platform gateway, also check the region (CXONE_REGION). If you hold an access key, this is not its place: use " +
    "Credentials.accessKey or Credentials.accessKeyOnly (CXONE_ACCESS_KEY_ID and CXONE_ACCESS_KEY_SECRET)."
}

/**
 * The token endpoint refused the credentials. The message says what to check. They are not sent again before `retryAfter`
 * has passed, because that could lock them out; other credentials are tried at once.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidClient extends Schema.TaggedError<InvalidClient>("cxone-auth/InvalidClient")("InvalidClient", {
  /** The code of RFC 6749 §5.2. With an access key, `invalid_grant` is about the key, and the others about the client. */
  reason: Schema.Literal("invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"),
  /** The kind of credentials that was sent. */
  credentials: Schema.optionalWith(Schema.Literal("ClientSecret", "AccessKey", "AccessKeyOnly"), {
    default: () => "ClientSecret"
  }),
  /** Whether `reason` is only the likeliest one, because the answer was a 401 without a code of RFC 6749. */
  isGuess: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  /** The token endpoint, without its query. */
  tokenEndpoint: Schema.String,
  /** The status of the answer. */
  status: Schema.Number,
  /** The code in the answer, if it is none of RFC 6749's. */
  error: Quotation,
  /** What the endpoint said about it, without secrets. */
  description: Quotation,
  /**
   * How long from now these credentials are not sent. Until then, every call that needs a new token fails with this error.
   */
  retryAfter: RetryAfter,
  /**
   * What looks wrong, likeliest first: the path is not that of a token endpoint (`other_path`), an id or a secret is in
   * quotes (`quotes`), has a line break in it (`line_break`), looks like a placeholder or a path (`placeholder`), or is
   * percent-encoded (`percent_encoded`), the client secret looks like that of an access key (`key_secret`), client id and secret look swapped (`swapped`), a client alone
   * at the platform gateway (`gateway`), which needs a client of the same region.
   */
  suspects: Schema.optionalWith(Schema.Array(Schema.Literal(...Record.keys(suspicions))), { default: () => [] }),
  /** Whether nothing was sent this time: the failure of an earlier request is given again, in the pause that it began. */
  heldBack: HeldBack,
  /** During a rotation: whether the current and the next credentials were both refused. */
  bothRefused: Schema.optionalWith(Schema.Boolean, { default: () => false })
}) {
  /** The fields and the message. */
  override toJSON(): object {
    return toJson(this)
  }

  /** What happened and what to do, without secrets. */
  override get message(): string {
    const subject = this.isAboutKey
      ? "the access key"
      : this.isAboutBoth
        ? "the client or its access key"
        : "the client"
    const both = this.bothRefused ? `${subject}, with both the current and the next credentials` : subject
    const code = this.isGuess ? (this.error ?? "without a reason") : this.reason
    const memory =
      this.retryAfter === undefined
        ? ""
        : ` For ${inSeconds(this.retryAfter)} this process does not send these credentials again; other ones are tried at once.`
    const [last, looks] = Arr.partition(this.suspects, (suspect) => suspect !== "gateway")
    const text = [
      ...looks.map((suspect) => suspicions[suspect]),
      looks.length === 0 ? this.cure : `If that is not it: ${String.uncapitalize(this.cure)}`,
      ...last.map((suspect) => suspicions[suspect])
    ]
    return orHeldBack(
      this.heldBack,
      `${this.tokenEndpoint} refused ${both} (${this.status} ${code}). ${text.join(" ")}${memory}${said(this.description)}`
    )
  }

  private get isAboutKey(): boolean {
    return this.credentials === "AccessKeyOnly" || (this.credentials === "AccessKey" && this.reason === "invalid_grant")
  }

  private get isAboutBoth(): boolean {
    return this.credentials === "AccessKey" && this.isGuess
  }

  private get cure(): string {
    if (this.isAboutKey) {
      return `${String.capitalize(cureOfKey)}${this.credentials === "AccessKeyOnly" ? ` ${areaOfKey}` : ""}`
    }
    const registration =
      this.credentials === "AccessKey"
        ? "Client id and secret are those of the app registration that NICE sent you. A new registration takes some days."
        : "The registration is in CXone's Admin portal under Applications > OAuth."
    const client = `${this.cureOfClient} ${registration}`
    return this.isAboutBoth ? `${client} If the client is right, ${cureOfKey}` : client
  }

  private get cureOfClient(): string {
    const pair =
      "check clientId (CXONE_CLIENT_ID) and clientSecret (CXONE_CLIENT_SECRET): both from the same application and not swapped, " +
      "without quotes around them, the secret not already percent-encoded"
    const grantName = this.credentials === "AccessKey" ? "password" : "client_credentials"
    const grant = `check that the application's type allows the ${grantName} grant`
    switch (this.reason) {
      case "invalid_client":
        return `First ${pair}; then ${grant}; then that clientAuth (CXONE_CLIENT_AUTH: post or basic) is what the application was registered for.`
      case "invalid_grant":
        return `First ${pair}; then ${grant}.`
      case "unauthorized_client":
      case "unsupported_grant_type":
        return `First ${grant}; then ${pair}.`
    }
  }
}
