import type * as HttpClient from "@effect/platform/HttpClient"
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
  readonly apiBaseUrl: <E>(token: Effect.Effect<AccessToken, E>) => Effect.Effect<string, E | DiscoveryFailed>
}

export interface DiscoveryOptions {
  readonly environment: CxoneEnvironment
  readonly policy: TokenPolicy
  readonly scope: Scope.Scope
  /** Runs a lookup with the layer's context instead of the caller's. */
  readonly run: <A, E>(lookup: Effect.Effect<A, E, HttpClient.HttpClient>) => Effect.Effect<A, E>
}

const cached = <A>(
  { policy, run, scope }: DiscoveryOptions,
  lookup: Effect.Effect<A, DiscoveryFailed, HttpClient.HttpClient>
): Effect.Effect<A, DiscoveryFailed> =>
  CachedLookup.make({
    lookup: run(lookup),
    lifetime: policy.discoveryLifetime,
    pause: policy.maxRetryDelay,
    holdOff: ({ retryAfter }) => Option.fromNullable(retryAfter),
    stillToGo: (error, left) => new DiscoveryFailed({ ...error, retryAfter: left }),
    scope
  })

/** Makes the discovery for an environment. Nothing is looked up before it is asked for. */
export const make = (options: DiscoveryOptions): Discovery => {
  const { environment, policy } = options
  switch (environment._tag) {
    case "FixedEnvironment":
      return { tokenEndpoint: Effect.succeed(new URL(environment.tokenEndpoint)), ...atFixed(environment.apiBaseUrl) }
    case "DiscoveredEnvironment": {
      const tokenEndpoint = cached(options, WellKnown.tokenEndpoint(new URL(environment.issuer), policy))
      return { tokenEndpoint, ...ofTenant(options, environment) }
    }
    case "AreaEnvironment": {
      const tokenEndpoint = Effect.succeed(new URL("/authentication/v1/token/access-key", environment.host))
      return { tokenEndpoint, ...ofTenant(options, environment) }
    }
  }
}

type Api = Omit<Discovery, "tokenEndpoint">

const atFixed = (url: string): Api => ({ learn: () => Effect.void, apiBaseUrl: () => Effect.succeed(url) })

/** Where one tenant's API is. */
interface Known {
  readonly key: string
  readonly url: Effect.Effect<string, DiscoveryFailed>
}

const ofTenant = (options: DiscoveryOptions, environment: DiscoveredEnvironment | AreaEnvironment): Api => {
  if (environment.apiBaseUrl !== undefined) {
    return atFixed(environment.apiBaseUrl)
  }
  const known = Ref.unsafeMake<Known | undefined>(undefined)

  const lookupOf = (tenant: Tenant | undefined, host: URL) =>
    tenant === undefined && environment._tag === "DiscoveredEnvironment"
      ? Effect.fail(WellKnown.noTenant(host))
      : cached(
          options,
          Effect.map(WellKnown.apiEndpoint(host, tenant?.tenantId, options.policy), ({ href }) => href)
        )

  const learn = ({ tenant }: AccessToken) =>
    Ref.update(known, (last) => {
      // A token without a tenant leaves the known tenant in place.
      if (tenant === undefined && last !== undefined) {
        return last
      }
      const host = hostOf(environment, tenant)
      const key = JSON.stringify([host, tenant?.tenantId])
      return last?.key === key ? last : { key, url: lookupOf(tenant, host) }
    })

  const apiBaseUrl: Api["apiBaseUrl"] = (token) =>
    Effect.flatMap(
      Ref.get(known),
      (last) => last?.url ?? Effect.zipRight(Effect.flatMap(token, learn), apiBaseUrl(token))
    )

  return { learn, apiBaseUrl }
}

/**
 * The host that has the tenant's configuration: an area's host; else the issuer of the id token, if it is one of NICE's;
 * else the issuer that the token came from.
 */
const hostOf = (environment: DiscoveredEnvironment | AreaEnvironment, tenant: Tenant | undefined): URL => {
  if (environment._tag === "AreaEnvironment") {
    return new URL(environment.host)
  }
  return Either.getRight(SecureUrl.parseOrigin(tenant?.issuer ?? environment.issuer)).pipe(
    Option.filter(Hosts.isCxoneHost),
    Option.getOrElse(() => new URL(environment.issuer))
  )
}
