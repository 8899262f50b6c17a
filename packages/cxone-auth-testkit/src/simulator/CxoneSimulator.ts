import * as HttpClient from "@effect/platform/HttpClient"
import {
  type AccessToken,
  type ClientAuth,
  type ClientSecret,
  Credentials,
  CxoneAuth,
  type CxoneAuthOptions,
  CxoneEnvironment,
  type DiscoveredEnvironment,
  type FixedEnvironment
} from "cxone-auth"
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as DurationOption from "../clock/DurationOption.js"
import { type Endpoint, Fault, type FaultOn } from "../faults/Fault.js"
import type { RequestSelector } from "../faults/FaultQueue.js"
import type { SimulatedTenant } from "../options/SimulatedTenant.js"
import { defaultClient, type SimulatedClient, type SimulatorOptions } from "../options/SimulatorOptions.js"
import type { RecordedRequest, RequestOutcome } from "../recorder/Recorder.js"
import { tokenPath } from "../routes/Routes.js"
import * as Hosts from "../tenants/Hosts.js"
import * as MemoryTransport from "../transports/MemoryTransport.js"
import * as SocketTransport from "../transports/SocketTransport.js"
import * as Forms from "./Forms.js"
import * as PendingFaults from "./PendingFaults.js"
import * as Simulation from "./Simulation.js"
import * as TenantAccount from "./TenantAccount.js"
import { accountOf, envOf, type SimulatedAccount, type WayIn } from "./WayIn.js"

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
  /** Every request so far, in the order of arrival. A request is listed even before it is answered. */
  readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
  /**
   * Every request so far to one endpoint. For example, `requestsTo("token")` lists the token requests, and
   * `requestsTo("foreign")` those in memory to other hosts.
   */
  readonly requestsTo: (endpoint: RecordedRequest["endpoint"]) => Effect.Effect<ReadonlyArray<RecordedRequest>>
  /** How the requests to one endpoint ended, in the order of arrival: a status, or the outcome of one without an answer. */
  readonly answersOf: (endpoint: Endpoint) => Effect.Effect<ReadonlyArray<number | RequestOutcome>>
  /** The forms of the token requests, in the order of arrival. Secrets are replaced by `<redacted>`. */
  readonly forms: Effect.Effect<ReadonlyArray<Record<string, string>>>
  /**
   * Waits until at least `count` requests have arrived at an endpoint, answered or not. If nothing arrives for 4 s, by the
   * real clock, that is a defect that tells what has arrived.
   */
  readonly awaitRequests: (endpoint: RecordedRequest["endpoint"], count: number) => Effect.Effect<void>
  /** Removes the recorded requests. Tokens, clients and faults stay. */
  readonly clearRequests: Effect.Effect<void>
  /**
   * Injects a fault into the next request that fits, or into the next `times` requests. With `times: Infinity`, the fault
   * stays until `clearFaults`. A request takes the first fault that fits it, in the order of injection. If `times` is neither
   * a whole number from 1 up nor `Infinity`, or if no request can fit, that is a defect.
   */
  readonly inject: <On extends Endpoint>(fault: FaultOn[On], options: InjectOptions<On>) => Effect.Effect<InjectedFault>
  /** Answers every request to an endpoint with this status, 503 by default, until the fault is removed. */
  readonly fail: (endpoint: Endpoint, status?: number) => Effect.Effect<InjectedFault>
  /** Removes every fault that is still injected, also one with `times: Infinity` that requests have taken. */
  readonly clearFaults: Effect.Effect<void>
  /**
   * A defect if a fault was injected that no request has taken, or too few, because then the test did not test it. It tells
   * which, and what arrived instead. `layerTest` does this at the end.
   */
  readonly expectNoPendingFaults: Effect.Effect<void>
  /** Until the scope is closed, every host refuses connections. Those that are open end. */
  readonly refuseConnections: Effect.Effect<void, never, Scope.Scope>
  /**
   * Revokes an access token or a refresh token. An unknown token is ignored. A client of `cxone-auth` renews it at the next
   * call, unless it is younger
   * than 2 s: let the clock go on first (`TestClock.adjust("2 seconds")`), or set `tokenArrival: 0` in the client's policy.
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
   * `tokenLifetime` is not finite or not above zero.
   */
  readonly registerClient: (client: SimulatedClient) => Effect.Effect<void>
  /**
   * Deactivates an access key. It gets no more tokens (`invalid_grant`), not with its refresh tokens either, but the
   * access tokens that it has stay valid. It is a defect if no tenant has the key.
   */
  readonly deactivateAccessKey: (accessKeyId: string) => Effect.Effect<void>
  /**
   * Adds a tenant, or replaces the tenant with the same id, for example to rotate an access key. Its keys are active.
   * It is a defect if no tenant of the options is in the same area, or if another tenant has one of the keys.
   */
  readonly registerTenant: (tenant: SimulatedTenant) => Effect.Effect<void>
  /** Restores the clients and the tenants of the options, and removes every token, fault and recorded request. */
  readonly reset: Effect.Effect<void>
}

