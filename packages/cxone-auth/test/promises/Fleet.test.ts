import { describe, expect, it } from "@effect/vitest"
import { type AccessToken, Credentials, type CxoneAuth, TokenStoreError } from "cxone-auth"
import { Duration, Effect, Either, Exit, Fiber, FastCheck as fc, Logger, LogLevel, Redacted, Scope } from "effect"
import * as Fleet from "../model/Fleet.js"
import * as FaultyPlace from "../support/FaultyPlace.js"
import * as FleetWorld from "../support/FleetWorld.js"
import { seedUnless } from "../support/Seed.js"
import * as VirtualTime from "../support/VirtualTime.js"

/** 10 stories of each kind in the ordinary run; `pnpm test:deep` asks for one to 20 of the other models' sequences. */
const runs = process.env.MODEL_RUNS === undefined ? 10 : Math.ceil(Number(process.env.MODEL_RUNS) / 20)

/** Plays stories, and fails with the first one in which something happens that may not. */
const never = (
  stories: fc.Arbitrary<Fleet.Story>,
  judge: (story: Fleet.Story, life: Fleet.Life) => ReadonlyArray<string>
) =>
  fc.assert(
    fc.asyncProperty(stories, async (story) => {
      const life = await Fleet.play(story)
      const objections = judge(story, life)
      if (objections.length > 0) {
        throw new Error(`${objections.slice(0, 5).join("\n")}\n\nin this life:\n${Fleet.show(life)}`)
      }
    }),
    { numRuns: runs, ...seedUnless(process.env.MODEL_RUNS) }
  )

const limit = 30 * 60_000

describe("real processes over a store, in random stories", () => {
  it(
    "L11, L1, F6: no fault of the store fails a call or holds it up for long, and no clock and no fault makes a process hand out a token too late, or one that it has refused",
    () => never(Fleet.anyStory, (story, life) => Fleet.objections(story, life, "for others")),
    limit
  )

  it(
    "F1: over a healthy store there is one exchange at a time, and one for each life of a token",
    () =>
      never(Fleet.healthyStory, (story, life) => [
        ...Fleet.objections(story, life, "for others"),
        ...Fleet.objectionsIfHealthy(life)
      ]),
    limit
  )

  it(
    "L11: a process that nobody keeps waiting waits for its exchange, and for 250 ms at each operation of the store, 1 s at the first",
    () => never(Fleet.loneStory, (story, life) => Fleet.objections(story, life, "alone")),
    limit
  )
})

interface World {
  readonly endpoint: FleetWorld.Endpoint
  readonly place: FleetWorld.Place
  /** The warnings so far. */
  readonly warnings: ReadonlyArray<string>
}

/** Runs a program with an endpoint and a place in virtual time. */
const inWorld = async <A, E>(program: (world: World) => Effect.Effect<A, E, Scope.Scope>): Promise<A> => {
  const warnings: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) warnings.push(String(message))
  })
  const world = Effect.all({ endpoint: FleetWorld.makeEndpoint, place: FleetWorld.makePlace })
  const exit = await VirtualTime.runWithCrypto(
    Effect.flatMap(world, (parts) => program({ ...parts, warnings })).pipe(
      Effect.scoped,
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
  )
  return Exit.getOrElse(exit, (cause) => expect.fail(String(cause)))
}

type Auth = typeof CxoneAuth.Service

const token = ({ accessToken }: Auth) => Effect.map(accessToken, valueOf)
const valueOf = ({ value }: AccessToken) => Redacted.value(value)
const sourceOf = ({ status }: Auth) => Effect.map(status, ([own]) => own?.source)

/** What a call gave, and how many milliseconds it waited. */
const timedToken = (auth: Auth) =>
  Effect.map(Effect.timed(token(auth)), ([took, value]) => ({ value, waited: Math.round(Duration.toMillis(took)) }))

