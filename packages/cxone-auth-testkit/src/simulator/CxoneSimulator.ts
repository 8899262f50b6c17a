/**
 * A CXone to test against: the service, and the layers that it comes in.
 *
 * @since 0.1.0
 */
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
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { Endpoint, FaultOn } from "../faults/Fault.js"
import type { SimulatedTenant } from "../options/SimulatedTenant.js"
import { defaultClient, type SimulatedClient, type SimulatorOptions } from "../options/SimulatorOptions.js"
import type { RecordedRequest } from "../recorder/Recorder.js"
import { tokenPath } from "../routes/Routes.js"
import * as Hosts from "../tenants/Hosts.js"
import * as MemoryTransport from "../transports/MemoryTransport.js"
import * as SocketTransport from "../transports/SocketTransport.js"
import * as Simulation from "./Simulation.js"
import * as TenantAccount from "./TenantAccount.js"

/**
 * What a test can ask of the simulator, and do to it, while the app under test talks to it.
 *
 * @since 0.1.0
 * @category models
 */
export interface CxoneSimulatorService {
  /** Where its identity provider is reached, and all of its API: the issuer. */
  readonly origin: URL
  /** The tenants that it began with, their credentials, and the hosts of their areas. */
  readonly tenants: Arr.NonEmptyReadonlyArray<TenantAccount.TenantAccount>
  /** The environment for access keys with a client: `CxoneEnvironment.discover`, with `origin` as the issuer. */
  readonly issuerEnvironment: DiscoveredEnvironment
  /** The environment for `CxoneAuth.layer`: tokens from `{origin}/oauth/token`, the API at `{origin}`. */
  readonly environment: FixedEnvironment
  /** The credentials of the first client, sent in the form. */
  readonly credentials: ClientSecret
  /** Every request so far, in the order of arrival; one that waits for its answer is there already. */
  readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
  /** Those to one endpoint: `requestsTo("token")` are the exchanges. */
  readonly requestsTo: (endpoint: Endpoint) => Effect.Effect<ReadonlyArray<RecordedRequest>>
  /** Done as soon as `count` requests or more have arrived at an endpoint, answered or not. */
  readonly awaitRequests: (endpoint: Endpoint, count: number) => Effect.Effect<void>
  /**
   * Queues a fault for the next request to an endpoint, or the next `times`; with `times: Infinity`, for every one until
   * `clearFaults`. Each request takes one fault, in the order in which they were injected. Any other `times` than a
   * whole number from 1 up, or `Infinity`, is a mistake in the test: a defect.
   */
  readonly inject: <On extends Endpoint>(
    fault: FaultOn[On],
    options: { readonly on: On; readonly times?: number }
  ) => Effect.Effect<void>
  /** Drops the faults that no request has taken yet. */
  readonly clearFaults: Effect.Effect<void>
  /** Ends a token now. One that isn't known stays unknown. */
  readonly revoke: (token: AccessToken | Redacted.Redacted<string>) => Effect.Effect<void>
  /** Ends every token that was handed out so far. */
  readonly revokeAll: Effect.Effect<void>
  /** Removes a client: it gets no more tokens (`invalid_client`). Those that it has go on working. */
  readonly forgetClient: (clientId: string) => Effect.Effect<void>
  /** Adds a client, or replaces the one with that id: with another secret, for example. */
  readonly registerClient: (client: SimulatedClient) => Effect.Effect<void>
  /** What the deactivation of its employee does to an access key: no more tokens. Those that it has go on working. */
  readonly deactivateAccessKey: (accessKeyId: string) => Effect.Effect<void>
  /**
   * Adds a tenant, or replaces the one with that id: with another access key, for example. Its keys are active. A defect
   * if no tenant of the options lives in its area, or if one of its keys is another tenant's.
   */
  readonly registerTenant: (tenant: SimulatedTenant) => Effect.Effect<void>
  /** Everything as it was at first: the clients, the tenants, no token, no fault, no request. */
  readonly reset: Effect.Effect<void>
}

/**
 * A CXone to test against. It gives tokens to the clients and access keys that it knows as RFC 6749 and CXone say, tells
 * in discovery documents where everything is, accepts its tokens at `GET /api/v2/users/me` and
 * `GET /incontactAPI/services/v33.0/server-time` as RFC 6750 says, records what it was asked, and fails where it is told
 * to.
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
 *   Effect.provide(Layer.provideMerge(CxoneSimulator.layerAuth(), CxoneSimulator.layerHttpClient()))
 * )
 * ```
 */
export class CxoneSimulator extends Context.Tag("cxone-auth-testkit/CxoneSimulator")<
  CxoneSimulator,
  CxoneSimulatorService
