/**
 * Where a token's end is decided: how long it lives, until when it is handed out, and from when it is renewed.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { type AccessToken, claimsOf } from "./AccessToken.js"
import type { TokenPolicy } from "./TokenPolicy.js"

const expiryClaims = Schema.decodeUnknownOption(
  Schema.Struct({ exp: Schema.Finite, iat: Schema.optionalWith(Schema.Finite, { exact: true }) })
)

/**
 * How long a token lives, in milliseconds from `sentAt`, the time of its request. It is `expires_in`; else what the
 * token says if it is a JWT; else the policy's default. It is never more than the policy allows (L8).
 *
 * A JWT's `exp` is a time of the provider's clock. So it is read twice, as `exp - iat` and as `exp - sentAt`, and the
 * shorter one counts. The first is right if the clocks differ, the second if the token is not new.
 */
export const lifetimeOf = (
  answer: { readonly access_token: Redacted.Redacted<string>; readonly expires_in?: number },
  sentAt: number,
  policy: TokenPolicy
): number => {
  const said =
    answer.expires_in === undefined
      ? Option.match(Option.flatMap(claimsOf(answer.access_token), expiryClaims), {
          onNone: () => Duration.toMillis(policy.defaultLifetime),
          onSome: ({ exp, iat }) => Math.min(exp * 1000 - sentAt, iat === undefined ? Infinity : (exp - iat) * 1000)
        })
      : answer.expires_in * 1000
  return Math.min(Math.max(0, said), Duration.toMillis(policy.maxLifetime))
}

const shareOf = ({ expiresAt, obtainedAt }: AccessToken, fraction: number, longest: Duration.Duration): number =>
  Math.min(Duration.toMillis(longest), (expiresAt - obtainedAt) * fraction)

/** Until when a token is handed out, in milliseconds since the epoch: its end, less the margin (L1). */
export const usableUntil = (policy: TokenPolicy, token: AccessToken): number =>
  token.expiresAt - shareOf(token, policy.expiryMarginFraction, policy.expiryMargin)

/** The shortest life that is of use. Shorter ones would turn each call into an exchange. */
const shortest = 1_000

/** Whether a new token may be handed out. If it ends at once, the provider has handed out an old one (L8). */
export const isUsable = (policy: TokenPolicy, token: AccessToken, now: number): boolean =>
  token.expiresAt - token.obtainedAt >= shortest && now < usableUntil(policy, token)

/**
 * From when a token is renewed ahead of its end, in milliseconds since the epoch (L4). That is one window before the
 * margin, and earlier by the jitter. `draw`, a random number from 0 to 1, scales the jitter.
 */
export const renewableFrom = (policy: TokenPolicy, token: AccessToken, draw: number): number =>
  usableUntil(policy, token) -
  shareOf(token, policy.refreshAheadFraction, policy.refreshAhead) * (1 + policy.refreshAheadJitter * draw)
