import { describe, expect, it } from "@effect/vitest"
import { AccessToken, TokenPolicy, type TokenStoreBackend, TokenStoreError } from "cxone-auth"
import { Clock, Duration, Effect, Exit, Fiber, Logger, Option, Redacted } from "effect"
import * as MemoryBackend from "../../src/store/MemoryBackend.js"
import * as SharedTokens from "../../src/store/SharedTokens.js"
import * as VirtualTime from "../support/VirtualTime.js"

const inVirtualTime = async <E>(program: Effect.Effect<void, E>) => {
  const exit = await VirtualTime.runWithCrypto(program)
  return Exit.getOrElse(exit, (cause) => expect.fail(String(cause)))
}

const tokenOf = (value: string, lives: Duration.DurationInput) =>
  Effect.map(
    Clock.currentTimeMillis,
    (now) =>
      new AccessToken({
        value: Redacted.make(value),
        tokenType: "Bearer",
        scopes: [],
        requestedScopes: [],
        obtainedAt: now,
        expiresAt: now + Duration.toMillis(lives)
      })
  )

const valueOf = Option.map(({ value }: AccessToken) => Redacted.value(value))

/** A process over a store, and what it counted of its leases. */
const start = (backend: TokenStoreBackend) =>
  Effect.map(SharedTokens.make(backend), (tokens) => {
    const leases: Array<string> = []
    const metrics = { looked: () => {}, leased: (outcome: string) => void leases.push(outcome) }
    const about = { about: ["reports"], secrets: [Redacted.make("s3cret")], policy: TokenPolicy.defaults, metrics }
    const replacing = (held?: AccessToken) => tokens.of({ ...about, held })
    return {
      leases,
      refuse: tokens.refuse,
      take: (held?: AccessToken) => Effect.flatMap(replacing(held), ({ take }) => take),
      obtain: <E>(exchange: Effect.Effect<AccessToken, E>) =>
        Effect.flatMap(replacing(), ({ obtain }) => obtain(exchange))
    }
  })

describe("F6: a token that the API refused", () => {
  it("is replaced by the stored one, also by one that ends sooner", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const store = MemoryBackend.make()
        const [one, two] = [yield* start(store), yield* start(store)]
        const refused = yield* one.obtain(tokenOf("refused", "1 hour"))
        yield* one.refuse(refused)
        yield* one.obtain(tokenOf("next", "30 minutes"))
        expect(yield* two.take(refused)).toStrictEqual(Option.none())
        yield* two.refuse(refused)
        expect(valueOf(yield* two.take(refused))).toStrictEqual(Option.some("next"))
      })
    ))

  it("is removed for all, also by a process that has it from the store", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const store = MemoryBackend.make()
        const [one, two] = [yield* start(store), yield* start(store)]
        yield* one.obtain(tokenOf("refused", "1 hour"))
        yield* two.refuse(Option.getOrThrow(yield* two.take()))
        expect(yield* (yield* start(store)).take()).toStrictEqual(Option.none())
      })
    ))

  it("is removed at the next look, if the store has lost the removal", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const store = MemoryBackend.make()
        let isLost = true
        const one = yield* start({
          ...store,
          remove: (name, value) => (isLost ? Effect.void : store.remove(name, value))
        })
        yield* one.refuse(yield* one.obtain(tokenOf("refused", "1 hour")))
        expect(valueOf(yield* (yield* start(store)).take())).toStrictEqual(Option.some("refused"))
        isLost = false
        expect(yield* one.take()).toStrictEqual(Option.none())
        expect(yield* (yield* start(store)).take()).toStrictEqual(Option.none())
      })
    ))

  it("is removed, too, if it got a tenant since it was read", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const store = MemoryBackend.make()
        const [one, two] = [yield* start(store), yield* start(store)]
        yield* one.obtain(tokenOf("refused", "1 hour"))
        const taken = Option.getOrThrow(yield* two.take())
        yield* two.refuse(new AccessToken({ ...taken, tenant: { tenantId: "t" } }))
        expect(yield* (yield* start(store)).take()).toStrictEqual(Option.none())
      })
    ))

  it("is not stored again, if the provider gives it out once more", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const store = MemoryBackend.make()
        const one = yield* start(store)
        yield* one.refuse(yield* one.obtain(tokenOf("refused", "1 hour")))
        expect(Redacted.value((yield* one.obtain(tokenOf("refused", "1 hour"))).value)).toBe("refused")
        expect(yield* (yield* start(store)).take()).toStrictEqual(Option.none())
      })
    ))

  it("is remembered until 256 others were refused", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const store = MemoryBackend.make()
        const one = yield* start({ ...store, remove: () => Effect.void })
        yield* one.refuse(yield* one.obtain(tokenOf("refused", "1 hour")))
        const refuse = (index: number) => Effect.flatMap(tokenOf(`other-${index}`, "1 hour"), one.refuse)
        yield* Effect.forEach(
          Array.from({ length: 255 }, (_, index) => index),
          refuse
        )
        yield* refuse(0)
        expect(yield* one.take()).toStrictEqual(Option.none())
        yield* refuse(255)
        expect(valueOf(yield* one.take())).toStrictEqual(Option.some("refused"))
      })
    ))
})

