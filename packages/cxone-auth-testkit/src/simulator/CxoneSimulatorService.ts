/**
 * What a test can ask of the simulator.
 */
import type { AccessToken, ClientSecret, DiscoveredEnvironment, FixedEnvironment } from "cxone-auth"
import { CxoneEnvironment } from "cxone-auth"
import * as Arr from "effect/Array"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as DurationOption from "../clock/DurationOption.js"
import { type Endpoint, Fault, type FaultOn } from "../faults/Fault.js"
import type { RequestSelector } from "../faults/RequestSelector.js"
import type { SimulatedTenant } from "../options/SimulatedTenant.js"
import { defaultClient, type SimulatedClient, type SimulatorOptions } from "../options/SimulatorOptions.js"
import type { RecordedRequest, RequestOutcome } from "../recorder/Recorder.js"
import { accountOf, envOf, ofClient, type SimulatedAccount, type WayIn } from "./Account.js"
import * as Forms from "./Forms.js"
import * as PendingFaults from "./PendingFaults.js"
import type { Simulation } from "./Simulation.js"
import * as TenantAccount from "./TenantAccount.js"

/**
 * Which requests take a fault, and how many.
 *
 * @since 0.1.0
 * @category models
 */
export interface InjectOptions<On extends Endpoint> extends RequestSelector {
  /** The endpoint: `"token"`, `"discovery"` or `"api"`. */
  readonly on: On
  /** How many requests take the fault, one after the other. Default: 1. `Infinity`: all, until `clearFaults`. */
  readonly times?: number | undefined
  /**
   * How many requests that fit pass before the fault: with 1, the second takes it. One counts also if it takes another fault.
   * Default: 0.
   */
  readonly after?: number | undefined
  /** How long a request waits before the fault, by the `Clock`. Default: not at all. */
  readonly latency?: Duration.DurationInput | undefined
}

/**
 * A fault that was injected.
 *
 * @since 0.1.0
 * @category models
 */
export interface InjectedFault {
  /** How many requests may still take it. With `times: Infinity`: 1 until a request has taken it, then 0. */
  readonly pending: Effect.Effect<number>
  /** Takes it back. */
  readonly remove: Effect.Effect<void>
}

/**
 * The simulator as a test sees it: what was requested, and what goes wrong.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneSimulatorService {
  /** The origin of the identity host, which is the issuer, such as `http://127.0.0.1:49152`. The API answers there too. */
  readonly origin: string
  /** The tenants of the options, with their credentials and the hosts of their areas. */
  readonly tenants: Arr.NonEmptyReadonlyArray<TenantAccount.TenantAccount>
  /** The environment for an access key with a client: `CxoneEnvironment.discover`, with `origin` as the issuer. */
  readonly issuerEnvironment: DiscoveredEnvironment
  /** The environment for a client alone: the token endpoint `{origin}/oauth/token`, and the API at `origin`. */
  readonly environment: FixedEnvironment
  /** The id and the secret of the first client. They are sent in the form. */
  readonly credentials: ClientSecret
  /**
   * The credentials of a client or a tenant, with their environment, for `CxoneAuth.layer`. Throws a `RangeError` if the
   * options have no such client or tenant.
   */
  readonly account: (wayIn?: WayIn) => SimulatedAccount
  /**
   * The same as `CXONE_*` settings, for a `ConfigProvider` or for the environment of a process. They hold secrets.
   */
  readonly env: (wayIn?: WayIn) => Record<string, string>
  /**
   * Every request so far, in the order in which their bodies were complete. A request is listed even before it is answered.
   */
  readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
  /**
   * Every request so far to one endpoint. For example, `requestsTo("token")` lists the token requests, and
   * `requestsTo("foreign")` those in memory to other hosts.
   */
  readonly requestsTo: (endpoint: RecordedRequest["endpoint"]) => Effect.Effect<ReadonlyArray<RecordedRequest>>
  /** How the requests to one endpoint ended, in the order of arrival: a status, or the outcome of one without an answer. */
  readonly answersOf: (endpoint: Endpoint) => Effect.Effect<ReadonlyArray<number | RequestOutcome>>
  /**
   * The fields of the token requests, in the order of arrival. Shown are the grant, the scope and the ids. Every other
   * field is `<redacted>`, because it may hold a secret.
   */
  readonly forms: Effect.Effect<ReadonlyArray<Record<string, string>>>
  /**
   * Waits until at least `count` requests have arrived at an endpoint with their bodies, answered or not. If nothing
   * arrives for 3 s, by the real clock, that is a defect that tells what has arrived.
   */
  readonly awaitRequests: (endpoint: RecordedRequest["endpoint"], count: number) => Effect.Effect<void>
  /**
   * Removes the recorded requests. Tokens, clients and faults stay. A simulator that runs for long needs this, because it
   * keeps every request.
   */
  readonly clearRequests: Effect.Effect<void>
  /**
   * Injects a fault into the next request that fits, or into the next `times` requests. With `times: Infinity`, the fault
   * stays until `clearFaults`. A request takes the first fault that fits it, in the order of injection. If `times` is
   * neither a whole number from 1 up nor `Infinity`, if `after` is no whole number from 0 up, or if no request can fit, that
   * is a defect.
   */
  readonly inject: <On extends Endpoint>(fault: FaultOn[On], options: InjectOptions<On>) => Effect.Effect<InjectedFault>
  /**
   * Answers every request to an endpoint with this status, 503 by default, until the fault is removed. A status that can't
   * be one is a defect.
   */
  readonly fail: (endpoint: Endpoint, status?: number) => Effect.Effect<InjectedFault>
  /** Removes every fault that is still injected, also one with `times: Infinity` that requests have taken. */
  readonly clearFaults: Effect.Effect<void>
  /**
   * A defect if a fault was injected that no request has taken, or too few, or that changed nothing, as `truncatedBody` of
   * a 204: then the test did not test it. It tells which, and what arrived. `layerTest` does this at the end.
   */
  readonly expectNoPendingFaults: Effect.Effect<void>
  /**
   * What went wrong in routes of the option `api`, since this was asked the last time: a route that failed with an error or
   * a defect, a response that HTTP can't carry, a body that failed. Each is answered 500, or broken off. `layerTest` tells of
   * those that the test has not taken at its end. A route that answers, or fails with, a response of status 500 has not
   * failed.
   */
  readonly takeRouteFailures: Effect.Effect<ReadonlyArray<Error>>
  /** Until the scope is closed, every host refuses connections. Those that are open end. */
  readonly refuseConnections: Effect.Effect<void, never, Scope.Scope>
  /**
   * Revokes an access token or a refresh token. An unknown token is ignored. A client of `cxone-auth` renews it at the next
   * call, unless it is younger than 2 s: let the clock go on first (`TestClock.adjust("2 seconds")`), or set `tokenArrival:
   * 0` in the client's policy.
   */
  readonly revoke: (token: AccessToken | Redacted.Redacted<string>) => Effect.Effect<void>
  /** Revokes every token that was issued so far, as `revoke` does. */
  readonly revokeAll: Effect.Effect<void>
  /**
   * Removes a client. It gets no more tokens (`invalid_client`), but the access tokens that it has stay valid. It is a
   * defect if there is no such client.
   */
  readonly forgetClient: (clientId: string) => Effect.Effect<void>
  /**
   * Adds a client, or replaces the client with the same id, for example to rotate its secret. It is a defect if its
   * `tokenLifetime` is endless or shorter than a second.
   */
  readonly registerClient: (client: SimulatedClient) => Effect.Effect<void>
  /**
   * Deactivates an access key. It gets no more tokens (`invalid_grant`), not with its refresh tokens either, but the
   * access tokens that it has stay valid. It is a defect if no tenant has the key.
   */
  readonly deactivateAccessKey: (accessKeyId: string) => Effect.Effect<void>
  /**
   * Adds a tenant, or replaces the tenant with the same id, for example to rotate an access key. Its keys are active. It is
   * a defect if no tenant of the options has the same area or the same issuer, or if another tenant has one of the keys.
   */
  readonly registerTenant: (tenant: SimulatedTenant) => Effect.Effect<void>
  /**
   * Restores the clients and the tenants of the options, and removes every token, fault, recorded request and failure of a
   * route. Quotas begin anew.
   */
  readonly reset: Effect.Effect<void>
}

