/**
 * The answer that holds a token.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { claimsOf } from "./AccessToken.js"
import type { InvalidTokenResponse } from "./TokenError.js"
import type { TokenPolicy } from "./TokenPolicy.js"

// RFC 6749 appendix A.12 allows a space in a token, RFC 6750 §2.1 and the header do not.
const headerSafe = /^[\x21-\x7e]+$/
const bearer = /^bearer$/i

// A schema's own message would quote the value, and these values are secret or may stand where a secret belongs.
const hidden = { message: () => "unusable" }

const Seconds = Schema.Union(
  Schema.Number,
  Schema.String.pipe(Schema.pattern(/^\d+(?:\.\d+)?$/), Schema.annotations(hidden), Schema.parseNumber)
).pipe(Schema.filter((seconds) => seconds >= 1))

/**
 * A successful answer of the token endpoint (RFC 6749 §5.1). `expires_in` may be a number or a numeric string, and be
 * fractional; below one second it is refused. For `token_type` and `scope`, `null` is as good as missing. What else the
 * answer holds is ignored.
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
  scope: Schema.optionalWith(Schema.String, { exact: true, nullable: true })
})

/**
 * What a successful answer holds, once it is read.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenResponse = typeof TokenResponse.Type

const decodeJson = Schema.decodeEither(Schema.parseJson(TokenResponse))

const reasons = {
  access_token: "invalid_access_token",
  token_type: "invalid_token_type",
  expires_in: "invalid_expires_in",
  scope: "invalid_scope_field"
} as const

const isField = (name: string): name is keyof typeof reasons => Object.hasOwn(reasons, name)

/**
 * Reads the body of a successful answer. On the left, which field makes it no token; the value is not part of it.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (body: string): Either.Either<TokenResponse, InvalidTokenResponse["reason"]> =>
  Either.mapLeft(decodeJson(body), (error) => {
    const field = ParseResult.ArrayFormatter.formatErrorSync(error)[0]?.path[0]
    return typeof field === "string" && isField(field) ? reasons[field] : "not_json"
  })

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
