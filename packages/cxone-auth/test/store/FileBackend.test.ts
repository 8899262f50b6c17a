import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Option, TestClock } from "effect"
import * as FileBackend from "../../src/store/FileBackend.js"
import { contract } from "./Contract.js"

type Halting = {
  readonly [Operation in "readFileString" | "writeFileString"]?: (
    halt: Effect.Effect<void>
  ) => FileSystem.FileSystem[Operation]
}

const valueOf = Option.map(({ value }: { readonly value: string }) => value)

/** Two processes over a folder that is not there yet. */
const open = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = path.join(yield* files.makeTempDirectoryScoped(), "tokens", "of-reports")
  const one = FileBackend.make(files, path, folder)
  const two = FileBackend.make(files, path, folder)
  /** A third process, which halts once within an operation on a file. */
  const halting = (change: Halting) =>
    Effect.gen(function* () {
      const [reached, resumed] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const halt = Effect.zipRight(Deferred.succeed(reached, undefined), Deferred.await(resumed))
      const changed = {
        ...(change.readFileString && { readFileString: change.readFileString(halt) }),
        ...(change.writeFileString && { writeFileString: change.writeFileString(halt) })
      }
      return {
        one: FileBackend.make({ ...files, ...changed }, path, folder),
        reached: Deferred.await(reached),
        resume: Deferred.succeed(resumed, undefined)
      }
    })
  return { files, folder, halting, one, two, pass: TestClock.adjust }
}).pipe(Effect.provide(NodeContext.layer))

contract("F1 and F2: files", { isLive: false, tells: false, open })

