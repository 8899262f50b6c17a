/**
 * What the app of a tenant has: credentials, and where to go with them.
 *
 * @since 0.1.0
 */
import {
  type AccessKey,
  type AccessKeyOnly,
  type AreaEnvironment,
  type ClientSecret,
  Credentials,
  CxoneEnvironment
} from "cxone-auth"
import type { PlacedTenant } from "../options/SimulatedTenant.js"

/**
 * A tenant, with the credentials of its first access key.
 *
 * @since 0.1.0
 * @category models
 */
export interface TenantAccount extends PlacedTenant {
  /** The key with the first client, for `issuerEnvironment`. */
  readonly credentials: AccessKey
  /** The key alone, for `areaEnvironment`. */
  readonly accessKeyOnly: AccessKeyOnly
  readonly areaEnvironment: AreaEnvironment
}

/**
 * Builds the account of a tenant, whose apps come with this client.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  tenant: PlacedTenant,
  { clientId, clientSecret }: Pick<ClientSecret, "clientId" | "clientSecret">
): TenantAccount => {
  const [{ accessKeyId, accessKeySecret }] = tenant.accessKeys
  return {
    ...tenant,
    credentials: Credentials.accessKey({ clientId, clientSecret, accessKeyId, accessKeySecret }),
    accessKeyOnly: Credentials.accessKeyOnly({ accessKeyId, accessKeySecret }),
    areaEnvironment: CxoneEnvironment.area(tenant.area, { host: tenant.areaOrigin })
  }
}
