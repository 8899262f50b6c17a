/**
 * What the messages of errors are made of.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** What the server said, as the end of a message. */
export const said = (description: string | undefined): string =>
  description === undefined || description === "" ? "" : ` The server said: "${description}".`

/** Text in brackets behind a word, or nothing. */
export const bracketed = (text: string | undefined): string => (text === undefined ? "" : ` (${text})`)

export const listed = (scopes: ReadonlyArray<string>): string => (scopes.length === 0 ? "none" : scopes.join(" "))

/** When to try again: a sentence without its full stop. */
export const whenToRetry = (retryAfter: Option.Option<Duration.Duration>): string =>
  Option.match(retryAfter, {
    onNone: () => "The server did not say when to try again",
    onSome: (delay) => `Try again in ${Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(delay))))}`
  })

export const attempts = (count: number): string => `${count} ${count === 1 ? "attempt" : "attempts"}`

/** A time for people, from milliseconds since the epoch. */
export const instant = (millis: number): string => new Date(millis).toISOString()

/** The settings that say where the token endpoint is. */
export const whereSet = "the setting (CXONE_REGION, CXONE_ISSUER, CXONE_AREA or CXONE_TOKEN_ENDPOINT)"

/** What a server or a transport said, already without secrets and cut by `Redaction.quote`. */
export const Quotation = Schema.optionalWith(Schema.String, { exact: true })

/** How long a server asked to be left alone. */
export const RetryAfter = Schema.Option(Schema.Duration)
