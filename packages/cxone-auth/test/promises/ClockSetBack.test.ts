import { describe, expect, it } from "@effect/vitest"
import { CxoneHttpClient } from "cxone-auth"
import { type Clock, Duration, Effect, Fiber, Random, TestClock } from "effect"
import { world } from "../support/DiscoveryWorld.js"
import * as Fake from "../support/FakeCxone.js"
import { json } from "../support/ScriptedHttpClient.js"

type App = Effect.Effect.Success<ReturnType<typeof world>>

interface Row {
  readonly play: Parameters<typeof Fake.play>[0]
  /** What the app does: it fills the memory the first time, and goes by it the second time. */
  readonly act: (app: App) => Effect.Effect<unknown>
  /** The requests that the memory saves. */
  readonly saves: Fake.Kind
  /** How many of them are sent once the memory has ended; default one. */
  readonly sentAgain?: number
}

const hour = Duration.toMillis(Duration.hours(1))
const askForToken = ({ auth }: App) => Effect.exit(auth.accessToken)
const call = ({ cxone }: App) => Effect.exit(cxone.get("/x"))
const notYet = (status: number) => () => new Response("", { status, headers: { "retry-after": "3000" } })

const rows: ReadonlyArray<readonly [memory: string, row: Row]> = [
  ["a token", { play: {}, act: askForToken, saves: "token" }],
  [
    "a refusal of the credentials",
    { play: { token: () => json({ error: "invalid_client" }, { status: 401 }) }, act: askForToken, saves: "token" }
  ],
  ["the Retry-After of the token endpoint", { play: { token: notYet(429) }, act: askForToken, saves: "token" }],
  ["the Retry-After of the API", { play: { api: notYet(429) }, act: call, saves: "api" }],
  // The clock ends the token as well: the first request replaces it, and the second one is for the 401.
  [
    "a token that the API refused",
    { play: { api: () => new Response("", { status: 401 }) }, act: call, saves: "token", sentAgain: 2 }
  ],
  ["the place of the token endpoint", { play: {}, act: askForToken, saves: "openid" }],
  ["the place of the API", { play: {}, act: ({ auth }) => Effect.exit(auth.apiBaseUrl), saves: "configuration" }],
  ["the Retry-After of a discovery document", { play: { openid: notYet(503) }, act: askForToken, saves: "openid" }]
]

describe("L12: a clock that is set back by an hour ends every memory", () => {
  it.scoped.each(rows)("L12: %s", ([_, { act, play, saves, sentAgain = 1 }]) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(10 * hour)
      const app = yield* world(Fake.play(play))
      const acted = Effect.zipRight(Effect.zipRight(act(app), TestClock.adjust(0)), app.count(saves))
      const before = yield* acted
      expect(before).toBeGreaterThan(0)
      expect(yield* acted).toBe(before)
      yield* TestClock.setTime(9 * hour)
      expect(yield* acted).toBe(before + sentAgain)
    })
  )

  /** A call that waits for 40 s twice, for up to `wait`, when the clock jumps in the first wait. Sleeps go on as before. */
  const waitingThroughJump = (wait: Duration.DurationInput, jump: number) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(10 * hour)
      const testClock = yield* Effect.clock
      let offset = 0
      const skewed: Clock.Clock = {
        ...testClock,
        unsafeCurrentTimeNanos: () => testClock.unsafeCurrentTimeNanos(),
        unsafeCurrentTimeMillis: () => testClock.unsafeCurrentTimeMillis() + offset,
        currentTimeMillis: Effect.map(testClock.currentTimeMillis, (millis) => millis + offset),
        sleep: (duration) => testClock.sleep(duration)
      }
      let answers = 0
      const api = () => (++answers > 2 ? json({}) : new Response("", { status: 429, headers: { "retry-after": "40" } }))
      const onSkewed = Effect.withClock(skewed)
      const { count, cxone } = yield* onSkewed(world(Fake.play({ api })))
      const waiting = cxone.get("/x").pipe(CxoneHttpClient.withCallOptions({ onRateLimited: { wait } }))
      const fiber = yield* Effect.fork(onSkewed(Effect.withRandom(Effect.either(waiting), Random.fixed([0]))))
      yield* TestClock.adjust("39 seconds")
      offset = jump
      yield* TestClock.adjust("61 seconds")
      return { result: yield* Fiber.join(fiber), calls: yield* count("api") }
    })

  it.scoped("L12: a call that waits for the API gets no new patience", () =>
    Effect.gen(function* () {
      const { calls, result } = yield* waitingThroughJump("1 minute", -hour)
      expect(result).toMatchObject({ _tag: "Left", left: { _tag: "RateLimited" } })
      expect(calls).toBe(2)
    })
  )

  it.scoped("L12: and if the clock is set forward, it keeps the patience that it has", () =>
    Effect.gen(function* () {
      const { calls, result } = yield* waitingThroughJump("2 minutes", 2 * hour)
      expect(result).toMatchObject({ _tag: "Right" })
      expect(calls).toBe(3)
    })
  )
})
