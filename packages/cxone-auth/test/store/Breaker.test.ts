import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Either, Exit, Logger, Option } from "effect"
import * as Breaker from "../../src/store/Breaker.js"
import { TokenStoreError } from "../../src/store/TokenStoreBackend.js"
import * as VirtualTime from "../support/VirtualTime.js"

const inVirtualTime = <A, E>(program: Effect.Effect<A, E>): A =>
  Exit.getOrElse(VirtualTime.run(Effect.provide(program, Logger.remove(Logger.defaultLogger))), (cause) =>
    expect.fail(String(cause))
  )

/** What an operation gave, and how many milliseconds it took. */
const timed = <A>(breaker: Breaker.Breaker, operation: Effect.Effect<A, TokenStoreError>) =>
  Effect.map(Effect.timed(breaker.run(operation)), ([took, found]) => [
    Math.round(Duration.toMillis(took)),
    Option.getOrUndefined(found)
  ])

const operations = {
  "that succeeds": [Effect.delay(Effect.succeed("a"), 10), [10, "a"]],
  "that fails": [Effect.delay(new TokenStoreError({ message: "no" }), 10), [10, undefined]],
  "that dies": [Effect.delay(Effect.die("a bug"), 10), [10, undefined]],
  "that hangs": [Effect.never, [250, undefined]],
  "that hangs and can't be interrupted": [Effect.uninterruptible(Effect.sleep("1 hour")), [250, undefined]]
} as const

/** A lease is taken and given up in an uninterruptible one. */
const regions = {
  "an interruptible region": Effect.interruptible,
  "an uninterruptible region": Effect.uninterruptible
} as const

describe("L11: an operation of the store", () => {
  it.each(
    Object.entries(regions).flatMap(([place, region]) =>
      Object.entries(operations).map(
        ([what, [operation, expected]]) => [`${what}, in ${place}`, region, operation, expected] as const
      )
    )
  )("%s, takes as long as it takes, and 250 ms at most", (_, region, operation, expected) => {
    expect(inVirtualTime(Effect.flatMap(Breaker.make, (breaker) => region(timed(breaker, operation))))).toEqual(
      expected
    )
  })

  it("is not sent while the store is away: for 1 s, doubling to 30 s", () => {
    let sent = 0
    const failing = Effect.suspend(() => {
      sent += 1
      return Either.left(new TokenStoreError({ message: "no" }))
    })
    const program = Effect.gen(function* () {
      const breaker = yield* Breaker.make
      const pauses: Array<number> = []
      let last = 0
      for (let millis = 0; pauses.length < 9; millis += 100) {
        const before = sent
        yield* breaker.run(failing)
        if (sent > before) {
          pauses.push(millis - last)
          last = millis
        }
        yield* Effect.sleep(100)
      }
      return pauses
    })
    expect(inVirtualTime(program)).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  })
})
