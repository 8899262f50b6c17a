import { describe, expect, it } from "@effect/vitest"
import type { AccessToken } from "cxone-auth"
import { Array, Duration, Effect, TestClock } from "effect"
import * as RefusedTokens from "../../src/auth/RefusedTokens.js"
import { tokenOf } from "../support/Tokens.js"

const token = tokenOf("t1")
const another = tokenOf("t2")
const place = "GET https://api.test/users"
const elsewhere = "GET https://api.test/calls"
const places = (count: number) => Array.makeBy(count, (n) => `GET https://api.test/${n + 1}`)

/** An empty memory in which everything stays for one minute. */
const oneMinute = Effect.map(RefusedTokens.make, (memory) => ({
  ...memory,
  remember: (token: AccessToken, place: string) => memory.remember(token, place, Duration.minutes(1))
}))

describe("RefusedTokens", () => {
  it.effect("C2: knows a token at the place where it was refused, whatever object holds it", () =>
    Effect.gen(function* () {
      const memory = yield* oneMinute
      expect(yield* memory.knows(token, place)).toBe(false)
      yield* memory.remember(token, place)
      expect(yield* memory.knows(token, place)).toBe(true)
      expect(yield* memory.knows(tokenOf("t1", { obtainedAt: 7 }), place)).toBe(true)
    })
  )

  it.effect("keeps each refusal for the time that is given with it", () =>
    Effect.gen(function* () {
      const memory = yield* RefusedTokens.make
      yield* memory.remember(token, place, Duration.seconds(10))
      yield* memory.remember(token, elsewhere, Duration.seconds(20))
      yield* TestClock.adjust("10 seconds")
      expect(yield* memory.knows(token, place)).toBe(false)
      expect(yield* memory.knows(token, elsewhere)).toBe(true)
    })
  )

  it.effect("C2: does not know another token there, nor the same token at another place", () =>
    Effect.gen(function* () {
      const memory = yield* oneMinute
      yield* memory.remember(token, place)
      expect(yield* memory.knows(another, place)).toBe(false)
      expect(yield* memory.knows(token, elsewhere)).toBe(false)
    })
  )

  it.effect("knowsAnother: only a different token at the same place counts", () =>
    Effect.gen(function* () {
      const memory = yield* oneMinute
      yield* memory.remember(token, place)
      expect(yield* memory.knowsAnother(token, place)).toBe(false)
      expect(yield* memory.knowsAnother(another, elsewhere)).toBe(false)
      expect(yield* memory.knowsAnother(another, place)).toBe(true)
      yield* memory.remember(another, place)
      expect(yield* memory.knowsAnother(token, place)).toBe(true)
    })
  )

  it.effect("forgets an entry after its duration, to the millisecond", () =>
    Effect.gen(function* () {
      const memory = yield* oneMinute
      yield* memory.remember(token, place)
      yield* TestClock.setTime(59_999)
      expect(yield* memory.knows(token, place)).toBe(true)
      expect(yield* memory.knowsAnother(another, place)).toBe(true)
      yield* TestClock.setTime(60_000)
      expect(yield* memory.knows(token, place)).toBe(false)
      expect(yield* memory.knowsAnother(another, place)).toBe(false)
    })
  )

  it.effect("a second refusal starts the duration again for that entry, and for no other", () =>
    Effect.gen(function* () {
      const memory = yield* oneMinute
      yield* memory.remember(token, place)
      yield* memory.remember(token, elsewhere)
      yield* memory.remember(another, place)
      yield* TestClock.setTime(30_000)
      yield* memory.remember(token, place)
      expect(yield* memory.knows(token, elsewhere)).toBe(true)
      expect(yield* memory.knows(another, place)).toBe(true)
      yield* TestClock.setTime(89_999)
      expect(yield* memory.knows(token, place)).toBe(true)
      expect(yield* memory.knows(token, elsewhere)).toBe(false)
      expect(yield* memory.knows(another, place)).toBe(false)
      yield* TestClock.setTime(90_000)
      expect(yield* memory.knows(token, place)).toBe(false)
    })
  )

  describe("C2: refusals at eight places count for every place", () => {
    it.effect("seven places count for themselves only, however often they refuse", () =>
      Effect.gen(function* () {
        const memory = yield* oneMinute
        for (const each of [...places(7), ...places(7)]) yield* memory.remember(token, each)
        yield* memory.remember(another, places(1)[0])
        expect(yield* memory.knows(token, elsewhere)).toBe(false)
        expect(yield* memory.knowsAnother(another, elsewhere)).toBe(false)
      })
    )

    it.effect("with the eighth place every token is known everywhere, until the first entry is forgotten", () =>
      Effect.gen(function* () {
        const memory = yield* oneMinute
        const [first, ...others] = places(8)
        yield* memory.remember(token, first)
        yield* TestClock.setTime(10_000)
        for (const each of others) yield* memory.remember(token, each)
        expect(yield* memory.knows(token, elsewhere)).toBe(true)
        expect(yield* memory.knows(another, elsewhere)).toBe(true)
        expect(yield* memory.knowsAnother(another, elsewhere)).toBe(true)
        yield* TestClock.setTime(60_000)
        expect(yield* memory.knows(token, elsewhere)).toBe(false)
        expect(yield* memory.knows(another, elsewhere)).toBe(false)
        expect(yield* memory.knowsAnother(another, elsewhere)).toBe(false)
      })
    )

    it.effect("knowsAnother: the places of the token itself do not count", () =>
      Effect.gen(function* () {
        const memory = yield* oneMinute
        for (const each of places(8)) yield* memory.remember(token, each)
        expect(yield* memory.knowsAnother(token, elsewhere)).toBe(false)
      })
    )
  })

  it.effect("a token that is refused again and again at one place takes one entry", () =>
    Effect.gen(function* () {
      const memory = yield* oneMinute
      yield* memory.remember(token, elsewhere)
      yield* Effect.replicateEffect(memory.remember(another, place), 64)
      expect(yield* memory.knows(token, elsewhere)).toBe(true)
    })
  )

  it.effect("keeps 64 entries at most: the oldest is forgotten for the 65th", () =>
    Effect.gen(function* () {
      const memory = yield* oneMinute
      const tokens = Array.makeBy(64, (n) => tokenOf(`token-${n}`))
      for (const each of tokens) yield* memory.remember(each, place)
      const known = Effect.forEach(tokens, (each) => memory.knows(each, place))
      expect(yield* known).toEqual(Array.replicate(true, 64))
      yield* memory.remember(another, place)
      expect(yield* known).toEqual([false, ...Array.replicate(true, 63)])
      expect(yield* memory.knows(another, place)).toBe(true)
    })
  )

  it.effect("L12: a clock that was set back ends the memory: it never lasts longer than it was meant to", () =>
    Effect.gen(function* () {
      const memory = yield* oneMinute
      yield* TestClock.setTime(3_600_000)
      for (const each of places(8)) yield* memory.remember(token, each)
      yield* TestClock.setTime(0)
      const [first] = places(1)
      expect(yield* memory.knows(token, first)).toBe(false)
      expect(yield* memory.knows(token, elsewhere)).toBe(false)
      expect(yield* memory.knowsAnother(another, first)).toBe(false)
      yield* TestClock.setTime(60_000)
      expect(yield* memory.knows(token, first)).toBe(false)
    })
  )
})
