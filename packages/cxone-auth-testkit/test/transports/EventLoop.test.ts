import { HttpClient } from "@effect/platform"
import { afterEach, describe, expect, it, vi } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Effect, Fiber, TestClock } from "effect"
import { apiRequest, exchange } from "../support/Harness.js"

const count = 600

const foreign = Effect.flip(HttpClient.get("https://example.com"))
const refused = Effect.flip(HttpClient.get("https://user@cxone-simulator.test"))

describe("Requests in memory, one after the other without an end", () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it.effect.each([
    ["that are answered", exchange()],
    ["to another host", foreign],
    ["that no client sends", refused]
  ] as const)("%s let the event loop turn, so that the time-out of a test fires", ([, call]) =>
    Effect.gen(function* () {
      const loop = { hasTurned: false }
      setImmediate(() => {
        loop.hasTurned = true
      })
      let sent = 0
      while (!loop.hasTurned && sent < count) {
        yield* call
        sent += 1
      }
      expect(loop.hasTurned).toBe(true)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("go on while the timers of the test are false ones", () =>
    Effect.gen(function* () {
      vi.useFakeTimers()
      yield* Effect.repeatN(foreign, count)
      expect((yield* (yield* CxoneSimulator).requestsTo("foreign")).length).toBe(count + 1)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("let no time pass by TestClock before the last is answered", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const calls = yield* Effect.fork(Effect.repeatN(exchange(), count - 1))
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(calls)
      expect((yield* simulator.requests).filter(({ time }) => time > 0)).toEqual([])
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )
})

describe("Requests in memory, all at once", () => {
  it.effect("arrive in their order", () =>
    Effect.gen(function* () {
      const paths = Array.from({ length: count }, (_, at) => `/${at}`)
      yield* Effect.forEach(paths, (path) => Effect.flatMap(apiRequest(path), HttpClient.execute), {
        concurrency: "unbounded"
      })
      expect((yield* (yield* CxoneSimulator).requests).map(({ url }) => url)).toEqual(paths)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )
})
