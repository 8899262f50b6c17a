import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ScopeSet } from "./ScopeSet.js"

/**
 * The claims of a JWT. They are not verified; the API that the token is for does that.
 *
 * @since 0.1.0
 * @category models
 */
export type Claims = { readonly [name: string]: unknown }

/**
 * The CXone tenant of a token, as the id token or the access token names it. It is not verified.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tenant {
  /** The id by which CXone's discovery finds the API of the tenant. */
  readonly tenantId: string
  /**
   * The issuer of the id token, which serves the tenant's configuration. Absent if the id token names no issuer, or if
   * the access token named the tenant.
   */
  readonly issuer?: string | undefined
}

// A brand in place of `instanceof`, because an app may have two copies of this package.
const TypeId: unique symbol = Symbol.for("cxone-auth/AccessToken")

const decodeClaims = Schema.decodeUnknownOption(
  Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
)

/**
 * An access token (RFC 6749 §5.1). Printed, logged or serialised, it shows scopes, type, tenant and times. Its value and
 * its claims are never shown.
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
  // A getter, because a field would cost 8 bytes in each of 100,000 tokens.
  /** @internal */
  get [TypeId](): typeof TypeId {
    return TypeId
  }

  // vitest copies what it takes for a plain object, to print a difference, and then reads `claims` of a copy without a value.
  /** @internal */
  get [Symbol.toStringTag](): string {
    return "AccessToken"
  }

  /**
   * The token itself, for the `Authorization` header.
   *
   * @since 0.1.0
   */
  readonly value: Redacted.Redacted<string>
  /**
   * The type as the provider spelled it. It is always `Bearer` (RFC 6750), in any case of letters.
   *
   * @since 0.1.0
   */
  readonly tokenType: string
  /**
   * The scopes that were granted. If the provider did not say, those that were requested (RFC 6749 §5.1).
   *
   * @since 0.1.0
   */
  readonly scopes: ScopeSet
  /**
   * The scopes that were requested. They may be more than were granted.
   *
   * @since 0.1.0
   */
  readonly requestedScopes: ScopeSet
  /**
   * The CXone tenant of the token, if the id token or the access token names one; else that of the last token with the same
   * client and access key. It is not a secret.
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
   * When the answer with it came, in milliseconds since the epoch. Default: `obtainedAt`.
   *
   * @since 0.1.0
   */
  readonly receivedAt: number
  /**
   * When the token ends, in milliseconds since the epoch.
   *
   * @since 0.1.0
   */
  readonly expiresAt: number

  constructor(
    fields: Pick<AccessToken, "value" | "tokenType" | "scopes" | "requestedScopes" | "obtainedAt" | "expiresAt"> & {
      readonly [Field in "tenant" | "receivedAt"]?: AccessToken[Field] | undefined
    }
  ) {
    super()
    this.value = fields.value
    this.tokenType = fields.tokenType
    this.scopes = fields.scopes
    this.requestedScopes = fields.requestedScopes
    this.tenant = fields.tenant
    this.obtainedAt = fields.obtainedAt
    this.receivedAt = fields.receivedAt ?? fields.obtainedAt
    this.expiresAt = fields.expiresAt
  }

  /**
   * The claims, if the token is a JWT. They are decoded at each access, so that nothing readable is kept.
   *
   * @since 0.1.0
   */
  get claims(): Option.Option<Claims> {
    return claimsOf(this.value)
  }

  /**
   * What is shown if the token is printed, logged or serialised: scopes, type, tenant and times.
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
 * Reads the claims of a token, and verifies nothing. `None` unless it has the three parts of a signed JWT (RFC 7519), and
 * the middle one is a JSON object in UTF-8 and base64url.
 */
export const claimsOf = (token: Redacted.Redacted<string>): Option.Option<Claims> => {
  const [, payload, signature, ...rest] = Redacted.value(token).split(".")
  if (payload === undefined || signature === undefined || rest.length > 0) {
    return Option.none()
  }
  return Option.flatMap(Either.getRight(Encoding.decodeBase64UrlString(payload)), decodeClaims)
}

export const isAccessToken = (input: unknown): input is AccessToken => Predicate.hasProperty(input, TypeId)

/** Whether both have the same value. */
export const isSame = (self: AccessToken, that: AccessToken): boolean =>
  Redacted.value(self.value) === Redacted.value(that.value)
