import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneAuth, InvalidClient, type RotatingCredentials } from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Array, Clock, Context, Duration, Effect, Either, Fiber, Layer, Ref, TestClock } from "effect"
import { credentialsWith, refusalOf, registerSecret, secretsSent, sent, withAuth } from "../support/SecretsWorld.js"
import { valueOf } from "../support/Tokens.js"

describe("L10: credentials that change", () => {
  /** Credentials that change when they are set, and count how often they are read. */
  const changing = (secret: string) =>
    Effect.gen(function* () {
      const current = yield* Ref.make(secret)
      const reads = yield* Ref.make(0)
      return {
        credentials: Effect.zipRight(
          Ref.update(reads, (n) => n + 1),
          Effect.map(Ref.get(current), credentialsWith)
        ),
        set: (next: string) => Ref.set(current, next),
        reads: Ref.get(reads)
      }
    })

  it.effect("the effect is read at each exchange and not for a cached token; the old token is served to its end", () =>
    Effect.gen(function* () {
      const { credentials, reads, set } = yield* changing("right")
      yield* withAuth({ credentials }, (auth) =>
        Effect.gen(function* () {
          const old = yield* auth.accessToken
          yield* set("rotated")
          yield* registerSecret("rotated")
          yield* Effect.all(Array.replicate(auth.accessToken, 100))
          expect(yield* reads).toBe(1)
          expect(yield* auth.accessToken).toBe(old)
          yield* TestClock.setTime(3_570_000)
          expect(valueOf(yield* auth.accessToken)).not.toBe(valueOf(old))
          expect(yield* secretsSent).toEqual(["right", "rotated"])
          expect(yield* reads).toBe(2)
        })
      )
    })
  )

  it.effect("L6: other credentials clear a refusal within a second", () =>
    Effect.gen(function* () {
      const { credentials, set } = yield* changing("wrong")
      yield* withAuth({ credentials }, (auth) =>
        Effect.gen(function* () {
          yield* refusalOf(auth.accessToken)
          yield* refusalOf(auth.accessToken)
          yield* set("right")
          yield* TestClock.adjust("1 second")
          expect((yield* auth.accessToken).scopes).toEqual(["a"])
          expect(yield* secretsSent).toEqual(["wrong", "right"])
        })
      )
    })
  )

  it.effect("while the credentials are refused, 1,000 callers at once read the effect once", () =>
    Effect.gen(function* () {
      const { credentials, reads } = yield* changing("wrong")
      yield* withAuth({ credentials: Effect.delay(credentials, "1 second") }, (auth) =>
        Effect.gen(function* () {
          const first = yield* Effect.fork(refusalOf(auth.accessToken))
          yield* TestClock.adjust("1 second")
          const error = yield* Fiber.join(first)
          yield* TestClock.adjust("1 second")
          const callers = yield* Effect.fork(
            Effect.all(Array.replicate(refusalOf(auth.accessToken), 1_000), { concurrency: "unbounded" })
          )
          yield* TestClock.adjust("1 second")
          const later = `Nothing was sent, because an earlier request failed: ${error.message.replace("For 30s", "For 28s")}`
          expect(new Set((yield* Fiber.join(callers)).map(({ message }) => message))).toEqual(new Set([later]))
          expect(yield* reads).toBe(2)
          expect(yield* sent).toBe(1)
        })
      )
    })
  )

  it.effect(
    "if the current credentials are refused, the next ones are sent in the same call, and first from then on",
    () =>
      withAuth(
        { credentials: Credentials.rotating({ current: credentialsWith("right"), next: credentialsWith("next") }) },
        (auth) =>
          Effect.gen(function* () {
            yield* auth.accessToken
            yield* registerSecret("next")
            yield* TestClock.setTime(3_570_000)
            expect((yield* auth.accessToken).scopes).toEqual(["a"])
            expect((yield* auth.accessTokenFor("b")).scopes).toEqual(["b"])
            yield* TestClock.setTime(2 * 3_570_000)
            yield* auth.accessToken
            expect(yield* secretsSent).toEqual(["right", "right", "next", "next", "next"])
          })
      )
  )

  it.effect("if the next credentials are refused later, the current ones are sent again", () =>
    withAuth(
      { credentials: Credentials.rotating({ current: credentialsWith("current"), next: credentialsWith("right") }) },
      (auth) =>
        Effect.gen(function* () {
          yield* auth.accessToken
          yield* registerSecret("current")
          yield* TestClock.setTime(3_570_000)
          yield* auth.accessToken
          expect(yield* secretsSent).toEqual(["current", "right", "right", "current"])
        })
    )
  )

  it.effect("a rotation to the same credentials sends them once", () =>
    withAuth(
      { credentials: Credentials.rotating({ current: credentialsWith("old"), next: credentialsWith("old") }) },
      (auth) =>
        Effect.gen(function* () {
          expect(yield* refusalOf(auth.accessToken)).toMatchObject({ bothRefused: false })
          expect(yield* secretsSent).toEqual(["old"])
        })
    )
  )

  it.effect("the current one is refused while the next one is in a pause: something was sent", () =>
    Effect.gen(function* () {
      const both = Credentials.rotating({ current: credentialsWith("old"), next: credentialsWith("new") })
      yield* withAuth({ credentials: both, policy: { maxRetries: 0, maxWait: 0, refusalPause: "1 second" } }, (auth) =>
        Effect.gen(function* () {
          const { inject } = yield* CxoneSimulator
          yield* inject(Fault.respond({ status: 401, body: '{"error":"invalid_client"}' }), { on: "token" })
          yield* inject(Fault.respond({ status: 503, headers: { "Retry-After": "600" } }), { on: "token" })
          expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ status: 503, heldBack: false })
          expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ status: 503, heldBack: true })
          yield* TestClock.adjust("1 second")
          expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ status: 503, heldBack: false })
          expect(yield* secretsSent).toEqual(["old", "new", "old"])
        })
      )
    })
  )

  it.effect("both refused: the error says so, and neither is sent before the first of them may be", () =>
    withAuth(
      { credentials: Credentials.rotating({ current: credentialsWith("old"), next: credentialsWith("new") }) },
      (auth) =>
        Effect.gen(function* () {
          const error = yield* refusalOf(auth.accessToken)
          expect(error).toMatchObject({ bothRefused: true, retryAfter: Duration.seconds(30) })
          expect(error.message).toContain("refused the client, with both the current and the next credentials (401")
          expect(yield* refusalOf(auth.accessToken)).toEqual(new InvalidClient({ ...error, heldBack: true }))
          expect(yield* secretsSent).toEqual(["old", "new"])
        })
    )
  )

  it.effect.each([
    ["current", "next"],
    ["next", "current"]
  ] as const)("both refused, the %s ones first: the error's time is that of the first of the two", ([earlier, later]) =>
    Effect.gen(function* () {
      const first = credentialsWith("first")
      const input = yield* Ref.make<Credentials | RotatingCredentials>(first)
      yield* withAuth({ credentials: Ref.get(input) }, (auth) =>
        Effect.gen(function* () {
          yield* refusalOf(auth.accessToken)
          yield* TestClock.setTime(10_000)
          const both = { [earlier]: first, [later]: credentialsWith("second") }
          yield* Ref.set(input, Credentials.rotating({ current: first, next: first, ...both }))
          expect(yield* refusalOf(auth.accessToken)).toMatchObject({
            bothRefused: true,
            retryAfter: Duration.seconds(20)
          })
          expect(yield* secretsSent).toEqual(["first", "second"])
        })
      )
    })
  )

  it.effect("the next credentials are not sent for a scope that is not granted", () =>
    withAuth(
      { credentials: Credentials.rotating({ current: credentialsWith("right"), next: credentialsWith("next") }) },
      (auth) =>
        Effect.gen(function* () {
          expect((yield* Effect.flip(auth.accessTokenFor("never-granted")))._tag).toBe("InsufficientScope")
          expect(yield* secretsSent).toEqual(["right"])
        })
    )
  )

  it.effect.each([
    ["a tagged error", Effect.fail({ _tag: "VaultSealed", secret: "canary" }), "VaultSealed"],
    ["an error", Effect.fail<unknown>(new RangeError("canary")), "RangeError"],
    ["a defect", Effect.die(new TypeError("canary")), "TypeError"],
    ["something else", Effect.fail("canary"), undefined],
    ["null", Effect.fail(null), undefined],
    ["a tag with a space", Effect.fail({ _tag: "the canary" }), undefined],
    ["a tag with a punctuation mark", Effect.fail({ _tag: "canary!" }), undefined],
    ["a tag that is a number", Effect.fail({ _tag: 42 }), undefined]
  ] as const)(
    "S1: an effect that fails with %s is CredentialsUnavailable, with the kind of the failure only",
    ([, effect, detail]) =>
      withAuth({ credentials: effect }, (auth) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(auth.accessToken)
          expect(error).toMatchObject({ _tag: "CredentialsUnavailable", reason: "failed" })
          expect("detail" in error ? error.detail : undefined).toBe(detail)
          expect(`${error.message} ${JSON.stringify(error)}`).not.toContain("canary")
          expect(yield* sent).toBe(0)
        })
      )
  )

  it.effect.each([
    ["never ends", Effect.never],
    ["never ends and cannot be interrupted", Effect.uninterruptible(Effect.never)]
  ] as const)("C7: an effect that %s is given up after 10 s", ([, credentials]) =>
    withAuth({ credentials }, (auth) =>
      Effect.gen(function* () {
        const caller = yield* Effect.fork(Effect.either(auth.accessToken))
        yield* TestClock.adjust("10 seconds")
        expect(yield* Fiber.join(caller)).toMatchObject(
          Either.left({ _tag: "CredentialsUnavailable", reason: "timeout" })
        )
      })
    )
  )

  it.effect("L5: an effect that fails while the token lives fails no call, and is read again", () =>
    Effect.gen(function* () {
      const isSealed = yield* Ref.make(false)
      const credentials = Effect.flatMap(Ref.get(isSealed), (sealed) =>
        sealed ? Effect.fail("sealed") : Effect.succeed(credentialsWith("right"))
      )
      yield* withAuth({ credentials }, (auth) =>
        Effect.gen(function* () {
          const token = yield* auth.accessToken
          yield* Ref.set(isSealed, true)
          yield* TestClock.setTime(3_300_000)
          expect(yield* auth.accessToken).toBe(token)
          yield* TestClock.adjust("20 seconds")
          expect(yield* auth.accessToken).toBe(token)
          yield* Ref.set(isSealed, false)
          yield* TestClock.adjust("40 seconds")
          expect(valueOf(yield* auth.accessToken)).not.toBe(valueOf(token))
          expect(yield* Clock.currentTimeMillis).toBeLessThan(3_570_000)
        })
      )
    })
  )
})

