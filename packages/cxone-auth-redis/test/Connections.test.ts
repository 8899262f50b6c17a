import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, TestClock } from "effect"
import * as ClientOperations from "../src/store/ClientOperations.js"
import type { Driver } from "../src/store/Driver.js"
import * as RedisBackend from "../src/store/RedisBackend.js"

/** A connection that was opened. The test sets whether it is open, and what it answers. */
interface Opened {
  isOpen: boolean
  hasEnded: boolean
  answer: () => Promise<unknown>
  readonly channels: Set<string>
  readonly onMessage: (channel: string) => void
}

/** A driver that notes each connection that it opens. */
const makeDriver = () => {
  const commands: Array<Opened> = []
  const subscribers: Array<Opened> = []
  const server = { hangs: false }

  const open = (all: Array<Opened>, onMessage: (channel: string) => void) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const opened: Opened = {
          isOpen: true,
          hasEnded: false,
          answer: async () => 1,
          channels: new Set(),
          onMessage
        }
        all.push(opened)
        return opened
      }),
      (opened) =>
        Effect.sync(() => {
          opened.hasEnded = true
        })
    ).pipe(
      Effect.tap(() => (server.hangs ? Effect.never : Effect.void)),
      Effect.map((opened) => ({
        isOpen: () => opened.isOpen,
        evaluate: () => opened.answer(),
        subscribe: async (channel: string) => void opened.channels.add(channel),
        unsubscribe: async (channel: string) => void opened.channels.delete(channel)
      }))
    )
  const driver: Driver = {
    commands: open(commands, () => {}),
    subscriber: (onMessage) => open(subscribers, onMessage)
  }
  return { commands, driver, server, subscribers }
}

const setup = Effect.gen(function* () {
  const { commands, driver, server, subscribers } = makeDriver()
  const { evaluate, subscribe } = yield* ClientOperations.make(driver)
  return {
    commands,
    server,
    subscribers,
    evaluate: evaluate("script", ["key"], []),
    /** Watches a channel until `leave`. */
    watch: (channel: string, onMessage: () => void = () => {}) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        yield* Scope.extend(subscribe(channel, onMessage), scope)
        return { leave: Scope.close(scope, Exit.void) }
      })
  }
})

const ended = (all: ReadonlyArray<Opened>) => all.map(({ hasEnded }) => hasEnded)
const channels = (all: ReadonlyArray<Opened>) => all.map((opened) => Array.from(opened.channels))
const never = () => new Promise(() => {})

