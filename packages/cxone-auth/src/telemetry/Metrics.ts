/**
 * What is counted and measured, under `cxone_auth_`.
 */
import * as Duration from "effect/Duration"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import type * as MetricKeyType from "effect/MetricKeyType"

/**
 * How a caller got a token. `hit`: from the cache. `stale`: from the cache, while it is renewed. `joined`: from an exchange
 * that was under way. `miss`: from an exchange that had to be started.
 */
export type CacheState = "hit" | "stale" | "joined" | "miss"

/** Why an exchange was started: no token yet, its end is near, it has ended, or it was dropped. */
export type RenewalReason = "first" | "ahead" | "expired" | "invalidated"

/** The metrics of one layer. They go to Effect's own registry, which any exporter reads. */
export interface Metrics {
  /** `cxone_auth_exchanges` by `outcome` (`token`, or the error's tag), and `cxone_auth_exchange_seconds`. */
  readonly exchanged: (outcome: string, took: Duration.Duration) => void
  /**
   * Counts in `cxone_auth_exchanges` what fails before an exchange or beside it: the credentials can't be read, or a
   * discovery document. `outcome` is the error's tag.
   */
  readonly notReached: (outcome: string) => void
  /** `cxone_auth_refusals`: how many credentials were refused, with no token since. */
  readonly refusals: (count: number) => void
  /**
   * `cxone_auth_rate_limit_waits` with `at` = `token_endpoint`: how often a token request had to wait after an earlier
   * 429.
   */
  readonly waited: () => void
  /** The metrics of the token with these scopes. */
  readonly ofToken: (scopes: string) => TokenMetrics
  /** The metrics of a shared store. Its counters begin at 0 with the first look at it. */
  readonly ofStore: () => StoreMetrics
}

/** How a layer uses a store that it shares with other processes. */
export interface StoreMetrics {
  /**
   * `cxone_auth_store_looks` by `outcome`. `hit`: a token of use was there. `miss`: there was none. `failure`: the store did not
   * answer, or is not asked for a while.
   */
  readonly looked: (outcome: "hit" | "miss" | "failure") => void
  /**
   * `cxone_auth_store_leases` by `outcome`. `acquired`: this process requests the token for all. `waited`: another one does. `lost`:
   * the lease ended while this process requested the token.
   */
  readonly leased: (outcome: "acquired" | "waited" | "lost") => void
}

/** The metrics of one token's life. */
export interface TokenMetrics {
  /** `cxone_auth_tokens_served` by `cache`. */
  readonly served: (cache: CacheState) => void
  /**
   * `cxone_auth_renewals` by `reason`: the tokens that were obtained. `cxone_auth_token_expiry_timestamp_seconds` by
   * `scopes`: when the last of them ends (milliseconds since the epoch here), for the first 100 sets of scopes of a layer.
   */
  readonly renewed: (reason: RenewalReason, expiresAt: number) => void
}

const counter = (name: string, description: string) => MetricKey.counter(name, { description, incremental: true })
const gauge = (name: string, description: string) => MetricKey.gauge(name, { description })

const exchanges = counter("cxone_auth_exchanges", "exchanges of credentials for a token, by outcome")
// The tag that Effect's OpenTelemetry exporter takes the unit from.
const inSeconds = <Type extends MetricKeyType.MetricKeyType.Untyped>(key: MetricKey.MetricKey<Type>) =>
  MetricKey.tagged(key, "unit", "s")

const exchangeSeconds = inSeconds(
  MetricKey.histogram(
    "cxone_auth_exchange_seconds",
    MetricBoundaries.fromIterable([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]),
    "how long an exchange took, its retries included"
  )
)
const tokensServed = counter("cxone_auth_tokens_served", "tokens handed out, by how callers got them")
const renewals = counter("cxone_auth_renewals", "tokens obtained, by reason")
const refusals = gauge("cxone_auth_refusals", "credentials that were refused, with no token obtained since")
const expiryTimestamp = inSeconds(
  gauge("cxone_auth_token_expiry_timestamp_seconds", "when the token ends, in seconds since the epoch")
)
const rateLimitWaits = counter(
  "cxone_auth_rate_limit_waits",
  "how often a request had to wait after an earlier 429, or 503 with Retry-After"
)

