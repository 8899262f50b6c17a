/**
 * What looks wrong with credentials. It is no proof, so nothing is refused for it: it is said in a warning, and in the
 * error after a refusal. No value is repeated.
 */
import * as Arr from "effect/Array"
import * as Redacted from "effect/Redacted"
import { isGateway } from "../cxone/Hosts.js"
import type { InvalidClient } from "../errors/CxoneAuthError.js"
import { fieldNames } from "../errors/Phrases.js"
import {
  type AccessKeyOptions,
  type ClientOptions,
  type Credentials,
  eachOf,
  isSame,
  looksLikeAccessKeyId,
  type RotatingCredentials,
  trimmedIn
} from "./Credentials.js"
import type { TokenRequest } from "./TokenRequest.js"

export type Suspect = InvalidClient["suspects"][number]

/** Whether a text stands in quotes, as `docker --env-file` leaves them around a value. */
export const isQuoted = (text: string): boolean => /^(["']).*\1$/s.test(text) && text.length > 1

type Fields = ReadonlyArray<readonly [InvalidClient["suspectFields"][number], string]>

const ofClient = ({ clientId, clientSecret }: ClientOptions): Fields => [
  ["clientId", clientId],
  ["clientSecret", Redacted.value(clientSecret)]
]

const ofKey = ({ accessKeyId, accessKeySecret }: AccessKeyOptions): Fields => [
  ["accessKeyId", accessKeyId],
  ["accessKeySecret", Redacted.value(accessKeySecret)]
]

const fieldsOf = (credentials: Credentials): Fields => [
  ...(credentials._tag === "AccessKeyOnly" ? [] : ofClient(credentials)),
  ...(credentials._tag === "ClientSecret" ? [] : ofKey(credentials))
]

const hasQuote = (text: string): boolean => /^["']|["']$/.test(text)
const hasLineBreak = (text: string): boolean => /[\r\n]/.test(text)
// A percent-encoded text has these characters only.
const isPercentEncoded = (text: string): boolean =>
  /%[\da-f]{2}/i.test(text) && /^(?:[\w.~!*'()-]|%[\da-f]{2})+$/i.test(text)
// `changeme`, `vault:secret/data/cxone#secret`, `$SECRET`, `${SECRET}`, `{{ secret }}`, `<your-secret>`, `/run/secrets/cxone`.
const isPlaceholder = (text: string): boolean =>
  /^(?:change-?me|undefined|null|none|todo|x{3,}|your[-_ ].{1,50}|\w{1,20}:[\w./-]{1,200}#[\w.-]{1,100})$/i.test(
    text
  ) ||
  /^\$\w{1,200}$|^\$?\{[^{}]{1,200}\}$|^\{\{[^{}]{1,200}\}\}$|^<[^<>]{1,200}>$|^\/(?:run|var|etc|mnt)\/[\w./-]{1,200}$/.test(
    text
  )

// An id or secret is printable ASCII (RFC 6749, appendix A). A space is legal, but more often a mistake.
const hasUnusual = (text: string): boolean => /[^\x21-\x7e]/.test(text) && !hasLineBreak(text) && !isPlaceholder(text)

/** What can be seen of one text: what to suspect, a warning as the end of a sentence, and whether it applies. */
const faults: ReadonlyArray<readonly [suspect: Suspect, warning: string, isIn: (text: string) => boolean]> = [
  ["quotes", "has quotes at an end, which count as a part of it", hasQuote],
  ["line_break", "has a line break in it, which counts as a part of it", hasLineBreak],
  ["unusual_character", "has white space or a character outside of ASCII in it", hasUnusual],
  ["placeholder", "looks like a placeholder or a path in the place of the value", isPlaceholder]
]

/** What to warn of before anything is sent. */
export const warningsOf = (input: Credentials | RotatingCredentials): ReadonlyArray<string> => [
  ...(isRotationToItself(eachOf(input))
    ? ["the next credentials (CXONE_CLIENT_SECRET_NEXT) are the same as the current ones"]
    : []),
  ...eachOf(input).flatMap((credentials) => [
    ...trimmedIn(credentials).map((field) => `${field} has white space at its start or end, which is ignored`),
    ...fieldsOf(credentials).flatMap(([field, text]) =>
      faults.flatMap(([, warning, isIn]) => (isIn(text) ? [`${fieldNames[field]} ${warning}`] : []))
    )
  ])
]

const isRotationToItself = ([current, next]: ReturnType<typeof eachOf>): boolean =>
  next !== undefined && isSame(current, next)

const isUuid = (text: string): boolean => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)

/** Whether a text looks generated: long, with capital and small letters and digits. */
const looksRandom = (text: string): boolean =>
  text.length >= 24 && !isUuid(text) && [/[A-Z]/, /[a-z]/, /\d/].every((kind) => kind.test(text))

const areSwapped = ({ clientId, clientSecret }: ClientOptions): boolean =>
  looksRandom(clientId) && !looksRandom(Redacted.value(clientSecret))

/** Whether a refusal is about the client, about the access key, or about one of them. */
type About = "client" | "key" | "any"

const fieldsAbout = (credentials: Credentials, about: About): Fields =>
  fieldsOf(credentials).filter(([field]) => about === "any" || (about === "key") === field.startsWith("accessKey"))

/** What looks wrong with credentials that were refused, likeliest first, and in which fields. */
export const afterRefusal = (
  { credentials, environment, tokenEndpoint }: TokenRequest,
  about: About,
  hasCode: boolean
): Required<Pick<InvalidClient, "suspects" | "suspectFields">> => {
  const fields = fieldsAbout(credentials, about)
  const isClient = about !== "key" && credentials._tag !== "AccessKeyOnly"
  const ofTexts = [...faults, ["percent_encoded", "", isPercentEncoded] as const].map(([suspect, , isIn]) => ({
    suspect,
    fields: fields.flatMap(([field, text]) => (isIn(text) ? [field] : []))
  }))
  const seen = ofTexts.filter(({ fields }) => fields.length > 0)
  const others: ReadonlyArray<readonly [Suspect, boolean]> = [
    ["key_secret", isClient && looksLikeAccessKeyId(Redacted.value(credentials.clientSecret))],
    ["client_pair", about === "key" && !fields.some(([, text]) => looksLikeAccessKeyId(text))],
    ["swapped", isClient && areSwapped(credentials)],
    ["gateway", credentials._tag === "ClientSecret" && isGateway(tokenEndpoint)]
  ]
  return {
    suspects: [
      ...(environment === "custom" && !hasCode && !/token/i.test(tokenEndpoint.pathname)
        ? (["other_path"] as const)
        : []),
      ...seen.map(({ suspect }) => suspect),
      ...others.flatMap(([suspect, isLikely]) => (isLikely ? [suspect] : []))
    ],
    suspectFields: Arr.dedupe(seen.flatMap(({ fields }) => fields))
  }
}
