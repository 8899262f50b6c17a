/**
 * What the messages of errors are made of.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * What the server said, as the end of a message.
 *
 * @since 0.1.0
 * @category conversions
 */
export const said = (description: string | undefined): string =>
  description === undefined || description === "" ? "" : ` The server said: "${description}".`

/**
 * Scopes, or that there are none.
 *
 * @since 0.1.0
 * @category conversions
 */
export const listed = (scopes: ReadonlyArray<string>): string => (scopes.length === 0 ? "none" : scopes.join(" "))

/**
 * When to try again, as a sentence without its end.
 *
 * @since 0.1.0
 * @category conversions
 */
export const whenToRetry = (retryAfter: Option.Option<Duration.Duration>): string =>
  Option.match(retryAfter, {
    onNone: () => "It did not say when to try again",
    onSome: (delay) => `Try again in ${Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(delay))))}`
  })

/**
 * How often something was tried.
 *
 * @since 0.1.0
 * @category conversions
 */
export const attempts = (count: number): string => `${count} ${count === 1 ? "attempt" : "attempts"}`

/**
 * What a server or a transport said, already struck and cut by `Quote.quote`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Quotation = Schema.optionalWith(Schema.String, { exact: true })

/**
 * How long a server asked to be left alone.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RetryAfter = Schema.Option(Schema.Duration)

/**
 * A time, for people.
 *
 * @since 0.1.0
 * @category conversions
 */
export const instant = (millis: number): string => new Date(millis).toISOString()

/** The settings that say where the token endpoint is. */
export const whereSet = "the setting (CXONE_REGION, CXONE_ISSUER, CXONE_AREA or CXONE_TOKEN_ENDPOINT)"
