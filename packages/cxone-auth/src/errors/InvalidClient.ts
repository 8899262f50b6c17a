import * as Arr from "effect/Array"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as String from "effect/String"
import {
  Environment,
  fieldNames,
  HeldBack,
  inSeconds,
  orHeldBack,
  Quotation,
  RetryAfter,
  said,
  toJson
} from "./Phrases.js"

const cureOfKey =
  "check accessKeyId (CXONE_ACCESS_KEY_ID) and accessKeySecret (CXONE_ACCESS_KEY_SECRET): both of the same key and not swapped, " +
  'complete to the "====" at their end; then that the key is active; then that the employee it belongs to is ' +
  "neither deactivated nor locked. The key is in the employee's record in CXone; a lost secret means a new key."

/** What must fit the credentials, if it leads to the endpoint. */
const mustFit = {
  region: "",
  custom: "",
  discover: " The issuer must be that of your tenant (CXONE_ISSUER): FedRAMP and the sovereign clouds have their own.",
  area: " The area must be the one that the employee is in (CXONE_AREA)."
}

/** What is said of the fields that look wrong. The verbs agree with how many they are. */
const suspicions = {
  other_path: () => "The path does not look like that of a token endpoint: check CXONE_TOKEN_ENDPOINT.",
  quotes: ({ fields, has, it }: Fields) =>
    `${fields} ${has} quotes at an end, which count as a part of ${it}: remove them.`,
  line_break: ({ fields, has, it }: Fields) => `${fields} ${has} a line break in ${it}: was a file wrapped?`,
  unusual_character: ({ fields, has, it }: Fields) =>
    `${fields} ${has} white space or a character outside of ASCII in ${it}: was ${it} copied from a document?`,
  placeholder: ({ fields, looks }: Fields) =>
    `${fields} ${looks} like a placeholder or a path in the place of the value.`,
  key_secret: () =>
    'The client secret ends in "====", as the secret of an access key does (accessKeySecret, CXONE_ACCESS_KEY_SECRET).',
  client_pair: () =>
    'Id and secret of an access key end in "====", and these do not: are they a client\'s (CXONE_CLIENT_ID and ' +
    "CXONE_CLIENT_SECRET)?",
  swapped: () => "Client id and client secret look swapped.",
  percent_encoded: ({ fields, looks }: Fields) =>
    `${fields} ${looks} percent-encoded: decode it, because the library encodes it itself.`,
  gateway: () =>
    "At the platform gateway, also check the region (CXONE_REGION; us if it is not set). If you hold an access key, this is " +
    "not its place: use Credentials.accessKey or Credentials.accessKeyOnly (CXONE_ACCESS_KEY_ID and CXONE_ACCESS_KEY_SECRET)."
}

type Suspect = keyof typeof suspicions

interface Fields {
  readonly fields: string
  readonly has: string
  readonly looks: string
  readonly it: string
}

const fieldsIn = (names: ReadonlyArray<keyof typeof fieldNames>): Fields => {
  const isOne = names.length < 2
  return {
    fields: names.length === 0 ? "An id or secret" : names.map((name) => fieldNames[name]).join(" and "),
    has: isOne ? "has" : "have",
    looks: isOne ? "looks" : "look",
    it: isOne ? "it" : "them"
  }
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
   * quotes (`quotes`), has a line break (`line_break`), white space or a character outside of ASCII in it
   * (`unusual_character`), looks like a placeholder or a path (`placeholder`), or is percent-encoded (`percent_encoded`), the
   * client secret looks like that of an access key (`key_secret`), the access key like a client (`client_pair`), client id
   * and secret look swapped (`swapped`), a client alone at the platform gateway (`gateway`), which needs a client of the
   * same region.
   */
  suspects: Schema.optionalWith(Schema.Array(Schema.Literal(...Record.keys(suspicions))), { default: () => [] }),
  /** Whether nothing was sent this time: the failure of an earlier request is given again, in the pause that it began. */
  heldBack: HeldBack,
  /**
   * The ids and secrets that `quotes`, `line_break`, `unusual_character`, `placeholder` and `percent_encoded` are about.
   */
  suspectFields: Schema.optionalWith(Schema.Array(Schema.Literal(...Record.keys(fieldNames))), { default: () => [] }),
  /** The constructor of `CxoneEnvironment` that gave the token endpoint, such as `region`. */
  environment: Environment,
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
    const sentenceOf = (suspect: Suspect): string => {
      const sentence: (fields: Fields) => string = suspicions[suspect]
      return sentence(fieldsIn(this.suspectFields))
    }
    const text = [
      ...looks.map(sentenceOf),
      looks.length === 0 ? this.cure : `If that is not it: ${String.uncapitalize(this.cure)}`,
      ...last.map(sentenceOf)
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
      return `${String.capitalize(cureOfKey)}${this.place}`
    }
    const registration =
      this.credentials === "AccessKey"
        ? "Client id and secret are those of the app registration that NICE sent you. A new registration takes some days."
        : "The registration is in CXone's Admin portal under Applications > OAuth."
    const client = `${this.cureOfClient} ${registration}`
    return `${this.isAboutBoth ? `${client} If the client is right, ${cureOfKey}` : client}${this.place}`
  }

  private get place(): string {
    return this.environment === undefined ? "" : mustFit[this.environment]
  }

  private get cureOfClient(): string {
    const pair =
      "check clientId (CXONE_CLIENT_ID) and clientSecret (CXONE_CLIENT_SECRET): both complete, from the same application and not swapped, " +
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
