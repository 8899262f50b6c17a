/**
 * A token as it is stored, before it is encrypted. Its times are durations, because the clocks of two processes differ.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { AccessToken } from "../token/AccessToken.js"

const StoredToken = Schema.parseJson(
  Schema.Struct({
    value: Schema.Redacted(Schema.NonEmptyString),
    tokenType: Schema.String,
    scopes: Schema.Array(Schema.String),
    requestedScopes: Schema.Array(Schema.String),
    tenant: Schema.optionalWith(
      Schema.Struct({ tenantId: Schema.String, issuer: Schema.optionalWith(Schema.String, { exact: true }) }),
      { exact: true }
    ),
    /** How long the token lives in all, in milliseconds. */
    lifetime: Schema.Positive
  })
)

const encodeText = Schema.encodeSync(StoredToken)
const decodeText = Schema.decodeOption(StoredToken)

export const encode = ({ expiresAt, obtainedAt, ...token }: AccessToken): string => {
  const { tenant } = token
  return encodeText({
    value: token.value,
    tokenType: token.tokenType,
    scopes: token.scopes,
    requestedScopes: token.requestedScopes,
    lifetime: expiresAt - obtainedAt,
    ...(tenant && {
      tenant: { tenantId: tenant.tenantId, ...(tenant.issuer === undefined ? {} : { issuer: tenant.issuer }) }
    })
  })
}

/** What a store's clock may be ahead or behind within an operation, in milliseconds. */
const tolerance = 1_000

/**
 * The token, if `left` of its life can be true. An entry that says it has longer than the token lives comes from a clock that
 * was set back.
 */
export const decode = (text: string, left: Duration.Duration, now: number): Option.Option<AccessToken> =>
  Option.flatMap(decodeText(text), ({ lifetime, ...token }) => {
    const millis = Duration.toMillis(left)
    return millis > lifetime + tolerance
      ? Option.none()
      : Option.some(
          new AccessToken({ ...token, obtainedAt: now + millis - lifetime, receivedAt: now, expiresAt: now + millis })
        )
  })
