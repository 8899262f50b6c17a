import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Array as Arr, Effect, Fiber, type Scope } from "effect"
import { Cluster, Redis } from "ioredis"
import { createCluster, createSentinel } from "redis"
import * as IoredisDriver from "../src/ioredis/IoredisDriver.js"
import * as NodeRedisDriver from "../src/node-redis/NodeRedisDriver.js"
import * as ClientOperations from "../src/store/ClientOperations.js"
import { adapters } from "./support/Adapters.js"
import * as Contracts from "./support/Contracts.js"
import * as Processes from "./support/Processes.js"
import * as RedisServer from "./support/RedisServer.js"
import { shared } from "./support/Shared.js"

const slots = 16_384

/** A cluster of three nodes, each with a third of the slots. */
const cluster = Effect.gen(function* () {
  const nodes = yield* Effect.forEach(Arr.range(0, 2), (index) =>
    Effect.gen(function* () {
      const busPort = yield* RedisServer.freePort
      const node = yield* RedisServer.started({ config: ["cluster-enabled yes", `cluster-port ${busPort}`] })
      const bounds = [index, index + 1].map((third) => Math.floor((third * slots) / 3))
      yield* node.cli("CLUSTER", "ADDSLOTSRANGE", String(bounds[0]), String((bounds[1] ?? 0) - 1))
      yield* node.cli("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1))
      return { ...node, busPort }
    })
  )
  const [first, ...others] = nodes
  for (const { busPort, port } of others) {
    yield* first?.cli("CLUSTER", "MEET", "127.0.0.1", String(port), String(busPort)) ?? Effect.void
  }
  yield* Effect.forEach(nodes, ({ cli }) =>
    RedisServer.eventually(
      Effect.map(
        cli("CLUSTER", "INFO"),
        (info) => info.includes("cluster_state:ok") && info.includes("cluster_known_nodes:3")
      )
    )
  )
  return nodes
})

/** A primary, its replica, and a Sentinel that watches them. */
const watched = Effect.gen(function* () {
  const primary = yield* RedisServer.started()
  const replica = yield* RedisServer.started({ config: [`replicaof 127.0.0.1 ${primary.port}`] })
  yield* RedisServer.eventually(
    Effect.map(replica.cli("INFO", "replication"), (info) => info.includes("master_link_status:up"))
  )
  const sentinel = yield* RedisServer.started({
    isSentinel: true,
    config: [
      `sentinel monitor tokens 127.0.0.1 ${primary.port} 1`,
      "sentinel down-after-milliseconds tokens 1000",
      "sentinel failover-timeout tokens 2000"
    ]
  })
  yield* RedisServer.eventually(
    Effect.map(sentinel.cli("SENTINEL", "REPLICAS", "tokens"), (list) => list.includes(String(replica.port)))
  )
  return { primary, replica, sentinel }
})

/** A client of the app's, which the app connects and ends. It hears of errors, and goes on. */
const client = <C extends { on(event: "error", listener: () => void): unknown }>(
  make: () => C,
  connect: (made: C) => Promise<unknown>,
  end: (made: C) => unknown
): Effect.Effect<C, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const made = make()
      made.on("error", () => {})
      await connect(made)
      return made
    }),
    (made) => Effect.promise(async () => end(made))
  )

const nodes = shared(cluster)
const ports = Effect.map(
  nodes,
  Arr.map(({ port }) => port)
)

const ioredisCluster = Effect.flatMap(ports, (all) =>
  client(
    () =>
      new Cluster(
        all.map((port) => ({ host: "127.0.0.1", port })),
        { lazyConnect: true }
      ),
    (made) => made.connect(),
    (made) => made.disconnect()
  )
)

const nodeRedisCluster = Effect.flatMap(ports, (all) =>
  client(
    () => createCluster({ rootNodes: all.map((port) => ({ url: `redis://127.0.0.1:${port}` })) }),
    (made) => made.connect(),
    (made) => made.destroy()
  )
)

