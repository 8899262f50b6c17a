import * as Duration from "effect/Duration"

// `fetch` joins the values of several header lines by commas. The comma behind the day of a date is none of these.
const betweenValues = /,(?! \d{2}[ -][A-Z])/

const delaySeconds = /^\d+(?:\.\d+)?$/

// RFC 9110 §5.6.7: the preferred form, and two old ones that must still be read. Each captures the day of the month.
const imfFixdate = /^[A-Z][a-z]{2}, (\d{2}) [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
const rfc850Date = /^[A-Z][a-z]{5,8}, (\d{2})-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/
const asctimeDate = /^[A-Z][a-z]{2} [A-Z][a-z]{2} ([ \d]\d) \d{2}:\d{2}:\d{2} \d{4}$/

const parseHttpDate = (text: string): number => {
  const day = [imfFixdate, rfc850Date, asctimeDate].flatMap((form) => form.exec(text)?.[1] ?? []).map(Number)
  // An asctime date names no zone, and `Date.parse` would take the machine's.
  const at = Date.parse(asctimeDate.test(text) ? `${text} GMT` : text)
  // `Date.parse` takes 31 April for 1 May.
  return day.includes(new Date(at).getUTCDate()) ? at : Number.NaN
}

/** How long a server asked to be left alone, as a field of an answer or an error. Absent if it did not say. */
export interface RetryAfter {
  readonly retryAfter?: Duration.Duration
}

/**
 * Reads a `Retry-After` header (RFC 9110 §10.2.3): seconds, rounded up, or an HTTP date. `now` (milliseconds since the
 * epoch) is subtracted from a date. A date in the past means zero. A malformed value counts as not sent. Of several values
 * the longest counts. A longer time than `longest` counts as `longest`.
 */
export const parse = (header: string | undefined, now: number, longest: Duration.Duration): RetryAfter => {
  const millisOf = (text: string): number =>
    delaySeconds.test(text) ? Math.ceil(Number(text)) * 1000 : Math.max(0, parseHttpDate(text) - now)
  const times = (header?.split(betweenValues) ?? [])
    .map((value) => millisOf(value.trim()))
    .filter((millis) => !Number.isNaN(millis))
  return times.length === 0 ? {} : { retryAfter: Duration.min(Duration.millis(Math.max(...times)), longest) }
}
