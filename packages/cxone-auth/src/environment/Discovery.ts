import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Hosts from "../cxone/Hosts.js"
import { DiscoveryFailed } from "../errors/CxoneAuthError.js"
import * as Retry from "../http/Retry.js"
import * as SecureUrl from "../http/SecureUrl.js"
import * as CachedLookup from "../lookup/CachedLookup.js"
import { type AccessToken, isSame, type Tenant } from "../token/AccessToken.js"
import * as Period from "../token/Period.js"
import type { TokenPolicy } from "../token/TokenPolicy.js"
import type { AreaEnvironment, CxoneEnvironment, DiscoveredEnvironment } from "./CxoneEnvironment.js"
import * as WellKnown from "./WellKnown.js"

export { warnOf } from "./WellKnown.js"

/** Where things are in one environment: the token endpoint, and the API of a token's tenant. */
export interface Discovery {
  readonly tokenEndpoint: Effect.Effect<URL, DiscoveryFailed>
  /** Takes note of the tenant of a new token with the layer's own scopes. */
  readonly learn: (token: AccessToken) => Effect.Effect<void>
  /** Where the API is that the token is for. A token that names no tenant is dropped after a pause. */
  readonly apiBaseUrlOf: (token: AccessToken, drop: Tokens<never>["drop"]) => Effect.Effect<string, DiscoveryFailed>
  /** Where the API is that the layer's own tokens are for. If that is not known, a token is asked for. */
  readonly apiBaseUrl: <E>(tokens: Tokens<E>) => Effect.Effect<string, E | DiscoveryFailed>
}

/** The layer's own tokens. */
export interface Tokens<E> {
  readonly current: Effect.Effect<AccessToken, E>
  /** Drops a token, so that the next one is a new one. */
  readonly drop: (token: AccessToken) => Effect.Effect<void>
}

export interface DiscoveryOptions {
  readonly environment: CxoneEnvironment
  readonly policy: TokenPolicy
  readonly scope: Scope.Scope
  /** Runs a lookup with the layer's context instead of the caller's. */
  readonly run: <A, E>(lookup: Effect.Effect<A, E, HttpClient.HttpClient>) => Effect.Effect<A, E>
  /** Counts and logs a failure, once for all callers. */
  readonly report: (failure: DiscoveryFailed, tenant?: string) => Effect.Effect<void>
}

const cached = <A>(
  { policy, report, run, scope }: DiscoveryOptions,
  lookup: Effect.Effect<A, DiscoveryFailed, HttpClient.HttpClient>,
  tenant?: string
): Effect.Effect<A, DiscoveryFailed> =>
  CachedLookup.make({
    lookup: run(lookup),
    lifetime: policy.discoveryLifetime,
    pause: policy.maxRetryDelay,
    holdOff: (error, failures) => holdOffOf(error, () => Retry.pauseAfter(policy, failures)),
    until: (error, held) => (Duration.isZero(held) ? error : new DiscoveryFailed({ ...error, retryAfter: held })),
    onFailure: (error) => report(error, tenant),
    stillToGo: (error, left) => new DiscoveryFailed({ ...error, retryAfter: left, heldBack: true }),
    scope
  })

/** As at the token endpoint (L6), a connection that failed is not remembered. */
const holdOffOf = (error: DiscoveryFailed, pause: () => Duration.Duration): Duration.Duration =>
  error.reason === "transport" || error.reason === "timeout"
    ? Duration.zero
    : Option.getOrElse(Retry.askedBy(error), pause)

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

const atFixed = (url: string): Api => ({
  learn: () => Effect.void,
  apiBaseUrlOf: () => Effect.succeed(url),
  apiBaseUrl: () => Effect.succeed(url)
})

type Place = Effect.Effect<string, DiscoveryFailed>

/** A token without a tenant, where one is needed. */
interface Nameless {
  readonly token: AccessToken
  /** Until it ends, no other token is asked for. */
  readonly pause: Period.Period
  /** How many such tokens came in a row. */
  readonly failures: number
}

