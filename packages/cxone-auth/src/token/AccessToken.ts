/**
 * An access token, with what is known of it.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import { pipe } from "effect/Function"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ScopeSet } from "./ScopeSet.js"

/**
 * What a JWT says of itself. Nothing here is verified: the API that the token is for does that.
 *
 * @since 0.1.0
 * @category models
 */
export type Claims = { readonly [name: string]: unknown }

/**
 * The CXone tenant that a token is for, as its JWTs say (facts §2c). Not verified.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tenant {
  readonly tenantId: string
  /** Who issued the id token that said so: where the tenant's configuration is. Absent if the access token said it. */
  readonly issuer?: string
}

const decodeClaims = Schema.decodeUnknownOption(
  Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
)

/**
 * An access token with what is known of it (RFC 6749 §5.1). However it is printed, logged or serialised, its value
 * and its claims stay out: only scopes, type, tenant and times are shown.
 *
 * @since 0.1.0
 * @category models
 * @example
 * ```ts
 * import { AccessToken } from "cxone-auth"
 * import { Redacted } from "effect"
 *
 * const token = new AccessToken({
 *   value: Redacted.make("kJ8s0mE-t0k3n"),
 *   tokenType: "Bearer",
 *   scopes: ["read:users"],
 *   requestedScopes: ["offline_access", "read:users"],
 *   obtainedAt: 0,
 *   expiresAt: 3_600_000
 * })
 *
 * console.log(String(token)) // scopes, type and times; not the value
 * ```
 */
export class AccessToken extends Inspectable.Class {
  /**
   * The token itself, as it goes into the `Authorization` header.
   *
   * @since 0.1.0
   */
  readonly value: Redacted.Redacted<string>
  /**
   * The type as the provider wrote it; always a spelling of `Bearer` (RFC 6750).
   *
   * @since 0.1.0
   */
  readonly tokenType: string
  /**
   * The scopes that were granted; what was requested, if the provider did not say (RFC 6749 §5.1).
   *
   * @since 0.1.0
   */
  readonly scopes: ScopeSet
  /**
   * The scopes that were asked for. They may be more than were granted.
   *
   * @since 0.1.0
   */
  readonly requestedScopes: ScopeSet
  /**
   * The CXone tenant that it is for, if one is named: not secret, and worth a look when an answer surprises.
   *
   * @since 0.1.0
   */
  readonly tenant: Tenant | undefined
  /**
   * When the request for it was sent, in milliseconds since the epoch.
   *
   * @since 0.1.0
   */
  readonly obtainedAt: number
  /**
   * When it ends, in milliseconds since the epoch.
   *
   * @since 0.1.0
   */
  readonly expiresAt: number

  constructor(
    fields: Pick<AccessToken, "value" | "tokenType" | "scopes" | "requestedScopes" | "obtainedAt" | "expiresAt"> &
      Partial<Pick<AccessToken, "tenant">>
  ) {
    super()
    this.value = fields.value
    this.tokenType = fields.tokenType
    this.scopes = fields.scopes
    this.requestedScopes = fields.requestedScopes
    this.tenant = fields.tenant
    this.obtainedAt = fields.obtainedAt
    this.expiresAt = fields.expiresAt
  }

  /** The claims, where the token is a JWT. Decoded at each access, so that nothing readable is kept. */
  get claims(): Option.Option<Claims> {
    return claimsOf(this.value)
  }

  /**
   * What is shown when it is printed, logged or serialised: scopes, type, tenant and times.
   *
   * @since 0.1.0
   */
  toJSON(): unknown {
    return {
      _id: "cxone-auth/AccessToken",
      tokenType: this.tokenType,
      scopes: this.scopes,
      requestedScopes: this.requestedScopes,
      ...(this.tenant === undefined ? {} : { tenantId: this.tenant.tenantId }),
      obtainedAt: this.obtainedAt,
      expiresAt: this.expiresAt
    }
  }
}

/**
 * Reads the claims of a token without verifying anything: `None` unless it has the three parts of a signed JWT
 * (RFC 7519) and the middle one is base64url of a JSON object in UTF-8.
 *
 * @since 0.1.0
 * @category decoding
 */
export const claimsOf = (token: Redacted.Redacted<string>): Option.Option<Claims> => {
  const [, payload, signature, ...rest] = Redacted.value(token).split(".")
  if (payload === undefined || signature === undefined || rest.length > 0) {
    return Option.none()
  }
  return pipe(Encoding.decodeBase64UrlString(payload), Either.getRight, Option.flatMap(decodeClaims))
}

/**
 * Whether both are the same token, whatever object holds it.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isSame = (self: AccessToken, that: AccessToken): boolean =>
  Redacted.value(self.value) === Redacted.value(that.value)