describe("the files of a token store", () => {
  it.scoped("are for the user alone", () =>
    Effect.gen(function* () {
      const { files, folder, one } = yield* open
      yield* one.write("name", "value", Duration.minutes(1))
      yield* one.acquire("name", "owner", Duration.minutes(1))
      const modes = yield* Effect.forEach(yield* files.readDirectory(folder), (file) =>
        Effect.map(files.stat(`${folder}/${file}`), ({ mode }) => mode & 0o777)
      )
      expect(modes).toStrictEqual([0o600, 0o600])
      expect((yield* files.stat(folder)).mode & 0o777).toBe(0o700)
    })
  )

  it.scoped("that hold anything else are no entry and no lease", () =>
    Effect.gen(function* () {
      const { files, folder, one } = yield* open
      yield* one.write("name", "value", Duration.minutes(1))
      yield* one.acquire("name", "owner", Duration.minutes(1))
      const all = yield* files.readDirectory(folder)
      for (const garbage of ["", "null", "{", '{"text":1}', "\u0000"]) {
        yield* Effect.forEach(all, (file) => files.writeFileString(`${folder}/${file}`, garbage))
        expect(yield* one.read("name")).toStrictEqual(Option.none())
        expect(yield* one.renew("name", "owner", Duration.minutes(1))).toBe(false)
      }
      expect(yield* one.acquire("name", "another", Duration.minutes(1))).toBe("acquired")
    })
  )

  it.scoped("stay few, however often a lease is taken", () =>
    Effect.gen(function* () {
      const { files, folder, one, two } = yield* open
      for (let turn = 0; turn < 50; turn++) {
        yield* one.acquire("name", "first", Duration.minutes(1))
        yield* one.release("name", "first")
        yield* two.acquire("name", "second", Duration.minutes(1))
        yield* TestClock.adjust("2 minutes")
      }
      expect(yield* files.readDirectory(folder)).toHaveLength(1)
    })
  )

  it.scoped("end if the clock is set back", () =>
    Effect.gen(function* () {
      const { one } = yield* open
      yield* TestClock.setTime(1_000_000)
      yield* one.write("name", "value", Duration.minutes(1))
      yield* TestClock.setTime(1)
      expect(yield* one.read("name")).toStrictEqual(Option.none())
    })
  )

  it.scoped("in a folder that can't be made fail with the reason", () =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const taken = yield* files.makeTempFileScoped()
      const store = FileBackend.make(files, path, `${taken}/tokens`)
      const error = yield* Effect.flip(store.acquire("name", "owner", Duration.minutes(1)))
      expect(error._tag).toBe("TokenStoreError")
      expect(error.message).toBe(`the folder ${taken}/tokens can't be used (BadResource)`)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scoped("are never read half written", () =>
    Effect.gen(function* () {
      const { files, folder, halting, two } = yield* open
      yield* two.write("name", "first", Duration.minutes(1))
      const { one, reached, resume } = yield* halting({
        writeFileString: (halt) => (file, text, options) =>
          Effect.zipRight(
            Effect.zipRight(files.writeFileString(file, text.slice(0, 9), options), halt),
            files.writeFileString(file, text)
          )
      })
      const writing = yield* Effect.fork(one.write("name", "second", Duration.minutes(1)))
      yield* reached
      expect(yield* Effect.map(two.read("name"), valueOf)).toStrictEqual(Option.some("first"))
      yield* resume
      yield* Fiber.join(writing)
      expect(yield* Effect.map(two.read("name"), valueOf)).toStrictEqual(Option.some("second"))
      expect(yield* files.readDirectory(folder)).toHaveLength(1)
    })
  )

  it.scoped("may be written by many at once", () =>
    Effect.gen(function* () {
      const { files, folder, one, two } = yield* open
      yield* Effect.forEach(
        Array.from({ length: 40 }, (_, index) => index),
        (index) => (index % 2 === 0 ? one : two).write("name", `value-${index}`, Duration.minutes(1)),
        { concurrency: "unbounded" }
      )
      expect(yield* Effect.map(two.read("name"), Option.isSome)).toBe(true)
      expect(yield* files.readDirectory(folder)).toHaveLength(1)
    })
  )

  it.scoped("are not left behind by a write that fails", () =>
    Effect.gen(function* () {
      const { files, folder, one } = yield* open
      yield* files.makeDirectory(`${folder}/name.entry`, { recursive: true })
      expect((yield* Effect.flip(one.write("name", "value", Duration.minutes(1))))._tag).toBe("TokenStoreError")
      expect(yield* files.readDirectory(folder)).toStrictEqual(["name.entry"])
    })
  )

  it.scoped("keep an entry whose removal by another value is interrupted", () =>
    Effect.gen(function* () {
      const { files, halting, two } = yield* open
      yield* two.write("name", "newer", Duration.minutes(1))
      const { one, reached, resume } = yield* halting({
        readFileString: (halt) => (file, encoding) => Effect.zipRight(halt, files.readFileString(file, encoding))
      })
      const removing = yield* Effect.fork(one.remove("name", "older"))
      yield* reached
      const interrupting = yield* Effect.fork(Fiber.interrupt(removing))
      yield* Effect.yieldNow()
      yield* resume
      yield* Fiber.join(interrupting)
      expect(yield* Effect.map(two.read("name"), valueOf)).toStrictEqual(Option.some("newer"))
    })
  )

  it.scoped("keep an entry that was written while an older one is removed", () =>
    Effect.gen(function* () {
      const { files, folder, halting, two } = yield* open
      yield* two.write("name", "other", Duration.minutes(1))
      const { one, reached, resume } = yield* halting({
        readFileString: (halt) => (file, encoding) => Effect.zipRight(halt, files.readFileString(file, encoding))
      })
      const removing = yield* Effect.fork(one.remove("name", "older"))
      yield* reached
      yield* two.write("name", "newest", Duration.minutes(1))
      yield* resume
      yield* Fiber.join(removing)
      expect(yield* Effect.map(two.read("name"), valueOf)).toStrictEqual(Option.some("newest"))
      expect(yield* files.readDirectory(folder)).toHaveLength(1)
    })
  )

  it.scoped("F2: give a lease to one, although its number was taken and given up while another took it", () =>
    Effect.gen(function* () {
      const { files, halting, two } = yield* open
      yield* two.acquire("name", "first", Duration.minutes(1))
      yield* TestClock.adjust("2 minutes")
      const { one, reached, resume } = yield* halting({
        writeFileString: (halt) => (file, text, options) =>
          Effect.zipRight(halt, files.writeFileString(file, text, options))
      })
      const late = yield* Effect.fork(one.acquire("name", "late", Duration.minutes(1)))
      yield* reached
      expect(yield* two.acquire("name", "second", Duration.minutes(1))).toBe("acquired")
      yield* two.release("name", "second")
      expect(yield* two.acquire("name", "third", Duration.minutes(1))).toBe("acquired")
      yield* resume
      expect(yield* Fiber.join(late)).toBe("held")
      expect(yield* two.renew("name", "third", Duration.minutes(1))).toBe(true)
    })
  )

  it.scoped("F2: tell an owner that another has taken the lease while it was renewed", () =>
    Effect.gen(function* () {
      const { files, halting, two } = yield* open
      yield* two.acquire("name", "slow", Duration.minutes(1))
      const { one, reached, resume } = yield* halting({
        writeFileString: (halt) => (file, text, options) =>
          Effect.zipRight(halt, files.writeFileString(file, text, options))
      })
      const renewing = yield* Effect.fork(one.renew("name", "slow", Duration.minutes(1)))
      yield* reached
      yield* TestClock.adjust("2 minutes")
      expect(yield* two.acquire("name", "next", Duration.minutes(1))).toBe("acquired")
      yield* resume
      expect(yield* Fiber.join(renewing)).toBe(false)
      expect(yield* two.renew("name", "next", Duration.minutes(1))).toBe(true)
    })
  )
})
