import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import type { Driver } from "./Driver.js"
import * as Failure from "./Failure.js"
import * as LazyConnection from "./LazyConnection.js"
import type { Operations } from "./Operations.js"

/**
 * A command that had no answer after this time, in milliseconds, tells that its connection is dead: the store gives up
 * much sooner. TCP alone would notice only after a quarter of an hour.
 */
const longestSilence = 1_000

/** Runs scripts over one connection, and subscribes over another. The scope ends both. */
export const make = Effect.fnUntraced(function* (driver: Driver) {
  const commands = yield* LazyConnection.make(driver.commands)
  /** When each command was sent that has no answer yet, the oldest first. */
  let unanswered = new Set<{ readonly since: number }>()

  const replaceIfDead = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const [oldest] = unanswered
    const silence = oldest === undefined ? 0 : now - oldest.since
    // Negative: the clock was set back, so nobody knows how long it is.
    if (silence >= 0 && silence < longestSilence) {
      return Effect.void
    }
    unanswered = new Set()
    return commands.drop
  })

  const evaluate: Operations["evaluate"] = (script, keys, args) =>
    Effect.gen(function* () {
      yield* replaceIfDead
      const connection = yield* commands.get
      const command = { since: yield* Clock.currentTimeMillis }
      return yield* Effect.tryPromise({
        try: async () => {
          unanswered.add(command)
          try {
            return await connection.evaluate(script, keys, args)
          } finally {
            unanswered.delete(command)
          }
        },
        catch: Failure.of
      })
    })

  const watching = new Map<string, Set<() => void>>()
  const subscriber = yield* LazyConnection.make(
    Effect.tap(
      driver.subscriber((channel) => watching.get(channel)?.forEach((onMessage) => void onMessage())),
      (opened) =>
        Effect.tryPromise(() => Promise.all(Array.from(watching.keys(), (channel) => opened.subscribe(channel))))
    )
  )

  const leave = (channel: string, onMessage: () => void) =>
    Effect.suspend(() => {
      const others = watching.get(channel)
      others?.delete(onMessage)
      if (others === undefined || others.size > 0) {
        return Effect.void
      }
      watching.delete(channel)
      // Nobody waits for the answer, because a server that hangs gives none.
      subscriber.peek()?.unsubscribe(channel).catch(constVoid)
      // Processes wait for a token seldom, so a connection of our own is not kept.
      return watching.size === 0 ? subscriber.drop : Effect.void
    })

  const operations: Operations = {
    evaluate,
    subscribe: (channel, onMessage) =>
      Effect.acquireRelease(
        Effect.sync(() => watching.set(channel, (watching.get(channel) ?? new Set()).add(onMessage))),
        () => leave(channel, onMessage)
      ).pipe(
        Effect.zipRight(subscriber.get),
        Effect.flatMap((opened) =>
          Effect.tryPromise({ try: async () => opened.subscribe(channel), catch: Failure.of })
        ),
        Effect.asVoid
      )
  }

  // What the layer needs first is under way when it is needed. Nobody waits for it here.
  yield* Effect.forkScoped(Effect.ignore(commands.get))
  return operations
})
