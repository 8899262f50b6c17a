import {
  type AccessKey,
  type AccessKeyOnly,
  type AreaEnvironment,
  type ClientSecret,
  Credentials,
  CxoneEnvironment,
  type DiscoveredEnvironment,
  type FixedEnvironment
} from "cxone-auth"
import type * as Arr from "effect/Array"
import * as Redacted from "effect/Redacted"
import type { SimulatedClient } from "../options/SimulatorOptions.js"
import { accessKeyPath, tokenPath } from "../routes/Routes.js"
import * as TenantAccount from "./TenantAccount.js"

/**
 * Whose credentials, and which of the ways in.
 *
 * @since 0.1.0
 * @category models
 */
export interface WayIn {
  /**
   * The credentials: `clientSecret`, a client alone; `accessKey`, an access key together with a client; or `accessKeyOnly`,
   * the access key without a client. Default: `clientSecret`; with a `tenant`, `accessKey`.
   */
  readonly way?: "clientSecret" | "accessKey" | "accessKeyOnly" | undefined
  /** The id of the tenant whose first access key is taken. Default: the first tenant of the options. */
  readonly tenant?: string | undefined
  /** The id of the client. Default: the first client of the options. */
  readonly client?: string | undefined
}

/**
 * Credentials, and the environment that they are for: what `CxoneAuth.layer` takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedAccount {
  /** Those of a client, of an access key with a client, or of an access key alone. */
  readonly credentials: ClientSecret | AccessKey | AccessKeyOnly
  /** Where these credentials get a token, and where the API is. */
  readonly environment: FixedEnvironment | DiscoveredEnvironment | AreaEnvironment
}

type Clients = Arr.NonEmptyReadonlyArray<SimulatedClient>
type Accounts = Arr.NonEmptyReadonlyArray<TenantAccount.TenantAccount>

const chosen = <A>(
  what: string,
  all: Arr.NonEmptyReadonlyArray<A>,
  idOf: (each: A) => string,
  id: string | undefined
): A => {
  const found = id === undefined ? all[0] : all.find((each) => idOf(each) === id)
  if (found === undefined) {
    throw new RangeError(`CxoneSimulator: no ${what} of the options is ${id}; there is ${all.map(idOf).join(", ")}`)
  }
  return found
}

const ways = ["clientSecret", "accessKey", "accessKeyOnly"] as const

const wayOf = ({ tenant, way = tenant === undefined ? "clientSecret" : "accessKey" }: WayIn): (typeof ways)[number] => {
  if (!ways.includes(way)) {
    throw new RangeError(`CxoneSimulator: way is ${way}; use one of ${ways.join(", ")}`)
  }
  return way
}

const choose = (clients: Clients, tenants: Accounts, { client, tenant }: WayIn) => ({
  client: chosen("client", clients, ({ clientId }) => clientId, client),
  tenant: chosen("tenant", tenants, ({ tenantId }) => tenantId, tenant)
})

/** The account of a client alone. */
export const ofClient = (origin: string, { clientId, clientSecret }: SimulatedClient) => ({
  credentials: Credentials.clientSecret({ clientId, clientSecret }),
  environment: CxoneEnvironment.custom({ tokenEndpoint: new URL(tokenPath, origin), apiBaseUrl: origin })
})

export const accountOf = (origin: string, clients: Clients, tenants: Accounts, wayIn: WayIn): SimulatedAccount => {
  const { client, tenant } = choose(clients, tenants, wayIn)
  switch (wayOf(wayIn)) {
    case "clientSecret":
      return ofClient(origin, client)
    case "accessKey":
      return {
        credentials: TenantAccount.make(tenant, client).credentials,
        environment: tenant.issuerEnvironment
      }
    case "accessKeyOnly":
      return { credentials: tenant.accessKeyOnly, environment: tenant.areaEnvironment }
  }
}

/** The settings `CXONE_*` of the same. */
export const envOf = (origin: string, clients: Clients, tenants: Accounts, wayIn: WayIn): Record<string, string> => {
  const { client, tenant } = choose(clients, tenants, wayIn)
  const [key] = tenant.accessKeys
  const ofClient = { CXONE_CLIENT_ID: client.clientId, CXONE_CLIENT_SECRET: Redacted.value(client.clientSecret) }
  const ofKey = {
    CXONE_ACCESS_KEY_ID: key.accessKeyId,
    CXONE_ACCESS_KEY_SECRET: Redacted.value(key.accessKeySecret)
  }
  switch (wayOf(wayIn)) {
    case "clientSecret":
      return { ...ofClient, CXONE_TOKEN_ENDPOINT: `${origin}${tokenPath}`, CXONE_API_BASE_URL: origin }
    case "accessKey":
      return { ...ofClient, ...ofKey, CXONE_ISSUER: tenant.issuer }
    case "accessKeyOnly":
      // `CXONE_AREA` is for NICE's own hosts.
      return {
        ...ofKey,
        CXONE_TOKEN_ENDPOINT: `${tenant.areaOrigin}${accessKeyPath}`,
        CXONE_API_BASE_URL: tenant.apiOrigin
      }
  }
}
