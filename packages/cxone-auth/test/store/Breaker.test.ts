import { describe, expect, it } from "@effect/vitest"
import { TokenStoreError } from "cxone-auth"
import { Deferred, Duration, Effect, Fiber, Logger, Option, Ref, TestClock } from "effect"
import * as Breaker from "../../src/store/Breaker.js"
import { measured } from "../support/Metrics.js"

const broken = new TokenStoreError({ message: "connection refused" })

/** A breaker, how many operations reached the store, and the warnings. The store has answered once before. */
const setup = Effect.gen(function* () {
  const breaker = yield* Breaker.make
  yield* breaker.read(() => Effect.void)
  const sent = yield* Ref.make(0)
  const warnings: Array<string> = []
  const logger = Logger.make(({ message }) => void warnings.push(String(message)))
  const through =
    (way: keyof Breaker.Breaker) =>
    <A>(operation: Effect.Effect<A, TokenStoreError>) =>
      breaker[way](() =>
        Effect.zipRight(
          Ref.update(sent, (count) => count + 1),
          operation
        )
      ).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
  return { cleanUp: through("cleanUp"), read: through("read"), run: through("write"), sent: Ref.get(sent), warnings }
})

describe("L11 and F4: a store that is away", () => {
  it.effect("gives its answer while it is well", () =>
    Effect.gen(function* () {
      const { run, warnings } = yield* setup
      expect(yield* run(Effect.succeed("value"))).toStrictEqual(Option.some("value"))
      expect(warnings).toStrictEqual([])
    })
  )

  it.effect("is asked again after 1 s, doubling to 30 s, by one operation", () =>
    Effect.gen(function* () {
      const { run, sent } = yield* setup
      yield* run(broken)
      let expected = 1
      for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
        yield* TestClock.adjust(Duration.millis(seconds * 1_000 - 1))
        expect(yield* run(broken)).toStrictEqual(Option.none())
        expect(yield* sent).toBe(expected)
        yield* TestClock.adjust("1 millis")
        expect(yield* run(broken)).toStrictEqual(Option.none())
        expected += 1
        expect(yield* sent).toBe(expected)
      }
    })
  )

  it.effect("holds nobody for more than 250 ms, even if an operation can't be interrupted", () =>
    Effect.gen(function* () {
      const { run } = yield* setup
      const fiber = yield* Effect.fork(run(Effect.uninterruptible(Effect.never)))
      yield* TestClock.adjust("249 millis")
      expect(fiber.unsafePoll()).toBeNull()
      yield* TestClock.adjust("1 millis")
      expect(yield* Fiber.join(fiber)).toStrictEqual(Option.none())
    })
  )

  it.effect("has 1 s for the first operation, because that one connects", () =>
    Effect.gen(function* () {
      const { write } = yield* Breaker.make
      const first = yield* Effect.fork(write(() => Effect.delay(Effect.succeed("connected"), "999 millis")))
      yield* TestClock.adjust("999 millis")
      expect(yield* Fiber.join(first)).toStrictEqual(Option.some("connected"))
      const second = yield* Effect.fork(write(() => Effect.never))
      yield* TestClock.adjust("250 millis")
      expect(yield* Fiber.join(second)).toStrictEqual(Option.none())
      const { write: unanswered } = yield* Breaker.make
      const hanging = yield* Effect.fork(unanswered(() => Effect.never))
      yield* TestClock.adjust("999 millis")
      expect(hanging.unsafePoll()).toBeNull()
      yield* TestClock.adjust("1 millis")
      expect(yield* Fiber.join(hanging)).toStrictEqual(Option.none())
      yield* TestClock.adjust("1 seconds")
      const trial = yield* Effect.fork(unanswered(() => Effect.never))
      yield* TestClock.adjust("250 millis")
      expect(yield* Fiber.join(trial)).toStrictEqual(Option.none())
    })
  )

  it.effect("is still read if only writes fail, and no read and no release that succeeds brings the writes back", () =>
    Effect.gen(function* () {
      const { cleanUp, read, run, sent, warnings } = yield* setup
      yield* run(broken)
      for (let second = 0; second < 3; second++) {
        expect(yield* read(Effect.succeed("value"))).toStrictEqual(Option.some("value"))
      }
      expect(yield* run(Effect.succeed("written"))).toStrictEqual(Option.none())
      expect(yield* sent).toBe(4)
      expect(yield* measured("cxone_auth_store_available", {})).toStrictEqual([0])
      yield* TestClock.adjust("1 seconds")
      expect(yield* run(broken)).toStrictEqual(Option.none())
      expect(yield* cleanUp(Effect.succeed("released"))).toStrictEqual(Option.some("released"))
      expect(yield* run(Effect.succeed("written"))).toStrictEqual(Option.none())
      yield* TestClock.adjust("2 seconds")
      expect(yield* cleanUp(Effect.succeed("released"))).toStrictEqual(Option.some("released"))
      expect(warnings).toHaveLength(1)
      expect(yield* run(Effect.succeed("written"))).toStrictEqual(Option.some("written"))
      expect(warnings).toHaveLength(2)
    })
  )

  it.effect("is neither read nor written after a read has failed, whatever failed before", () =>
    Effect.gen(function* () {
      const { read, run, sent, warnings } = yield* setup
      yield* run(broken)
      yield* read(broken)
      yield* TestClock.adjust("1999 millis")
      expect(yield* read(Effect.succeed("value"))).toStrictEqual(Option.none())
      expect(yield* run(Effect.succeed("value"))).toStrictEqual(Option.none())
      expect(yield* sent).toBe(2)
      yield* TestClock.adjust("1 millis")
      expect(yield* read(Effect.succeed("value"))).toStrictEqual(Option.some("value"))
      expect(yield* run(Effect.succeed("value"))).toStrictEqual(Option.some("value"))
      expect(warnings).toHaveLength(2)
    })
  )

  it.effect("is not read again because a write has tried it and failed", () =>
    Effect.gen(function* () {
      const { read, run, sent } = yield* setup
      yield* read(broken)
      yield* TestClock.adjust("1 seconds")
      yield* run(broken)
      expect(yield* read(Effect.succeed("value"))).toStrictEqual(Option.none())
      expect(yield* sent).toBe(2)
    })
  )

  it.effect("holds nobody for longer who must not be interrupted: not an answer, and not one that never comes", () =>
    Effect.gen(function* () {
      const { run } = yield* setup
      const answered = yield* Effect.fork(Effect.uninterruptible(run(Effect.succeed("value"))))
      yield* TestClock.adjust("1 millis")
      expect(answered.unsafePoll()).not.toBeNull()
      const hanging = yield* Effect.fork(Effect.uninterruptible(run(Effect.never)))
      yield* TestClock.adjust("250 millis")
      expect(hanging.unsafePoll()).not.toBeNull()
    })
  )

  it.effect("is tried by one operation only, while others go on without it", () =>
    Effect.gen(function* () {
      const { run, sent } = yield* setup
      yield* run(broken)
      yield* TestClock.adjust("1 seconds")
      const trial = yield* Effect.fork(run(Effect.never))
      yield* TestClock.adjust("1 millis")
      expect(yield* run(Effect.succeed("value"))).toStrictEqual(Option.none())
      expect(yield* sent).toBe(2)
      yield* Fiber.interrupt(trial)
    })
  )

  it.effect("is tried again at once, if the operation that tried it was interrupted", () =>
    Effect.gen(function* () {
      const { run } = yield* setup
      yield* run(broken)
      yield* TestClock.adjust("1 seconds")
      const trial = yield* Effect.fork(run(Effect.never))
      yield* TestClock.adjust("1 millis")
      yield* Fiber.interrupt(trial)
      expect(yield* run(Effect.succeed("value"))).toStrictEqual(Option.some("value"))
    })
  )

  it.effect("is told of by one line when it goes, and by one when it is back", () =>
    Effect.gen(function* () {
      const { run, warnings } = yield* setup
      for (let failure = 0; failure < 5; failure++) {
        yield* run(broken)
        yield* TestClock.adjust("1 minute")
      }
      yield* run(Effect.succeed("value"))
      yield* run(Effect.succeed("value"))
      expect(warnings).toStrictEqual([
        "The token store failed: connection refused. Until it answers again, this process requests tokens of its own. No call fails for it.",
        "The token store answers again, so tokens are shared again."
      ])
      yield* run(broken)
      expect(warnings).toHaveLength(3)
    })
  )

  it.effect("counts operations that were under way together as one failure", () =>
    Effect.gen(function* () {
      const { run, sent } = yield* setup
      const gate = yield* Deferred.make<void, TokenStoreError>()
      const all = yield* Effect.fork(
        Effect.all(
          Array.from({ length: 5 }, () => run(Deferred.await(gate))),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("1 millis")
      yield* Deferred.fail(gate, broken)
      yield* Fiber.join(all)
      yield* TestClock.adjust("1 seconds")
      expect(yield* run(Effect.succeed("value"))).toStrictEqual(Option.some("value"))
      expect(yield* sent).toBe(6)
    })
  )

  it.effect("that throws an error of its own is away, too, and nothing of the error is shown", () =>
    Effect.gen(function* () {
      const { run, warnings } = yield* setup
      expect(yield* run(Effect.die(new Error("with a s3cr3t")))).toStrictEqual(Option.none())
      expect(warnings.join()).not.toContain("s3cr3t")
    })
  )

  it.effect("ends no call, even if it throws in place of an effect, or interrupts itself", () =>
    Effect.gen(function* () {
      const { read } = yield* Breaker.make
      const throwing = (): Effect.Effect<void> => {
        throw new Error("with a s3cr3t")
      }
      expect(yield* read(throwing)).toStrictEqual(Option.none())
      yield* TestClock.adjust("1 seconds")
      expect(yield* read(() => Effect.interrupt)).toStrictEqual(Option.none())
    })
  )

  it.effect("is asked again if the clock was set back", () =>
    Effect.gen(function* () {
      const { run } = yield* setup
      yield* TestClock.setTime(1_000_000)
      yield* run(broken)
      yield* TestClock.setTime(1)
      expect(yield* run(Effect.succeed("value"))).toStrictEqual(Option.some("value"))
    })
  )
})
