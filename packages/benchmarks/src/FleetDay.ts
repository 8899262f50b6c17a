/** The day of a fleet: processes that start within a minute, and make calls for so many hours of virtual time. */
import { type CxoneAuth, TokenPolicy, type TokenStoreBackend, type TokenStoreError } from "cxone-auth"
import { Array, Clock, Duration, Effect, Either, Exit, Random } from "effect"
import { PCGRandom } from "effect/Utils"
import * as FleetWorld from "../../cxone-auth/test/support/FleetWorld.js"
import * as VirtualTime from "../../cxone-auth/test/support/VirtualTime.js"

export interface FleetSettings {
  readonly processes: number
  readonly hours: number
}

export const full: FleetSettings = { processes: 2_000, hours: 24 }

/** So few that it takes seconds. */
export const smoke: FleetSettings = { processes: 20, hours: 3 }

export interface Scenario {
  readonly name: string
  readonly hasStore: boolean
  readonly hasJitter: boolean
}

export const scenarios: ReadonlyArray<Scenario> = [
  { name: "alone, without jitter", hasStore: false, hasJitter: false },
  { name: "alone, with jitter", hasStore: false, hasJitter: true },
  { name: "with a store, without jitter", hasStore: true, hasJitter: false },
  { name: "with a store, with jitter", hasStore: true, hasJitter: true }
]

/** A call that waited for a token. */
export interface Wait {
  readonly at: number
  readonly millis: number
}

/** What there was to see. Times are milliseconds from the beginning, in order. */
export interface Day {
  readonly scenario: Scenario
  readonly exchanges: ReadonlyArray<number>
  readonly operations: ReadonlyArray<number>
  readonly waits: ReadonlyArray<Wait>
  readonly calls: number
  readonly failed: number
}

export const hour = 3_600_000

/** All processes have started by then. */
export const started = 60_000

/** How long the store takes, in milliseconds. */
export const storeLatency = 1

/** How much time there is between two calls of a process in the mean, in milliseconds: each process draws its own. */
export const paces = { quickest: 2_000, slowest: 120_000 }

const { expiryMargin, refreshAhead, refreshAheadJitter } = TokenPolicy.defaults

/** Before this part of a token's life, no call renews it: margin, window, and the longest jitter. In milliseconds. */
const lastPart = Duration.toMillis(expiryMargin) + Duration.toMillis(refreshAhead) * (1 + refreshAheadJitter)

/** How long after its request a token is renewed at the earliest, in milliseconds. */
export const shortestLife = hour - lastPart

/** How many of these times are in the same second, wherever it begins. */
export const peak = (times: ReadonlyArray<number>): number => {
  let first = 0
  let most = 0
  times.forEach((time, index) => {
    while ((times[first] ?? time) <= time - 1_000) {
      first += 1
    }
    most = Math.max(most, index - first + 1)
  })
  return most
}

/** How many there are in each of the slots of this length. */
export const slots = (times: ReadonlyArray<number>, length: number, end: number): ReadonlyArray<number> => {
  const counts = Array.replicate(0, Math.ceil(end / length))
  for (const time of times) {
    const slot = Math.floor(time / length)
    counts[slot] = (counts[slot] ?? 0) + 1
  }
  return counts
}

/** The place, as it is seen from afar. Each operation is noted. */
const remote = (place: TokenStoreBackend, note: Effect.Effect<void>): TokenStoreBackend => {
  const reach = <A, R>(operation: Effect.Effect<A, TokenStoreError, R>) =>
    Effect.zipRight(note, Effect.zipRight(Effect.sleep(storeLatency), operation))
  return {
    read: (name) => reach(place.read(name)),
    write: (name, value, lasts) => reach(place.write(name, value, lasts)),
    remove: (name, value) => reach(place.remove(name, value)),
    acquire: (name, owner, lasts) => reach(place.acquire(name, owner, lasts)),
    renew: (name, owner, lasts) => reach(place.renew(name, owner, lasts)),
    release: (name, owner) => reach(place.release(name, owner)),
    watch: (name) => reach(place.watch(name))
  }
}

/** Runs a scenario. It is the same each time, because all that is random is drawn from the number of the process. */
export const run = async (scenario: Scenario, { hours, processes }: FleetSettings): Promise<Day> => {
  const operations: Array<number> = []
  const waits: Array<Wait> = []
  const tally = { calls: 0, failed: 0 }
  const end = hours * hour

  /** Makes a call, and says until when further ones would only be handed the same token. */
  const call = Effect.fnUntraced(function* ({ accessToken }: typeof CxoneAuth.Service) {
    const at = yield* Clock.currentTimeMillis
    const result = yield* Effect.either(accessToken)
    const now = yield* Clock.currentTimeMillis
    if (now > at) {
      waits.push({ at, millis: now - at })
    }
    tally.failed += Either.isLeft(result) ? 1 : 0
    return Either.match(result, { onLeft: () => now, onRight: ({ expiresAt }) => expiresAt - lastPart })
  })

  const process = Effect.fnUntraced(function* (
    number: number,
    endpoint: FleetWorld.Endpoint,
    place: TokenStoreBackend
  ) {
    const random = new PCGRandom(number)
    const pace = paces.quickest * (paces.slowest / paces.quickest) ** random.number()
    const pause = () => 2 * pace * random.number()
    let at = random.number() * started
    let settled = 0
    yield* Effect.sleep(at)
    const auth = yield* FleetWorld.start({
      endpoint,
      place: scenario.hasStore ? place : undefined,
      policy: scenario.hasJitter ? {} : { refreshAheadJitter: 0 }
    })
    for (; at < end; at += pause()) {
      tally.calls += 1
      if (at >= settled) {
        yield* Effect.sleep(Math.max(0, at - (yield* Clock.currentTimeMillis)))
        settled = yield* call(auth)
      }
    }
  })

  const program = Effect.gen(function* () {
    const endpoint = yield* FleetWorld.makeEndpoint
    const note = Effect.map(Clock.currentTimeMillis, (now) => void operations.push(now))
    const place = remote(yield* FleetWorld.makePlace, note)
    yield* Effect.forEach(
      Array.range(1, processes),
      // Another seed than that of the traffic: else the first draws would be the same, and jitter would undo the start.
      (number) => Effect.withRandom(Effect.scoped(process(number, endpoint, place)), Random.make(`process ${number}`)),
      { concurrency: "unbounded", discard: true }
    )
    return { scenario, exchanges: endpoint.exchanges.map(({ sentAt }) => sentAt), operations, waits, ...tally }
  })
  return Exit.getOrElse(await VirtualTime.runWithCrypto(program), (cause) => {
    throw new Error(`${scenario.name}: ${cause}`)
  })
}
