import { FetchHttpClient, HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { AccessToken, Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, Fault, type SimulatorOptions } from "cxone-auth-testkit"
import {
  Array,
  Config,
  ConfigProvider,
  Context,
  Duration,
  Effect,
  Exit,
  Fiber,
  HashMap,
  Layer,
  Logger,
  LogLevel,
  Redacted,
  Scope,
  TestClock
} from "effect"
import { credentialsWith, withAuth } from "../support/SecretsWorld.js"
import { valueOf } from "../support/Tokens.js"

const exchanges = Effect.flatMap(CxoneSimulator, ({ requestsTo }) =>
  Effect.map(requestsTo("token"), ({ length }) => length)
)

const simulated = (options: SimulatorOptions = {}, scopes: string | ReadonlyArray<string> = "read:users") =>
  Effect.provide(
    CxoneHttpClient.layer().pipe(
      Layer.provideMerge(CxoneSimulator.layerAuth({ scopes })),
      Layer.provideMerge(CxoneSimulator.layerMemory(options))
    )
  )

const valueFrom = Effect.map(valueOf)

describe("CxoneAuth", () => {
  it.effect("scopes with a forbidden character are refused wherever an app gives them", () =>
    Effect.gen(function* () {
      const { environment } = yield* CxoneSimulator
      const scopes = 'read "users"'
      const auth = yield* CxoneAuth
      const double = yield* Effect.provide(CxoneAuth, CxoneAuth.layerTest("t"))
      for (const [option, give] of [
        ["CxoneAuth", () => CxoneAuth.layer({ credentials: credentialsWith("s"), environment, scopes })],
        ["CxoneAuth", () => auth.accessTokenFor(scopes)],
        ["CxoneAuth", () => double.accessTokenFor([scopes])],
        ["CxoneHttpClient", () => CxoneHttpClient.withScopes(scopes)],
        ["CxoneHttpClient", () => CxoneHttpClient.withCallOptions({ scopes: [scopes] })],
        ["CxoneHttpClient", () => CxoneHttpClient.layer({ scopes })]
      ] as const) {
        expect(give).toThrow(`${option}: scopes may hold`)
        expect(give).toThrow(TypeError)
      }
    }).pipe(simulated())
  )

  it.effect("a list with commas is one scope, and its refusal says so", () =>
    Effect.gen(function* () {
      const auth = yield* CxoneAuth
      const { message } = yield* Effect.flip(auth.accessTokenFor("read:users,write:users"))
      expect(message).toContain("Scopes are separated by spaces, but here a comma or semicolon is part of one.")
    }).pipe(simulated())
  )

  describe("L2: a key is the client and its set of scopes", () => {
    it.effect("two sets of scopes have two tokens, each with its own scopes", () =>
      Effect.gen(function* () {
        const auth = yield* CxoneAuth
        const reading = yield* auth.accessTokenFor(["read:users"])
        const writing = yield* auth.accessTokenFor(["write:users", "read:users"])
        expect(reading.scopes).toEqual(["read:users"])
        expect(writing.scopes).toEqual(["read:users", "write:users"])
        expect(Redacted.value(reading.value)).not.toBe(Redacted.value(writing.value))
        expect(yield* exchanges).toBe(2)
      }).pipe(simulated())
    )

    it.effect("order, repeats and notation of the scopes do not matter, nor whether they are the layer's own", () =>
      Effect.gen(function* () {
        const auth = yield* CxoneAuth
        const values = yield* Effect.all([
          valueFrom(auth.accessToken),
          valueFrom(auth.accessTokenFor(["write:users", "read:users"])),
          valueFrom(auth.accessTokenFor("read:users  write:users read:users"))
        ])
        expect(new Set(values).size).toBe(1)
        expect(yield* exchanges).toBe(1)
      }).pipe(simulated({}, ["read:users", "write:users"]))
    )

    it.effect("two clients never share a token", () =>
      Effect.gen(function* () {
        const { credentials, environment, registerClient } = yield* CxoneSimulator
        const clientSecret = Redacted.make("another")
        yield* registerClient({ clientId: "other", clientSecret, scopes: ["read:users"] })
        const tokenOf = (credentials: Credentials) =>
          CxoneAuth.pipe(
            Effect.flatMap((auth) => valueFrom(auth.accessToken)),
            Effect.provide(CxoneAuth.layer({ credentials, environment, scopes: "read:users" }))
          )
        const mine = yield* tokenOf(credentials)
        const theirs = yield* tokenOf(Credentials.clientSecret({ clientId: "other", clientSecret }))
        expect(mine).not.toBe(theirs)
      }).pipe(simulated())
    )

    it.effect("10,000 fibers on a cold cache, over two sets, make two exchanges", () =>
      Effect.gen(function* () {
        const auth = yield* CxoneAuth
        const callers = Array.makeBy(10_000, (n) => auth.accessTokenFor(n % 2 === 0 ? "read:users" : "write:users"))
        const tokens = yield* Effect.all(callers, { concurrency: "unbounded" })
        expect(tokens.every(({ scopes }, n) => scopes[0] === (n % 2 === 0 ? "read:users" : "write:users"))).toBe(true)
        expect(yield* exchanges).toBe(2)
      }).pipe(simulated())
    )

    it.effect("L9: invalidating one set's token leaves the other set's token alone", () =>
      Effect.gen(function* () {
        const auth = yield* CxoneAuth
        const reading = yield* auth.accessTokenFor("read:users")
        const writing = yield* auth.accessTokenFor("write:users")
        yield* auth.invalidate(reading)
        expect(yield* valueFrom(auth.accessTokenFor("write:users"))).toBe(Redacted.value(writing.value))
        expect(yield* valueFrom(auth.accessTokenFor("read:users"))).not.toBe(Redacted.value(reading.value))
      }).pipe(simulated())
    )
  })

  it.effect.each([
    ["a number", "number"],
    ["a text", "string"],
    ["not sent, and so read from the JWT", "omitted"]
  ] as const)(
    "L1, L4, L8: a day of calls, with expires_in %s: no call sees a 401, one exchange every 55 minutes",
    ([_, expiresIn]) =>
      Effect.gen(function* () {
        const cxone = yield* CxoneHttpClient
        for (let minute = 0; minute < 24 * 60; minute += 5) {
          expect((yield* cxone.get("/api/v2/users/me")).status).toBe(200)
          yield* TestClock.adjust("5 minutes")
        }
        const { requestsTo } = yield* CxoneSimulator
        const calls = yield* requestsTo("api")
        expect(calls.length).toBe(288)
        expect(yield* exchanges).toBe(Math.ceil((24 * 60) / 55))
      }).pipe(simulated({ expiresIn }))
  )

  it.effect("L3: a caller that is interrupted during a slow exchange does not disturb the others", () =>
    Effect.gen(function* () {
      const { inject } = yield* CxoneSimulator
      const auth = yield* CxoneAuth
      yield* inject(Fault.delay("5 seconds"), { on: "token" })
      const first = yield* Effect.fork(auth.accessToken)
      yield* TestClock.adjust("1 second")
      const second = yield* Effect.fork(auth.accessToken)
      yield* TestClock.adjust("1 second")
      expect(Exit.isInterrupted(yield* Fiber.interrupt(first))).toBe(true)
      yield* TestClock.adjust("3 seconds")
      expect((yield* Fiber.join(second)).scopes).toEqual(["read:users"])
      expect(yield* exchanges).toBe(1)
    }).pipe(simulated())
  )

  it.effect("L3: the first caller's context has no effect on the exchange", () =>
    Effect.gen(function* () {
      const { environment, credentials } = yield* CxoneSimulator
      const fetched: Array<string> = []
      const fetching = (name: string, value: string) =>
        Effect.provideService(FetchHttpClient.Fetch, (input) => {
          fetched.push(`${name}: ${new URL(String(input)).pathname}`)
          return Promise.resolve(new Response(JSON.stringify({ access_token: value, expires_in: 3600 })))
        })
      const layer = CxoneAuth.layer({ credentials, environment }).pipe(Layer.provide(FetchHttpClient.layer))
      const context = yield* Layer.build(layer).pipe(fetching("the layer's", "right"))
      const auth = Context.get(context, CxoneAuth)
      const token = yield* valueFrom(auth.accessToken).pipe(fetching("a caller's", "wrong"))
      expect(token).toBe("right")
      expect(fetched).toEqual(["the layer's: /oauth/token"])
    }).pipe(Effect.scoped, simulated())
  )

  describe("L3: an exchange runs in the context of the layer", () => {
    it.effect("the first caller's config, log annotations and tracing have no effect", () =>
      Effect.gen(function* () {
        const credentials = Effect.map(Config.string("SECRET"), credentialsWith)
        const layersOwn = ConfigProvider.fromMap(new Map([["SECRET", "right"]]))
        const callers = ConfigProvider.fromMap(new Map([["SECRET", "another"]]))
        const lines: Array<string> = []
        const logger = Logger.make(({ annotations }) => {
          lines.push(String(HashMap.get(annotations, "user")))
        })
        yield* withAuth({ credentials }, ({ accessToken }) =>
          accessToken.pipe(
            Effect.withConfigProvider(callers),
            Effect.annotateLogs("user", "alice"),
            Effect.withTracerEnabled(false)
          )
        ).pipe(
          Effect.withConfigProvider(layersOwn),
          Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
          Logger.withMinimumLogLevel(LogLevel.All)
        )
        expect(lines.length).toBeGreaterThan(0)
        expect(lines.join()).not.toContain("alice")
      })
    )

    it.effect.each([
      ["interrupts itself", { credentials: Effect.interrupt }, "CredentialsUnavailable"],
      [
        "joins an interrupted fiber",
        {
          credentials: Effect.flatMap(Effect.fork(Effect.never), (fiber) =>
            Effect.zipRight(Fiber.interrupt(fiber), Fiber.join(fiber))
          )
        },
        "CredentialsUnavailable"
      ]
    ] as const)("an effect for the credentials that %s fails the call, and interrupts no caller", ([, options, tag]) =>
      withAuth(options, (auth) =>
        Effect.gen(function* () {
          expect((yield* Effect.flip(auth.accessToken))._tag).toBe(tag)
        })
      )
    )

    it.effect.each([
      ["interrupts itself", Effect.interrupt],
      ["dies", Effect.die(new Error("s3cr3t in the form"))]
    ] as const)("an HttpClient that %s is a failed transport", ([, broken]) =>
      Effect.gen(function* () {
        const { credentials, environment } = yield* CxoneSimulator
        const http = Layer.succeed(
          HttpClient.HttpClient,
          HttpClient.make(() => broken)
        )
        const layer = CxoneAuth.layer({ credentials, environment, policy: { maxRetries: 0 } })
        const error = yield* Effect.flatMap(CxoneAuth, ({ accessToken }) => Effect.flip(accessToken)).pipe(
          Effect.provide(Layer.provide(layer, http))
        )
        expect(error).toMatchObject({ _tag: "TokenEndpointUnavailable", reason: "transport" })
        expect(String(error)).not.toContain("s3cr3t")
      }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
    )
  })

  it.effect("S3: an environment that was built by hand, or changed later, is held to the same rules", () =>
    Effect.gen(function* () {
      const { credentials } = yield* CxoneSimulator
      const tokenEndpoint = "http://another-machine.example/token"
      const apiBaseUrl = "https://cxone-simulator.test"
      expect(() => CxoneEnvironment.custom({ tokenEndpoint, apiBaseUrl })).toThrow(
        "tokenEndpoint must start with https"
      )
      const byHand = { _tag: "FixedEnvironment", tokenEndpoint, apiBaseUrl } as const
      expect(() => CxoneAuth.layer({ credentials, environment: byHand })).toThrow("tokenEndpoint must start with https")

      const { environment } = yield* CxoneSimulator
      const context = yield* Layer.build(CxoneAuth.layer({ credentials, environment, scopes: "read:users" }))
      // Plain JavaScript does not know `readonly`.
      Object.assign(environment, { tokenEndpoint: "https://evil.example/token" })
      expect((yield* Context.get(context, CxoneAuth).accessToken).scopes).toEqual(["read:users"])
    }).pipe(Effect.scoped, simulated())
  )

  it.effect("L9: invalidate finds a token by its scopes in any order", () =>
    Effect.gen(function* () {
      const auth = yield* CxoneAuth
      const token = yield* auth.accessTokenFor("read:users write:users")
      yield* auth.invalidate(new AccessToken({ ...token, requestedScopes: ["write:users", "read:users"] }))
      yield* auth.accessTokenFor("read:users write:users")
      expect(yield* exchanges).toBe(2)
    }).pipe(simulated())
  )

  it("layerTest: a text becomes a token whose end is a valid date, and a bad URL throws at once", () => {
    const token = Effect.runSync(
      Effect.provide(
        Effect.flatMap(CxoneAuth, (auth) => auth.accessToken),
        CxoneAuth.layerTest("x")
      )
    )
    expect(new Date(token.expiresAt).getTime()).toBe(token.expiresAt)
    expect(token.tokenType).toBe("Bearer")
    expect(() => CxoneAuth.layerTest("x", { apiBaseUrl: "nope" })).toThrow("apiBaseUrl must be an absolute URL")
  })

  it.effect("L3: closing the layer during a slow exchange interrupts it and its waiters", () =>
    Effect.gen(function* () {
      const { inject } = yield* CxoneSimulator
      yield* inject(Fault.delay("5 seconds"), { on: "token" })
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(CxoneSimulator.layerAuth(), scope)
      const auth = yield* Effect.provide(CxoneAuth, context)
      const waiting = yield* Effect.fork(auth.accessToken)
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, Exit.void)
      expect(Exit.isInterrupted(yield* Fiber.await(waiting))).toBe(true)
    }).pipe(simulated())
  )

  it.effect("L7: an outage that is shorter than the retries fails no call", () =>
    Effect.gen(function* () {
      const { inject } = yield* CxoneSimulator
      yield* inject(Fault.respond({ status: 503 }), { on: "token" })
      yield* inject(Fault.connectionReset, { on: "token" })
      yield* inject(Fault.truncatedBody, { on: "token" })
      const auth = yield* CxoneAuth
      const token = yield* Effect.fork(auth.accessToken)
      yield* TestClock.adjust(Duration.seconds(9))
      expect((yield* Fiber.join(token)).scopes).toEqual(["read:users"])
      expect(yield* exchanges).toBe(4)
    }).pipe(simulated())
  )

  it.effect("S3: reading an endless answer stops at 64 KiB, or after 10 s if it trickles", () =>
    Effect.gen(function* () {
      const { inject } = yield* CxoneSimulator
      const auth = yield* CxoneAuth
      yield* inject(Fault.endlessBody(), { on: "token" })
      expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ _tag: "InvalidTokenResponse", reason: "too_large" })
      yield* inject(Fault.endlessBody({ every: "1 second" }), { on: "token", times: 4 })
      const failing = yield* Effect.fork(Effect.flip(auth.accessToken))
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(failing)).toMatchObject({ _tag: "TokenEndpointUnavailable", reason: "timeout" })
    }).pipe(simulated())
  )

  it.effect("a deleted client is InvalidClient, and a scope that it may not have is InsufficientScope", () =>
    Effect.gen(function* () {
      const { credentials, forgetClient } = yield* CxoneSimulator
      const auth = yield* CxoneAuth
      expect(yield* Effect.flip(auth.accessTokenFor("admin"))).toMatchObject({
        _tag: "InsufficientScope",
        reason: "invalid_scope",
        requested: ["admin"]
      })
      yield* forgetClient(credentials.clientId)
      expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ _tag: "InvalidClient", reason: "invalid_client" })
    }).pipe(simulated())
  )
})
