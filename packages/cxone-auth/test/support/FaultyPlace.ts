/** A place that fails in every way that a store can. */
import { type TokenStoreBackend, TokenStoreError } from "cxone-auth"
import { Duration, Effect, Option } from "effect"
import type { Place } from "./FleetWorld.js"

export type Fault =
  /** None. */
  | "none"
  /** An error. The operation may have had its effect. */
  | "fails"
  /** No answer for ever. The operation may have had its effect. */
  | "hangs"
  /** An answer after 100 ms. */
  | "slow"
  /** An answer after 300 ms, which is later than anybody waits for it. */
  | "too slow"
  /** A write, a removal or a release says that all is well, and does nothing. */
  | "loses"
  /** What is read is not what was written. */
  | "garbage"
  /** The lease belongs to somebody who is dead, and for longer than it should. */
  | "held"
  | "flushed"
  | "forgets leases"

export const faults: ReadonlyArray<Fault> = [
  "none",
  "fails",
  "hangs",
  "slow",
  "too slow",
  "loses",
  "garbage",
  "held",
  "flushed",
  "forgets leases"
]

const hour = Duration.hours(1)

/** What may stand in the place of an entry. An entry from the future has longer than its token can live. */
const garbageFor = (value: string): ReadonlyArray<readonly [value: string, left: Duration.Duration]> => [
  ["", hour],
  ["\u0000\uffff{}", hour],
  ["AQ", hour],
  ["AQ".repeat(50_000), hour],
  [value.slice(0, -7), hour],
  [`Ag${value.slice(2)}`, hour],
  [`${value.slice(0, 40)}${value[40] === "A" ? "B" : "A"}${value.slice(41)}`, hour],
  [value, Duration.days(10)],
  [value, Duration.zero]
]

/**
 * The place as a process sees it. At each operation, `draw` says which of these faults it meets, and other things that may go
 * one way or another: it gives a random number from 0 to 1. `note` hears of each operation.
 */
export const faulty = (
  place: Place,
  weather: () => ReadonlyArray<Fault>,
  draw: () => number,
  note: () => void
): TokenStoreBackend => {
  const oneOf = <A>(all: ReadonlyArray<A>, otherwise: A): A => all[Math.floor(draw() * all.length)] ?? otherwise

  const meet = <A, R>(
    operation: Effect.Effect<A, TokenStoreError, R>,
    change: (fault: Fault) => Effect.Effect<A, TokenStoreError, R> | undefined = () => undefined
  ): Effect.Effect<A, TokenStoreError, R> =>
    Effect.suspend(() => {
      note()
      const fault = oneOf(weather(), "none")
      const perhaps = draw() < 0.5 ? Effect.asVoid(operation) : Effect.void
      switch (fault) {
        case "fails":
          return Effect.zipRight(perhaps, new TokenStoreError({ message: "the place has failed" }))
        case "hangs":
          return Effect.zipRight(perhaps, Effect.never)
        case "slow":
          return draw() < 0.5 ? Effect.delay(operation, 100) : Effect.tap(operation, Effect.sleep(100))
        case "too slow":
          return draw() < 0.5 ? Effect.delay(operation, 300) : Effect.tap(operation, Effect.sleep(300))
        case "flushed":
          return Effect.zipRight(place.flush, operation)
        case "forgets leases":
          return Effect.zipRight(place.forgetLeases, operation)
        default:
          return change(fault) ?? operation
      }
    })
  const unless = (lost: Fault) => (fault: Fault) => (fault === lost ? Effect.void : undefined)

  return {
    read: (name) =>
      meet(place.read(name), (fault) =>
        fault === "garbage"
          ? Effect.map(place.read(name), (entry) => {
              const value = Option.match(entry, { onNone: () => "A".repeat(400), onSome: ({ value }) => value })
              const [changed, left] = oneOf(garbageFor(value), ["", hour])
              return Option.some({ value: changed, left })
            })
          : undefined
      ),
    write: (name, value, lasts) => meet(place.write(name, value, lasts), unless("loses")),
    remove: (name, value) => meet(place.remove(name, value), unless("loses")),
    acquire: (name, owner, lasts) =>
      meet(place.acquire(name, owner, lasts), (fault) => (fault === "held" ? Effect.succeed("held") : undefined)),
    renew: (name, owner, lasts) => meet(place.renew(name, owner, lasts)),
    release: (name, owner) => meet(place.release(name, owner), unless("loses")),
    watch: (name) => meet(place.watch(name))
  }
}
