import { describe, expect, it } from "@effect/vitest"
import { AccessToken, InvalidClient } from "cxone-auth"
import { Array, Duration, Effect, TestClock } from "effect"
import * as Renewals from "../../src/auth/Renewals.js"
import { collectGarbage } from "../support/Garbage.js"
import { tokenOf } from "../support/Tokens.js"

const policy: Renewals.RenewalPolicy = {
  tokenArrival: Duration.seconds(2),
  renewalPause: Duration.seconds(1),
  maxRenewalPause: Duration.seconds(60),
  maxRenewals: 8
}

const place = "https://api.test GET /users"

/** A memory, and the refusals of a place in short form: `t1`, `t2` and so on are tokens of that second. */
const world = Effect.map(Renewals.make, (renewals) => {
  const token = (second: number, name = `t${second}`) => tokenOf(name, { obtainedAt: second * 1_000 })
  const judge = (refusal: Partial<Renewals.Refusal> & Pick<Renewals.Refusal, "token">) =>
    renewals.judge({ place, isHeld: true, before: undefined, waits: 0, canBeSentAgain: true, ...refusal }, policy)
  /** A call whose token is refused, renewed at once, and refused again. */
  const refuseTwice = (first: number, second: number, at = place) =>
    Effect.gen(function* () {
      const [before, renewed] = [token(first), token(second)]
      return [
        (yield* judge({ token: before, place: at, waits: 3 }))._tag,
        yield* judge({ token: renewed, before, place: at, waits: 3 })
      ] as const
    })
  return { ...renewals, judge, refuseTwice, token }
})

const refusedFor = (seconds: number) =>
  Renewals.Verdict.Refuse({ reason: "refused_again", retryAfter: Duration.seconds(seconds), isFirst: true })

