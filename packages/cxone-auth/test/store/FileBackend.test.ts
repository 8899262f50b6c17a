import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Option, TestClock } from "effect"
import * as FileBackend from "../../src/store/FileBackend.js"
import { contract } from "./Contract.js"

/** Two processes over a folder that is not there yet. */
const open = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = path.join(yield* files.makeTempDirectoryScoped(), "tokens", "of-reports")
  const one = FileBackend.make(files, path, folder)
  const two = FileBackend.make(files, path, folder)
  return { files, folder, one, two, pass: TestClock.adjust }
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
})
