import { AccessToken } from "cxone-auth"
import { Redacted } from "effect"

/** A token with this value and no scopes. By default it was obtained at 0 and lives for one hour. */
export const tokenOf = (
  value: string,
  { lifetime = 3_600_000, obtainedAt = 0 }: { readonly lifetime?: number; readonly obtainedAt?: number } = {}
): AccessToken =>
  new AccessToken({
    value: Redacted.make(value),
    tokenType: "Bearer",
    scopes: [],
    requestedScopes: [],
    obtainedAt,
    expiresAt: obtainedAt + lifetime
  })

/** The value of a token, in plain text. */
export const valueOf = ({ value }: Pick<AccessToken, "value">): string => Redacted.value(value)