describe("F1 and F2: the lease", () => {
  it("is renewed until the exchange ends, although a renewal fails, and no longer", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const store = MemoryBackend.make()
        let renewals = 0
        const renew: TokenStoreBackend["renew"] = (name, owner, lasts) =>
          Effect.suspend(() => {
            renewals += 1
            return renewals === 1 ? new TokenStoreError({ message: "it is busy" }) : store.renew(name, owner, lasts)
          })
        const one = yield* start({ ...store, renew })
        const two = yield* start(store)
        const waiting = yield* Effect.fork(Effect.delay(two.obtain(tokenOf("second", "1 hour")), "1 second"))
        yield* one.obtain(Effect.delay(tokenOf("first", "1 hour"), "21 seconds"))
        expect(Redacted.value((yield* Fiber.join(waiting)).value)).toBe("first")
        yield* Effect.sleep("1 minute")
        expect(renewals).toBe(10)
        expect(one.leases).toStrictEqual(["acquired"])
        expect(two.leases).toStrictEqual(["waited"])
      })
    ))

  it("is followed by a look, because a token may have been stored just before", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const store = MemoryBackend.make()
        const [one, two] = [yield* start(store), yield* start(store)]
        yield* one.obtain(tokenOf("first", "1 hour"))
        expect(Redacted.value((yield* two.obtain(tokenOf("second", "1 hour"))).value)).toBe("first")
      })
    ))

  it("is awaited no longer than an exchange could take, if its holder neither gives it up nor stores a token", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const one = yield* start({ ...MemoryBackend.make(), acquire: () => Effect.succeed("held") })
        const [took] = yield* Effect.timed(one.obtain(tokenOf("own", "1 hour")))
        const { attemptTimeout, maxRetries, maxRetryDelay, maxWait } = TokenPolicy.defaults
        const [tries, delays] = [
          Duration.times(attemptTimeout, maxRetries + 1),
          Duration.times(maxRetryDelay, maxRetries)
        ]
        expect(Duration.toMillis(took)).toBe(
          Duration.toMillis(maxWait) + Duration.toMillis(tries) + Duration.toMillis(delays)
        )
      })
    ))

  it("is given up, too, if the store took it and did not answer", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const store = MemoryBackend.make()
        const names: Array<string> = []
        const one = yield* start({
          ...store,
          acquire: (name, owner, lasts) => {
            names.push(name)
            return Effect.zipLeft(store.acquire(name, owner, lasts), Effect.never)
          }
        })
        // 1 s for the first operation, and 3 s: the lease would last 6 s.
        yield* one.obtain(Effect.delay(tokenOf("token", "1 hour"), "3 seconds"))
        expect(
          yield* Effect.forEach(names, (name) => store.acquire(name, "another", Duration.seconds(6)))
        ).toStrictEqual(["acquired"])
      })
    ))
})

describe("L11: an entry", () => {
  it("is not written for a token that has ended by now", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const store = MemoryBackend.make()
        let writes = 0
        const write: TokenStoreBackend["write"] = (...entry) => {
          writes += 1
          return store.write(...entry)
        }
        const one = yield* start({ ...store, write })
        yield* one.obtain(Effect.tap(tokenOf("dead", "2 seconds"), Effect.sleep("2 seconds")))
        expect(writes).toBe(0)
        yield* one.obtain(Effect.tap(tokenOf("alive", "2 seconds"), Effect.sleep("1999 millis")))
        expect(writes).toBe(1)
      })
    ))

  it("that can't be read is told of once in a minute", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const warnings: Array<string> = []
        const logger = Logger.make(({ message }) => void warnings.push(String(message)))
        const garbage = Effect.succeedSome({ value: "garbage", left: Duration.hours(1) })
        const one = yield* start({ ...MemoryBackend.make(), read: () => garbage })
        yield* Effect.gen(function* () {
          yield* one.take()
          yield* Effect.sleep("59 seconds")
          yield* one.take()
          expect(warnings).toStrictEqual([
            "The token store holds an entry that can't be read. It is replaced by the next token."
          ])
          yield* Effect.sleep("1 second")
          yield* one.take()
          expect(warnings).toHaveLength(2)
        }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      })
    ))
})