const storeLooks = counter("cxone_auth_store_looks", "looks at the store of shared tokens, by outcome")
const storeLeases = counter("cxone_auth_store_leases", "leases of the store of shared tokens, by outcome")
const storeAvailable = gauge("cxone_auth_store_available", "whether the store of shared tokens answers: 1 or 0")

/**
 * Updates a metric without an effect, because every call updates one. A metric made from a key with all its labels is
 * looked up once; one that is tagged afterwards is looked up each time.
 */
const updating = <Out>(key: MetricKey.MetricKey<MetricKeyType.MetricKeyType<number, Out>>) => {
  const metric = Metric.fromMetricKey(key)
  return (input: number): void => metric.unsafeUpdate(input, [])
}

const apiWaits = updating(MetricKey.tagged(rateLimitWaits, "at", "api"))

/** `cxone_auth_store_available`: whether the store of shared tokens answers, 1 or 0. */
export const storeIsAvailable = updating(storeAvailable)

// Each set of scopes is a time series, and if sets come from users' input, their number has no limit.
const maxGauges = 100

/**
 * `cxone_auth_rate_limit_waits` with `at` = `api`: how often a call had to wait after the API answered 429, or 503 with
 * `Retry-After`.
 */
export const apiCallWaited = (): void => apiWaits(1)

/**
 * Makes the metrics of a layer. The label `client` is the name that the app gives the layer, if any. It is never set
 * from a client id. The counters of `outcomes` begin at 0 now, because Prometheus' `increase` doesn't see the first count of
 * a series that begins with it.
 */
export const make = (client: string | undefined, outcomes: ReadonlyArray<string> = []): Metrics => {
  const named = <Type extends MetricKeyType.MetricKeyType.Untyped>(key: MetricKey.MetricKey<Type>) =>
    client === undefined ? key : MetricKey.tagged(key, "client", client)
  const labelled = (key: MetricKey.MetricKey.Counter<number>, label: string, value: string) =>
    updating(MetricKey.tagged(named(key), label, value))

  const duration = updating(named(exchangeSeconds))
  const waits = labelled(rateLimitWaits, "at", "token_endpoint")
  const served = (cache: CacheState) => labelled(tokensServed, "cache", cache)
  const servedBy = { hit: served("hit"), stale: served("stale"), joined: served("joined"), miss: served("miss") }
  const countOutcome = (outcome: string) => labelled(exchanges, "outcome", outcome)(1)
  outcomes.forEach((outcome) => void labelled(exchanges, "outcome", outcome)(0))
  const countServed = (cache: CacheState) => servedBy[cache](1)
  const countRenewed = (reason: RenewalReason) => labelled(renewals, "reason", reason)(1)
  // One object for all tokens without a gauge, because there may be 100,000.
  const withoutGauge: TokenMetrics = { served: countServed, renewed: countRenewed }
  let gauges = 0

  return {
    exchanged: (outcome, took) => {
      countOutcome(outcome)
      duration(Duration.toSeconds(took))
    },
    notReached: countOutcome,
    refusals: updating(named(refusals)),
    waited: () => waits(1),
    ofToken: (scopes) => {
      gauges += 1
      if (gauges > maxGauges) {
        return withoutGauge
      }
      const showExpiry = updating(MetricKey.tagged(named(expiryTimestamp), "scopes", scopes))
      const renewed: TokenMetrics["renewed"] = (reason, expiresAt) => {
        countRenewed(reason)
        showExpiry(expiresAt / 1000)
      }
      return { served: countServed, renewed }
    },
    ofStore: () => {
      const looked = (outcome: string, count = 1) => labelled(storeLooks, "outcome", outcome)(count)
      const leased = (outcome: string, count = 1) => labelled(storeLeases, "outcome", outcome)(count)
      for (const outcome of ["hit", "miss", "failure"]) {
        looked(outcome, 0)
      }
      for (const outcome of ["acquired", "waited", "lost"]) {
        leased(outcome, 0)
      }
      return { looked: (outcome) => looked(outcome), leased: (outcome) => leased(outcome) }
    }
  }
}
