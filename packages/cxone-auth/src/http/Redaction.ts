/**
 * Quotations of what a server said, free of what was sent to it.
 *
 * @since 0.1.0
 */
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import * as RegExp from "effect/RegExp"
import * as FormEncoding from "./FormEncoding.js"

const maxLength = 200
const struck = "<struck>"

// A JWT is struck wherever it stands: no text that a person needs looks like one.
const jwt = /eyJ[\w-]{8,}(?:\.[\w-]+){0,2}/g

const entities: { readonly [name: string]: string } = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

const fromCodePoint = (digits: string, radix: number): string => {
  const codePoint = Number.parseInt(digits, radix)
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : ""
}

const decodePercent = (encoded: string): string => {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}

const unescapeOnce = (text: string): string =>
  text
    .replace(/\\u([0-9a-f]{4})/gi, (_, digits) => fromCodePoint(digits, 16))
    .replace(/\\(["'\\/])/g, "$1")
    .replace(/&#x([0-9a-f]{1,6});/gi, (_, digits) => fromCodePoint(digits, 16))
    .replace(/&#(\d{1,7});/g, (_, digits) => fromCodePoint(digits, 10))
    .replace(/&(amp|lt|gt|quot|apos);/gi, (_, name: string) => entities[name.toLowerCase()] ?? "")
    .replace(/(?:%[0-9a-f]{2})+/gi, decodePercent)

// Every escaper has a spelling of its own, in JSON, HTML and URLs, and they nest. Plain text has one.
const unescape = (text: string): string => {
  const unescaped = unescapeOnce(unescapeOnce(unescapeOnce(text)))
  return unescaped.replace(/\s+/g, " ")
}

const spellings = (secret: string): ReadonlyArray<string> => [
  secret,
  unescape(secret),
  FormEncoding.encode(secret),
  unescape(FormEncoding.encode(secret)),
  Encoding.encodeBase64(secret)
]

const anyCase = (text: string): globalThis.RegExp => new globalThis.RegExp(RegExp.escape(text), "gi")

const skeleton = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")

const telling = 10

const piecesOf = (bones: string): ReadonlyArray<string> =>
  bones.length <= telling
    ? [bones]
    : Array.from({ length: bones.length - telling + 1 }, (_, start) => bones.slice(start, start + telling))

// What a server does to a text before it repeats it has no end: it escapes, wraps or cuts it. A secret of which ten
// letters and digits (or all, if it has no more than that, but eight at least) still stand there in their order takes the
// whole quotation with it.
const stillHolds = (text: string, secrets: ReadonlyArray<string>): boolean => {
  const shown = skeleton(text)
  return secrets
    .map(skeleton)
    .filter((bones) => bones.length >= 8)
    .some((bones) => piecesOf(bones).some((piece) => shown.includes(piece)))
}

const encoded = /[A-Za-z0-9+/_-]{16,}/g

/** A text with what it says in base64 or hex, from any place on: a gateway may log bodies so, and quote its log. */
const withDecoded = (text: string): string => {
  const decoded = (text.match(encoded) ?? []).flatMap((run) => [
    ...[0, 1, 2, 3].map((start) => Encoding.decodeBase64String(base64Of(run.slice(start)))),
    ...[0, 1].map((start) => Encoding.decodeHexString(evenPart(run.slice(start))))
  ])
  return [text, ...decoded.flatMap((each) => (each._tag === "Right" ? [unescape(each.right)] : []))].join("\n")
}

// Of an encoding that is cut off, the whole groups.
const base64Of = (run: string): string =>
  run
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .slice(0, run.length - (run.length % 4))
const evenPart = (run: string): string => run.slice(0, run.length - (run.length % 2))

/**
 * Quotes what a server said, so that it may stand in an error or a log (S2). Escapes are undone; then what we sent is
 * struck out, in any case, as it is, form-encoded or in base64, and so is whatever looks like a JWT; control characters
 * become spaces; then it is cut at 200 characters. If a piece of a secret still stands in that, as it is, in base64 or in
 * hex, nothing is quoted.
 *
 * @since 0.1.0
 * @category conversions
 */
export const quote = (text: string, sent: ReadonlyArray<Redacted.Redacted<string>>): string => {
  const secrets = sent.map(Redacted.value).filter((secret) => secret !== "")
  // The longest first: a short secret struck out of a long one would leave the rest of the long one standing.
  const unwanted = Array.from(new Set(secrets.flatMap(spellings))).sort((a, b) => b.length - a.length)
  const clean = unwanted
    .reduce((rest, secret) => rest.replace(anyCase(secret), struck), unescape(text))
    .replace(jwt, struck)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a log line
    .replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")
    .trim()
  const shown = clean.slice(0, maxLength)
  if (stillHolds(withDecoded(shown), secrets)) {
    return struck
  }
  return clean.length > maxLength ? `${shown}…` : clean
}
