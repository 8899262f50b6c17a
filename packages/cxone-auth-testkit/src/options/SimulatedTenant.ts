/**
 * The customers of CXone, and the keys of their employees.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Redacted from "effect/Redacted"

/**
 * An access key: the pair that stands for one employee of a tenant.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedAccessKey {
  readonly accessKeyId: string
  readonly accessKeySecret: Redacted.Redacted<string>
}

/**
 * A customer of CXone.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedTenant {
  readonly tenantId: string
  /** The part of the world that it lives in, lower-case letters and digits as in CXone; default `na1`. */
  readonly area?: string
  /** No other tenant may have a key of the same id. */
  readonly accessKeys: Arr.NonEmptyReadonlyArray<SimulatedAccessKey>
}

/**
 * An area, and the two hosts that serve it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedArea {
  readonly area: string
  readonly cluster: string
  /** The host of UserHub, where access keys alone get tokens. */
  readonly areaOrigin: URL
  /** The host of the API, for the tokens of the tenants of this area. */
  readonly apiOrigin: URL
}

/**
 * A tenant, and where its area is reached.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlacedTenant extends SimulatedArea {
  readonly tenantId: string
  readonly accessKeys: Arr.NonEmptyReadonlyArray<SimulatedAccessKey>
}

/**
 * The area of a tenant that names none.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultArea = "na1"

/**
 * The tenant that lives in the simulator when no other does. Its key is made up, and works nowhere else.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultTenant: SimulatedTenant = {
  tenantId: "test-tenant",
  accessKeys: [
    {
      // Both end as those of CXone do, and hold what a client must encode, so that one that doesn't is found out.
      accessKeyId: "TESTKEY7ONLY7FOR7TESTS7X7X7X7X7X====",
      accessKeySecret: Redacted.make("TEST+KEY/SECRET%FOR:TESTS7X7X7X7X7====")
    }
  ]
}
