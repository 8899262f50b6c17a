import { describe, expect, it } from "@effect/vitest"
import { Array, Effect, Encoding, Option, Redacted } from "effect"
import * as Envelope from "../../src/store/Envelope.js"

const subject = (secret: string, ...about: ReadonlyArray<string>): Envelope.Subject => ({
  about,
  secrets: [Redacted.make(secret)]
})

const make = (secret: string, ...about: ReadonlyArray<string>) => Envelope.make(subject(secret, ...about))

describe("F3 and L11: what is stored is encrypted, and bound to its key", () => {
  it.effect("another process with the same secret finds and opens it", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* make("s3cr3t", "endpoint", "id"), yield* make("s3cr3t", "endpoint", "id")]
      const sealed = yield* one.seal("token \u{1f600}")
      expect(two.name).toBe(one.name)
      expect(yield* two.open(sealed)).toStrictEqual(Option.some("token \u{1f600}"))
    })
  )

  it.effect("neither name nor text shows what it is about, the secret or the token", () =>
    Effect.gen(function* () {
      const { name, seal } = yield* make("s3cr3t-s3cr3t", "client-of-acme")
      const stored = [name, yield* seal("the-token-itself")].flatMap((text) => [
        text,
        Encoding.decodeBase64UrlString(text).pipe(
          Option.getRight,
          Option.getOrElse(() => "")
        )
      ])
      for (const plain of ["s3cr3t-s3cr3t", "client-of-acme", "the-token-itself"]) {
        expect(stored.filter((text) => text.includes(plain))).toStrictEqual([])
      }
      expect(name).toMatch(/^[\w-]{43}$/)
    })
  )

  it.effect("the same text is never stored twice in the same form", () =>
    Effect.gen(function* () {
      const { seal } = yield* make("s3cr3t", "id")
      const all = yield* Effect.forEach(Array.range(1, 20), () => seal("token"))
      expect(new Set(all).size).toBe(20)
    })
  )

  const others = {
    "another secret": make("0ther", "endpoint", "id"),
    "another client": make("s3cr3t", "endpoint", "id2"),
    "a list whose parts join to the same text": make("s3cr3t", "endpointi", "d"),
    "an added part": make("s3cr3t", "endpoint", "id", "")
  }
  for (const [what, other] of Object.entries(others)) {
    it.effect(`with ${what} it is not found, and does not open`, () =>
      Effect.gen(function* () {
        const own = yield* make("s3cr3t", "endpoint", "id")
        const { name, open } = yield* other
        expect(name).not.toBe(own.name)
        expect(yield* open(yield* own.seal("token"))).toStrictEqual(Option.none())
      })
    )
  }

  it.effect("two secrets are not one that joins them", () =>
    Effect.gen(function* () {
      const two = yield* Envelope.make({ about: [], secrets: [Redacted.make("a"), Redacted.make("bc")] })
      const others = yield* Effect.forEach([["ab", "c"], ["abc"], ["a", "bc", ""]], (secrets) =>
        Envelope.make({ about: [], secrets: secrets.map((secret) => Redacted.make(secret)) })
      )
      expect(others.map(({ name }) => name)).not.toContain(two.name)
    })
  )

  it.effect("moved to another name, it does not open", () =>
    Effect.gen(function* () {
      const mine = yield* make("s3cr3t", "scopes a")
      const others = yield* make("s3cr3t", "scopes b")
      expect(yield* others.open(yield* mine.seal("token"))).toStrictEqual(Option.none())
    })
  )

  // If this fails, entries have changed their form. Then `version` has to change, too.
  it.effect("what a process of an earlier release has stored under a name is found there, and opens", () =>
    Effect.gen(function* () {
      const { name, open } = yield* make("s3cr3t", "endpoint", "id")
      expect(name).toBe("kRsKZE8nLkYO62HFlEhIl__veVOuk212Y2DEn__dtOE")
      expect(yield* open("AQABAgMEBQYHCAkKCyLnxCy9Fa_mOBLrRcFyKc5bRWZv1w")).toStrictEqual(Option.some("token"))
    })
  )

  it.effect("each changed or missing character makes it nothing", () =>
    Effect.gen(function* () {
      const { open, seal } = yield* make("s3cr3t", "id")
      const sealed = yield* seal("token")
      const bytes = Option.getOrThrow(Option.getRight(Encoding.decodeBase64Url(sealed)))
      for (const index of bytes.keys()) {
        const changed = bytes.map((byte, at) => (at === index ? byte ^ 1 : byte))
        expect(yield* open(Encoding.encodeBase64Url(changed))).toStrictEqual(Option.none())
        expect(yield* open(Encoding.encodeBase64Url(bytes.slice(0, index)))).toStrictEqual(Option.none())
      }
    })
  )

  it.effect("anything else is nothing", () =>
    Effect.gen(function* () {
      const { open } = yield* make("s3cr3t", "id")
      for (const garbage of ["", "{}", "\u0000", "%%%", "AQ", "x".repeat(100_000), '{"value":"token"}']) {
        expect(yield* open(garbage)).toStrictEqual(Option.none())
      }
    })
  )
})
