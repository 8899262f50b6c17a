/**
 * What every backend of `TokenStore` promises. Each test uses a name of its own, so that a suite may use one server for all
 * of them.
 */
import { describe, expect, it } from "@effect/vitest"
import type { TokenStoreBackend } from "cxone-auth"
import { Duration, Effect, Fiber, Option, type Scope } from "effect"

/** Two processes over one store, and how time passes for it. */
export interface Place {
  readonly one: TokenStoreBackend
  readonly two: TokenStoreBackend
  readonly pass: (time: Duration.DurationInput) => Effect.Effect<void>
}

interface Options {
  /** Whether time is real. */
  readonly isLive: boolean
  /** Whether the store tells those who watch a name of a change. */
  readonly tells: boolean
  readonly open: Effect.Effect<Place, unknown, Scope.Scope>
}

const short = Duration.millis(400)
const afterShort = Duration.millis(500)
const long = Duration.minutes(1)

let names = 0
const newName = () => `contract-${process.pid}-${++names}`

const read = (store: TokenStoreBackend, name: string) =>
  Effect.map(store.read(name), (entry) => Option.getOrUndefined(entry)?.value)

/** Defines the tests. */
export const contract = (title: string, { isLive, open, tells }: Options): void => {
  const test = (promise: string, body: (place: Place, name: string) => Effect.Effect<void, unknown, Scope.Scope>) =>
    (isLive ? it.scopedLive : it.scoped)(promise, () => Effect.flatMap(open, (place) => body(place, newName())))

  describe(`${title}: an entry`, () => {
    test("is read by another process as it was written, with the time that is left", ({ one, two }, name) =>
      Effect.gen(function* () {
        const value = "kept \u{1f600} \n and 'quotes' \"\\"
        yield* one.write(name, value, long)
        const entry = Option.getOrThrow(yield* two.read(name))
        expect(entry.value).toBe(value)
        expect(Duration.toMillis(entry.left)).toBeLessThanOrEqual(60_000)
        expect(Duration.toMillis(entry.left)).toBeGreaterThan(50_000)
      }))

    test("may have 200 KB", ({ one, two }, name) =>
      Effect.gen(function* () {
        const value = "x".repeat(200_000)
        yield* one.write(name, value, long)
        expect(yield* read(two, name)).toBe(value)
      }))

    test("that was never written is none", ({ one }, name) =>
      Effect.gen(function* () {
        expect(yield* one.read(name)).toStrictEqual(Option.none())
      }))

    test("is replaced by the last one that is written, with its time", ({ one, pass, two }, name) =>
      Effect.gen(function* () {
        yield* one.write(name, "first", short)
        yield* two.write(name, "second", long)
        yield* pass(afterShort)
        expect(yield* read(one, name)).toBe("second")
      }))

    test("ends", ({ one, pass, two }, name) =>
      Effect.gen(function* () {
        yield* one.write(name, "value", short)
        yield* pass(afterShort)
        expect(yield* two.read(name)).toStrictEqual(Option.none())
      }))

    test("is removed only by its value", ({ one, two }, name) =>
      Effect.gen(function* () {
        yield* one.write(name, "value", long)
        yield* two.remove(name, "another")
        expect(yield* read(one, name)).toBe("value")
        yield* two.remove(name, "value")
        expect(yield* one.read(name)).toStrictEqual(Option.none())
        yield* two.remove(name, "value")
      }))

    test("of one name is not that of another", ({ one }, name) =>
      Effect.gen(function* () {
        yield* one.write(name, "value", long)
        expect(yield* one.read(`${name}-other`)).toStrictEqual(Option.none())
      }))
  })

  describe(`${title}: a lease`, () => {
    test("has one owner, of all that ask at once", ({ one, two }, name) =>
      Effect.gen(function* () {
        const answers = yield* Effect.forEach(
          Array.from({ length: 40 }, (_, index) => index),
          (index) => (index % 2 === 0 ? one : two).acquire(name, `owner-${index}`, long),
          { concurrency: "unbounded" }
        )
        expect(answers.filter((answer) => answer === "acquired")).toHaveLength(1)
        expect(answers.filter((answer) => answer === "held")).toHaveLength(39)
      }))

    test("and an entry of the same name are two things", ({ one, two }, name) =>
      Effect.gen(function* () {
        yield* one.write(name, "value", long)
        expect(yield* two.acquire(name, "owner", long)).toBe("acquired")
        expect(yield* read(one, name)).toBe("value")
      }))

    test("ends if its owner does not renew it", ({ one, pass, two }, name) =>
      Effect.gen(function* () {
        expect(yield* one.acquire(name, "first", short)).toBe("acquired")
        expect(yield* two.acquire(name, "second", short)).toBe("held")
        yield* pass(afterShort)
        expect(yield* two.acquire(name, "second", long)).toBe("acquired")
        expect(yield* one.acquire(name, "first", long)).toBe("held")
      }))

    test("lasts on if its owner renews it", ({ one, pass, two }, name) =>
      Effect.gen(function* () {
        yield* one.acquire(name, "first", short)
        expect(yield* one.renew(name, "first", long)).toBe(true)
        yield* pass(afterShort)
        expect(yield* two.acquire(name, "second", long)).toBe("held")
      }))

    test("is renewed by nobody but its owner", ({ one, pass, two }, name) =>
      Effect.gen(function* () {
        yield* one.acquire(name, "first", short)
        expect(yield* two.renew(name, "second", long)).toBe(false)
        yield* pass(afterShort)
        expect(yield* one.renew(name, "first", long)).toBe(false)
        expect(yield* two.acquire(name, "second", long)).toBe("acquired")
        expect(yield* one.renew(name, "first", long)).toBe(false)
      }))

    test("is given up by its owner, and by nobody else", ({ one, two }, name) =>
      Effect.gen(function* () {
        yield* one.acquire(name, "first", long)
        yield* two.release(name, "second")
        expect(yield* two.acquire(name, "second", long)).toBe("held")
        yield* one.release(name, "first")
        expect(yield* two.acquire(name, "second", long)).toBe("acquired")
        yield* one.release(name, "first")
        expect(yield* one.acquire(name, "first", long)).toBe("held")
      }))

    test("may be given up although nobody has it", ({ one, two }, name) =>
      Effect.gen(function* () {
        yield* one.release(name, "first")
        expect(yield* one.renew(name, "first", long)).toBe(false)
        expect(yield* two.acquire(name, "second", long)).toBe("acquired")
      }))

    test("passes from one to the next, and never to two", ({ one, two }, name) =>
      Effect.gen(function* () {
        let holders = 0
        let most = 0
        let turns = 0
        const worker = (store: TokenStoreBackend, owner: string) =>
          Effect.gen(function* () {
            while (turns < 30) {
              if ((yield* store.acquire(name, owner, long)) === "acquired") {
                holders += 1
                most = Math.max(most, holders)
                turns += 1
                yield* Effect.yieldNow()
                holders -= 1
                yield* store.release(name, owner)
              }
              yield* Effect.yieldNow()
            }
          })
        yield* Effect.forEach([one, two, one, two], (store, index) => worker(store, `owner-${index}`), {
          concurrency: "unbounded"
        })
        expect(most).toBe(1)
      }))
  })

  describe(`${title}: a watcher of a name`, () => {
    const hears =
      (change: (store: TokenStoreBackend, name: string) => Effect.Effect<unknown, unknown>) =>
      ({ one, two }: Place, name: string) =>
        Effect.gen(function* () {
          yield* two.acquire(name, "owner", long)
          const changed = yield* one.watch(name)
          const waiting = yield* Effect.fork(changed)
          yield* change(two, `${name}-other`)
          yield* change(two, name)
          if (tells) {
            yield* Fiber.join(waiting)
          } else {
            yield* Fiber.interrupt(waiting)
          }
        })

    test(
      "hears of a value",
      hears((store, name) => store.write(name, "value", long))
    )

    test(
      "hears of a lease that is given up",
      hears((store, name) => store.release(name, "owner"))
    )

    test("hears of a change that came before it waited", ({ one, two }, name) =>
      Effect.gen(function* () {
        const changed = yield* one.watch(name)
        yield* two.write(name, "value", long)
        if (tells) {
          yield* changed
          yield* two.write(name, "again", long)
          yield* changed
        }
      }))

    test("hears on when another one that watched the name, too, has left", ({ one, two }, name) =>
      Effect.gen(function* () {
        const changed = yield* one.watch(name)
        yield* Effect.scoped(Effect.asVoid(one.watch(name)))
        if (tells) {
          // The first wake may be of the beginning of the watch.
          for (let change = 0; change < 3; change++) {
            yield* two.write(name, `value-${change}`, long)
            yield* changed
          }
        }
      }))
  })
}
