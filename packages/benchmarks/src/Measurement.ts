/** Takes all figures, in this process, and lets nothing pass that was not answered as it should. */
import { Array, Duration, Effect, Record, Ref } from "effect"
import { WrongAnswer } from "./Answer.js"
import * as ByHand from "./ByHand.js"
import type { Counts } from "./Counts.js"
import { counts } from "./Cxone.js"
import * as EmptyMap from "./EmptyMap.js"
import type { Figures, Growth, Pace, Round, Sample } from "./Figures.js"
import * as Heap from "./Heap.js"
import * as Percentiles from "./Percentiles.js"
import type { Settings } from "./Settings.js"
import * as Tenant from "./Tenant.js"
import * as TenantMap from "./TenantMap.js"

/** Each part has tenants of its own. */
const groups = { coldLibrary: 1, coldByHand: 2, tenants: 3, byHand: 4, entries: 5 }

type Tell = (line: string) => Effect.Effect<void>

const millis = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([took]) => Duration.toMillis(took))

/** One tenant after the other; by turns with and without the library, so that both meet the same machine. */
const cold = ({ cold }: Settings) =>
  Effect.gen(function* () {
    const took = yield* Effect.forEach(Array.range(0, cold - 1), (index) =>
      Effect.all({
        library: millis(TenantMap.call(Tenant.nameOf(groups.coldLibrary, index))),
        byHand: millis(ByHand.call(Tenant.nameOf(groups.coldByHand, index)))
      })
    )
    yield* Effect.forEach(Tenant.names(groups.coldLibrary, cold), TenantMap.TenantMap.invalidate, { discard: true })
    return {
      library: Percentiles.of(took.map(({ library }) => library)),
      byHand: Percentiles.of(took.map(({ byHand }) => byHand))
    }
  })

/** All tenants of a group, so many at once; after each part of them `look` is run, and its time not counted. */
const all = <E, R>(
  group: number,
  { atOnce, samples, tenants }: Settings,
  call: (name: string) => Effect.Effect<unknown, E, R>,
  look: (done: number) => Effect.Effect<void>
): Effect.Effect<Pace, E, R> =>
  Effect.gen(function* () {
    const pace = yield* Ref.make<Pace>({ tenants, wall: 0, cpu: 0 })
    const parts = Array.chunksOf(Tenant.names(group, tenants), Math.ceil(tenants / samples))
    yield* Effect.reduce(parts, 0, (before, names) =>
      Effect.gen(function* () {
        const cpu = process.cpuUsage()
        const wall = yield* millis(Effect.forEach(names, call, { concurrency: atOnce, discard: true }))
        const { system, user } = process.cpuUsage(cpu)
        yield* Ref.update(pace, (sum) => ({ tenants, wall: sum.wall + wall, cpu: sum.cpu + (system + user) / 1000 }))
        yield* look(before + names.length)
        return before + names.length
      })
    )
    return yield* Ref.get(pace)
  })

/** Fills a map, looks when it is full, and empties it again. */
const growth = <A, E, R, R2, R3>(
  group: number,
  settings: Settings,
  call: (name: string) => Effect.Effect<unknown, E, R>,
  drop: (name: string) => Effect.Effect<void, never, R2>,
  whenFull: Effect.Effect<A, never, R3>
): Effect.Effect<readonly [Growth, A], E, R | R2 | R3> =>
  Effect.gen(function* () {
    const samples = yield* Ref.make<ReadonlyArray<Sample>>([])
    const look = (tenants: number) =>
      Effect.flatMap(Heap.sample, (memory) => Ref.update(samples, (before) => [...before, { tenants, ...memory }]))

    yield* look(0)
    const pace = yield* all(group, settings, call, look)
    const full = yield* whenFull
    yield* Effect.forEach(Tenant.names(group, settings.tenants), drop, { discard: true })
    return [{ samples: yield* Ref.get(samples), dropped: yield* Heap.sample, pace }, full]
  })

const round = (settings: Settings, tell: Tell) =>
  Effect.gen(function* () {
    // First, for it opens the connections, which are kept: they are in every sample of the heap then, or in none.
    yield* tell(`${settings.tenants} tenants by hand`)
    const byHand = yield* all(groups.byHand, settings, ByHand.call, () => Effect.void)
    yield* tell(`${settings.tenants} tenants with the library`)
    const [filled, tokensFull] = yield* growth(
      groups.tenants,
      settings,
      TenantMap.call,
      TenantMap.TenantMap.invalidate,
      Heap.tokensAlive
    )
    return { ...filled, byHand, tokensFull, tokensDropped: yield* Heap.tokensAlive } satisfies Round
  })

const requireCounts = (before: Counts, after: Counts, expected: number): Effect.Effect<void, WrongAnswer> => {
  const asked = Record.map(after, (count, kind) => count - before[kind])
  const right = Record.every(asked, (count, kind) => count === (kind === "refused" ? 0 : expected))
  return right
    ? Effect.void
    : new WrongAnswer({ message: `expected ${expected} of each and 0 refused: ${JSON.stringify(asked)}` })
}

/**
 * Fails at the first call that is not answered with 200, and if the server was asked anything more or less. `tell` hears
 * what comes next.
 */
export const run = (settings: Settings, tell: Tell) =>
  Effect.gen(function* () {
    const before = yield* counts
    const { tokenLength } = yield* ByHand.call(Tenant.nameOf(groups.byHand, 0))
    yield* tell(`${settings.cold} tenants one after the other`)
    const times = yield* cold(settings)
    const rounds = yield* Effect.all([round(settings, tell), round(settings, tell)])
    yield* tell(`${settings.tenants} entries of LayerMap alone`)
    const [entries] = yield* growth(groups.entries, settings, EmptyMap.call, EmptyMap.EmptyMap.invalidate, Effect.void)

    const expected = 1 + 2 * settings.cold + 2 * rounds.length * settings.tenants
    yield* requireCounts(before, yield* counts, expected)
    return { settings, tokenLength, cold: times, rounds, entries } satisfies Figures
  })
