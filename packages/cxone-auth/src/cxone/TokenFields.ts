import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import type { JsonFields } from "./JsonAnswer.js"

/** How CXone's services spell the fields of a token answer, the standard's name first (docs/cxone-facts.md). */
const spellings = {
  access_token: ["access_token", "accessToken"],
  token_type: ["token_type", "tokenType"],
  expires_in: ["expires_in", "expiresIn", "accessTokenExpiry", "tokenExpirationTimeSec"],
  scope: ["scope"]
} as const

/** The fields of a token answer under their standard names. */
export const normalize = (answer: JsonFields): JsonFields => {
  const fields = Record.map(spellings, (names) => {
    const given = names.map((name) => answer[name]).filter(Predicate.isNotUndefined)
    return given.find(Predicate.isNotNull) ?? given[0]
  })
  // `token` is too common a name: it counts only beside `tokenExpirationTimeSec`.
  const userHubToken = answer.tokenExpirationTimeSec === undefined ? undefined : answer.token
  const accessToken = fields.access_token ?? userHubToken ?? undefined
  // The id token only helps to find the API, so one that cannot be read must not cost the access token.
  const idToken = [answer.id_token, answer.idToken].find(Predicate.isString)
  return Record.filter({ ...fields, access_token: accessToken, id_token: idToken }, Predicate.isNotUndefined)
}
