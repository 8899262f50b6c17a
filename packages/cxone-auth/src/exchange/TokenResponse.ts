import * as Either from "effect/Either"
import { constUndefined } from "effect/Function"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as JsonAnswer from "../cxone/JsonAnswer.js"
import * as TokenFields from "../cxone/TokenFields.js"
import type { InvalidTokenResponse } from "../errors/CxoneAuthError.js"
import * as Redaction from "../http/Redaction.js"
import * as SecureUrl from "../http/SecureUrl.js"
import { type Claims, claimsOf, type Tenant } from "../token/AccessToken.js"

// RFC 6749 appendix A.12 allows a space in a token, but RFC 6750 §2.1 and the header don't. `null` and `undefined` are
// what a faulty program writes if it has no token.
const headerSafe = /^(?!(?:null|undefined)$)[\x21-\x7e]+$/
const bearer = /^bearer$/i

const Seconds = Schema.Union(
  Schema.Number,
  Schema.String.pipe(Schema.pattern(/^\d+(?:\.\d+)?$/), Schema.parseNumber)
).pipe(Schema.filter((seconds) => seconds >= 0))

const Ignored = Schema.transform(Schema.Unknown, Schema.Undefined, { decode: constUndefined, encode: constUndefined })

/**
 * A successful answer of the token endpoint (RFC 6749 §5.1; `id_token` is OpenID Connect's). `expires_in` is a number or
 * a numeric string, may have decimals, and is not negative. `null` means missing, as in `token_type` and `scope`. An
 * `id_token` that is no text is ignored, and so are other fields.
 */
export const TokenResponse = Schema.Struct({
  access_token: Schema.Redacted(Schema.String.pipe(Schema.pattern(headerSafe))),
  token_type: Schema.optionalWith(Schema.String.pipe(Schema.pattern(bearer)), {
    default: () => "Bearer",
    nullable: true
  }),
  expires_in: Schema.optionalWith(Seconds, { exact: true, nullable: true }),
  scope: Schema.optionalWith(Schema.String, { exact: true, nullable: true }),
  id_token: Schema.optionalWith(Schema.Union(Schema.Redacted(Schema.String), Ignored), { exact: true })
})

export type TokenResponse = typeof TokenResponse.Type

const decodeFields = Schema.decodeUnknownEither(TokenResponse)

/** Reads the body of a successful answer. On the left, which field is at fault; its value is not part of that. */
export const decode = (body: string): Either.Either<TokenResponse, InvalidTokenResponse["reason"]> =>
  Option.match(JsonAnswer.parseWrapped(body), {
    onNone: () => Either.left("not_json"),
    onSome: (fields) => Either.mapLeft(decodeFields(TokenFields.normalize(fields)), reasonOf)
  })

const reasons = [
  ["token_type", "invalid_token_type"],
  ["expires_in", "invalid_expires_in"],
  ["scope", "invalid_scope_field"]
] as const

// The error itself goes no further, because it quotes the value, which is a secret or may stand where a secret belongs.
const reasonOf = (error: ParseResult.ParseError): InvalidTokenResponse["reason"] => {
  const path = ParseResult.ArrayFormatter.formatErrorSync(error).flatMap(({ path }) => path)
  return reasons.find(([field]) => path.includes(field))?.[1] ?? "invalid_access_token"
}

/** Whether an answer has no field for a token. Then its words may be quoted. */
export const holdsNoToken = (body: string): boolean =>
  Option.exists(
    JsonAnswer.parseWrapped(body),
    (fields) => !Object.hasOwn(TokenFields.normalize(fields), "access_token")
  )

// What a server says is shown, so it must be what it claims to be: an id, and an origin.
const tenantClaims = Schema.decodeUnknownOption(
  Schema.Struct({
    tenantId: Schema.String.pipe(Schema.pattern(/^[\w.-]{1,64}$/)),
    issuer: Schema.optionalWith(Schema.Unknown, { exact: true }).pipe(Schema.fromKey("iss"))
  })
)

const tenantIn =
  (sent: Redaction.Sent) =>
  (claims: Claims): Option.Option<Tenant> =>
    tenantClaims(claims).pipe(
      Option.filter(({ tenantId }) => !Redaction.repeats(tenantId, sent)),
      Option.map(({ issuer, tenantId }) => ({ tenantId, ...issuerIn(issuer, sent) }))
    )

const issuerIn = (issuer: unknown, sent: Redaction.Sent): Pick<Tenant, "issuer"> =>
  Option.liftPredicate(issuer, Predicate.isString).pipe(
    Option.filter((url) => Either.isRight(SecureUrl.parseOrigin(url)) && !Redaction.repeats(url, sent)),
    Option.match({ onNone: () => ({}), onSome: (issuer) => ({ issuer }) })
  )

/**
 * The tenant of the token. It comes from the id token, with the issuer. If the id token names no tenant, it comes from
 * the access token. The issuer of an access token is not used, because in a sample of NICE's it names an old host
 * (docs/cxone-facts.md). A tenant id that is no id, or is one of the secrets, does not count (S1).
 */
export const tenantOf = ({ access_token, id_token }: TokenResponse, secrets: Redaction.Sent): Tenant | undefined => {
  const said = (token: Redacted.Redacted<string> | undefined) =>
    Option.fromNullable(token).pipe(Option.flatMap(claimsOf), Option.flatMap(tenantIn(secrets)))
  return said(id_token).pipe(
    Option.orElse(() => Option.map(said(access_token), ({ tenantId }) => ({ tenantId }))),
    Option.getOrUndefined
  )
}
