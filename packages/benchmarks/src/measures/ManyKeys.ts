/** B9: 100,000 tokens in one process, of clients and sets of scopes. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { CxoneAuth } from "cxone-auth"
import { Array, Context, Effect, Layer } from "effect"
import { contenders, open } from "../Contest.js"
import { layer } from "../contenders/CxoneAuth.js"
import * as Heap from "../Heap.js"
import * as Percentiles from "../Percentiles.js"
import * as Provider from "../Provider.js"
import type { Section } from "../Section.js"
import { number } from "../Table.js"

const clients = 10
const scopeSets = 10_000
const keys = clients * scopeSets
const peerKeys = 2_000
const accesses = 200_000
/** Opaque tokens; what a JWT is longer comes on top, once. */
const tokenBytes = 40

const scopesOf = (key: number) => `read:${key}`

/** In no order that a processor could foresee, and the same one in each run. */
const scattered = (count: number): ReadonlyArray<number> => Array.makeBy(accesses, (index) => (index * 7_919) % count)

const nanos = (order: ReadonlyArray<number>, access: (key: number) => Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const took = yield* Effect.replicateEffect(
      Effect.gen(function* () {
        const startedAt = performance.now()
        for (const key of order) {
          yield* access(key)
        }
        return ((performance.now() - startedAt) * 1e6) / order.length
      }),
      5
    )
    return Percentiles.of(Array.fromIterable(took)).p50
  })

/** The same accesses to a `Map` that holds nothing but its keys: what the processor's caches cost anybody. */
const mapNanos = Effect.gen(function* () {
  const texts = Array.makeBy(keys, scopesOf)
  const map = new Map(Array.makeBy(keys, (key) => [scopesOf(key), { key }] as const))
  const found = (key: number) => Effect.succeed(map.get(texts[key] ?? "")?.key)
  return { one: yield* nanos(Array.replicate(0, accesses), found), all: yield* nanos(scattered(keys), found) }
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
    Effect.suspend(() => {
      const service = services[key % clients]
      const scopes = texts[Math.floor(key / clients)]
      return service === undefined || scopes === undefined
        ? Effect.dieMessage(`there is no key ${key}`)
        : service.accessTokenFor(scopes)
    })
  yield* access(0)
  const one = yield* nanos(Array.replicate(0, accesses), access)
  const before = yield* Heap.sample
  yield* Effect.forEach(Array.range(1, keys - 1), access, { concurrency: 32, discard: true })
  const after = yield* Heap.sample
  const all = yield* nanos(scattered(keys), access)
  return { bytes: (after.heap - before.heap) / (keys - 1), one, all }
})

export const measure = Effect.gen(function* () {
  const { all, bytes, one } = yield* ours
  const map = yield* mapNanos
  const peers = yield* Effect.forEach(contenders(true).slice(1), (contender) =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* open(contender, "keys", { tokenBytes })
        const before = yield* Heap.sample
        const opened = yield* Effect.forEach(Array.range(1, peerKeys), () => open(contender, "keys", { tokenBytes }))
        yield* Effect.forEach(opened, ({ client }) => Effect.promise(() => client.lookFor(1)), { concurrency: 32 })
        const after = yield* Heap.sample
        return [contender.name, opened.length > 0 ? (after.heap - before.heap) / peerKeys : Number.NaN] as const
      })
    )
  )
  return {
    id: "B9",
    title: "100,000 keys",
    method:
      `${clients} clients with ${number(scopeSets)} sets of scopes each; an opaque token of ${tokenBytes} bytes for each. Access by ` +
      `\`accessTokenFor\`, ${number(accesses)} times in scattered order; medians of five rounds. Peers keep one token in an ` +
      `instance, so ${number(peerKeys)} instances were made of each.`,
    figures: [
      {
        name: "memory a key",
        unit: "bytes",
        better: "less",
        ours: bytes,
        peers: Object.fromEntries(peers)
      },
      { name: "access at 1 key", unit: "ns", better: "less", ours: one, peers: { "a bare `Map`": map.one } },
      { name: "access at 100,000 keys", unit: "ns", better: "less", ours: all, peers: { "a bare `Map`": map.all } }
    ],
    verdicts: [
      {
        goal: "≤ 1.5 KB a key",
        found: `${number(bytes)} bytes`,
        isMet: bytes <= 1_500
      },
      {
        goal: "access at 100,000 ≤ 1.5 × access at 1",
        found: `${number(all / one, 1)} ×`,
        isMet: all <= 1.5 * one,
        reason:
          `A bare \`Map\` of the same 100,000 keys, looked at in the same order by the same loop, takes ` +
          `${number(map.all / map.one, 1)} × what it takes with one key (${number(map.one)} and ${number(map.all)} ns): ` +
          "nothing is searched longer, but key, entry and token are no longer in the processor's caches. One key is " +
          "faster than before as well, which makes the ratio worse: it was 2,020 ns."
      }
    ]
  } satisfies Section
}).pipe(Effect.scoped)