>() {
  /**
   * The simulator on free ports of 127.0.0.1, one for each of its hosts. The app brings the `HttpClient` that it has in
   * production. Time is that of the `Clock` that the layer is built with. Closing the layer ends every connection before
   * it returns.
   *
   * @since 0.1.0
   * @category layers
   */
  static layerServer(options: SimulatorOptions = {}): Layer.Layer<CxoneSimulator> {
    return Layer.scoped(
      CxoneSimulator,
      Effect.gen(function* () {
        const { hosts, listeners } = yield* Hosts.make(options, () => SocketTransport.listen)
        const simulation = yield* Simulation.make(options, hosts)
        yield* Effect.forEach(listeners, ({ server }) => SocketTransport.serve(server, simulation.handle))
        return make(options, hosts.identity, simulation)
      })
    )
  }

  /**
   * The simulator in memory, at `https://cxone-simulator.test`, and for each area `https://{area}.cxone-simulator.test`
   * and `https://api-{area}.cxone-simulator.test`; and an `HttpClient` that reaches these and nothing else. No socket is
   * opened, and `TestClock` drives all of it.
   *
   * @since 0.1.0
   * @category layers
   */
  static layerHttpClient(options: SimulatorOptions = {}): Layer.Layer<CxoneSimulator | HttpClient.HttpClient> {
    return Layer.effectContext(
      Effect.gen(function* () {
        const { hosts, listeners } = yield* Hosts.make(options, MemoryTransport.open)
        const simulation = yield* Simulation.make(options, hosts)
        const origins = listeners.map(({ origin }) => origin)
        return Context.make(CxoneSimulator, make(options, hosts.identity, simulation)).pipe(
          Context.add(HttpClient.HttpClient, MemoryTransport.make(origins, simulation.handle))
        )
      })
    )
  }

  /**
   * `CxoneAuth` for the simulator. `scopes`, `policy` and `name` are those of `CxoneAuth.layer`. `way` is how the app
   * comes in: as its first `client`, the default, whose `clientAuth` is the form unless it is given; or for its first
   * tenant with an `accessKey` and that client, or with an `accessKeyOnly`.
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
  static layerAuth({
    clientAuth,
    way = "client",
    ...options
  }: Pick<CxoneAuthOptions, "scopes" | "policy" | "name"> & {
    readonly way?: "client" | "accessKey" | "accessKeyOnly"
    readonly clientAuth?: ClientAuth
  } = {}): Layer.Layer<CxoneAuth, never, CxoneSimulator | HttpClient.HttpClient> {
    const auth = clientAuth === undefined ? {} : { clientAuth }
    return Layer.unwrapEffect(
      Effect.map(CxoneSimulator, ({ credentials, environment, issuerEnvironment, tenants: [tenant] }) => {
        switch (way) {
          case "client":
            return CxoneAuth.layer({
              ...options,
              environment,
              credentials: Credentials.clientSecret({ ...credentials, ...auth })
            })
          case "accessKey":
            return CxoneAuth.layer({
              ...options,
              environment: issuerEnvironment,
              credentials: Credentials.accessKey({ ...tenant.credentials, ...auth })
            })
          case "accessKeyOnly":
            return CxoneAuth.layer({
              ...options,
              environment: tenant.areaEnvironment,
              credentials: tenant.accessKeyOnly
            })
        }
      })
    )
  }
}

const make = (options: SimulatorOptions, origin: URL, simulation: Simulation.Simulation): CxoneSimulatorService => {
  const { faults, recorder, registry, tenants } = simulation
  const [client] = options.clients ?? [defaultClient]
  const clearFaults = Effect.sync(() => faults.clear())
  return {
    origin,
    tenants: Arr.map(tenants.initial, (tenant) => TenantAccount.make(tenant, client)),
    issuerEnvironment: CxoneEnvironment.discover({ issuer: origin }),
    environment: CxoneEnvironment.custom({ tokenEndpoint: new URL(tokenPath, origin), apiBaseUrl: origin }),
    credentials: Credentials.clientSecret({ clientId: client.clientId, clientSecret: client.clientSecret }),
    requests: Effect.sync(() => recorder.all()),
    requestsTo: (endpoint) => Effect.sync(() => recorder.to(endpoint)),
    awaitRequests: (endpoint, count) => recorder.awaitArrivals(endpoint, count),
    inject: (fault, { on, times = 1 }) => Effect.sync(() => faults.add(fault, on, times)),
    clearFaults,
    revoke: (token) => registry.revoke(Redacted.value(Redacted.isRedacted(token) ? token : token.value)),
    revokeAll: registry.revokeAll,
    forgetClient: registry.forget,
    registerClient: registry.register,
    deactivateAccessKey: tenants.deactivate,
    registerTenant: tenants.register,
    reset: Effect.all([registry.reset, tenants.reset, clearFaults, Effect.sync(() => recorder.clear())], {
      discard: true
    })
  }
}
