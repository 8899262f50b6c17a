import * as HttpClient from "@effect/platform/HttpClient"
import { type ClientAuth, Credentials, CxoneAuth, type CxoneAuthOptions } from "cxone-auth"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import * as Routes from "../routes/Routes.js"
import * as Hosts from "../tenants/Hosts.js"
import * as MemoryTransport from "../transports/MemoryTransport.js"
import * as SocketTransport from "../transports/SocketTransport.js"
import type { WayIn } from "./Account.js"
import { type CxoneSimulatorService, make } from "./CxoneSimulatorService.js"
import * as Simulation from "./Simulation.js"

/**
 * What `CxoneSimulator.layerAuth` may be told. `scopes`, `policy` and `name` are options of `CxoneAuth.layer`.
 *
 * @since 0.1.0
 * @category models
 */
export interface SimulatedAuthOptions extends WayIn, Pick<CxoneAuthOptions, "scopes" | "policy" | "name"> {
  /** How the client authenticates. Default: in the form; with an access key, by HTTP Basic. Without a client it is ignored. */
  readonly clientAuth?: ClientAuth | undefined
}

/**
 * A simulated CXone to test an app against. It issues tokens to its clients and access keys as RFC 6749 and CXone do, and
 * serves the discovery documents. It checks tokens as RFC 6750 says, at `GET /api/v2/users/me` and `GET
 * /incontactAPI/services/v33.0/server-time`. The first needs the scope `read:users`: give it to `layerAuth`, because
 * `CxoneAuth` asks for `offline_access` alone by default. It records every request, and answers with a fault when a test
 * says so.
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
        yield* Effect.forEach(sites, ({ host, listener }) => listener.serve(simulation.handle(host)))
        const refuse = Effect.forEach(sites, ({ listener }) => listener.refuse, {
          discard: true
        })
        return make(options, hosts.identity, simulation, refuse)
      })
    )
  }

  /**
   * The simulator in memory, and an `HttpClient` that reaches only the simulator. Each call makes another simulator, so
   * keep the layer in a constant. No socket is opened, and `TestClock` drives everything. The client sends and reads only
   * what each of fetch, undici and `node:http` does, and otherwise fails as they do. The identity host is
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
   * `layerMemory` for the layer of one test: if a fault was injected that no request has taken, or a route of the option
   * `api` has failed, the end of the layer is a defect that tells which. A test that expects a route to fail takes the
   * failure by `takeRouteFailures`.
   *
   * @since 0.1.0
   * @category layers
   */
  static layerTest(options: SimulatorOptions = {}): Layer.Layer<CxoneSimulator | HttpClient.HttpClient> {
    return Layer.provideMerge(CxoneSimulator.layerExpectNoPendingFaults, CxoneSimulator.layerMemory(options))
  }

  /**
   * The checks of `layerTest`, for another layer of the simulator: at the end of a test that has not failed by itself,
   * `expectNoPendingFaults`; at the end of each, a defect if a route of the option `api` has failed.
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
    Effect.flatMap(CxoneSimulator, ({ expectNoPendingFaults, takeRouteFailures }) =>
      Effect.addFinalizer((exit) =>
        Effect.flatMap(takeRouteFailures, (failures) => {
          if (failures.length > 0) {
            // Of a test that has failed by itself, it is the reason as a rule.
            return Effect.die(Routes.together(failures))
          }
          return Exit.isSuccess(exit) ? expectNoPendingFaults : Effect.void
        })
      )
    )
  )

  /**
   * `CxoneAuth` for the simulator, with the credentials that `way`, `client` and `tenant` choose: by default those of the
   * first client. It is a defect if the options have no such client or tenant.
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
