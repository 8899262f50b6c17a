/**
 * Decides what of a server's words may stand in an error or a log.
 */
import * as Encoding from "effect/Encoding"
import * as Redacted from "effect/Redacted"
import * as ScopeSet from "../token/ScopeSet.js"
import * as FormEncoding from "./FormEncoding.js"
import * as Vocabulary from "./Vocabulary.js"

/** What was sent: secrets, of which no piece may be shown, and ids as plain text, which are not shown as a whole. */
export type Sent = ReadonlyArray<Redacted.Redacted<string> | string>

const maxLength = 200
// Enough for a status, or for some seconds. More digits could be bytes, or a number that is secret.
const maxDigits = 3

const omission = "…"
const nothing = "<redacted>"

const sign = /^(?:[-=/&:]|\(?(?:e\.g|i\.e)\.,?)$/
const number = /^["'([{]{0,2}\d{1,3}[%.,:;!?"')\]}]{0,3}$/
const compound =
  /^[!"&'()*,./:;<=>?[\]_`{|}-]{0,4}[A-Za-z]+(?:[!"&'()*,./:;<=>?@[\]_`{|}-]{1,4}[A-Za-z]+)*[!"&'()*,./:;<=>?[\]_`{|}-]{0,4}$/
// Also the words that a name such as `accessToken` is put together from.
const word = /[A-Z]?[a-z]+(?:'[a-z]+)?|[A-Z]+(?![a-z])/g

const isOrdinary = (token: string): boolean =>
  sign.test(token) ||
  number.test(token) ||
  (compound.test(token) && (token.match(word) ?? []).every((each) => Vocabulary.has(each.toLowerCase())))

const digitsIn = (token: string): number => token.replace(/\D+/g, "").length

/** A text in lower case and without accents. */
const plain = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()

/** Its letters and digits. */
const skeleton = (text: string): string => plain(text).replace(/[^\p{L}\p{N}]+/gu, "")

const piecesOf = (text: string, size: number): ReadonlyArray<string> =>
  Array.from({ length: Math.max(0, text.length - size + 1) }, (_, start) => text.slice(start, start + size))

/** Texts to look for, of a few sizes. A long token has thousands, so each is found by its hash. */
interface Pieces {
  readonly all: ReadonlySet<string>
  readonly sizes: ReadonlyArray<number>
}

const makePieces = (pieces: ReadonlyArray<string>): Pieces => ({
  all: new Set(pieces),
  sizes: Array.from(new Set(pieces.map(({ length }) => length)))
})

/** Whether a text holds one of these, forwards or backwards, whatever stands between its letters and digits. */
const holdsAny = (text: string, { all, sizes }: Pieces): boolean =>
  [plain(text), skeleton(text)]
    .flatMap((form) => [form, Array.from(form).reverse().join("")])
    .some((form) => sizes.some((size) => piecesOf(form, size).some((piece) => all.has(piece))))

const shortest = 4
// Some four letters in a row of a long token are in every English text.
const long = 100
const shortestOfLong = 6
const telling = 8

/** The pieces of a secret that may not be shown. One that leaves out its punctuation tells something only if it is longer. */
const secretPieces = (secret: string, size: number): ReadonlyArray<string> => [
  ...piecesOf(plain(secret), size),
  ...piecesOf(skeleton(secret), telling)
]

/** Whether a quotation shows nothing of the text. */
export const isNothing = (quotation: string): boolean => quotation === nothing

/** The pieces of what was sent that may not be shown. */
const piecesOfSent = (sent: Sent[number]): ReadonlyArray<string> => {
  if (!Redacted.isRedacted(sent)) {
    return [skeleton(sent)].filter(({ length }) => length >= shortest)
  }
  const secret = Redacted.value(sent)
  return secretPieces(secret, secret.length > long ? shortestOfLong : shortest)
}

/**
 * The ordinary words of a text, or `undefined` if there are fewer of them than of other things. Words of one or two letters
 * don't count, because letters with spaces between them may be such words. A word that has a piece of what was sent in it
 * is left out.
 */
const ordinaryPartOf = (text: string, pieces: Pieces): string | undefined => {
  const shown: Array<string> = []
  let digits = 0
  let balance = 0
  for (const token of text.trim().split(/\s+/)) {
    const isWord = isOrdinary(token) && digits + digitsIn(token) <= maxDigits
    const isShown = isWord && !holdsAny(token, pieces)
    digits += isShown ? digitsIn(token) : 0
    balance += isWord ? Number(token.length > 2) : -1
    if (isShown || shown.at(-1) !== omission) {
      shown.push(isShown ? token : omission)
    }
  }
  return balance < 0 || shown.every((token) => token === omission) ? undefined : shown.join(" ")
}

/**
 * Quotes what a server said, so that it may stand in an error or a log (S2): the words that this library knows
 * (`Vocabulary`), up to three digits, and punctuation. So nothing passes that was encoded, whatever the encoding is. What
 * stands between such words is left out (`…`), and so is a word with a piece of what was sent in it. If such a piece stands
 * across words, or if most of the text is something else, nothing is quoted. The text is cut at 200 characters before that.
 */
export const quote = (text: string, sent: Sent): string => {
  const start = text.slice(0, maxLength)
  const pieces = makePieces(sent.flatMap(piecesOfSent))
  const shown = ordinaryPartOf(start, pieces)
  if (shown === undefined || holdsAny(shown, pieces)) {
    return nothing
  }
  return start === text || shown.endsWith(omission) ? shown : `${shown}${omission}`
}

const secretsIn = (sent: Sent): ReadonlyArray<string> =>
  sent.filter((each) => typeof each !== "string").map(Redacted.value)

/**
 * Whether a name that a server gives, such as a tenant's id, is something that was sent, or has a whole secret in it (S1).
 * Names are no words, so `quote` would leave most of them out. A piece of a secret is no reason: a secret may have a tenant's
 * name in it, and without its tenant a token is of no use.
 */
export const repeats = (name: string, sent: Sent): boolean => repeating(sent)(name)

const repeating = (sent: Sent): ((name: string) => boolean) => {
  const secrets = secretsIn(sent)
  const whole = makePieces(secrets.filter(({ length }) => length >= shortest).map(plain))
  return (name) => sent.includes(name) || secrets.includes(name) || holdsAny(name, whole)
}

/** How many letters and digits of a secret, in a row, no scope may have. */
const tellingInScopes = 12

/** How many digits a scope may have: as many as a UUID. More of them could be the codes of letters. */
const maxDigitsInScope = 32

/** A text in base64, without the letters that its neighbours decide. */
const inBase64 = (text: string): ReadonlyArray<string> =>
  [0, 1, 2].map((offset) => Encoding.encodeBase64(" ".repeat(offset) + text).slice(offset === 0 ? 0 : 4, -4))

/** A secret as it may be written: as it is, form-encoded, in hex, or in base64, once or twice. */
const spellingsOf = (secret: string): ReadonlyArray<string> => [
  secret,
  FormEncoding.encode(secret),
  Encoding.encodeHex(secret),
  ...inBase64(secret),
  ...inBase64(secret).flatMap(inBase64)
]

/**
 * The scopes that a server names, without those that are no scopes (RFC 6749 §3.3), have markup or more digits than a UUID,
 * are something that was sent, or have a piece of a secret in them. If the text repeats a secret, which may have spaces in it,
 * there are none. The scopes that were `requested` pass at once: they are shown anyway, and looking for the pieces of a long
 * token takes some milliseconds.
 */
export const scopesIn = (text: string, sent: Sent, requested: ScopeSet.ScopeSet): ScopeSet.ScopeSet => {
  const scopes = ScopeSet.make(text)
  return scopes.every((scope) => requested.includes(scope)) ? scopes : innocentOf(text, scopes, sent)
}

/** The pieces of secrets, in each spelling, that no scope may have. */
const spelledPieces = (sent: Sent): ReadonlyArray<string> =>
  secretsIn(sent)
    .flatMap(spellingsOf)
    .flatMap((spelling) => piecesOf(skeleton(spelling), tellingInScopes))

/** Whether the name of a host has a piece of what was sent in it, in any of these spellings (S1). */
export const hasPiece = (name: string, sent: Sent): boolean => {
  const forms = [plain(name), skeleton(name)].flatMap((form) => [form, Array.from(form).reverse().join("")])
  // The pieces of the name are looked for in the secret, because a long token has thousands of pieces.
  const isIn = (text: string, size: number) =>
    forms.some((form) => piecesOf(form, size).some((piece) => text.includes(piece)))
  return sent.some((each) => {
    if (!Redacted.isRedacted(each)) {
      const id = skeleton(each)
      return id.length >= shortest && forms.some((form) => form.includes(id))
    }
    const secret = Redacted.value(each)
    return (
      isIn(plain(secret), secret.length > long ? shortestOfLong : shortest) ||
      isIn(skeleton(secret), telling) ||
      spellingsOf(secret).some((spelling) => isIn(skeleton(spelling), tellingInScopes))
    )
  })
}

const innocentOf = (text: string, scopes: ScopeSet.ScopeSet, sent: Sent): ScopeSet.ScopeSet => {
  const pieces = makePieces(spelledPieces(sent))
  const isWhole = repeating(sent)
  const isRepeated = (name: string) => isWhole(name) || holdsAny(name, pieces)
  const isName = (scope: string) => scopeToken.test(scope) && digitsIn(scope) <= maxDigitsInScope
  return isRepeated(text) ? [] : scopes.filter((scope) => isName(scope) && !isRepeated(scope))
}

// Without the characters of tags, entities and percent-encoding, in which a secret could be spelt. No scope needs them.
const scopeToken = /^[\x21\x23\x24\x27-\x3a\x3d\x3f-\x5b\x5d-\x7e]+$/
