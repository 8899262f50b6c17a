import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneAuth, CxoneEnvironment, type RotatingCredentials, TokenPolicy } from "cxone-auth"
import { Duration, Effect, Array as EffectArray, Fiber, Layer, Redacted, Ref, TestClock } from "effect"
import * as TokenSource from "../../src/exchange/TokenSource.js"
import * as Metrics from "../../src/telemetry/Metrics.js"
import * as Provider from "../model/Provider.js"
import { Recorder } from "../model/Trace.js"
import { answers, json, type Play, scripted } from "../support/ScriptedHttpClient.js"

const secret = (clientSecret: string) =>
  Credentials.clientSecret({ clientId: "reports", clientSecret: Redacted.make(clientSecret) })

/** A token service whose credentials the test changes, at a provider that accepts secret A after half a second. */
const world = Effect.gen(function* () {
  const recorder = new Recorder()
  const given = yield* Ref.make<Credentials | RotatingCredentials>(secret("A"))
  const auth = yield* Layer.build(
    CxoneAuth.layer({
      credentials: Ref.get(given),
      environment: CxoneEnvironment.custom({
        tokenEndpoint: "https://cxone.test/oauth/token",
        apiBaseUrl: "https://cxone.test"
      }),
      scopes: "a"
    }).pipe(
      Layer.provide(
        Layer.succeed(
          HttpClient.HttpClient,
          Provider.make(recorder, () => ({ ...Provider.wellBehaved, latency: 500 }))
        )
      )
    )
  )
  const sent = () => recorder.events.flatMap((event) => (event.tag === "request" ? [event.secret] : []))
  return { given, sent, auth: yield* Effect.provide(CxoneAuth, auth) }
})

/** A source over these answers of the token endpoint, and how often the endpoint's URL was asked for. */
const setup = (
  credentials: TokenSource.CredentialsInput,
  play: Play,
  objectionTo: (given: Credentials | RotatingCredentials) => string | undefined = () => undefined
) =>
  Effect.gen(function* () {
    const { layer, sent } = yield* scripted(play)
    let lookups = 0
    const source = yield* TokenSource.make({
      credentials,
      tokenEndpoint: Effect.sync(() => {
        lookups += 1
        return new URL("https://cxone.test/oauth/token")
      }),
      environment: "custom",
      objectionTo,
      policy: TokenPolicy.make({ maxWait: 0, maxRetries: 0 }),
      metrics: Metrics.make(undefined),
      share: undefined
    })
    const bodies = Effect.map(sent, (all) => all.map(({ body }) => new URLSearchParams(body)))
    return {
      obtain: (scopes: ReadonlyArray<string> = []) => Effect.provide(source.obtain(scopes, undefined), layer),
      obtainUnscoped: (scopes: ReadonlyArray<string>) =>
        Effect.provide(source.obtainUnscoped(scopes, undefined), layer),
      standing: source.standing,
      lookups: () => lookups,
      secrets: Effect.map(bodies, (all) => all.map((body) => body.get("client_secret"))),
      scopes: Effect.map(bodies, (all) => all.map((body) => body.get("scope")))
    }
  })

/** A token endpoint that accepts these secrets, and refuses all others. */
const accepting =
  (...secrets: ReadonlyArray<string>): Play =>
  ({ body }) =>
    Effect.sync(() =>
      secrets.includes(new URLSearchParams(body).get("client_secret") ?? "")
        ? json({ access_token: "t0k3n", expires_in: 3600 })
        : json({ error: "invalid_client" }, { status: 401 })
    )

const rotating = (current: string, next: string) =>
  Credentials.rotating({ current: secret(current), next: secret(next) })

const key = { accessKeyId: "A-KEY====", accessKeySecret: Redacted.make("k") }
const clientWithKey = Credentials.accessKey({ clientId: "reports", clientSecret: Redacted.make("A"), ...key })

