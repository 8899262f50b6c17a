/**
 * What looks wrong with credentials. It is no proof, so nothing is refused for it: it is said in a warning, and in the
 * error after a refusal. No value is repeated.
 */
import * as Redacted from "effect/Redacted"
import { isGateway } from "../cxone/Hosts.js"
import type { InvalidClient } from "../errors/CxoneAuthError.js"
import {
  type AccessKeyOptions,
  type ClientOptions,
  type Credentials,
  eachOf,
  isSame,
  type RotatingCredentials,
  trimmedIn
} from "./Credentials.js"
import type { TokenRequest } from "./TokenRequest.js"

export type Suspect = InvalidClient["suspects"][number]

/** Whether a text stands in quotes, as `docker --env-file` leaves them around a value. */
export const isQuoted = (text: string): boolean => /^(["']).*\1$/s.test(text) && text.length > 1

type Field = "clientId" | "clientSecret" | "accessKeyId" | "accessKeySecret"

const settings: { readonly [field in Field]: string } = {
  clientId: "CXONE_CLIENT_ID",
  clientSecret: "CXONE_CLIENT_SECRET",
  accessKeyId: "CXONE_ACCESS_KEY_ID",
  accessKeySecret: "CXONE_ACCESS_KEY_SECRET"
}

type Fields = ReadonlyArray<readonly [Field, string]>

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
// `$SECRET`, `${SECRET}`, `{{ secret }}`, `<your-secret>`, `/run/secrets/cxone`.
const isPlaceholder = (text: string): boolean =>
  /^\$\w{1,200}$|^\$?\{[^{}]{1,200}\}$|^\{\{[^{}]{1,200}\}\}$|^<[^<>]{1,200}>$|^\/(?:run|var|etc|mnt)\/[\w./-]{1,200}$/.test(
    text
  )

/** What can be seen of one text: a warning as the end of a sentence, and whether it applies. */
const faults: ReadonlyArray<readonly [warning: string, isIn: (text: string) => boolean]> = [
  ["has quotes at an end, which count as a part of it", hasQuote],
  ["has a line break in it, which counts as a part of it", hasLineBreak],
  ["looks like a placeholder or a path in the place of the value", isPlaceholder]
]

/** What to warn of before anything is sent. */
export const warningsOf = (input: Credentials | RotatingCredentials): ReadonlyArray<string> => [
  ...(isRotationToItself(eachOf(input))
    ? ["the next credentials (CXONE_CLIENT_SECRET_NEXT) are the same as the current ones"]
    : []),
  ...eachOf(input).flatMap((credentials) => [
    ...trimmedIn(credentials).map((field) => `${field} has white space at its start or end, which is ignored`),
    ...fieldsOf(credentials).flatMap(([field, text]) =>
      faults.flatMap(([warning, isIn]) => (isIn(text) ? [`${field} (${settings[field]}) ${warning}`] : []))
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

/** What looks wrong with credentials that were refused, likeliest first. */
export const afterRefusal = (
  { credentials, environment, tokenEndpoint }: TokenRequest,
  hasCode: boolean
): ReadonlyArray<Suspect> => {
  const fields = fieldsOf(credentials)
  const suspects: ReadonlyArray<readonly [Suspect, boolean]> = [
    ["other_path", environment === "custom" && !hasCode && !/token/i.test(tokenEndpoint.pathname)],
    ["quotes", fields.some(([, text]) => hasQuote(text))],
    ["line_break", fields.some(([, text]) => hasLineBreak(text))],
    ["placeholder", fields.some(([, text]) => isPlaceholder(text))],
    ["key_secret", credentials._tag === "ClientSecret" && Redacted.value(credentials.clientSecret).endsWith("====")],
    ["swapped", credentials._tag !== "AccessKeyOnly" && areSwapped(credentials)],
    ["percent_encoded", fields.some(([, text]) => /%[\da-f]{2}/i.test(text))],
    ["gateway", credentials._tag === "ClientSecret" && isGateway(tokenEndpoint)]
  ]
  return suspects.flatMap(([suspect, isLikely]) => (isLikely ? [suspect] : []))
}