/**
 * What `CxoneSimulator.layerAuth` may be told. `scopes`, `policy` and `name` are options of `CxoneAuth.layer`.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedAuthOptions extends WayIn, Pick<CxoneAuthOptions, "scopes" | "policy" | "name"> {
  /** How the client authenticates. Default: in the form; with an access key, by HTTP Basic. */
  readonly clientAuth?: ClientAuth | undefined
}

/**
 * A simulated CXone to test an app against. It issues tokens to its clients and access keys as RFC 6749 and CXone do,
 * and serves the discovery documents. It checks tokens as RFC 6750 says, at `GET /api/v2/users/me` and
 * `GET /incontactAPI/services/v33.0/server-time`. The first needs the scope `read:users`, which a token of
 * `offline_access`, the default, does not have. It records every request, and fails when a test injects a fault.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * ```ts
 * import { CxoneAuth } from "cxone-auth"
 * import { CxoneSimulator, Fault } from "cxone-auth-testkit"
 * import { Effect, Layer } from "effect"
 *
 * const test = Effect.gen(function* () {
 *   const simulator = yield* CxoneSimulator
 *   yield* simulator.inject(Fault.connectionReset, { on: "token" })
 *
 *   const auth = yield* CxoneAuth
 *   yield* auth.accessToken
 *
 *   return (yield* simulator.requestsTo("token")).length
 * })
 *
 * export const runnable = test.pipe(
 *   Effect.provide(Layer.provideMerge(CxoneSimulator.layerAuth(), CxoneSimulator.layerMemory()))
 * )
 * ```
 */
export class CxoneSimulator extends Context.Tag("cxone-auth-testkit/CxoneSimulator")<
  CxoneSimulator,
  CxoneSimulatorService
>() {
  /**
   * The simulator on free ports of 127.0.0.1, with one port for each host. The app under test uses its own
   * `HttpClient`. Time is read from the `Clock` that the layer is built with. Closing the layer ends every connection,
   * and waits until they are closed.
   *
   * @since 0.1.0
   * @category layers
   */
  static layerServer(options: SimulatorOptions = {}): Layer.Layer<CxoneSimulator> {
    return Layer.scoped(
      CxoneSimulator,
      Effect.gen(function* () {
        const { hosts, sites } = yield* Hosts.make(options, () => SocketTransport.listen)
        const simulation = yield* Simulation.make(options, hosts)
        yield* Effect.forEach(sites, ({ host, listener }) =>
          SocketTransport.serve(listener.server, simulation.handle(host))
        )
        const refuse = Effect.forEach(sites, ({ listener }) => SocketTransport.refuse(listener.server), {
          discard: true
        })
        return make(options, hosts.identity, simulation, refuse)
      })
    )
  }

  /**
   * The simulator in memory, and an `HttpClient` that reaches only the simulator. Each call makes another simulator, so keep
   * the layer in a constant. No socket is opened, and `TestClock` drives everything. The client sends and reads only what each
   * of fetch, undici and `node:http` does, and otherwise fails as they do. The identity host is
   * `https://cxone-simulator.test`. Each area has the hosts `https://{area}.cxone-simulator.test` and
   * `https://api-{area}.cxone-simulator.test`. Closing the layer ends every request, and later ones are refused.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { CxoneHttpClient } from "cxone-auth"
   * import { CxoneSimulator, Fault } from "cxone-auth-testkit"
   * import { Effect, Fiber, Layer, TestClock, TestContext } from "effect"
   *
   * const test = Effect.gen(function* () {
   *   const cxone = yield* CxoneHttpClient
   *   const simulator = yield* CxoneSimulator
   *   yield* simulator.inject(Fault.respond({ status: 429, headers: { "Retry-After": "30" } }), { on: "api" })
   *
   *   const call = yield* Effect.fork(cxone.get("/api/v2/users/me"))
   *   yield* simulator.awaitRequests("api", 1)
   *   yield* TestClock.adjust("36 seconds") // 30 s, and a fifth more for jitter
   *   return (yield* Fiber.join(call)).status // 200
   * })
   *
   * const TestLayer = CxoneHttpClient.layer({ onRateLimited: { wait: "1 minute" } }).pipe(
   *   Layer.provideMerge(CxoneSimulator.layerAuth({ scopes: "read:users" })),
   *   Layer.provideMerge(CxoneSimulator.layerMemory())
   * )
   *
   * export const runnable = test.pipe(Effect.provide(TestLayer), Effect.provide(TestContext.TestContext))
   * ```
   */
  static layerMemory(options: SimulatorOptions = {}): Layer.Layer<CxoneSimulator | HttpClient.HttpClient> {
    return Layer.scopedContext(
      Effect.gen(function* () {
        const { hosts, sites } = yield* Hosts.make(options, MemoryTransport.open)
        const simulation = yield* Simulation.make(options, hosts)
        const { http, refuse } = yield* MemoryTransport.make({
          hosts: new Map(sites.map(({ host }) => [host.origin, simulation.handle(host)])),
          onForeign: simulation.recordForeign
        })
        return Context.make(CxoneSimulator, make(options, hosts.identity, simulation, refuse)).pipe(
          Context.add(HttpClient.HttpClient, http)
        )
      })
    )
  }

  /**
   * `layerMemory` for the layer of one test: if a fault was injected that no request has taken, the end of the layer is a
   * defect that tells which.
   *
   * @since 0.1.0
   * @category layers
   */
  static layerTest(options: SimulatorOptions = {}): Layer.Layer<CxoneSimulator | HttpClient.HttpClient> {
    return Layer.provideMerge(CxoneSimulator.layerExpectNoPendingFaults, CxoneSimulator.layerMemory(options))
  }

  /**
   * The check of `layerTest`, for another layer of the simulator: `expectNoPendingFaults` at the end of a test that has not
   * failed by itself.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { CxoneSimulator } from "cxone-auth-testkit"
   * import { Layer } from "effect"
   *
   * export const OnSockets = Layer.provideMerge(CxoneSimulator.layerExpectNoPendingFaults, CxoneSimulator.layerServer())
   * ```
   */
  static readonly layerExpectNoPendingFaults: Layer.Layer<never, never, CxoneSimulator> = Layer.scopedDiscard(
    Effect.flatMap(CxoneSimulator, ({ expectNoPendingFaults }) =>
      Effect.addFinalizer((exit) => (Exit.isSuccess(exit) ? expectNoPendingFaults : Effect.void))
    )
  )

  /**
   * `CxoneAuth` for the simulator, with the credentials of its first client, or of its first tenant.
   *
   * @since 0.1.0
   * @category layers
   * @example
   * ```ts
   * import { FetchHttpClient } from "@effect/platform"
   * import { ClientAuth } from "cxone-auth"
   * import { CxoneSimulator } from "cxone-auth-testkit"
   * import { Layer } from "effect"
   *
   * const SimulatorLayer = Layer.merge(CxoneSimulator.layerServer(), FetchHttpClient.layer)
   *
   * export const TestLayer = CxoneSimulator.layerAuth({ scopes: "read:users", clientAuth: ClientAuth.basic }).pipe(
   *   Layer.provideMerge(SimulatorLayer)
   * )
   *
   * export const WithAccessKey = Layer.provideMerge(CxoneSimulator.layerAuth({ way: "accessKey" }), SimulatorLayer)
   * ```
   */
  static layerAuth(
    options: SimulatedAuthOptions = {}
  ): Layer.Layer<CxoneAuth, never, CxoneSimulator | HttpClient.HttpClient> {
    const { client, clientAuth, tenant, way, ...authOptions } = options
    return Layer.unwrapEffect(
      Effect.map(CxoneSimulator, (simulator) => {
        const { credentials, environment } = simulator.account({ client, tenant, way })
        const withAuth =
          clientAuth === undefined || credentials._tag === "AccessKeyOnly"
            ? credentials
            : credentials._tag === "AccessKey"
              ? Credentials.accessKey({ ...credentials, clientAuth })
              : Credentials.clientSecret({ ...credentials, clientAuth })
        return CxoneAuth.layer({ ...authOptions, environment, credentials: withAuth })
      })
    )
  }
}