describe("L5, L10: a renewal in the background", () => {
  it.effect("notices other credentials although the pause of a refusal is not over", () =>
    Effect.gen(function* () {
      const input = yield* Ref.make(credentialsWith("right"))
      yield* withAuth({ credentials: Ref.get(input) }, (auth) =>
        Effect.gen(function* () {
          yield* registerSecret("right")
          const first = valueOf(yield* auth.accessToken)
          yield* Ref.set(input, credentialsWith("wrong"))
          yield* TestClock.setTime(3_300_000)
          expect(valueOf(yield* auth.accessToken)).toBe(first)
          yield* TestClock.adjust("5 seconds")
          yield* Ref.set(input, credentialsWith("right"))
          yield* TestClock.adjust("20 seconds")
          expect(valueOf(yield* auth.accessToken)).not.toBe(first)
          expect(yield* secretsSent).toEqual(["right", "wrong", "right"])
        })
      )
    })
  )
})

describe("L10: an effect that yields the credentials may need services", () => {
  it.effect("what it opens is closed after each read", () =>
    Effect.gen(function* () {
      const { credentials, environment } = yield* CxoneSimulator
      let open = 0
      const connect = Effect.acquireRelease(
        Effect.sync(() => {
          open += 1
          return credentials
        }),
        () =>
          Effect.sync(() => {
            open -= 1
          })
      )
      yield* Effect.gen(function* () {
        const { accessToken, invalidate } = yield* CxoneAuth
        yield* invalidate(yield* accessToken)
        yield* accessToken
        expect(open).toBe(0)
      }).pipe(Effect.provide(CxoneAuth.layer({ credentials: connect, environment, scopes: "read:users" })))
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.effect("they come from where the layer is provided, and keep their values for its life", () =>
    Effect.gen(function* () {
      class Vault extends Context.Tag("Vault")<Vault, Effect.Effect<Credentials>>() {}
      const { credentials, environment } = yield* CxoneSimulator
      let reads = 0
      const vault = Effect.sync(() => {
        reads += 1
        return credentials
      })
      const layer = Layer.provide(
        CxoneAuth.layer({ credentials: Effect.flatten(Vault), environment, scopes: "read:users" }),
        Layer.succeed(Vault, vault)
      )
      yield* Effect.gen(function* () {
        const { accessToken, invalidate } = yield* CxoneAuth
        yield* invalidate(yield* accessToken)
        // Whatever stands under the same name at the caller's place is not asked.
        yield* Effect.provideService(accessToken, Vault, Effect.die("the caller's vault"))
        expect(reads).toBe(2)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )
})
