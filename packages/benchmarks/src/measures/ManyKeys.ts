/** B9: 100,000 tokens in one process, of clients and sets of scopes. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { CxoneAuth } from "cxone-auth"
import { Array, Context, Effect, Layer } from "effect"
import { contenders, open } from "../Contest.js"
import type { Contender } from "../contenders/Contender.js"
import { layer } from "../contenders/CxoneAuth.js"
import * as Heap from "../Heap.js"
import type { Measure } from "../Measure.js"
import * as Percentiles from "../Percentiles.js"
import * as Provider from "../Provider.js"
import type { Findings } from "../Section.js"
import { number } from "../Table.js"

const clients = 10
const scopeSets = 10_000
const keys = clients * scopeSets
const peerKeys = 2_000
const accesses = 200_000
/** Opaque tokens; what a JWT is longer comes on top, once. */
const tokenBytes = 40

const bareMap = "a bare `Map`"

const scopesOf = (key: number) => `read:${key}`

/** In no order that a processor could foresee, and the same one in each run. */
const scattered = Array.makeBy(accesses, (index) => (index * 7_919) % keys)
const always = Array.replicate(0, accesses)

/** Nanoseconds an access; the median of five. */
const nanos = (order: ReadonlyArray<number>, access: (key: number) => Effect.Effect<unknown, unknown>) => {
  const round = Effect.gen(function* () {
    const startedAt = performance.now()
    for (const key of order) {
      yield* access(key)
    }
    return ((performance.now() - startedAt) * 1e6) / order.length
  })
  return Effect.map(Effect.replicateEffect(round, 5), (took) => Percentiles.at(Array.fromIterable(took), 50))
}

/** The same accesses to a `Map` that holds nothing but its keys: what the processor's caches cost anybody. */
const mapNanos = Effect.gen(function* () {
  const texts = Array.makeBy(keys, scopesOf)
  const map = new Map(Array.makeBy(keys, (key) => [scopesOf(key), { key }] as const))
  const access = (key: number) => Effect.succeed(map.get(texts[key] ?? "")?.key)
  return { one: yield* nanos(always, access), all: yield* nanos(scattered, access) }
})

const ours = Effect.gen(function* () {
  const { origin } = yield* Provider.Provider
  const services = yield* Effect.forEach(Array.range(1, clients), (client) =>
    Effect.gen(function* () {
      const clientId = `keys-${client}`
      yield* Provider.set(clientId, { tokenBytes })
      const account = { origin, clientId, clientSecret: "secret", buffer: 30 }
      return Context.get(yield* Layer.build(layer(account, NodeHttpClient.layerUndici)), CxoneAuth)
    })
  )
  const texts = Array.makeBy(scopeSets, scopesOf)
  const access = (key: number) =>
    services[key % clients]?.accessTokenFor(texts[Math.floor(key / clients)] ?? "") ??
    Effect.dieMessage(`no key ${key}`)
  yield* access(0)
  const alone = yield* nanos(always, access)
  const before = yield* Heap.sample
  yield* Effect.forEach(Array.range(1, keys - 1), access, { concurrency: 32, discard: true })
  const after = yield* Heap.sample
  return {
    bytes: (after.heap - before.heap) / (keys - 1),
    alone,
    one: yield* nanos(always, access),
    all: yield* nanos(scattered, access)
  }
})

/** A peer keeps one token in an instance. */
const bytesOf = (contender: Contender) =>
  Effect.scoped(
    Effect.gen(function* () {
      yield* open(contender, "keys", { tokenBytes })
      const before = yield* Heap.sample
      const opened = yield* Effect.forEach(Array.range(1, peerKeys), () => open(contender, "keys", { tokenBytes }))
      yield* Effect.forEach(opened, ({ client }) => Effect.promise(() => client.lookFor(1)), { concurrency: 32 })
      const after = yield* Heap.sample
      // They are held until here.
      return opened.length === 0 ? Number.NaN : (after.heap - before.heap) / peerKeys
    })
  )

const run = Effect.gen(function* () {
  const { all, alone, bytes, one } = yield* ours
  const map = yield* mapNanos
  const peers = yield* Effect.forEach(contenders(true).slice(1), (contender) =>
    Effect.map(bytesOf(contender), (each) => [contender.name, each] as const)
  )
  const goal = "access at 100,000 ≤ 1.5 × access at 1"
  return {
    method:
      `${clients} clients with ${number(scopeSets)} sets of scopes each; an opaque token of ${tokenBytes} bytes for each. Access by ` +
      `\`accessTokenFor\`, ${number(accesses)} times; medians of five rounds. Peers keep one token in an instance, so ` +
      `${number(peerKeys)} instances were made of each.`,
    figures: [
      {
        name: "memory a key",
        unit: "bytes",
        better: "less",
        ours: bytes,
        peers: Object.fromEntries(peers)
      },
      { name: "access at 1 key", unit: "ns", better: "less", ours: alone, peers: {}, controls: { [bareMap]: map.one } },
      { name: "to one of 100,000", unit: "ns", better: "less", ours: one, peers: {} },
      {
        name: "to all 100,000, scattered",
        unit: "ns",
        better: "less",
        ours: all,
        peers: {},
        controls: { [bareMap]: map.all }
      }
    ],
    verdicts: [
      { goal: "≤ 1.5 KB a key", found: `${number(bytes)} bytes`, isMet: bytes <= 1_500 },
      { goal: `${goal}: to one of them`, found: `${number(one / alone, 1)} ×`, isMet: one <= 1.5 * alone },
      {
        goal: `${goal}: to all, scattered`,
        found: `${number(all / alone, 1)} ×`,
        isMet: all <= 1.5 * alone,
        reason:
          "Nothing is searched longer: to one key among 100,000 the way is as short as to a key alone. But scattered over " +
          `${number((bytes * keys) / 1e6)} MB neither entry nor token is in the processor's caches, and each waits for the ` +
          `one before it. A bare \`Map\` of as many keys takes ${number(map.all / map.one, 1)} × there. The faster the look ` +
          "at a single key, the greater the ratio."
      }
    ]
  } satisfies Findings
}).pipe(Effect.scoped)

export const manyKeys: Measure = {
  id: "B9",
  title: "100,000 keys",
  isQuick: false,
  run: () => run
}
