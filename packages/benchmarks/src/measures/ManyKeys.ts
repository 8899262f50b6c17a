/** B9: 100,000 tokens in one process, of clients and sets of scopes. */
import { CxoneAuth } from "cxone-auth"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Array, Context, Effect, Layer } from "effect"
import { contenders, open } from "../Contest.js"
import { type Contender, fromFunctions } from "../contenders/Contender.js"
import { layer } from "../contenders/CxoneAuth.js"
import * as Heap from "../Heap.js"
import type { Measure } from "../Measure.js"
import * as Provider from "../Provider.js"
import type { Findings } from "../Section.js"
import { number } from "../Table.js"
import * as Turns from "../Turns.js"

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
/** By turns: one alone could be the first or the last in its chain of a `Map`. */
const tenOfThem = Array.makeBy(accesses, (index) => scattered[index % 10] ?? 0)
const always = Array.replicate(0, accesses)

type Access = (key: number) => Effect.Effect<unknown, unknown>

/** Nanoseconds an access. */
const nanos = (order: ReadonlyArray<number>, access: Access) =>
  Effect.gen(function* () {
    const startedAt = performance.now()
    for (const key of order) {
      yield* access(key)
    }
    return ((performance.now() - startedAt) * 1e6) / order.length
  })

/** A `Map` that holds nothing but its keys: what the processor's caches cost anybody. */
const mapOf = (size: number): Access => {
  const texts = Array.makeBy(size, scopesOf)
  const map = new Map(Array.makeBy(size, (key) => [scopesOf(key), { key }] as const))
  return (key) => Effect.succeed(map.get(texts[key] ?? "")?.key)
}

const service = (clientId: string) =>
  Effect.gen(function* () {
    const { origin } = yield* Provider.Provider
    yield* Provider.set(clientId, { tokenBytes })
    const account = { origin, clientId, clientSecret: "secret", buffer: 30 }
    return Context.get(yield* Layer.build(layer(account, UndiciHttpClient.layer({ proxy: "none" }))), CxoneAuth)
  })

const ours = Effect.gen(function* () {
  const services = yield* Effect.forEach(Array.range(1, clients), (client) => service(`keys-${client}`))
  const withOneKey = yield* service("one-key")
  const texts = Array.makeBy(scopeSets, scopesOf)
  const toOne: Access = () => withOneKey.accessTokenFor(texts[0] ?? "")
  const toAny: Access = (key) =>
    services[key % clients]?.accessTokenFor(texts[Math.floor(key / clients)] ?? "") ??
    Effect.dieMessage(`no key ${key}`)
  yield* toOne(0)
  yield* Effect.forEach(Array.range(0, clients - 1), toAny)
  const before = yield* Heap.sample
  yield* Effect.forEach(Array.range(clients, keys - 1), toAny, { concurrency: 32, discard: true })
  const after = yield* Heap.sample
  const times = yield* Turns.medians(
    {
      one: nanos(always, toOne),
      ten: nanos(tenOfThem, toAny),
      all: nanos(scattered, toAny),
      mapOfOne: nanos(always, mapOf(1)),
      mapOfAll: nanos(scattered, mapOf(keys))
    },
    9
  )
  return { ...times, bytes: (after.heap - before.heap) / (keys - clients) }
})

/** An instance that keeps a token, and no more: what it takes is this measurement's. */
const nothing: Contender = {
  name: "nothing",
  usage: "a token in a variable",
  managesTokens: false,
  open: ({ clientId }) => Effect.sync(() => fromFunctions({ token: async () => clientId, get: async () => 200 }))
}

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

const ofPeers = Effect.gen(function* () {
  yield* bytesOf(nothing) // The first of all pays for what the engine compiles.
  const least = yield* bytesOf(nothing)
  const peers = yield* Effect.forEach(contenders(true).slice(1), (contender) =>
    Effect.map(bytesOf(contender), (bytes) => [contender.name, bytes - least] as const)
  )
  return Object.fromEntries(peers)
})

const run = Effect.gen(function* () {
  const { all, bytes, mapOfAll, mapOfOne, one, ten } = yield* ours
  const peers = yield* ofPeers
  const reason =
    `Access to ten keys among 100,000 takes ${number(ten / one, 2)} × as long as access to a key alone. But if the keys are ` +
    `scattered over ${number((bytes * keys) / 1e6)} MB, neither entry nor token is in the processor's caches, and each ` +
    `lookup has to wait for main memory. With scattered keys, a lookup in a bare \`Map\` of ${number(keys)} keys takes ` +
    `${number(mapOfAll / mapOfOne, 1)} × as long as in a \`Map\` of one key. The faster the lookup of a single key is, the ` +
    "larger is this library's ratio."
  const goal = "one access among 100,000 keys ≤ 1.5 × one access with a single key"
  return {
    method:
      `${clients} clients have ${number(scopeSets)} sets of scopes each. Each set has an opaque token of ${tokenBytes} bytes. ` +
      `An access is a call of \`accessTokenFor\`. Each of nine rounds makes ${number(accesses)} accesses of each kind, one kind ` +
      'after the other; figures are medians of the rounds. "Access at 1 key" uses a client that has only one key. ' +
      `Peers keep one token in an instance, so ${number(peerKeys)} instances of each were made, with credentials of their ` +
      "own. From a peer's figure, the memory of a dummy instance that only holds a token is subtracted, because that part " +
      "belongs to this benchmark.",
    figures: [
      {
        name: "memory a key",
        unit: "bytes",
        better: "less",
        ours: bytes,
        peers
      },
      { name: "access at 1 key", unit: "ns", better: "less", ours: one, peers: {}, controls: { [bareMap]: mapOfOne } },
      { name: "to ten of 100,000", unit: "ns", better: "less", ours: ten, peers: {} },
      {
        name: "to all 100,000, scattered",
        unit: "ns",
        better: "less",
        ours: all,
        peers: {},
        controls: { [bareMap]: mapOfAll }
      }
    ],
    verdicts: [
      { goal: "≤ 1.5 KB a key", found: `${number(bytes)} bytes`, isMet: bytes <= 1_500 },
      {
        goal: `${goal}, if only ten keys are used`,
        found: `${number(ten / one, 2)} ×`,
        isMet: ten <= 1.5 * one,
        reason
      },
      {
        goal: `${goal}, if all keys are used in scattered order`,
        found: `${number(all / one, 2)} ×`,
        isMet: all <= 1.5 * one,
        reason
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
