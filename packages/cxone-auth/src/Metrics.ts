/**
 * What is counted and measured, under `cxone_auth_`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as ScopeSet from "./ScopeSet.js"

/**
 * How a caller came by a token. `hit`: it was in the cache. `stale`: it was, and is being renewed. `joined`: an
 * exchange that was under way gave it. `miss`: an exchange had to be started.
 *
 * @since 0.1.0
 * @category models
 */
export type CacheState = "hit" | "stale" | "joined" | "miss"

/**
 * Why an exchange was started: there was no token yet, it is soon at its end, it has ended, or it was dropped.
 *
 * @since 0.1.0
 * @category models
 */
export type RenewalReason = "first" | "ahead" | "expired" | "invalidated"

/**
 * The metrics of one layer. They go to Effect's own registry, from where any exporter takes them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Metrics {
  /** `cxone_auth_exchanges` by `outcome` (`token`, or the error's tag), and `cxone_auth_exchange_seconds`. */
  readonly exchanged: (outcome: string, took: Duration.Duration) => void
  /** `cxone_auth_refusals`: credentials that were refused, and no token since. */
  readonly refusals: (count: number) => void
  /** `cxone_auth_rate_limit_waits` `at` the `token_endpoint`: requests held back because CXone had said "not yet". */
  readonly waited: () => void
  /** The metrics of the token with these scopes. */
  readonly ofToken: (scopes: ScopeSet.ScopeSet) => TokenMetrics
}

/**
 * The metrics of one token's life.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenMetrics {
  /** `cxone_auth_tokens_served` by `cache`, and `cxone_auth_seconds_to_expiry` by `scopes`, as of the last one served. */
  readonly served: (cache: CacheState, millisToExpiry: number) => void
  /** `cxone_auth_renewals` by `reason`: the tokens that were obtained. */
  readonly renewed: (reason: RenewalReason) => void
}

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })

const exchanges = counter("cxone_auth_exchanges", "exchanges of credentials for a token, by outcome")
const exchangeSeconds = Metric.histogram(
  "cxone_auth_exchange_seconds",
  MetricBoundaries.fromIterable([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]),
  "how long an exchange took, its retries included"
)
const tokensServed = counter("cxone_auth_tokens_served", "tokens handed out, by how they were come by")
const renewals = counter("cxone_auth_renewals", "tokens obtained, by why")
const refusals = Metric.gauge("cxone_auth_refusals", {
  description: "credentials that were refused, with no token obtained since"
})
const secondsToExpiry = Metric.gauge("cxone_auth_seconds_to_expiry", {
  description: "how long the token that was served last still had to live"
})
const rateLimitWaits = counter("cxone_auth_rate_limit_waits", "requests held back because of an earlier answer")

// What `Metric.update` does, without an effect: these are on the path of every call.
const update = <Type, Out>(metric: Metric.Metric<Type, number, Out>, input: number): void =>
  metric.unsafeUpdate(input, [])

const apiWaits = Metric.tagged(rateLimitWaits, "at", "api")

/**
 * `cxone_auth_rate_limit_waits` `at` the `api`: calls held back because CXone had said "not yet".
 *
 * @since 0.1.0
 * @category metrics
 */
export const apiCallWaited = (): void => update(apiWaits, 1)

/**
 * The metrics of one layer. Only a name that the app gives it becomes a label (`client`); a client id never does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (client: string | undefined): Metrics => {
  const named = <Type, In, Out>(metric: Metric.Metric<Type, In, Out>): Metric.Metric<Type, In, Out> =>
    client === undefined ? metric : Metric.tagged(metric, "client", client)

  const duration = named(exchangeSeconds)
  const refused = named(refusals)
  const waits = Metric.tagged(named(rateLimitWaits), "at", "token_endpoint")
  const served = named(tokensServed)
  const servedBy = {
    hit: Metric.tagged(served, "cache", "hit"),
    stale: Metric.tagged(served, "cache", "stale"),
    joined: Metric.tagged(served, "cache", "joined"),
    miss: Metric.tagged(served, "cache", "miss")
  }

  return {
    exchanged: (outcome, took) => {
      update(Metric.tagged(named(exchanges), "outcome", outcome), 1)
      update(duration, Duration.toSeconds(took))
    },
    refusals: (count) => update(refused, count),
    waited: () => update(waits, 1),
    ofToken: (scopes) => {
      const expiry = Metric.tagged(named(secondsToExpiry), "scopes", ScopeSet.toParameter(scopes))
      return {
        served: (cache, millisToExpiry) => {
          update(servedBy[cache], 1)
          update(expiry, millisToExpiry / 1000)
        },
        renewed: (reason) => update(Metric.tagged(named(renewals), "reason", reason), 1)
      }
    }
  }
}