const make = (
  options: SimulatorOptions,
  origin: string,
  simulation: Simulation.Simulation,
  refuseConnections: Effect.Effect<void, never, Scope.Scope>
): CxoneSimulatorService => {
  const { faults, quotas, recorder, registry, tenants } = simulation
  const clients: Arr.NonEmptyReadonlyArray<SimulatedClient> = options.clients ?? [defaultClient]
  const [client] = clients
  const accounts = Arr.map(tenants.initial, (tenant) => TenantAccount.make(tenant, client))
  const clearFaults = Effect.sync(() => faults.clear())
  const clearRequests = Effect.sync(() => recorder.clear())
  const inject: CxoneSimulatorService["inject"] = (fault, { latency = 0, on, times = 1, ...selector }) =>
    Effect.sync(() => {
      const queued = faults.add({
        fault,
        on,
        times,
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
    environment: CxoneEnvironment.custom({ tokenEndpoint: new URL(tokenPath, origin), apiBaseUrl: origin }),
    credentials: Credentials.clientSecret({ clientId: client.clientId, clientSecret: client.clientSecret }),
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
      const pending = faults.pending()
      return pending.length === 0 ? Effect.void : Effect.die(PendingFaults.make(pending, recorder.all()))
    }),
    refuseConnections,
    revoke: (token) => registry.revoke(Redacted.value(Redacted.isRedacted(token) ? token : token.value)),
    revokeAll: registry.revokeAll,
    forgetClient: registry.forgetKnown,
    registerClient: registry.register,
    deactivateAccessKey: tenants.deactivate,
    registerTenant: tenants.register,
    reset: Effect.all([registry.reset, tenants.reset, clearFaults, clearRequests, Effect.sync(() => quotas.reset())], {
      discard: true
    })
  }
}