describe("F4: the connection for commands", () => {
  it.scoped("is opened ahead of the first command, and kept while it answers", () =>
    Effect.gen(function* () {
      const { commands, evaluate } = yield* setup
      yield* TestClock.adjust("1 millis")
      expect(commands).toHaveLength(1)
      for (let minute = 0; minute < 3; minute++) {
        expect(yield* evaluate).toBe(1)
        yield* TestClock.adjust("1 minute")
      }
      expect(ended(commands)).toStrictEqual([false])
    })
  )

  it.scoped("is replaced if a command has no answer, and the clock was set back meanwhile", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      const { commands, evaluate } = yield* setup
      yield* evaluate
      const [first] = commands
      Object.assign(first ?? {}, { answer: never })
      yield* Effect.fork(evaluate)
      yield* TestClock.adjust("1 millis")
      yield* TestClock.setTime(0)
      expect(yield* evaluate).toBe(1)
      expect(ended(commands)).toStrictEqual([true, false])
    })
  )

  it.scoped("is replaced once, and ended, if a command had no answer for 1 s", () =>
    Effect.gen(function* () {
      const { commands, evaluate } = yield* setup
      yield* evaluate
      const [first] = commands
      Object.assign(first ?? {}, { answer: never })
      const given = yield* Effect.fork(evaluate)
      yield* TestClock.adjust("250 millis")
      yield* Fiber.interrupt(given)
      const second = yield* Effect.fork(evaluate)
      yield* TestClock.adjust("749 millis")
      yield* Fiber.interrupt(second)
      expect(ended(commands)).toStrictEqual([false])
      yield* TestClock.adjust("1 millis")
      expect(yield* evaluate).toBe(1)
      expect(ended(commands)).toStrictEqual([true, false])
      yield* TestClock.adjust("1 minute")
      expect(yield* evaluate).toBe(1)
      expect(ended(commands)).toStrictEqual([true, false])
    })
  )

  it.scoped("is replaced if it is no longer open", () =>
    Effect.gen(function* () {
      const { commands, evaluate } = yield* setup
      yield* evaluate
      Object.assign(commands[0] ?? {}, { isOpen: false })
      yield* evaluate
      expect(ended(commands)).toStrictEqual([true, false])
    })
  )

  it.scoped("is given up if it is not open within 5 s, and the next command opens another", () =>
    Effect.gen(function* () {
      const { commands, evaluate, server } = yield* setup
      server.hangs = true
      const waiting = yield* Effect.fork(Effect.flip(evaluate))
      yield* TestClock.adjust("4999 millis")
      expect(ended(commands)).toStrictEqual([false])
      yield* TestClock.adjust("1 millis")
      expect((yield* Fiber.join(waiting)).message).toBe("Redis can't be reached: no connection within 5 s")
      expect(ended(commands)).toStrictEqual([true])
      server.hangs = false
      expect(yield* evaluate).toBe(1)
      expect(ended(commands)).toStrictEqual([true, false])
    })
  )
})

describe("F1: the connection for changes", () => {
  it.scoped("ends when nobody watches, and is opened for the next who does", () =>
    Effect.gen(function* () {
      const { subscribers, watch } = yield* setup
      const { leave } = yield* watch("a")
      expect(ended(subscribers)).toStrictEqual([false])
      yield* leave
      expect(ended(subscribers)).toStrictEqual([true])
      yield* watch("a")
      expect(ended(subscribers)).toStrictEqual([true, false])
    })
  )

  it.scoped("leaves a channel with the last who watches it, and not before", () =>
    Effect.gen(function* () {
      const { subscribers, watch } = yield* setup
      let heard = 0
      const first = yield* watch("a")
      const second = yield* watch("a", () => {
        heard += 1
      })
      yield* watch("b")
      yield* first.leave
      expect(channels(subscribers)).toStrictEqual([["a", "b"]])
      subscribers[0]?.onMessage("a")
      expect(heard).toBe(1)
      yield* second.leave
      expect(channels(subscribers)).toStrictEqual([["b"]])
      expect(ended(subscribers)).toStrictEqual([false])
    })
  )

  it.scoped("has all channels again that are watched, if it was lost", () =>
    Effect.gen(function* () {
      const { subscribers, watch } = yield* setup
      yield* watch("a")
      Object.assign(subscribers[0] ?? {}, { isOpen: false })
      yield* watch("b")
      expect(ended(subscribers)).toStrictEqual([true, false])
      expect(channels(subscribers)[1]?.sort()).toStrictEqual(["a", "b"])
    })
  )
})

describe("F1: a watcher", () => {
  const subscribed = (subscribe: Parameters<typeof RedisBackend.make>[0]["subscribe"]) =>
    RedisBackend.make({ evaluate: () => Effect.void, subscribe }, "prefix").watch("name")

  it.scoped("looks again when its subscription begins, because a change may have come before", () =>
    Effect.gen(function* () {
      yield* yield* subscribed(() => Effect.void)
    })
  )

  it.scoped("waits for no subscription", () =>
    Effect.gen(function* () {
      const changed = yield* subscribed(() => Effect.never)
      const waiting = yield* Effect.fork(changed)
      yield* TestClock.adjust("1 minute")
      expect(waiting.unsafePoll()).toBeNull()
    })
  )
})
