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
 * Which requests take a fault.
 *
 * @since 0.1.0
 * @category models
 */
export interface InjectOptions<On extends Endpoint> {
  /** The endpoint: `"token"`, `"discovery"` or `"api"`. */
  readonly on: On
  /** How many requests take the fault, one after the other. Default: 1. `Infinity`: all, until `clearFaults`. */
  readonly times?: number | undefined
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
  /** Every request so far, in the order of arrival. A request is listed even before it is answered. */
  readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
  /** Every request so far to one endpoint. For example, `requestsTo("token")` lists the token requests. */
  readonly requestsTo: (endpoint: Endpoint) => Effect.Effect<ReadonlyArray<RecordedRequest>>
  /** Waits until at least `count` requests have arrived at an endpoint, answered or not. */
  readonly awaitRequests: (endpoint: Endpoint, count: number) => Effect.Effect<void>
  /**
   * Injects a fault into the next request to an endpoint, or into the next `times` requests. With `times: Infinity`,
   * the fault stays until `clearFaults`. Each request takes one fault, and faults are taken in the order of injection.
   * If `times` is neither a whole number from 1 up nor `Infinity`, that is a defect.
   */
  readonly inject: <On extends Endpoint>(fault: FaultOn[On], options: InjectOptions<On>) => Effect.Effect<void>
  /** Removes the faults that no request has taken yet. */
  readonly clearFaults: Effect.Effect<void>
  /**
   * Revokes an access token or a refresh token. An unknown token is ignored. A client of `cxone-auth` renews it at the next call, unless it is younger
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
export interface SimulatedAuthOptions extends Pick<CxoneAuthOptions, "scopes" | "policy" | "name"> {
  /**
   * The credentials: `clientSecret`, the first client (the default); `accessKey`, an access key of the first tenant
   * together with that client; or `accessKeyOnly`, the access key without a client.
   */
  readonly way?: "clientSecret" | "accessKey" | "accessKeyOnly" | undefined
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
        const { hosts, listeners } = yield* Hosts.make(options, () => SocketTransport.listen)
        const simulation = yield* Simulation.make(options, hosts)
        yield* Effect.forEach(listeners, ({ server }) => SocketTransport.serve(server, simulation.handle))
        return make(options, hosts.identity, simulation)
      })
    )
  }

  /**
   * The simulator in memory, and an `HttpClient` that reaches only the simulator. Each call makes another simulator, so keep
   * the layer in a constant. No socket is opened, and `TestClock`
   * drives everything. The identity host is `https://cxone-simulator.test`. Each area has the hosts
   * `https://{area}.cxone-simulator.test` and `https://api-{area}.cxone-simulator.test`.
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
    const { clientAuth, way = "clientSecret", ...authOptions } = options
    const auth = clientAuth === undefined ? {} : { clientAuth }
    return Layer.unwrapEffect(
      Effect.map(CxoneSimulator, ({ credentials, environment, issuerEnvironment, tenants: [tenant] }) => {
        switch (way) {
          case "clientSecret":
            return CxoneAuth.layer({
              ...authOptions,
              environment,
              credentials: Credentials.clientSecret({ ...credentials, ...auth })
            })
          case "accessKey":
            return CxoneAuth.layer({
              ...authOptions,
              environment: issuerEnvironment,
              credentials: Credentials.accessKey({ ...tenant.credentials, ...auth })
            })
          case "accessKeyOnly":
            return CxoneAuth.layer({
              ...authOptions,
              environment: tenant.areaEnvironment,
              credentials: tenant.accessKeyOnly
            })
        }
      })
    )
  }
}

const make = (options: SimulatorOptions, origin: string, simulation: Simulation.Simulation): CxoneSimulatorService => {
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
    forgetClient: registry.forgetKnown,
    registerClient: registry.register,
    deactivateAccessKey: tenants.deactivate,
    registerTenant: tenants.register,
    reset: Effect.all([registry.reset, tenants.reset, clearFaults, Effect.sync(() => recorder.clear())], {
      discard: true
    })
  }
}
