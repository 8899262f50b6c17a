/**
 * What the messages of errors are made of.
 */
import * as Duration from "effect/Duration"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"

// What `Redaction.quote` leaves of a text of which nothing may be shown.
const nothingShown = "<redacted>"

/** What the server said, as the end of a message. */
export const said = (description: string | undefined): string => {
  if (description === undefined || description === "") {
    return ""
  }
  return description === nothingShown
    ? " The words of the server are left out, because they may hold a secret."
    : ` The server said: "${description}"${/[.!?…]$/.test(description) ? "" : "."}`
}

/** What `JSON.stringify` gives of an error, for a log of JSON: the fields, and the message, which is none of them. */
export const toJson = (error: Error): object => ({ ...error, message: error.message })

/** Text in brackets behind a word, or nothing. */
export const bracketed = (text: string | undefined): string => (text === undefined ? "" : ` (${text})`)

export const listed = (scopes: ReadonlyArray<string>): string => (scopes.length === 0 ? "none" : scopes.join(" "))

/** When to try again: a sentence without its full stop. */
export const whenToRetry = (retryAfter: Duration.Duration | undefined): string =>
  retryAfter === undefined
    ? "Try again later"
    : Duration.greaterThan(retryAfter, Duration.zero)
      ? `Try again in ${inSeconds(retryAfter)}`
      : "Try again at once"

/** A duration for people, in whole seconds. It is rounded up, because a moment too early is too early. */
export const inSeconds = (duration: Duration.Duration): string =>
  Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(duration))))

/** The message of an error, if it is given again in the pause that it began. */
export const orHeldBack = (isHeldBack: boolean, message: string): string =>
  isHeldBack ? `Nothing was sent, because an earlier request failed: ${message}` : message

/** A short wait: the end of a clause. */
export const soon = (wait: Duration.Duration): string =>
  Duration.lessThan(wait, Duration.seconds(1)) ? "in less than 1s" : `in about ${inSeconds(wait)}`

/** How long nothing is sent, as a sentence of its own. `what` is the subject. */
export const notBefore = (what: string, retryAfter: Duration.Duration | undefined): string =>
  retryAfter === undefined ? "" : ` ${what} again for ${inSeconds(retryAfter)}.`

export const attempts = (count: number): string => `${count} ${count === 1 ? "attempt" : "attempts"}`

/** The fields of credentials, with their settings. */
export const fieldNames = {
  clientId: "clientId (CXONE_CLIENT_ID)",
  clientSecret: "clientSecret (CXONE_CLIENT_SECRET)",
  accessKeyId: "accessKeyId (CXONE_ACCESS_KEY_ID)",
  accessKeySecret: "accessKeySecret (CXONE_ACCESS_KEY_SECRET)"
}

/** The settings that say where the token endpoint is, by the constructor of `CxoneEnvironment`. */
const places = {
  region: "the region (CXONE_REGION)",
  custom: "the URL of the token endpoint (CXONE_TOKEN_ENDPOINT)",
  discover: "the issuer (CXONE_ISSUER)",
  area: "the area (CXONE_AREA)"
}

/** What says where the token endpoint is. */
export const whereSet = (environment: keyof typeof places | undefined): string =>
  environment === undefined
    ? "the setting (CXONE_REGION, CXONE_ISSUER, CXONE_AREA or CXONE_TOKEN_ENDPOINT)"
    : places[environment]

/** The constructor of `CxoneEnvironment` that was used. */
export const Environment = Schema.optionalWith(Schema.Literal(...Record.keys(places)), { exact: true })

/** Whether this is the failure of an earlier request, given again in the pause that it began. */
export const HeldBack = Schema.optionalWith(Schema.Boolean, { default: () => false })

/** What a server or a transport said, already without secrets and cut by `Redaction.quote`. */
export const Quotation = Schema.optionalWith(Schema.String, { exact: true })

/** How long to wait before the next try, from when the error was made. On a wire it is a number of milliseconds. */
// JSON has no endless number.
export const RetryAfter = Schema.optionalWith(
  Schema.DurationFromMillis.pipe(Schema.filter(Duration.isFinite, { message: () => "expected a finite duration" })),
  { exact: true }
)
