/**
 * Quotations of what a server said, free of what was sent to it.
 *
 * @since 0.1.0
 */
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import * as RegExp from "effect/RegExp"

const maxLength = 200
const struck = "<struck>"

// A JWT is struck wherever it stands: no text that a person needs looks like one.
const jwt = /eyJ[\w-]{8,}(?:\.[\w-]+){0,2}/g

/**
 * One name or value as `application/x-www-form-urlencoded` writes it (RFC 6749 appendix B).
 *
 * @since 0.1.0
 * @category encoding
 */
export const formEncode = (text: string): string => new URLSearchParams([["", text]]).toString().slice(1)

// What `encodeURIComponent` writes, which itself would throw on a lone surrogate.
const percentEncode = (text: string): string =>
  formEncode(text)
    .replaceAll("+", "%20")
    .replace(/%(?:21|27|28|29|7E)/g, decodeURIComponent)

const htmlEntities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

const htmlEncode = (text: string): string => text.replace(/[&<>"']/g, (character) => htmlEntities[character] ?? "")

const spellings = (secret: string): ReadonlyArray<string> => [
  secret,
  formEncode(secret),
  percentEncode(secret),
  JSON.stringify(secret).slice(1, -1),
  Encoding.encodeBase64(secret),
  htmlEncode(secret)
]

const anyCase = (text: string): globalThis.RegExp => new globalThis.RegExp(RegExp.escape(text), "gi")

/**
 * Quotes what a server said, so that it may stand in an error or a log (S2): every spelling of what we sent is
 * struck out (in any case; as it is, form- and percent-encoded, in JSON, in base64, in HTML), and so is anything that looks like
 * a JWT; control characters become spaces; then it is cut at 200 characters. Never cuts before it strikes.
 *
 * @since 0.1.0
 * @category conversions
 */
export const quote = (text: string, sent: ReadonlyArray<Redacted.Redacted<string>>): string => {
  const secrets = sent.map(Redacted.value).filter((secret) => secret !== "")
  // The longest first: a short secret struck out of a long one would leave the rest of the long one standing.
  const unwanted = Array.from(new Set(secrets.flatMap(spellings))).sort((a, b) => b.length - a.length)
  const clean = unwanted
    .reduce((rest, secret) => rest.replace(anyCase(secret), struck), text)
    .replace(jwt, struck)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a log line
    .replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")
    .trim()
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean
}
