import { describe, expect, it } from "@effect/vitest"
import { TokenPolicy } from "cxone-auth"
import { Array, Clock, Duration, Effect, Fiber, Option, Random, Ref, Schedule, TestClock } from "effect"
import * as Retry from "../../src/http/Retry.js"

const failure = (_tag: string, retryAfter?: Duration.DurationInput): Retry.Failure => ({
  _tag,
  ...(retryAfter === undefined ? {} : { retryAfter: Duration.decode(retryAfter) })
})

const delaysOf = (
  policy: TokenPolicy,
  asked: (n: number, backoff: Duration.Duration) => Option.Option<Duration.Duration>
) =>
  Effect.map(Schedule.run(Schedule.delays(Retry.schedule(policy, asked)), 0, Array.range(1, 2_000)), (delays) =>
    Array.fromIterable(delays).map(Duration.toSeconds)
  )

describe("Retry.schedule", () => {
  const policy = TokenPolicy.make({ retryDelay: "1 second", retryDelayFactor: 3, maxRetryDelay: "20 seconds" })

  it.effect("L7: the delays between retries grow up to the longest, each jittered by a fifth", () =>
    Effect.gen(function* () {
      const delays = yield* delaysOf(policy, () => Option.none())
      for (const [n, delay] of delays.entries()) {
        const nominal = Math.min(3 ** n, 20)
        expect(delay).toBeGreaterThanOrEqual(nominal * 0.8)
        expect(delay).toBeLessThanOrEqual(nominal * 1.2)
      }
      const last = delays.slice(-100)
      expect(Math.max(...last) - Math.min(...last)).toBeGreaterThan(4)
    })
  )

  it.effect("L7: a time that was asked for takes the place of the delay, up to a fifth longer and never shorter", () =>
    Effect.gen(function* () {
      const delays = yield* delaysOf(policy, () => Option.some(Duration.seconds(7)))
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(7)
      expect(Math.max(...delays)).toBeLessThanOrEqual(8.4)
      expect(Math.max(...delays)).toBeGreaterThan(8)
    })
  )

  it.effect("tells the back-off that the asked time would replace", () =>
    Effect.gen(function* () {
      const told: Array<number> = []
      yield* delaysOf(policy, (_, backoff) => {
        told.push(Duration.toSeconds(backoff))
        return Option.none()
      })
      expect(told.slice(0, 4).map(Math.round)).toEqual([1, 3, 9, 20])
    }).pipe(Effect.withRandom(Random.fixed([0.5])))
  )
})

describe("Retry.retry", () => {
  const policy = TokenPolicy.make({ maxRetries: 3, maxWait: "60 seconds" })

  /** When each try was made, in seconds, and how many milliseconds of patience the last one had. */
  const tries = (failures: ReadonlyArray<Retry.Failure>, isGated: (error: Retry.Failure) => boolean = () => false) =>
    Effect.gen(function* () {
      const times: Array<number> = []
      const startedAt = yield* Clock.currentTimeMillis
      const left: Array<number> = []
      const attempt = (patience: Retry.Patience) =>
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          left.push(yield* Ref.get(patience))
          const error = failures[times.push(Math.round((now - startedAt) / 100) / 10) - 1]
          return error === undefined ? undefined : yield* Effect.fail(error)
        })
      const mayPass = ({ _tag }: Retry.Failure) => _tag !== "Refused"
      const fiber = yield* Effect.fork(
        Effect.either(Retry.retry(attempt, { policy, mayPass, isGated, onRetry: () => Effect.void }))
      )
      yield* TestClock.adjust("10 minutes")
      const { _tag } = yield* Fiber.join(fiber)
      return { times, _tag, left: left.at(-1) }
    }).pipe(Effect.withRandom(Random.fixed([0.5])))

  it.effect("L7: tries again what may pass, three times and no more", () =>
    Effect.gen(function* () {
      const down = failure("Down")
      expect(yield* tries([down, down])).toEqual({ times: [0, 1, 3], _tag: "Right", left: 60_000 })
      expect(yield* tries([down, down, down, down, down])).toMatchObject({
        times: [0, 1, 3, 7],
        _tag: "Left"
      })
    })
  )

  it.effect("L7: does not try again what will not pass", () =>
    Effect.gen(function* () {
      expect(yield* tries([failure("Refused")])).toMatchObject({ times: [0], _tag: "Left" })
    })
  )

  it.effect("L6: waits as long as the server asks, while the patience lasts", () =>
    Effect.gen(function* () {
      const busy = failure("Down", "40 seconds")
      expect(yield* tries([busy, busy])).toEqual({ times: [0, 44], _tag: "Left", left: 20_000 })
      expect(yield* tries([failure("Down", "60 seconds")])).toEqual({ times: [0, 66], _tag: "Right", left: 0 })
      expect(yield* tries([failure("Down", "61 seconds")])).toMatchObject({ times: [0], _tag: "Left" })
    })
  )

  it.effect("a time of zero counts as not said", () =>
    Effect.gen(function* () {
      expect(yield* tries([failure("Down", 0)])).toMatchObject({ times: [0, 1] })
    })
  )

  it.effect("L6: starts at once after a failure whose time a gate keeps, and leaves the patience to the gate", () =>
    Effect.gen(function* () {
      expect(yield* tries([failure("Limited", "40 seconds")], () => true)).toEqual({
        times: [0, 0],
        _tag: "Right",
        left: 60_000
      })
      expect(yield* tries([failure("Limited", "61 seconds")], () => true)).toMatchObject({ times: [0], _tag: "Left" })
    })
  )
})
