import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Period from "../token/Period.js"
import type { TokenStoreBackend } from "./TokenStoreBackend.js"

interface Kept {
  readonly text: string
  readonly period: Period.Period
}

/** Makes a store in the memory of this process. */
export const make = (): TokenStoreBackend => {
  const entries = new Map<string, Kept>()
  const owners = new Map<string, Kept>()
  const watchers = new Map<string, Set<Queue.Queue<void>>>()

  const now = <A>(f: (now: number) => A): Effect.Effect<A> => Effect.map(Clock.currentTimeMillis, f)

  const current = (kept: Map<string, Kept>, name: string, at: number): Kept | undefined => {
    const found = kept.get(name)
    return found !== undefined && Period.isCurrent(found.period, at) ? found : undefined
  }
  const keep = (kept: Map<string, Kept>, name: string, text: string, at: number, lasts: Duration.Duration) =>
    kept.set(name, { text, period: Period.make(at, lasts) })

  const wake = (name: string): void => watchers.get(name)?.forEach((changes) => void changes.unsafeOffer(undefined))

  return {
    read: (name) =>
      now((at) =>
        Option.map(Option.fromNullable(current(entries, name, at)), ({ period, text }) => ({
          value: text,
          left: Duration.millis(Period.left(period, at))
        }))
      ),
    write: (name, value, lasts) =>
      now((at) => {
        keep(entries, name, value, at, lasts)
        wake(name)
      }),
    remove: (name, value) =>
      Effect.sync(() => {
        if (entries.get(name)?.text === value) {
          entries.delete(name)
        }
      }),
    acquire: (name, owner, lasts) =>
      now((at) => {
        if (current(owners, name, at) !== undefined) {
          return "held"
        }
        keep(owners, name, owner, at, lasts)
        return "acquired"
      }),
    renew: (name, owner, lasts) =>
      now((at) => {
        const isOwn = current(owners, name, at)?.text === owner
        if (isOwn) {
          keep(owners, name, owner, at, lasts)
        }
        return isOwn
      }),
    release: (name, owner) =>
      Effect.sync(() => {
        if (owners.get(name)?.text === owner) {
          owners.delete(name)
          wake(name)
        }
      }),
    watch: (name) =>
      Effect.acquireRelease(
        Effect.map(Queue.sliding<void>(1), (changes) => {
          watchers.set(name, (watchers.get(name) ?? new Set()).add(changes))
          return changes
        }),
        (changes) =>
          Effect.sync(() => {
            const all = watchers.get(name)
            all?.delete(changes)
            if (all?.size === 0) {
              watchers.delete(name)
            }
          })
      ).pipe(Effect.map(Queue.take))
  }
}
