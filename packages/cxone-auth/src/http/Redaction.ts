/**
 * Strikes secrets out of what a server said, before it stands in an error or a log.
 */
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import * as RegExp from "effect/RegExp"
import * as FormEncoding from "./FormEncoding.js"

const maxLength = 200
const struck = "<redacted>"

// Every JWT is struck, because no text that a person needs looks like one.
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

// JSON, HTML and URLs escape a secret in many ways, and one escape can be inside another. Without escapes, a secret has
// one spelling.
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

// A server may escape, wrap or cut a secret in ways that the list above doesn't have. So only letters and digits are
// compared. If the text holds ten of a secret's letters and digits in a row, nothing is quoted. A secret with eight to
// ten must be there as a whole; a shorter one is not looked for here.
const stillHolds = (text: string, secrets: ReadonlyArray<string>): boolean => {
  const shown = skeleton(text)
  return secrets
    .map(skeleton)
    .filter((bones) => bones.length >= 8)
    .some((bones) => piecesOf(bones).some((piece) => shown.includes(piece)))
}

const encoded = /[A-Za-z0-9+/_-]{16,}/g

/**
 * A text together with what it holds in base64 or hex, because a gateway may log bodies in these encodings and quote
 * its log.
 */
const withDecoded = (text: string): string => {
  const decoded = (text.match(encoded) ?? []).flatMap((run) => [
    ...[0, 1, 2, 3].map((start) => Encoding.decodeBase64String(base64Of(run.slice(start)))),
    ...[0, 1].map((start) => Encoding.decodeHexString(wholeGroups(run.slice(start), 2)))
  ])
  return [text, ...decoded.flatMap((each) => (each._tag === "Right" ? [unescape(each.right)] : []))].join("\n")
}

// An encoding may be cut off: only whole groups are decoded.
const wholeGroups = (run: string, size: number): string => run.slice(0, run.length - (run.length % size))
const base64Of = (run: string): string => wholeGroups(run, 4).replaceAll("-", "+").replaceAll("_", "/")

/**
 * Quotes what a server said, so that it may stand in an error or a log (S2). It undoes escapes; strikes out what was sent
 * (in any case of letters, form-encoded, and in base64) and every JWT; turns control characters into spaces; and cuts the
 * text at 200 characters. If the rest still holds a piece of a secret, plain, in base64 or in hex, nothing is quoted.
 */
export const quote = (text: string, sent: ReadonlyArray<Redacted.Redacted<string>>): string => {
  const secrets = sent.map(Redacted.value).filter((secret) => secret !== "")
  // The longest come first, because a short secret struck out of a long one would leave the rest of the long one.
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