const ofTenant = (options: DiscoveryOptions, environment: DiscoveredEnvironment | AreaEnvironment): Api => {
  const { policy } = options
  if (environment.apiBaseUrl !== undefined) {
    return atFixed(environment.apiBaseUrl)
  }
  const current = Ref.unsafeMake<Place | undefined>(undefined)
  const nameless = Ref.unsafeMake<Nameless | undefined>(undefined)
  const ofTenants = new Map<string, Place>()
  // Every call asks where its token may go, and most have the token of the call before.
  const ofTokens = new WeakMap<AccessToken, Place>()

  const lookUp = (tenant: Tenant | undefined): Place => {
    const host = hostOf(environment, tenant)
    const key = JSON.stringify([host, tenant?.tenantId])
    const place =
      ofTenants.get(key) ??
      cached(
        options,
        Effect.map(WellKnown.apiEndpoint(host, tenant?.tenantId, policy), ({ href }) => href),
        tenant?.tenantId
      )
    ofTenants.set(key, place)
    return place
  }

  const noTenant = (left: Duration.Duration) => WellKnown.noTenant(hostOf(environment, undefined), left)
  // An area's host needs no tenant to say where its API is.
  const isNamed = ({ tenant }: AccessToken): boolean => tenant !== undefined || environment._tag === "AreaEnvironment"

  const placeOf = (token: AccessToken): Place => {
    const place = ofTokens.get(token) ?? (isNamed(token) ? lookUp(token.tenant) : noTenant(Duration.zero))
    ofTokens.set(token, place)
    return place
  }

  const learn = (token: AccessToken) =>
    isNamed(token) ? Effect.zipRight(Ref.set(current, placeOf(token)), Ref.set(nameless, undefined)) : Effect.void

  const failureAt = ({ pause }: Nameless, now: number) => noTenant(Duration.millis(Period.left(pause, now)))

  const refuse = (token: AccessToken) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.flatMap(
        Ref.modify(nameless, (last): readonly [Effect.Effect<Nameless>, Nameless] => {
          if (last !== undefined && Period.isCurrent(last.pause, now)) {
            return [Effect.succeed(last), last]
          }
          const failures = (last?.failures ?? 0) + 1
          const next = { token, pause: Period.make(now, Retry.pauseAfter(policy, failures)), failures }
          return [Effect.as(options.report(failureAt(next, now)), next), next]
        }).pipe(Effect.flatten),
        (last) => failureAt(last, now)
      )
    )

  /** Whether the pause after this nameless token is over. */
  const isToBeDropped = (token: AccessToken) =>
    Effect.zipWith(
      Ref.get(nameless),
      Clock.currentTimeMillis,
      (last, now) => last !== undefined && !Period.isCurrent(last.pause, now) && isSame(token, last.token)
    )

  const apiBaseUrlOf: Api["apiBaseUrlOf"] = (token, drop) =>
    isNamed(token)
      ? placeOf(token)
      : Effect.flatMap(isToBeDropped(token), (isDue) =>
          Effect.zipRight(isDue ? drop(token) : Effect.void, refuse(token))
        )

  /** A token that names its tenant. One that doesn't is dropped after a pause, because the next one may (L6). */
  const named = Effect.fnUntraced(function* <E>({ current, drop }: Tokens<E>) {
    const token = yield* current
    if (isNamed(token) || !(yield* isToBeDropped(token))) {
      return isNamed(token) ? token : yield* refuse(token)
    }
    yield* drop(token)
    const next = yield* current
    return isNamed(next) ? next : yield* refuse(next)
  })

  const apiBaseUrl = <E>(tokens: Tokens<E>): Effect.Effect<string, E | DiscoveryFailed> => {
    const fromToken = Effect.tap(named(tokens), learn)
    return Effect.flatMap(Ref.get(current), (place) =>
      place === undefined
        ? Effect.flatMap(fromToken, placeOf)
        : // The known tenant can't be looked up. The credentials may belong to another one by now: the current token says it.
          Effect.catchAll(place, (error) =>
            Effect.flatMap(fromToken, (token) => (placeOf(token) === place ? error : placeOf(token)))
          )
    )
  }

  return { learn, apiBaseUrlOf, apiBaseUrl }
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
