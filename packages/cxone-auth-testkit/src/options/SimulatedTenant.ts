import type * as Arr from "effect/Array"
import * as Redacted from "effect/Redacted"
import type { SimulatedUser } from "./SimulatedUser.js"

/**
 * An access key, which stands for one employee of a tenant.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedAccessKey {
  /** The id, which ends in `====` at CXone. */
  readonly accessKeyId: string
  /** The secret. */
  readonly accessKeySecret: Redacted.Redacted<string>
  /**
   * The employee. By default, the first key of the first tenant has the option `user`, and each other key has a user of
   * its own: that of its tenant and its place in `accessKeys`.
   */
  readonly user?: SimulatedUser | undefined
}

/**
 * A tenant, which is a customer of CXone.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedTenant {
  /** The id that discovery and the tokens name. */
  readonly tenantId: string
  /** The area that hosts the tenant, in lower-case letters and digits, such as `eu1`; default `na1`. */
  readonly area?: string | undefined
  /**
   * The name of the tenant's issuer, in lower-case letters and digits, such as `gov`. Each name is an identity host of its own,
   * which knows only its own tenants. Default: the host of `CxoneSimulatorService.origin`.
   */
  readonly issuer?: string | undefined
  /** Each `accessKeyId` must be unique, among all tenants. */
  readonly accessKeys: Arr.NonEmptyReadonlyArray<SimulatedAccessKey>
}

/**
 * An area, and its two hosts.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedArea {
  /** The name of the area, such as `na1`. */
  readonly area: string
  /** The name of the cluster. The configuration and the JWTs of access keys have it. */
  readonly cluster: string
  /** The host of UserHub, where an access key gets a token without a client. */
  readonly areaOrigin: string
  /** The host of the API. It accepts the tokens of the tenants of this area. */
  readonly apiOrigin: string
}

/**
 * A tenant, with the hosts of its area.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlacedTenant extends SimulatedArea {
  /** The origin of its identity host, which is the issuer. */
  readonly issuer: string
  /** The id that discovery and the tokens name. */
  readonly tenantId: string
  /** The access keys of its employees. */
  readonly accessKeys: Arr.NonEmptyReadonlyArray<SimulatedAccessKey>
}

export const defaultArea = "na1"

/**
 * The tenant of a simulator without the option `tenants`. Its access key is made up.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultTenant: SimulatedTenant = {
  tenantId: "test-tenant",
  accessKeys: [
    {
      // As in CXone, both end in `====`. These characters must be form-encoded, so an app that doesn't encode is
      // refused.
      accessKeyId: "TESTKEY7ONLY7FOR7TESTS7X7X7X7X7X====",
      accessKeySecret: Redacted.make("TEST+KEY/SECRET%FOR:TESTS7X7X7X7X7====")
    }
  ]
}