describe("TokenSource", () => {
  describe("L6: refused credentials", () => {
    it.effect("they are not sent again, and the endpoint's URL is not looked up for them", () =>
      Effect.gen(function* () {
        const { lookups, obtain, secrets } = yield* setup(secret("A"), accepting())
        yield* Effect.flip(obtain())
        expect(yield* Effect.flip(obtain(["a"]))).toMatchObject({
          _tag: "InvalidClient",
          retryAfter: Duration.seconds(30)
        })
        expect(yield* secrets).toEqual(["A"])
        expect(lookups()).toBe(1)
      })
    )

    it.effect("an effect that gives two wrong secrets by turns gets each of them sent once in its pause", () =>
      Effect.gen(function* () {
        let reads = 0
        const turns = Effect.sync(() => secret(++reads % 2 === 0 ? "B" : "A"))
        const { obtain, secrets } = yield* setup(turns, accepting())
        const tags = yield* Effect.forEach(EffectArray.range(1, 290), () =>
          Effect.zipLeft(Effect.flip(obtain()), TestClock.adjust("100 millis"))
        )
        expect(new Set(tags.map(({ _tag }) => _tag))).toEqual(new Set(["InvalidClient"]))
        expect(yield* secrets).toEqual(["A", "B"])
      })
    )

    it.effect("they are remembered while they are one of two", () =>
      Effect.gen(function* () {
        const given = yield* Ref.make<Credentials | RotatingCredentials>(secret("B"))
        const { obtain, secrets } = yield* setup(Ref.get(given), accepting())
        yield* Effect.flip(obtain())
        yield* TestClock.adjust("1 second")
        yield* Ref.set(given, rotating("A", "B"))
        expect(yield* Effect.flip(obtain())).toMatchObject({
          _tag: "InvalidClient",
          bothRefused: true,
          retryAfter: Duration.seconds(29)
        })
        expect(yield* secrets).toEqual(["B", "A"])
      })
    )

    it.effect("if both are refused, the error says how long it takes until the first may be sent again", () =>
      Effect.gen(function* () {
        const given = yield* Ref.make<Credentials | RotatingCredentials>(secret("A"))
        const { obtain } = yield* setup(Ref.get(given), accepting())
        yield* Effect.flip(obtain())
        yield* TestClock.setTime(20_000)
        yield* Ref.set(given, rotating("A", "B"))
        expect(yield* Effect.flip(obtain())).toMatchObject({ bothRefused: true, retryAfter: Duration.seconds(10) })
        yield* TestClock.setTime(25_000)
        expect(yield* Effect.flip(obtain())).toMatchObject({ bothRefused: true, retryAfter: Duration.seconds(5) })
      })
    )

    it.effect("the error of a single refusal does not say bothRefused", () =>
      Effect.gen(function* () {
        const { obtain } = yield* setup(secret("A"), accepting())
        const error = yield* Effect.flip(obtain())
        expect("bothRefused" in error && error.bothRefused).toBeFalsy()
      })
    )
  })

  describe("L10: of current and next credentials", () => {
    it.effect("the current ones are sent first, and alone if they are accepted", () =>
      Effect.gen(function* () {
        const { obtain, secrets } = yield* setup(rotating("A", "B"), accepting("A", "B"))
        yield* obtain()
        yield* obtain(["a"])
        expect(yield* secrets).toEqual(["A", "A"])
      })
    )

    it.effect("the next ones are sent first once they were accepted", () =>
      Effect.gen(function* () {
        const { obtain, secrets } = yield* setup(rotating("A", "B"), accepting("B"))
        yield* obtain()
        yield* obtain(["a"])
        expect(yield* secrets).toEqual(["A", "B", "B"])
      })
    )

    it.effect("the next ones are not sent after any failure but a refusal", () =>
      Effect.gen(function* () {
        const { obtain, secrets } = yield* setup(rotating("A", "B"), () =>
          Effect.sync(() => json({ error: "invalid_scope" }, { status: 400 }))
        )
        expect(yield* Effect.flip(obtain())).toMatchObject({ _tag: "InsufficientScope" })
        expect(yield* secrets).toEqual(["A"])
      })
    )

    it.effect("if the first are refused and the second fail otherwise, the error is that of the second", () =>
      Effect.gen(function* () {
        const outage = () => new Response("", { status: 503 })
        const refused = () => json({ error: "invalid_client" }, { status: 401 })
        const { obtain } = yield* setup(rotating("A", "B"), answers(refused, outage))
        expect(yield* Effect.flip(obtain())).toMatchObject({ _tag: "TokenEndpointUnavailable", status: 503 })
      })
    )
  })

  describe("scopes", () => {
    it.effect("obtain sends them with any credentials that can ask for scopes", () =>
      Effect.gen(function* () {
        for (const credentials of [secret("A"), clientWithKey]) {
          const { obtain, scopes } = yield* setup(
            credentials,
            answers(() => json({ access_token: "t" }))
          )
          yield* obtain(["a", "b"])
          expect(yield* scopes).toEqual(["a b"])
        }
      })
    )

    it.effect("obtainUnscoped sends them with a client alone, and not with an access key", () =>
      Effect.gen(function* () {
        for (const [credentials, sentScopes] of [
          [secret("A"), "a b"],
          [clientWithKey, null]
        ] as const) {
          const { obtainUnscoped, scopes } = yield* setup(
            credentials,
            answers(() => json({ access_token: "t" }))
          )
          yield* obtainUnscoped(["a", "b"])
          expect(yield* scopes).toEqual([sentScopes])
        }
      })
    )

    it.effect("an access key alone cannot ask for scopes: InsufficientScope, and nothing is sent", () =>
      Effect.gen(function* () {
        const answer = answers(() => json({ access_token: "t" }))
        const { obtain, obtainUnscoped, secrets } = yield* setup(Credentials.accessKeyOnly(key), answer)
        const error = yield* Effect.flip(obtain(["a", "b"]))
        expect(error.message).toContain("cannot request scopes, but these were requested: a b. Leave the scopes out")
        expect(error).toMatchObject({
          _tag: "InsufficientScope",
          reason: "not_supported",
          origin: "https://cxone.test",
          requested: ["a", "b"],
          granted: [],
          required: []
        })
        expect(yield* secrets).toEqual([])
        yield* obtain()
        yield* obtainUnscoped(["a"])
        expect((yield* secrets).length).toBe(2)
      })
    )
  })

  describe("reading the credentials", () => {
    it.effect("credentials with an objection are CredentialsUnavailable with its text, and nothing is sent", () =>
      Effect.gen(function* () {
        const { lookups, obtain, secrets } = yield* setup(secret("A"), accepting("A"), () => "they do not fit")
        expect(yield* Effect.flip(obtain())).toMatchObject({
          _tag: "CredentialsUnavailable",
          reason: "unsuitable",
          detail: "they do not fit"
        })
        expect(yield* secrets).toEqual([])
        expect(lookups()).toBe(0)
      })
    )

    it.effect.each([
      ["a tag of 64 characters", { _tag: "V".repeat(64) }, "V".repeat(64)],
      ["a tag of 65 characters", { _tag: "V".repeat(65) }, undefined],
      ["an empty tag", { _tag: "" }, undefined],
      ["a tag beside a name", Object.assign(new RangeError("x"), { _tag: "VaultSealed" }), "VaultSealed"],
      ["a scoped tag", { _tag: "@app/Vault.Sealed-1_$" }, "@app/Vault.Sealed-1_$"]
    ] as const)("S1: a failure with %s: its detail is the tag, if that is an identifier", ([_, failure, detail]) =>
      Effect.gen(function* () {
        const { obtain } = yield* setup(Effect.fail<unknown>(failure), accepting())
        const error = yield* Effect.flip(obtain())
        expect(error).toMatchObject({ _tag: "CredentialsUnavailable", reason: "failed" })
        expect("detail" in error ? error.detail : undefined).toBe(detail)
      })
    )
  })

  describe("L6: while the credentials are held back", () => {
    it.effect("they are read at most once a second, however many callers ask", () =>
      Effect.gen(function* () {
        let reads = 0
        const slow = Effect.delay(
          Effect.sync(() => {
            reads += 1
            return secret("A")
          }),
          "100 millis"
        )
        const { obtain } = yield* setup(slow, accepting())
        const call = Effect.either(obtain())
        const first = yield* Effect.fork(call)
        yield* TestClock.adjust("100 millis")
        yield* Fiber.join(first)
        for (let tenth = 0; tenth < 25; tenth++) {
          const callers = yield* Effect.fork(Effect.all(EffectArray.replicate(call, 20), { concurrency: "unbounded" }))
          yield* TestClock.adjust("100 millis")
          yield* Fiber.join(callers)
        }
        expect(reads).toBeLessThanOrEqual(4)
      })
    )

    it.effect("a failure to read them is remembered as long", () =>
      Effect.gen(function* () {
        let reads = 0
        const given = yield* Ref.make<Effect.Effect<Credentials, string>>(Effect.succeed(secret("A")))
        const vault = Effect.flatMap(Ref.get(given), (read) => {
          reads += 1
          return read
        })
        const { obtain } = yield* setup(vault, accepting())
        yield* Effect.flip(obtain())
        yield* Ref.set(given, Effect.fail("sealed"))
        yield* TestClock.adjust("1 second")
        const errors = yield* Effect.all(EffectArray.replicate(Effect.flip(obtain()), 10))
        expect(new Set(errors.map(({ _tag }) => _tag))).toEqual(new Set(["CredentialsUnavailable"]))
        expect(reads).toBe(2)
      })
    )
  })

  describe("standing", () => {
    it.effect("is open before the credentials were read, and after a token", () =>
      Effect.gen(function* () {
        const { obtain, standing } = yield* setup(secret("A"), accepting("A"))
        expect(yield* standing).toBe("open")
        yield* obtain()
        expect(yield* standing).toBe("open")
      })
    )

    it.effect("is refused while every credential is", () =>
      Effect.gen(function* () {
        const { obtain, standing } = yield* setup(secret("A"), accepting())
        yield* Effect.flip(obtain())
        expect(yield* standing).toBe("refused")
        yield* TestClock.setTime(30_000)
        expect(yield* standing).toBe("open")
      })
    )

    it.effect("is open while one of two credentials is not refused", () =>
      Effect.gen(function* () {
        const outage = () => new Response("", { status: 503 })
        const refused = () => json({ error: "invalid_client" }, { status: 401 })
        const { obtain, standing } = yield* setup(rotating("A", "B"), answers(refused, outage, refused))
        yield* Effect.flip(obtain())
        expect(yield* standing).toBe("open")
        yield* TestClock.adjust("1 second")
        yield* Effect.flip(obtain())
        expect(yield* standing).toBe("refused")
      })
    )

    it.effect("is rate_limited until the Retry-After has passed", () =>
      Effect.gen(function* () {
        const limited = () => new Response("", { status: 429, headers: { "retry-after": "90" } })
        const { obtain, standing } = yield* setup(secret("A"), answers(limited))
        yield* Effect.flip(obtain())
        expect(yield* standing).toBe("rate_limited")
        yield* TestClock.setTime(90_000)
        expect(yield* standing).toBe("open")
      })
    )
  })

  it.scoped("L10: status is refused, even if an exchange with the previous credentials gets a token meanwhile", () =>
    Effect.gen(function* () {
      const { auth, given } = yield* world
      yield* Effect.fork(auth.accessTokenFor("a"))
      yield* TestClock.adjust("1 millis")
      yield* Ref.set(given, secret("B"))
      yield* Effect.fork(auth.accessTokenFor("a b"))
      yield* TestClock.adjust("1 seconds")
      expect((yield* auth.status).map(({ state }) => state)).toEqual(["refused", "refused"])
      expect((yield* Effect.flip(auth.accessTokenFor("b")))._tag).toBe("InvalidClient")
    })
  )

  it.scoped("L10: of two secrets the one that was accepted last is sent first, not the one that was read last", () =>
    Effect.gen(function* () {
      const { auth, given, sent } = yield* world
      yield* Effect.fork(auth.accessTokenFor("a"))
      yield* TestClock.adjust("1 seconds")
      yield* Ref.set(given, secret("B"))
      const caller = yield* Effect.fork(auth.accessTokenFor("a b"))
      yield* TestClock.adjust("1 seconds")
      expect((yield* Effect.flip(caller))._tag).toBe("InvalidClient")
      // The refusal has ended.
      yield* TestClock.adjust("1 minutes")
      yield* Ref.set(given, Credentials.rotating({ current: secret("A"), next: secret("B") }))
      yield* Effect.fork(auth.accessTokenFor("b"))
      yield* TestClock.adjust("2 seconds")
      expect(sent()).toEqual(["A", "B", "A"])
    })
  )
})