/** A place that a process sees with faults that the test sets. */
const withFaults = (place: FleetWorld.Place) => {
  const weather: { faults: ReadonlyArray<FaultyPlace.Fault>; operations: number } = { faults: ["none"], operations: 0 }
  const seen = FaultyPlace.faulty(
    place,
    () => weather.faults,
    () => 0.9,
    () => {
      weather.operations += 1
    }
  )
  return { weather, seen }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

describe("processes over one store", () => {
  it("F1: that start at once make one exchange, and status says whence each token came", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        const all = yield* Effect.forEach(numbers(8), () => FleetWorld.start({ endpoint, place }))
        const values = yield* Effect.forEach(all, token, { concurrency: "unbounded" })
        expect(new Set(values).size).toBe(1)
        expect(endpoint.exchanges).toHaveLength(1)
        const sources = yield* Effect.forEach(all, sourceOf)
        expect(sources.sort()).toEqual(["exchange", ...numbers(7).map(() => "store")])
      })
    ))

  it("F1: ask the store when they need a token, and not at each call", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        const { seen, weather } = withFaults(place)
        const auth = yield* FleetWorld.start({ endpoint, place: seen })
        yield* token(auth)
        const before = weather.operations
        yield* Effect.forEach(numbers(1_000), () => token(auth))
        expect(weather.operations).toBe(before)
      })
    ))

  it("F1: renew once for all, at the first draw, and take the new token over before their own margin", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        const all = yield* Effect.forEach(numbers(5), () => FleetWorld.start({ endpoint, place }))
        const waits: Array<number> = []
        for (let minutes = 0; minutes < 180; minutes++) {
          for (const auth of all) {
            waits.push((yield* timedToken(auth)).waited)
          }
          yield* Effect.sleep("1 minute")
        }
        expect(endpoint.exchanges).toHaveLength(4)
        // The first call of all waits for the exchange, and only it.
        expect(waits.filter((waited) => waited > 0)).toEqual([200])
      })
    ))

  it("F2: take the lease of a holder that has died, within seconds", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        const { seen, weather } = withFaults(place)
        const elsewhere = yield* FleetWorld.makeEndpoint
        elsewhere.latency = "1 hour"
        const dying = yield* FleetWorld.start({ endpoint: elsewhere, place: seen })
        yield* Effect.fork(token(dying))
        yield* Effect.sleep(100)
        weather.faults = ["hangs"]
        const { waited } = yield* timedToken(yield* FleetWorld.start({ endpoint, place }))
        expect(waited).toBeGreaterThan(5_000)
        expect(waited).toBeLessThan(7_000)
      })
    ))

  it("F2: get the lease at once from a holder whose layer is closed", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        const elsewhere = yield* FleetWorld.makeEndpoint
        elsewhere.latency = "1 hour"
        const layer = yield* Scope.make()
        const leaving = yield* Scope.extend(FleetWorld.start({ endpoint: elsewhere, place }), layer)
        yield* Effect.fork(Effect.exit(token(leaving)))
        yield* Effect.sleep(100)
        const waiting = yield* Effect.fork(timedToken(yield* FleetWorld.start({ endpoint, place })))
        yield* Effect.sleep(1_000)
        yield* Scope.close(layer, Exit.void)
        expect((yield* Fiber.join(waiting)).waited).toBe(1_200)
      })
    ))

  it("F2: wait for an exchange that takes 90 s, because its lease is renewed", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        endpoint.latency = "90 seconds"
        const policy = { attemptTimeout: "100 seconds" } as const
        const all = yield* Effect.forEach(numbers(3), () => FleetWorld.start({ endpoint, place, policy }))
        const got = yield* Effect.forEach(all, timedToken, { concurrency: "unbounded" })
        expect(endpoint.exchanges).toHaveLength(1)
        expect(got.map(({ waited }) => waited)).toEqual([90_000, 90_000, 90_000])
      })
    ))

  it("F2: both get a valid token if the lease is lost in mid-exchange, and the last one stays", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        endpoint.latency = "3 seconds"
        const first = yield* Effect.fork(token(yield* FleetWorld.start({ endpoint, place })))
        yield* Effect.sleep(1_000)
        yield* place.forgetLeases
        const second = yield* Effect.fork(token(yield* FleetWorld.start({ endpoint, place })))
        const values = [yield* Fiber.join(first), yield* Fiber.join(second)]
        expect(Array.from(endpoint.issued.keys())).toEqual(values)
        expect(yield* token(yield* FleetWorld.start({ endpoint, place }))).toBe(values[1])
      })
    ))

  it.each<FaultyPlace.Fault>(["fails", "hangs", "too slow"])(
    "L11: go on alone if the store is such (%s), warn once when it goes, and once when it is back",
    (fault) =>
      inWorld(({ endpoint, place, warnings }) =>
        Effect.gen(function* () {
          const { seen, weather } = withFaults(place)
          const auth = yield* FleetWorld.start({ endpoint, place: seen })
          const renewed = Effect.tap(auth.accessToken, auth.invalidate)
          yield* renewed
          weather.faults = [fault]
          const longest = { waited: 0 }
          for (let minutes = 0; minutes < 10; minutes++) {
            const [took] = yield* Effect.timed(renewed)
            longest.waited = Math.max(longest.waited, Duration.toMillis(took))
            yield* Effect.sleep("1 minute")
          }
          expect(endpoint.exchanges).toHaveLength(11)
          // One operation tries the store, and nobody else waits for it.
          expect(longest.waited).toBeLessThanOrEqual(450)
          expect(warnings).toEqual([expect.stringContaining("The token store failed")])
          weather.faults = ["none"]
          yield* Effect.repeatN(Effect.zipRight(renewed, Effect.sleep("1 minute")), 5)
          expect(warnings.slice(1)).toEqual([expect.stringContaining("The token store answers again")])
        })
      )
  )

  it("L11: still take stored tokens if the store can't be written, and warn once", () =>
    inWorld(({ endpoint, place, warnings }) =>
      Effect.gen(function* () {
        const { seen } = withFaults(place)
        const full = Effect.fail(new TokenStoreError({ message: "no space is left" }))
        const readOnly = { ...seen, write: () => full, acquire: () => full, remove: () => full, release: () => full }
        const writer = yield* FleetWorld.start({ endpoint, place })
        const readers = yield* Effect.forEach(numbers(3), () => FleetWorld.start({ endpoint, place: readOnly }))
        const [first] = readers
        yield* token(first ?? writer)
        const shared = yield* token(writer)
        const [, ...others] = readers
        expect(yield* Effect.forEach(others, token)).toEqual([shared, shared])
        expect(endpoint.exchanges).toHaveLength(2)
        const renewed = Effect.tap(writer.accessToken, writer.invalidate)
        for (let minutes = 0; minutes < 10; minutes++) {
          yield* renewed
          const theirs = yield* (first ?? writer).accessToken
          yield* (first ?? writer).invalidate(theirs)
          yield* Effect.sleep("1 minute")
        }
        expect(warnings).toEqual([expect.stringContaining("no space is left")])
      })
    ))

  it("L11: take no longer for a store that takes 100 ms than that for each operation", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        const { seen, weather } = withFaults(place)
        weather.faults = ["slow"]
        const { waited } = yield* timedToken(yield* FleetWorld.start({ endpoint, place: seen }))
        expect(waited).toBe(200 + 100 * weather.operations)
      })
    ))

  it("F6: never take back a token that the API refused, and remove it for all", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        const [one, two] = [yield* FleetWorld.start({ endpoint, place }), yield* FleetWorld.start({ endpoint, place })]
        const refused = yield* one.accessToken
        yield* two.accessToken
        yield* one.invalidate(refused)
        yield* Effect.sleep(10)
        const next = yield* token(yield* FleetWorld.start({ endpoint, place }))
        expect(next).not.toBe(valueOf(refused))
        expect(yield* token(one)).toBe(next)
        // It has heard of no refusal.
        expect(yield* token(two)).toBe(valueOf(refused))
        yield* two.invalidate(refused)
        expect(yield* token(two)).toBe(next)
        expect(endpoint.exchanges).toHaveLength(2)
      })
    ))

  it("F6: nor if the store has lost the removal", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        const { seen, weather } = withFaults(place)
        const auth = yield* FleetWorld.start({ endpoint, place: seen })
        const refused = yield* auth.accessToken
        weather.faults = ["loses"]
        yield* auth.invalidate(refused)
        yield* Effect.sleep(10)
        weather.faults = ["none"]
        const next = yield* token(auth)
        expect(next).not.toBe(valueOf(refused))
        expect(yield* token(yield* FleetWorld.start({ endpoint, place }))).toBe(next)
      })
    ))

  it("F3: with another secret find nothing of each other, so both fleets work during a rotation", () =>
    inWorld(({ endpoint, place, warnings }) =>
      Effect.gen(function* () {
        endpoint.accepts = ["A", "B"]
        const start = (secret: string) =>
          FleetWorld.start({ endpoint, place, credentials: FleetWorld.secretOf(secret) })
        const values = yield* Effect.forEach(["A", "B", "A", "B"], (secret) => Effect.flatMap(start(secret), token))
        expect(values).toEqual(["token-0-of-A", "token-1-of-B", "token-0-of-A", "token-1-of-B"])
        // The old secret's fleet lives on its token.
        endpoint.accepts = ["B"]
        expect(yield* Effect.flatMap(start("A"), token)).toBe("token-0-of-A")
        expect(warnings).toEqual([])
        const credentials = Credentials.rotating({
          current: FleetWorld.secretOf("C"),
          next: FleetWorld.secretOf("B")
        })
        const rotating = yield* FleetWorld.start({ endpoint, place, credentials })
        expect(yield* token(rotating)).toBe("token-1-of-B")
      })
    ))

  it("F3: of which one has learnt that the next secret works do not send the old one again", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        endpoint.accepts = ["B"]
        const credentials = Credentials.rotating({
          current: FleetWorld.secretOf("A"),
          next: FleetWorld.secretOf("B")
        })
        const all = yield* Effect.forEach(numbers(5), () => FleetWorld.start({ endpoint, place, credentials }))
        for (let minutes = 0; minutes < 24 * 60; minutes++) {
          yield* Effect.forEach(all, token)
          yield* Effect.sleep("1 minute")
        }
        const refused = endpoint.exchanges.filter(({ secret }) => secret === "A")
        expect(refused.length).toBeLessThanOrEqual(5)
      })
    ))

  it("F1: that wait for an exchange which fails make their own, and hear of the failure soon", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        const timesOf = Effect.fnUntraced(function* (count: number, over: FleetWorld.Place | undefined) {
          const all = yield* Effect.forEach(numbers(count), () => FleetWorld.start({ endpoint, place: over }))
          const ends = yield* Effect.forEach(all, (auth) => Effect.timed(Effect.either(token(auth))), {
            concurrency: "unbounded"
          })
          expect(ends.every(([, end]) => Either.isLeft(end))).toBe(true)
          return Math.max(...ends.map(([took]) => Duration.toSeconds(took)))
        })
        endpoint.latency = "1 hour"
        expect(yield* timesOf(12, place)).toBeLessThan(2 * (yield* timesOf(12, undefined)) + 11)
        yield* Effect.sleep("1 hour")
        endpoint.latency = "1 second"
        endpoint.accepts = []
        expect(yield* timesOf(100, place)).toBeLessThan(14)
        // The next ones do not take that failure, which can still be seen, for one of their holder.
        yield* Effect.sleep("2 seconds")
        endpoint.accepts = ["A"]
        const made = endpoint.exchanges.length
        const all = yield* Effect.forEach(numbers(12), () => FleetWorld.start({ endpoint, place }))
        yield* Effect.forEach(all, token, { concurrency: "unbounded" })
        expect(endpoint.exchanges.length - made).toBe(1)
      })
    ))

  it("F1: that wait for an exchange which fails come one by one, and take the first token that another gets", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        endpoint.latency = "1 second"
        endpoint.accepts = []
        const all = yield* Effect.forEach(numbers(200), () => FleetWorld.start({ endpoint, place }))
        const ends = yield* Effect.fork(
          Effect.forEach(all, (auth) => Effect.either(token(auth)), { concurrency: "unbounded" })
        )
        yield* Effect.sleep("1100 millis")
        endpoint.accepts = ["A"]
        const served = (yield* Fiber.join(ends)).filter(Either.isRight)
        expect(served.length).toBeGreaterThanOrEqual(199)
        // In the second that the first of them takes, a tenth of the others come.
        expect(endpoint.exchanges.length).toBeLessThan(60)
      })
    ))

  it("L1: with wrong clocks know for how long a token from the store still lives", () =>
    inWorld(({ endpoint, place }) =>
      Effect.gen(function* () {
        const minute = 60_000
        const left = Effect.fnUntraced(function* (ahead: number) {
          const clock = yield* FleetWorld.skewed(ahead)
          const auth = yield* Effect.withClock(FleetWorld.start({ endpoint, place }), clock)
          const { expiresAt, obtainedAt } = yield* Effect.withClock(auth.accessToken, clock)
          return [expiresAt - clock.unsafeCurrentTimeMillis(), expiresAt - obtainedAt]
        })
        yield* left(0)
        yield* Effect.sleep("10 minutes")
        // The exchange took 200 ms, and the token counts from when it was requested.
        const lives = [50 * minute - 200, 60 * minute]
        expect(yield* Effect.forEach([0, 15 * minute, -15 * minute], left)).toEqual([lives, lives, lives])
        expect(endpoint.exchanges).toHaveLength(1)
      })
    ))
})
