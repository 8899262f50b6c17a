import {
  type AccessKey,
  type AccessKeyOnly,
  type AreaEnvironment,
  type ClientSecret,
  Credentials,
  CxoneEnvironment,
  type DiscoveredEnvironment
} from "cxone-auth"
import type { PlacedTenant } from "../options/SimulatedTenant.js"

/**
 * A tenant, with the credentials of its first access key and the environment to use them in.
 *
 * @since 0.1.0
 * @category models
 */
export interface TenantAccount extends PlacedTenant {
  /** The access key and the first client, for `issuerEnvironment`. */
  readonly credentials: AccessKey
  /** The environment for an access key with a client: `CxoneEnvironment.discover`, with the tenant's issuer. */
  readonly issuerEnvironment: DiscoveredEnvironment
  /** The access key without a client, for `areaEnvironment`. */
  readonly accessKeyOnly: AccessKeyOnly
  /** The environment of an access key without a client: `CxoneEnvironment.area`, with `areaOrigin` as the host. */
  readonly areaEnvironment: AreaEnvironment
}

export const make = (
  tenant: PlacedTenant,
  { clientId, clientSecret }: Pick<ClientSecret, "clientId" | "clientSecret">
): TenantAccount => {
  const [{ accessKeyId, accessKeySecret }] = tenant.accessKeys
  return {
    ...tenant,
    credentials: Credentials.accessKey({ clientId, clientSecret, accessKeyId, accessKeySecret }),
    issuerEnvironment: CxoneEnvironment.discover({ issuer: tenant.issuer }),
    accessKeyOnly: Credentials.accessKeyOnly({ accessKeyId, accessKeySecret }),
    areaEnvironment: CxoneEnvironment.area(tenant.area, { host: tenant.areaOrigin })
  }
}
