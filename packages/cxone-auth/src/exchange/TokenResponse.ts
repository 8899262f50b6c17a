/**
 * The answer that holds a token.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as JsonAnswer from "../cxone/JsonAnswer.js"
import type { InvalidTokenResponse } from "../errors/TokenError.js"
import { claimsOf, type Tenant } from "../token/AccessToken.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"

// RFC 6749 appendix A.12 allows a space in a token, RFC 6750 §2.1 and the header do not.
// The words are what a program writes where it has no token.
const headerSafe = /^(?!(?:null|undefined)$)[\x21-\x7e]+$/
const bearer = /^bearer$/i

// A schema's own message would quote the value, and these values are secret or may stand where a secret belongs.
const hidden = { message: () => "unusable" }

const Seconds = Schema.Union(
  Schema.Number,
  Schema.String.pipe(Schema.pattern(/^\d+(?:\.\d+)?$/), Schema.annotations(hidden), Schema.parseNumber)
).pipe(Schema.filter((seconds) => seconds >= 1))

/**
 * A successful answer of the token endpoint (RFC 6749 §5.1; `id_token` is OpenID Connect's). `expires_in` may be a
 * number or a numeric string, and be fractional; below one second it is refused. For `token_type` and `scope`, `null`
 * is as good as missing. What else the answer holds is ignored.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TokenResponse = Schema.Struct({
  access_token: Schema.Redacted(Schema.String.pipe(Schema.pattern(headerSafe), Schema.annotations(hidden))),
  token_type: Schema.optionalWith(Schema.String.pipe(Schema.pattern(bearer)), {
    default: () => "Bearer",
    nullable: true
  }),
  expires_in: Schema.optionalWith(Seconds, { exact: true }),
  scope: Schema.optionalWith(Schema.String, { exact: true, nullable: true }),
  id_token: Schema.optionalWith(Schema.Redacted(Schema.String), { exact: true })
})

/**
 * What a successful answer holds, once it is read.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenResponse = typeof TokenResponse.Type

/** What CXone's services call the fields, the standard's name first (facts §1c). */
const spellings = {
  access_token: ["access_token", "accessToken"],
  token_type: ["token_type", "tokenType"],
  expires_in: ["expires_in", "expiresIn", "accessTokenExpiry", "tokenExpirationTimeSec"],
  scope: ["scope"]
} as const

const reasons = {
  access_token: "invalid_access_token",
  token_type: "invalid_token_type",
  expires_in: "invalid_expires_in",
  scope: "invalid_scope_field"
} as const

const isField = (name: PropertyKey | undefined): name is keyof typeof reasons =>
  Predicate.isString(name) && Object.hasOwn(reasons, name)

/** The fields by their standard names. */
const normalize = (answer: JsonAnswer.JsonFields) => {
  const fields = Record.map(spellings, (names) => {
    const given = names.map((name) => answer[name]).filter(Predicate.isNotUndefined)
    return given.find(Predicate.isNotNull) ?? given[0]
  })
  // As a name it is so common that its neighbour has to vouch for it.
  const userHubToken = answer.tokenExpirationTimeSec === undefined ? undefined : answer.token
  const accessToken = fields.access_token ?? userHubToken ?? undefined
  // It only helps to find the API. One that cannot be read is as good as none, and must not cost the token.
  const idToken = [answer.id_token, answer.idToken].find(Predicate.isString)
  return Record.filter({ ...fields, access_token: accessToken, id_token: idToken }, Predicate.isNotUndefined)
}

const decodeFields = Schema.decodeUnknownEither(TokenResponse)

/**
 * Reads the body of a successful answer. On the left, which field makes it no token; the value is not part of it.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (body: string): Either.Either<TokenResponse, InvalidTokenResponse["reason"]> =>
  Option.match(JsonAnswer.parseAnswer(body), {
    onNone: () => Either.left("not_json"),
    onSome: (fields) => Either.mapLeft(decodeFields(normalize(fields)), reasonOf)
  })

const reasonOf = (error: ParseResult.ParseError): InvalidTokenResponse["reason"] => {
  const field = ParseResult.ArrayFormatter.formatErrorSync(error)[0]?.path[0]
  return isField(field) ? reasons[field] : "not_json"
}

/**
 * Whether an answer holds nothing that could be a token: then what it says may be quoted.
 *
 * @since 0.1.0
 * @category predicates
 */
export const holdsNoToken = (body: string): boolean =>
  Option.exists(JsonAnswer.parseAnswer(body), (fields) => !Object.hasOwn(normalize(fields), "access_token"))

const expiryClaims = Schema.decodeUnknownOption(
  Schema.Struct({ exp: Schema.Finite, iat: Schema.optionalWith(Schema.Finite, { exact: true }) })
)

/**
 * How long the token lives, counted from when it was requested (`sentAt`, milliseconds since the epoch): `expires_in`;
 * else what the token says of itself, if it is a JWT; else the policy's default (L8). Never more than the policy allows.
 *
 * A JWT's `exp` is a time of the provider's clock, so it is read twice, as `exp - iat` and as `exp - sentAt`, and the
 * shorter one counts: the first is right when the clocks differ, the second when the token is not new.
 *
 * @since 0.1.0
 * @category getters
 */
export const lifetimeOf = (response: TokenResponse, sentAt: number, policy: TokenPolicy): Duration.Duration => {
  const millis =
    response.expires_in === undefined
      ? Option.match(Option.flatMap(claimsOf(response.access_token), expiryClaims), {
          onNone: () => Duration.toMillis(policy.defaultLifetime),
          onSome: ({ exp, iat }) => Math.min(exp * 1000 - sentAt, iat === undefined ? Infinity : (exp - iat) * 1000)
        })
      : response.expires_in * 1000
  return Duration.min(Duration.millis(Math.max(0, millis)), policy.maxLifetime)
}

const tenantClaims = Schema.decodeUnknownOption(
  Schema.Struct({ tenantId: Schema.NonEmptyString, iss: Schema.optionalWith(Schema.String, { exact: true }) })
)

/**
 * The tenant that the token is for: as the id token says, with its issuer; else as the access token says. The issuer
 * that an access token names has been seen to be a host of old, and is never used (facts §2c).
 *
 * @since 0.1.0
 * @category getters
 */
export const tenantOf = ({ access_token, id_token }: TokenResponse): Tenant | undefined => {
  const said = (token: Redacted.Redacted<string> | undefined) =>
    Option.fromNullable(token).pipe(Option.flatMap(claimsOf), Option.flatMap(tenantClaims))
  return said(id_token).pipe(
    Option.map(({ iss, tenantId }): Tenant => ({ tenantId, ...(iss === undefined ? {} : { issuer: iss }) })),
    Option.orElse(() => Option.map(said(access_token), ({ tenantId }): Tenant => ({ tenantId }))),
    Option.getOrUndefined
  )
}
