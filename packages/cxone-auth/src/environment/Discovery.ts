import type * as HttpClient from "@effect/platform/HttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Hosts from "../cxone/Hosts.js"
import { DiscoveryFailed } from "../errors/CxoneAuthError.js"
import * as SecureUrl from "../http/SecureUrl.js"
import * as CachedLookup from "../lookup/CachedLookup.js"
import type { AccessToken, Tenant } from "../token/AccessToken.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import type { AreaEnvironment, CxoneEnvironment, DiscoveredEnvironment } from "./CxoneEnvironment.js"
import * as WellKnown from "./WellKnown.js"

/** Where things are in one environment: the token endpoint, and the API of the token's tenant. */
export interface Discovery {
  readonly tokenEndpoint: Effect.Effect<URL, DiscoveryFailed>
  /** Takes note of the tenant of a new token. */
  readonly learn: (token: AccessToken) => Effect.Effect<void>
  /** Where the tenant's API is. If no tenant is known yet, this runs `token` to learn it. */
  readonly apiBaseUrl: <E>(token: Effect.Effect<AccessToken, E>) => Effect.Effect<URL, E | DiscoveryFailed>
}

export interface DiscoveryOptions<Environment = CxoneEnvironment> {
  readonly environment: Environment
  readonly policy: TokenPolicy
  readonly scope: Scope.Scope
  /** Runs a lookup with what the layer provides, in place of what the caller does. */
  readonly run: <A, E>(lookup: Effect.Effect<A, E, HttpClient.HttpClient>) => Effect.Effect<A, E>
}

// A copy each time, because a `URL` can be changed, and these decide where secrets and tokens go.
const fixed = (url: URL): Effect.Effect<URL> => Effect.sync(() => new URL(url))

const cached = (
  { policy, run, scope }: DiscoveryOptions<unknown>,
  lookup: Effect.Effect<URL, DiscoveryFailed, HttpClient.HttpClient>
): Effect.Effect<URL, DiscoveryFailed> =>
  Effect.map(
    CachedLookup.make({
      lookup: run(lookup),
      lifetime: policy.discoveryLifetime,
      pause: policy.maxRetryDelay,
      holdOff: ({ retryAfter }: DiscoveryFailed) =>
        Duration.min(
          Option.getOrElse(retryAfter, () => Duration.zero),
          policy.maxRateLimit
        ),
      stillToGo: (error, left) => new DiscoveryFailed({ ...error, retryAfter: Option.some(left) }),
      scope
    }),
    (url) => new URL(url)
  )

/** Makes the discovery for an environment. Nothing is looked up before it is asked for. */
export const make = (options: DiscoveryOptions): Effect.Effect<Discovery> => {
  const { environment, policy } = options
  switch (environment._tag) {
    case "FixedEnvironment":
      return Effect.succeed({
        tokenEndpoint: fixed(environment.tokenEndpoint),
        learn: () => Effect.void,
        apiBaseUrl: () => fixed(environment.apiBaseUrl)
      })
    case "DiscoveredEnvironment":
      return Effect.map(ofTenant({ ...options, environment }), (api) => ({
        ...api,
        tokenEndpoint: cached(options, WellKnown.tokenEndpoint(environment.issuer, policy))
      }))
    case "AreaEnvironment":
      return Effect.map(ofTenant({ ...options, environment }), (api) => ({
        ...api,
        tokenEndpoint: fixed(new URL("/authentication/v1/token/access-key", environment.host))
      }))
  }
}

/** Where one tenant's API is. */
interface Known {
  readonly key: string
  readonly url: Effect.Effect<URL, DiscoveryFailed>
}

const ofTenant = (
  options: DiscoveryOptions<DiscoveredEnvironment | AreaEnvironment>
): Effect.Effect<Omit<Discovery, "tokenEndpoint">> => {
  const { environment, policy } = options
  if (environment.apiBaseUrl !== undefined) {
    const url = fixed(environment.apiBaseUrl)
    return Effect.succeed({ learn: () => Effect.void, apiBaseUrl: () => url })
  }

  const lookupOf = (tenant: Tenant | undefined, host: URL): Effect.Effect<URL, DiscoveryFailed> =>
    tenant === undefined && environment._tag === "DiscoveredEnvironment"
      ? Effect.fail(WellKnown.noTenant(host))
      : cached(options, WellKnown.apiEndpoint(host, tenant?.tenantId, policy))

  return Effect.map(Ref.make<Known | undefined>(undefined), (known) => {
    const learn = ({ tenant }: AccessToken) =>
      Ref.modify(known, (last): readonly [Known, Known] => {
        // A token without a tenant leaves the known tenant in place.
        if (tenant === undefined && last !== undefined) {
          return [last, last]
        }
        const host = hostOf(environment, tenant)
        const key = JSON.stringify([host, tenant?.tenantId])
        const next = last?.key === key ? last : { key, url: lookupOf(tenant, host) }
        return [next, next]
      })
    return {
      learn: (token) => Effect.asVoid(learn(token)),
      apiBaseUrl: (token) =>
        Effect.flatMap(Ref.get(known), (last) =>
          last === undefined ? Effect.flatMap(Effect.flatMap(token, learn), ({ url }) => url) : last.url
        )
    }
  })
}

/**
 * The host that has the tenant's configuration: an area's host; else the issuer of the id token, if it is one of NICE's;
 * else the issuer that the token came from.
 */
const hostOf = (environment: DiscoveredEnvironment | AreaEnvironment, tenant: Tenant | undefined): URL => {
  if (environment._tag === "AreaEnvironment") {
    return environment.host
  }
  return Either.getRight(SecureUrl.parseOrigin(tenant?.issuer ?? environment.issuer)).pipe(
    Option.filter(Hosts.isCxoneHost),
    Option.getOrElse(() => environment.issuer)
  )
}
