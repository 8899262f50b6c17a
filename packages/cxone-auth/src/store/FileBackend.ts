import type * as PlatformError from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Period from "../token/Period.js"
import { type TokenStoreBackend, TokenStoreError } from "./TokenStoreBackend.js"

/** What a file holds: an entry's value or a lease's owner, and how long it counts. */
const Kept = Schema.parseJson(Schema.Struct({ text: Schema.String, since: Schema.Finite, length: Schema.NonNegative }))
type Kept = typeof Kept.Type

const encode = Schema.encodeSync(Kept)
const decode = Schema.decodeOption(Kept)

/** Only the user that the process runs as may read a file, or list the folder. */
const fileMode = 0o600
const folderMode = 0o700

const isReason = (reason: PlatformError.SystemErrorReason) => (error: PlatformError.PlatformError) =>
  error._tag === "SystemError" && error.reason === reason

/**
 * Makes a store in a folder, which processes of one machine share.
 *
 * An entry is a file. It is written under another name first, and then renamed, so that nobody reads half of it.
 *
 * The leases of a name are numbered files. Only the one with the highest number counts. A process takes the lease by
 * creating the next number, which only one process can. The last file stays when the lease has ended, because a number
 * that comes twice could be taken by two.
 */
export const make = (
  files: FileSystem.FileSystem,
  { join }: Pick<Path.Path, "join">,
  folder: string
): TokenStoreBackend => {
  const failed = (error: PlatformError.PlatformError): TokenStoreError =>
    new TokenStoreError({
      message: `the folder ${folder} can't be used (${error._tag === "SystemError" ? error.reason : error._tag})`
    })

  const entryOf = (name: string) => join(folder, `${name}.entry`)
  const leaseOf = (name: string, number: number) => join(folder, `${name}.lease.${number}`)
  const numberIn = (name: string, file: string) => {
    const start = `${name}.lease.`
    const number = Number(file.slice(start.length))
    return file.startsWith(start) && Number.isSafeInteger(number) ? Option.some(number) : Option.none()
  }

  const read = (file: string) =>
    Effect.map(files.readFileString(file), decode).pipe(Effect.catchIf(isReason("NotFound"), () => Effect.succeedNone))

  const remove = (file: string) => Effect.catchIf(files.remove(file), isReason("NotFound"), () => Effect.void)

  /** Writes a file that must not exist yet. */
  const create = (file: string, kept: Kept) => files.writeFileString(file, encode(kept), { flag: "wx", mode: fileMode })

  /** A name that no other process uses. */
  const unused = (file: string) => `${file}.${globalThis.crypto.randomUUID()}`

  /** The same at once: a lease that is read while it is empty would seem to be nobody's. */
  const createWhole = (file: string, kept: Kept) => {
    const draft = unused(file)
    return Effect.zipRight(create(draft, kept), files.link(draft, file)).pipe(
      Effect.ensuring(Effect.ignore(remove(draft)))
    )
  }

  const replace = (file: string, kept: Kept) => {
    const draft = unused(file)
    return Effect.zipRight(create(draft, kept), files.rename(draft, file)).pipe(
      Effect.onError(() => Effect.ignore(remove(draft)))
    )
  }

  const keptFor = (text: string, lasts: Duration.Duration) =>
    Effect.map(
      Clock.currentTimeMillis,
      (now): Kept => ({ text, since: Math.round(now), length: Math.ceil(Duration.toMillis(lasts)) })
    )

  const isCurrent = (kept: Kept) => Effect.map(Clock.currentTimeMillis, (now) => Period.isCurrent(kept, now))

  /** The numbers of the leases that there have been. */
  const numbersOf = (name: string) =>
    Effect.map(
      files.readDirectory(folder),
      Arr.filterMap((file) => numberIn(name, file))
    )

  const lastOf = (name: string) => Effect.map(numbersOf(name), (numbers) => Math.max(0, ...numbers))

  /** The lease that counts, if it belongs to this owner. */
  const own = (name: string, owner: string) =>
    Effect.gen(function* () {
      const number = yield* lastOf(name)
      const kept = yield* read(leaseOf(name, number))
      return Option.exists(kept, ({ text }) => text === owner) && Option.isSome(kept) && (yield* isCurrent(kept.value))
        ? Option.some(leaseOf(name, number))
        : Option.none()
    })

  const open = files.makeDirectory(folder, { recursive: true, mode: folderMode })

  const acquire = Effect.fnUntraced(function* (name: string, owner: string, lasts: Duration.Duration) {
    yield* open
    const before = yield* numbersOf(name)
    const last = Math.max(0, ...before)
    const held = yield* read(leaseOf(name, last))
    if (Option.isSome(held) && (yield* isCurrent(held.value))) {
      return "held"
    }
    const next = last + 1
    yield* createWhole(leaseOf(name, next), yield* keptFor(owner, lasts))
    // Meanwhile others may have taken this number, given it up, and removed it with those before.
    if ((yield* lastOf(name)) !== next) {
      yield* remove(leaseOf(name, next))
      return "held"
    }
    yield* Effect.forEach(before, (number) => remove(leaseOf(name, number)), { discard: true })
    return "acquired"
  })

  return {
    read: (name) =>
      Effect.gen(function* () {
        const kept = yield* read(entryOf(name))
        const now = yield* Clock.currentTimeMillis
        return Option.map(kept, (entry) => ({ value: entry.text, left: Duration.millis(Period.left(entry, now)) }))
      }).pipe(
        Effect.map(Option.filter(({ left }) => Duration.greaterThan(left, Duration.zero))),
        Effect.mapError(failed)
      ),
    write: (name, value, lasts) =>
      open.pipe(
        Effect.zipRight(keptFor(value, lasts)),
        Effect.flatMap((kept) => replace(entryOf(name), kept)),
        Effect.mapError(failed)
      ),
    // The file is taken away first, because between a look and a removal another process could write a newer one.
    remove: (name, value) =>
      Effect.gen(function* () {
        const taken = unused(entryOf(name))
        yield* files.rename(entryOf(name), taken)
        const kept = yield* read(taken)
        if (Option.exists(kept, ({ text }) => text !== value)) {
          yield* Effect.ignore(files.link(taken, entryOf(name)))
        }
        yield* remove(taken)
      }).pipe(
        Effect.uninterruptible,
        Effect.catchIf(isReason("NotFound"), () => Effect.void),
        Effect.mapError(failed)
      ),
    acquire: (name, owner, lasts) =>
      acquire(name, owner, lasts).pipe(
        Effect.catchIf(isReason("AlreadyExists"), () => Effect.succeed("held" as const)),
        Effect.mapError(failed)
      ),
    renew: (name, owner, lasts) =>
      Effect.gen(function* () {
        const lease = yield* own(name, owner)
        if (Option.isNone(lease)) {
          return false
        }
        yield* replace(lease.value, yield* keptFor(owner, lasts))
        return Option.isSome(yield* own(name, owner))
      }).pipe(
        Effect.catchIf(isReason("NotFound"), () => Effect.succeed(false)),
        Effect.mapError(failed)
      ),
    release: (name, owner) =>
      Effect.gen(function* () {
        const lease = yield* own(name, owner)
        if (Option.isSome(lease)) {
          yield* replace(lease.value, yield* keptFor(owner, Duration.zero))
        }
      }).pipe(
        Effect.catchIf(isReason("NotFound"), () => Effect.void),
        Effect.mapError(failed)
      ),
    watch: () => Effect.succeed(Effect.never)
  }
}