Contracts.over("a cluster over ioredis", Effect.map(ioredisCluster, IoredisDriver.ofClient))
Contracts.over("a cluster over node-redis", Effect.map(nodeRedisCluster, NodeRedisDriver.ofClient))

describe("F5: a wait that ends before Redis has confirmed its subscription", () => {
  it.scopedLive.each([
    ["ioredis", Effect.map(ioredisCluster, IoredisDriver.ofClient)],
    ["node-redis", Effect.map(nodeRedisCluster, NodeRedisDriver.ofClient)]
  ] as const)("leaves none behind in a cluster client of the app: %s", ([, driver]) =>
    Effect.gen(function* () {
      const { subscribe } = yield* ClientOperations.make(yield* driver)
      // The client keeps its connection for subscriptions as long as it has one.
      yield* subscribe("kept", () => {})
      // Each ends one step later than the one before: some before SUBSCRIBE is sent, some after.
      for (const steps of Arr.range(0, 20)) {
        const waiting = yield* Effect.fork(Effect.scoped(subscribe(`left ${steps}`, () => {})))
        yield* Effect.repeatN(Effect.yieldNow(), steps)
        yield* Fiber.interrupt(waiting)
      }
      const channels = Effect.map(
        Effect.forEach(yield* nodes, ({ cli }) => cli("PUBSUB", "CHANNELS")),
        (all) => all.join("")
      )
      yield* RedisServer.eventually(Effect.map(channels, (all) => all.includes("kept") && !all.includes("left")))
    })
  )
})

const startTwo = (stores: ReadonlyArray<Parameters<typeof Processes.start>[1]>) =>
  Effect.flatMap(CxoneSimulator, (simulator) => Effect.forEach(stores, (store) => Processes.start(simulator, store)))

describe("F5: processes share a token", () => {
  it.scopedLive("over a cluster, each by its own client", () =>
    Effect.gen(function* () {
      const [one, two] = yield* startTwo([
        adapters.ioredis.layerClient(yield* ioredisCluster),
        adapters["node-redis"].layerClient(yield* nodeRedisCluster)
      ])
      if (one === undefined || two === undefined) {
        return yield* Effect.dieMessage("no processes")
      }
      yield* RedisServer.eventually(Processes.share(one, two))
      const kept = yield* Effect.forEach(yield* nodes, ({ cli }) => cli("KEYS", "cxone-auth:*"))
      expect(kept.filter((keys) => keys.includes(":token"))).toHaveLength(1)
    }).pipe(Effect.provide(CxoneSimulator.layerServer()))
  )

  it.scopedLive("over Sentinel, also after a failover, and meanwhile no call fails", () =>
    Effect.gen(function* () {
      const { primary, sentinel } = yield* watched
      const at = { host: "127.0.0.1", port: sentinel.port }
      const ioredis = yield* client(
        () => new Redis({ sentinels: [at], name: "tokens", lazyConnect: true }),
        (made) => made.connect(),
        (made) => made.disconnect()
      )
      const nodeRedis = yield* client(
        () => createSentinel({ name: "tokens", sentinelRootNodes: [at] }),
        (made) => made.connect(),
        (made) => made.destroy()
      )
      const both = yield* startTwo([
        adapters.ioredis.layerClient(ioredis),
        adapters["node-redis"].layerClient(nodeRedis)
      ])
      const [one, two] = both
      if (one === undefined || two === undefined) {
        return yield* Effect.dieMessage("no processes")
      }
      yield* RedisServer.eventually(Processes.share(one, two))
      const failures = yield* Processes.underLoad(
        both,
        Effect.gen(function* () {
          yield* primary.stop
          yield* RedisServer.eventually(
            Effect.map(
              sentinel.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "tokens"),
              (address) => !address.includes(String(primary.port))
            )
          )
        })
      )
      expect(failures).toStrictEqual([])
      yield* RedisServer.eventually(Processes.share(one, two))
    }).pipe(Effect.provide(CxoneSimulator.layerServer()))
  )
})
