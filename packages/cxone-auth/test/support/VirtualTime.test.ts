import { describe, expect, it } from "@effect/vitest"
import { Array, Clock, Duration, Effect, Exit } from "effect"
import * as VirtualTime from "./VirtualTime.js"

const digest = (text: string) =>
  Effect.promise(() => globalThis.crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))

/** A call that takes much longer than the others, and yet less than a second. */
const slowKey = Effect.promise(async () => {
  const { subtle } = globalThis.crypto
  const secret = await subtle.importKey("raw", new Uint8Array(32), "PBKDF2", false, ["deriveBits"])
  return subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(16), iterations: 100_000 },
    secret,
    256
  )
})

/** What each timer and each call of WebCrypto saw, in order. */
const program = Effect.gen(function* () {
  const seen: Array<string> = []
  const see = (what: string) => Effect.map(Clock.currentTimeMillis, (now) => void seen.push(`${what} at ${now}`))
  yield* Effect.all(
    [
      Effect.zipRight(slowKey, see("slow")),
      Effect.zipRight(digest("a"), see("quick")),
      Effect.zipRight(Effect.sleep("1 hour"), see("timer")),
      Effect.sleep("1 minute").pipe(Effect.zipRight(digest("b")), Effect.zipRight(see("later")))
    ],
    { concurrency: "unbounded" }
  )
  return seen
})

describe("virtual time", () => {
  it("jumps from timer to timer, in the order in which they end and were set", () => {
    const order: Array<string> = []
    const after = (millis: number, name: string) =>
      Effect.delay(
        Effect.sync(() => order.push(name)),
        millis
      )
    const sleepers = [after(5, "c"), after(1, "a"), after(9, "e"), after(1, "b"), after(5, "d")]
    const all = Effect.all([...sleepers, Effect.timeoutOption(Effect.never, 3)], { concurrency: "unbounded" })
    const [took] = Exit.getOrElse(VirtualTime.run(Effect.timed(all)), () => expect.fail("failed"))
    expect(order).toEqual(["a", "b", "c", "d", "e"])
    expect(Duration.toMillis(took)).toBe(9)
  })

  it("says that a program waits for what is not in it", () => {
    expect(() => VirtualTime.run(digest("a"))).toThrow("outside of virtual time")
  })

  it("with WebCrypto jumps only when no call is pending, and gives the results in the order of the calls", async () => {
    const runs = [await VirtualTime.runWithCrypto(program), await VirtualTime.runWithCrypto(program)]
    // The derivation of the slow key is called only after the import of its secret, so behind the quick one.
    const seen = ["quick at 0", "slow at 0", "later at 60000", "timer at 3600000"]
    expect(runs).toEqual([Exit.succeed(seen), Exit.succeed(seen)])
  })

  it("hears of a call of WebCrypto that fails", async () => {
    const refused = Effect.tryPromise(() => globalThis.crypto.subtle.digest("no such digest", new Uint8Array()))
    const exit = await VirtualTime.runWithCrypto(Effect.zip(Effect.either(refused), Clock.currentTimeMillis))
    expect(exit).toMatchObject({ value: [{ _tag: "Left" }, 0] })
  })

  it("leaves WebCrypto as it was, and doesn't wait for other Promises", async () => {
    const { subtle } = globalThis.crypto
    const before = subtle.digest
    const waiting = Effect.promise(() => new Promise(() => {}))
    await expect(VirtualTime.runWithCrypto(waiting)).rejects.toThrow("outside of virtual time")
    expect(subtle.digest).toBe(before)
    expect(Array.isEmptyArray(Object.keys(subtle))).toBe(true)
  })
})