describe("C2: what is done about a refused token", () => {
  it.effect("an old token is renewed, once for all calls that were sent with it", () =>
    Effect.gen(function* () {
      const { judge, token } = yield* world
      yield* TestClock.setTime(10_000)
      expect(yield* judge({ token: token(0) })).toEqual(Renewals.Verdict.Renew())
      expect(yield* judge({ token: token(0), isHeld: false })).toEqual(Renewals.Verdict.Resend())
      expect(yield* judge({ token: token(0), isHeld: false, place: "elsewhere" })).toEqual(Renewals.Verdict.Resend())
    })
  )

  it.effect("a token that came less than 2 s ago may not have arrived: it is kept, for three more tries", () =>
    Effect.gen(function* () {
      const { judge, token } = yield* world
      yield* TestClock.setTime(1_999)
      const verdicts = yield* Effect.forEach([0, 1, 2, 3], (waits) => judge({ token: token(0), waits }))
      expect(verdicts).toEqual([
        Renewals.Verdict.Await({ delay: Duration.millis(250) }),
        Renewals.Verdict.Await({ delay: Duration.millis(500) }),
        Renewals.Verdict.Await({ delay: Duration.seconds(1) }),
        Renewals.Verdict.Renew()
      ])
      const slow = new AccessToken({ ...token(0), receivedAt: 1_000 })
      yield* TestClock.setTime(2_999)
      expect((yield* judge({ token: slow, place: "another" }))._tag).toBe("Await")
      yield* TestClock.setTime(2_000)
      const { judge: anew } = yield* world
      expect((yield* anew({ token: token(0) }))._tag).toBe("Renew")
    })
  )

  it.effect("a token that the provider gave out again is not new", () =>
    Effect.gen(function* () {
      const { judge, token } = yield* world
      yield* TestClock.setTime(5_000)
      yield* judge({ token: token(0, "same") })
      expect(yield* judge({ token: token(5, "same"), before: token(0, "same") })).toEqual(refusedFor(1))
    })
  )

  it.effect("a place that refuses the renewed token causes no renewal for 1 s, doubling to 60 s", () =>
    Effect.gen(function* () {
      const { refuseTwice } = yield* world
      const pauses: Array<number> = []
      for (const _ of Array.range(1, 9)) {
        const [first, second] = yield* refuseTwice(-100, 0)
        expect(first).toBe("Renew")
        const pause = second._tag === "Refuse" ? Duration.toMillis(second.retryAfter) : 0
        pauses.push(pause)
        yield* TestClock.adjust(pause - 1)
        const [paused] = yield* refuseTwice(-100, 0)
        expect(paused).toBe("Refuse")
        yield* TestClock.adjust(1)
      }
      expect(pauses.map((millis) => millis / 1_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
    })
  )

  it.effect("in the pause a call says until when, and does not lengthen it", () =>
    Effect.gen(function* () {
      const { judge, refuseTwice, token } = yield* world
      yield* refuseTwice(-100, 0)
      yield* TestClock.setTime(400)
      const retryAfter = Duration.millis(600)
      const verdict = Renewals.Verdict.Refuse({ reason: "refused_again", retryAfter, isFirst: false })
      expect(yield* judge({ token: token(0) })).toEqual(verdict)
      expect(yield* judge({ token: token(0), before: token(-100) })).toEqual(verdict)
      yield* TestClock.setTime(1_000)
      expect((yield* judge({ token: token(0), waits: 3 }))._tag).toBe("Renew")
    })
  )

  it.effect("a place that refused a renewed token does not wait for a young one to arrive", () =>
    Effect.gen(function* () {
      const { judge, refuseTwice, token } = yield* world
      yield* refuseTwice(-100, 0)
      yield* TestClock.setTime(1_500)
      expect((yield* judge({ token: token(1) }))._tag).toBe("Renew")
      expect((yield* judge({ token: token(1), place: "elsewhere" }))._tag).toBe("Await")
    })
  )

  it.effect("a success forgives a place, and no other", () =>
    Effect.gen(function* () {
      const { forgive, judge, refuseTwice, token } = yield* world
      yield* refuseTwice(-100, 0)
      yield* refuseTwice(-100, 0, "elsewhere")
      forgive(() => place, token(0))
      expect((yield* judge({ token: token(-50) }))._tag).toBe("Renew")
      expect((yield* judge({ token: token(-50), place: "elsewhere" }))._tag).toBe("Refuse")
    })
  )

  it.effect("at most eight renewals a minute, the last two for places that took that very token before", () =>
    Effect.gen(function* () {
      const { forgive, judge, token } = yield* world
      yield* TestClock.setTime(100_000)
      const revoked = token(0)
      for (const n of Array.range(1, 6)) {
        expect((yield* judge({ token: token(0), place: `place ${n}` }))._tag).toBe("Renew")
        yield* TestClock.adjust("1 second")
      }
      const seventh = judge({ token: token(0), place: "place 7" })
      const verdict = (seconds: number, isFirst = false) =>
        Renewals.Verdict.Refuse({ reason: "too_many_renewals", retryAfter: Duration.seconds(seconds), isFirst })
      expect(yield* seventh).toEqual(verdict(54, true))
      for (const healthy of ["healthy 1", "healthy 2", "healthy 3"]) {
        forgive(() => healthy, revoked)
      }
      expect((yield* judge({ token: revoked, place: "healthy 1" }))._tag).toBe("Renew")
      expect((yield* judge({ token: revoked, place: "healthy 2" }))._tag).toBe("Renew")
      expect(yield* judge({ token: revoked, place: "healthy 3" })).toEqual(verdict(54))
      yield* TestClock.adjust("54 seconds")
      expect((yield* judge({ token: revoked, place: "healthy 3" }))._tag).toBe("Renew")
      // Three must lapse before there are fewer than six.
      expect(yield* seventh).toEqual(verdict(3, true))
    })
  )

  describe("a stream, which is not sent again", () => {
    it.effect("has its token renewed for the next call, and that one refused is kept", () =>
      Effect.gen(function* () {
        const { judge, token } = yield* world
        yield* TestClock.setTime(10_000)
        const stream = (second: number) => judge({ token: token(second), canBeSentAgain: false })
        expect((yield* stream(0))._tag).toBe("Renew")
        yield* TestClock.setTime(13_000)
        expect(yield* stream(10)).toEqual(refusedFor(1))
        yield* TestClock.adjust("1 second")
        expect((yield* stream(10))._tag).toBe("Renew")
      })
    )

    it.effect("keeps a young token, and one that another call has renewed", () =>
      Effect.gen(function* () {
        const { judge, token } = yield* world
        yield* TestClock.setTime(10_000)
        expect((yield* judge({ token: token(9), canBeSentAgain: false }))._tag).toBe("Await")
        expect((yield* judge({ token: token(0), isHeld: false, canBeSentAgain: false }))._tag).toBe("Resend")
      })
    )

    it.effect("forgets the last refusal after a minute", () =>
      Effect.gen(function* () {
        const { judge, token } = yield* world
        yield* TestClock.setTime(10_000)
        yield* judge({ token: token(0), canBeSentAgain: false })
        yield* TestClock.adjust("60 seconds")
        expect((yield* judge({ token: token(10), canBeSentAgain: false }))._tag).toBe("Renew")
      })
    )
  })

  it.effect("L12: if the clock is set back, no pause and no count lasts", () =>
    Effect.gen(function* () {
      const { judge, refuseTwice, token } = yield* world
      yield* TestClock.setTime(3_600_000)
      for (const n of Array.range(1, 6)) {
        yield* refuseTwice(0, 3_600, `place ${n}`)
      }
      yield* TestClock.setTime(1_800_000)
      expect((yield* judge({ token: token(0), place: "place 1" }))._tag).toBe("Renew")
      expect((yield* judge({ token: token(0), place: "place 9" }))._tag).toBe("Renew")
    })
  )

  it.effect("remembers 256 places, and forgets the oldest", () =>
    Effect.gen(function* () {
      const { judge, refuseTwice, token } = yield* world
      yield* refuseTwice(-100, 0)
      const again = Effect.map(judge({ token: token(0), before: token(-100), waits: 3 }), (verdict) =>
        verdict._tag === "Refuse" ? Duration.toSeconds(verdict.retryAfter) : 0
      )
      for (const n of Array.range(1, 255)) {
        yield* judge({ token: token(0), before: token(-100), waits: 3, place: `place ${n}` })
      }
      yield* TestClock.adjust(500)
      expect(yield* again).toBe(0.5)
      yield* judge({ token: token(0), before: token(-100), waits: 3, place: "place 256" })
      expect(yield* again).toBe(1)
    })
  )

  it.effect("of more sets of scopes than 8, one token each is renewed in a minute", () =>
    Effect.gen(function* () {
      const { judge, token } = yield* world
      const of = (scope: string) => new AccessToken({ ...token(-100, scope), requestedScopes: [scope] })
      const refuse = (scope: string, at: number) =>
        Effect.map(judge({ token: of(scope), place: `${scope} ${at}` }), ({ _tag }) => _tag)
      const sets = Array.makeBy(20, (index) => `scope${index}`)
      expect(yield* Effect.forEach(sets, (scope) => refuse(scope, 1))).toEqual(Array.replicate("Renew", 20))
      expect(yield* Effect.forEach(sets, (scope) => refuse(scope, 2))).toEqual(Array.replicate("Refuse", 20))
      yield* TestClock.adjust("1 minute")
      expect(yield* refuse("scope0", 3)).toBe("Renew")
    })
  )

  it.effect("a renewal that is given back no longer counts, and the others do", () =>
    Effect.gen(function* () {
      const { giveBack, judge, token } = yield* world
      const refuse = (name: string) => Effect.map(judge({ token: token(-100, name), place: name }), ({ _tag }) => _tag)
      const first = token(-100, "first")
      expect((yield* judge({ token: first, place: "first" }))._tag).toBe("Renew")
      yield* TestClock.adjust("30 seconds")
      yield* Effect.forEach(Array.range(1, 5), (n) => refuse(`${n}`))
      expect(yield* refuse("6")).toBe("Refuse")
      giveBack(first, new InvalidClient({ reason: "invalid_client", tokenEndpoint: "https://cxone.test", status: 401 }))
      expect(yield* refuse("7")).toBe("Renew")
      yield* TestClock.adjust("30 seconds")
      // The five, and the one after them, are younger than a minute.
      expect(yield* refuse("8")).toBe("Refuse")
    })
  )

  it.effect("refused tokens are not kept, except the last one of a place", () =>
    Effect.gen(function* () {
      const { judge, token } = yield* world
      yield* TestClock.setTime(10_000)
      const refuse = (second: number) =>
        Effect.gen(function* () {
          const one = token(second)
          expect(yield* judge({ token: one })).toEqual(Renewals.Verdict.Renew())
          return new WeakRef(one)
        })
      const refused = yield* Effect.forEach(Array.range(1, 6), refuse)
      yield* Effect.promise(() => new Promise(setImmediate))
      collectGarbage()
      expect(refused.filter((one) => one.deref() !== undefined)).toHaveLength(1)
    })
  )
})
