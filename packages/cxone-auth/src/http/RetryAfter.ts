import * as Duration from "effect/Duration"

const delaySeconds = /^\d+$/

// RFC 9110 §5.6.7: the preferred form, and two old ones that must still be read.
const imfFixdate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
const rfc850Date = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/
const asctimeDate = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/

const parseHttpDate = (text: string): number => {
  if (imfFixdate.test(text) || rfc850Date.test(text)) {
    return Date.parse(text)
  }
  // An asctime date names no zone, and `Date.parse` would take the machine's.
  return asctimeDate.test(text) ? Date.parse(`${text} GMT`) : Number.NaN
}

/** How long a server asked to be left alone, as a field of an answer or an error. Absent if it did not say. */
export interface RetryAfter {
  readonly retryAfter?: Duration.Duration
}

/**
 * Reads a `Retry-After` header (RFC 9110 §10.2.3): whole seconds, or an HTTP date. `now` (milliseconds since the epoch)
 * is subtracted from a date. A date in the past means zero. A malformed header counts as not sent. More than `longest` is
 * not believed.
 */
export const parse = (header: string | undefined, now: number, longest: Duration.Duration): RetryAfter => {
  const text = header?.trim() ?? ""
  if (delaySeconds.test(text)) {
    return { retryAfter: Duration.min(Duration.seconds(Number(text)), longest) }
  }
  const at = parseHttpDate(text)
  return Number.isNaN(at) ? {} : { retryAfter: Duration.min(Duration.millis(Math.max(0, at - now)), longest) }
}