export const make = (
  options: SimulatorOptions,
  origin: string,
  simulation: Simulation,
  refuseConnections: Effect.Effect<void, never, Scope.Scope>
): CxoneSimulatorService => {
  const { faults, quotas, recorder, registry, tenants } = simulation
  const clients: Arr.NonEmptyReadonlyArray<SimulatedClient> = options.clients ?? [defaultClient]
  const [client] = clients
  const accounts = Arr.map(tenants.initial, (tenant) => TenantAccount.make(tenant, client))
  const takeRouteFailures = Effect.sync(() => simulation.takeRouteFailures())
  const clearFaults = Effect.sync(() => faults.clear())
  const clearRequests = Effect.sync(() => recorder.clear())
  const inject: CxoneSimulatorService["inject"] = (fault, { after = 0, latency = 0, on, times = 1, ...selector }) =>
    Effect.sync(() => {
      const queued = faults.add({
        fault,
        on,
        times,
        after,
        selector,
        latency: DurationOption.decode("CxoneSimulator.inject: latency", latency)
      })
      return {
        pending: Effect.sync(() => faults.pendingOf(queued)),
        remove: Effect.sync(() => faults.remove(queued))
      }
    })
  return {
    origin,
    tenants: accounts,
    issuerEnvironment: CxoneEnvironment.discover({ issuer: origin }),
    ...ofClient(origin, client),
    account: (wayIn = {}) => accountOf(origin, clients, accounts, wayIn),
    env: (wayIn = {}) => envOf(origin, clients, accounts, wayIn),
    requests: Effect.sync(() => recorder.all()),
    requestsTo: (endpoint) => Effect.sync(() => recorder.to(endpoint)),
    awaitRequests: (endpoint, count) => recorder.awaitArrivals(endpoint, count),
    answersOf: (endpoint) =>
      Effect.sync(() =>
        recorder
          .to(endpoint)
          .map(({ outcome, status }) => Option.getOrElse(status, (): number | RequestOutcome => outcome))
      ),
    forms: Effect.sync(() => recorder.to("token").map(Forms.shown)),
    clearRequests,
    inject,
    fail: (on, status = 503) => inject(Fault.respond({ status }), { on, times: Number.POSITIVE_INFINITY }),
    clearFaults,
    expectNoPendingFaults: Effect.suspend(() => {
      const error = PendingFaults.of(faults, recorder.all())
      return error === undefined ? Effect.void : Effect.die(error)
    }),
    takeRouteFailures,
    refuseConnections,
    revoke: (token) => registry.revoke(Redacted.value(Redacted.isRedacted(token) ? token : token.value)),
    revokeAll: registry.revokeAll,
    forgetClient: registry.forgetKnown,
    registerClient: registry.register,
    deactivateAccessKey: tenants.deactivate,
    registerTenant: tenants.register,
    reset: Effect.all(
      [registry.reset, tenants.reset, clearFaults, clearRequests, takeRouteFailures, Effect.sync(() => quotas.reset())],
      { discard: true }
    )
  }
}
