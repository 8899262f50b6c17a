import { describe, expect, it } from "@effect/vitest"
import { Credentials, type CredentialsInput, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Effect, Fiber, HashMap, Layer, Logger, LogLevel, Random, Redacted, TestClock } from "effect"
import { withArrivedTokens } from "../support/ClientWorld.js"

/** Runs a test, and gives what it logged at INFO and above: the level if it is no warning, the message, the annotations. */
const linesOf = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const lines: Array<ReadonlyArray<unknown>> = []
    const logger = Logger.make(({ annotations, logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Info)) {
        const level = logLevel === LogLevel.Warning ? [] : [logLevel.label]
        lines.push([...level, ...[message].flat(), Object.fromEntries(HashMap.toEntries(annotations))])
      }
    })
    yield* Effect.provide(test, Logger.replace(Logger.defaultLogger, logger))
    return lines
  })

const simulated =
  (options: Parameters<typeof CxoneSimulator.layerAuth>[0] = {}, simulator = CxoneSimulator.layerMemory()) =>
  <A, E, R>(test: Effect.Effect<A, E, R>) =>
    Effect.provide(
      test,
      CxoneHttpClient.layer(withArrivedTokens()).pipe(
        Layer.provideMerge(CxoneSimulator.layerAuth({ scopes: "read:users", name: "reports", ...options })),
        Layer.provideMerge(simulator)
      )
    )

const accessToken = Effect.flatMap(CxoneAuth, (auth) => auth.accessToken)
const me = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/api/v2/users/me"))
const injected = (...faults: Parameters<CxoneSimulator["Type"]["inject"]>) =>
  Effect.flatMap(CxoneSimulator, ({ inject }) => inject(...faults))

const endpoint = "https://cxone-simulator.test/oauth/token"
const client = { "cxone_auth.client": "reports" }

describe("the log has what a person looks for, each thing once", () => {
  it.effect("a call that is served logs nothing above DEBUG", () =>
    Effect.gen(function* () {
      expect(yield* linesOf(me.pipe(simulated()))).toEqual([])
    })
  )

  it.effect("each attempt at the token endpoint that failed, with its number", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        yield* injected(Fault.respond({ status: 503 }), { on: "token" })
        const caller = yield* Effect.fork(accessToken)
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(caller)
      })
      expect(yield* linesOf(test.pipe(simulated()))).toEqual([
        [
          `Token request failed, and is sent again in about 1s. ${endpoint} gave no token in 1 attempt: it answered 503. The problem is on CXone's side, or at a gateway in between. ` +
            "Try again later.",
          { ...client, "cxone_auth.attempt": 1 }
        ]
      ])
    })
  )

  it.effect("a try that was announced, but not made because another request began a pause", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        const { accessTokenFor } = yield* CxoneAuth
        yield* injected(Fault.respond({ status: 500 }), { on: "token" })
        const caller = yield* Effect.fork(Effect.flip(accessTokenFor("read:users")))
        yield* TestClock.adjust("100 millis")
        yield* injected(Fault.respond({ status: 503, headers: { "Retry-After": "600" } }), { on: "token" })
        const other = yield* Effect.flip(accessTokenFor("offline_access"))
        yield* TestClock.adjust("2 seconds")
        return [yield* Fiber.join(caller), other, yield* Effect.flip(accessTokenFor("read:users"))] as const
      })
      // Something was sent for the first two, and nothing for the third.
      const checked = Effect.map(test, (errors) =>
        expect(errors).toMatchObject([{ heldBack: false }, { heldBack: false }, { heldBack: true }])
      )
      const lines = yield* linesOf(checked.pipe(simulated()))
      const until = { "cxone_auth.until": expect.stringMatching(/^1970-01-01T00:10:0/) }
      expect(lines).toEqual([
        [expect.stringMatching(/^Token request failed, and is sent again in about 1s\. .* 500\./), expect.anything()],
        [expect.stringMatching(/^Token request failed\. .* 503\./), expect.objectContaining(until)],
        [expect.stringMatching(/^Token request failed\. .* 503\./), expect.objectContaining(until)]
      ])
    })
  )

  it.effect("a wait that the token endpoint asks for", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        yield* injected(Fault.respond({ status: 429, headers: { "Retry-After": "7" } }), { on: "token" })
        const caller = yield* Effect.fork(accessToken)
        yield* TestClock.adjust("9 seconds")
        yield* Fiber.join(caller)
      })
      expect(yield* linesOf(test.pipe(simulated()))).toEqual([
        [
          "Token request failed, and is sent again in about 7s. https://cxone-simulator.test answered 429: too many token requests. " +
            "Try again in 7s. Provide one CxoneAuth layer for each set of credentials and share it; each layer has a token cache of its own.",
          { ...client, "cxone_auth.attempt": 1, "cxone_auth.until": "1970-01-01T00:00:07.000Z" }
        ]
      ])
    })
  )

  it.effect("a black hole, in time before a function of 30 s is stopped", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        yield* injected(Fault.blackHole, { on: "token", times: Number.POSITIVE_INFINITY })
        const caller = yield* Effect.fork(accessToken)
        yield* TestClock.adjust("30 seconds")
        yield* Fiber.interrupt(caller)
      })
      const line = (attempt: number) => [
        `Token request failed, and is sent again in ${attempt === 1 ? "about 1s" : "about 2s"}. ${endpoint} gave no token in ${attempt} attempt${attempt === 1 ? "" : "s"}: ` +
          "no complete answer in 10s (attemptTimeout). Check the URL of the token endpoint (CXONE_TOKEN_ENDPOINT), and the proxy or firewall in between, or try again later. If a proxy must be used, " +
          "tell the HttpClient: it may ignore HTTPS_PROXY.",
        { ...client, "cxone_auth.attempt": attempt }
      ]
      expect(yield* linesOf(test.pipe(simulated()))).toEqual([line(1), line(2)])
    })
  )

  it.effect("a refusal, once for its pause, with the end of it", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        yield* injected(Fault.respond({ status: 401, body: '{"error":"invalid_client"}' }), { on: "token" })
        yield* Effect.all(Array.from({ length: 5 }, () => Effect.either(accessToken)))
        yield* TestClock.adjust("20 seconds")
        yield* Effect.either(accessToken)
      })
      const lines = yield* linesOf(test.pipe(simulated()))
      expect(lines).toEqual([
        [
          expect.stringMatching(
            /^Token request failed\. https:.* refused the client \(401 invalid_client\)\. .* this process /
          ),
          { ...client, "cxone_auth.attempt": 1, "cxone_auth.until": "1970-01-01T00:00:30.000Z" }
        ]
      ])
    })
  )

  it.effect("L5: a renewal in the background that failed, once for its token", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        yield* accessToken
        yield* injected(Fault.respond({ status: 500 }), { on: "token", times: 6 })
        yield* TestClock.setTime(3_400_000)
        yield* accessToken
        yield* TestClock.adjust("2 minutes")
        yield* accessToken
      })
      const lines = yield* linesOf(test.pipe(simulated({ policy: { maxRetries: 1 } })))
      const attempt = /^Token request failed(?:, and is sent again in about 1s)?\. .* it answered 500\./
      const attempts = lines.filter(([message]) => attempt.test(String(message)))
      expect(attempts).toHaveLength(6)
      expect(lines.filter((line) => !attempts.includes(line))).toEqual([
        [
          "The token could not be renewed ahead of its end (TokenEndpointUnavailable, status). Calls get the current one.",
          { ...client, "cxone_auth.until": "1970-01-01T00:59:30.000Z" }
        ]
      ])
    })
  )

  it.effect("a gate that closes, once for its pause, whatever number of calls is answered", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        yield* accessToken
        const times = { on: "api", times: 3 } as const
        yield* injected(Fault.respond({ status: 429, headers: { "Retry-After": "30" } }), times)
        yield* Effect.all(
          Array.from({ length: 3 }, () => Effect.either(me)),
          { concurrency: 3 }
        )
        yield* Effect.either(me)
      })
      expect(yield* linesOf(test.pipe(simulated()))).toEqual([
        [
          "https://cxone-simulator.test answered 429. No request is sent to GET /api/v2/users/me for now.",
          { ...client, "cxone_auth.tenant": expect.any(String), "cxone_auth.until": "1970-01-01T00:00:30.000Z" }
        ]
      ])
    })
  )

  it.effect("each attempt at discovery that failed", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        yield* injected(Fault.respond({ status: 404 }), { on: "discovery" })
        yield* Effect.either(accessToken)
      })
      const lines = yield* linesOf(test.pipe(simulated({ way: "accessKey", scopes: undefined })))
      expect(lines).toEqual([
        [
          "Discovery failed. https://cxone-simulator.test/.well-known/openid-configuration answered 404. " +
            "Check the issuer (issuer, CXONE_ISSUER). If the issuer is right, something else may answer there, such as a proxy or firewall.",
          { ...client, "cxone_auth.attempt": 1, "cxone_auth.until": "1970-01-01T00:00:01.000Z" }
        ]
      ])
    })
  )

  it.effect("the last attempt at discovery says until when it is not tried again", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        yield* injected(Fault.respond({ status: 503 }), { on: "discovery", times: Number.POSITIVE_INFINITY })
        const caller = yield* Effect.fork(Effect.either(accessToken))
        yield* TestClock.adjust("1200 millis")
        yield* Fiber.join(caller)
        yield* Effect.either(accessToken)
      })
      const options = { way: "accessKey", scopes: undefined, policy: { maxRetries: 1 } } as const
      const lines = yield* linesOf(test.pipe(simulated(options), Effect.withRandom(Random.fixed([0.5]))))
      const failed = "https://cxone-simulator.test/.well-known/openid-configuration answered 503"
      expect(lines).toEqual([
        [
          `Discovery failed, and is tried again in about 1s. ${failed} in 1 attempt. CXone could not serve the request. Try again later.`,
          { ...client, "cxone_auth.attempt": 1 }
        ],
        [
          `Discovery failed. ${failed} in 2 attempts. CXone could not serve the request. Try again in 1s.`,
          { ...client, "cxone_auth.attempt": 2, "cxone_auth.until": "1970-01-01T00:00:02.000Z" }
        ]
      ])
    })
  )

  it.effect("the last attempt at the token endpoint says until when none is made", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        yield* injected(Fault.respond({ status: 500 }), { on: "token", times: Number.POSITIVE_INFINITY })
        yield* Effect.either(accessToken)
        yield* Effect.either(accessToken)
      })
      expect(yield* linesOf(test.pipe(simulated({ policy: { maxRetries: 0, maxWait: 0 } })))).toEqual([
        [
          `Token request failed. ${endpoint} gave no token in 1 attempt: it answered 500. The problem is on CXone's side, ` +
            "or at a gateway in between. Try again in 1s.",
          { ...client, "cxone_auth.attempt": 1, "cxone_auth.until": "1970-01-01T00:00:01.000Z" }
        ]
      ])
    })
  )

  it.effect("C2: an API that refuses each token, once for each time without renewals", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        yield* accessToken
        yield* injected(Fault.respond({ status: 401 }), { on: "api", times: Number.POSITIVE_INFINITY })
        yield* TestClock.adjust("1 minute")
        yield* Effect.either(me)
        yield* Effect.either(me)
      })
      expect(yield* linesOf(test.pipe(simulated()))).toEqual([
        [
          "Token refused at GET /api/v2/users/me. https://cxone-simulator.test refused the access token (401), although it was new. " +
            "Check that the API base URL belongs to the same CXone as the token endpoint (CXONE_REGION, CXONE_ISSUER or CXONE_AREA; " +
            "or CXONE_API_BASE_URL and CXONE_TOKEN_ENDPOINT), that the application or access key is still active, and that it may use " +
            "this path. For 1s a 401 on this path renews no token.",
          { ...client, "cxone_auth.tenant": expect.any(String), "cxone_auth.until": "1970-01-01T00:01:01.000Z" }
        ]
      ])
    })
  )

  const own = (credentials: CredentialsInput) =>
    Layer.provide(
      CxoneAuth.layer({
        credentials,
        environment: CxoneEnvironment.region("eu"),
        name: "reports",
        policy: { maxRetries: 0 }
      }),
      CxoneSimulator.layerMemory()
    )

  it.effect("credentials that can't be read, once while the failure stays the same", () =>
    Effect.gen(function* () {
      const vault = Effect.fail({ _tag: "VaultSealed", secret: "canary" })
      const ask = Effect.either(accessToken)
      const test = Effect.gen(function* () {
        yield* Effect.repeatN(ask, 9)
        yield* TestClock.adjust("31 seconds")
        yield* ask
      })
      const line = [
        "No credentials. The effect that gives the credentials failed (VaultSealed), so nothing was sent. " +
          "Check the place that it reads them from. What the failure says is not shown here, because it may hold a secret: " +
          "log it in the effect itself (Effect.tapErrorCause).",
        client
      ]
      expect(yield* linesOf(Effect.provide(test, own(vault)))).toEqual([line, line])
    })
  )

  it.effect("credentials whose failures change by turns are said once, too", () =>
    Effect.gen(function* () {
      let reads = 0
      const vault = Effect.suspend(() => Effect.fail({ _tag: ++reads % 2 === 0 ? "VaultSealed" : "VaultBusy" }))
      const test = Effect.repeatN(Effect.either(accessToken), 9)
      expect(yield* linesOf(Effect.provide(test, own(vault)))).toHaveLength(2)
    })
  )

  const padded = Credentials.clientSecret({ clientId: "'canary'", clientSecret: Redacted.make("canary\n") })
  const otherSecret = Credentials.clientSecret({ clientId: "'canary'", clientSecret: Redacted.make("canary-next") })
  const ofPadded = [
    ["clientSecret has white space at its start or end, which is ignored", client],
    ["clientId (CXONE_CLIENT_ID) has quotes at an end, which count as a part of it", client]
  ]

  it.effect.each([
    ["a value", padded],
    ["a rotation", Credentials.rotating({ current: padded, next: otherSecret })],
    ["an effect", Effect.succeed(padded)]
  ] as const)("credentials with white space or in quotes, once, without the value: %s", ([, credentials]) =>
    Effect.gen(function* () {
      const twice = Effect.repeatN(Effect.either(accessToken), 1)
      const lines = yield* linesOf(Effect.provide(twice, own(credentials)))
      expect(lines.slice(0, 2)).toEqual(ofPadded)
      expect(JSON.stringify(lines)).not.toContain("canary")
      expect(JSON.stringify(lines.slice(2))).not.toMatch(/white space|quotes at an end/)
    })
  )

  it.effect("a renewal that fails when the token has come to its end says so", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        yield* accessToken
        yield* injected(Fault.blackHole, { on: "token", times: Number.POSITIVE_INFINITY })
        yield* TestClock.setTime(3_565_000)
        yield* accessToken
        yield* TestClock.adjust("11 seconds")
      })
      const lines = yield* linesOf(test.pipe(simulated({ policy: { maxRetries: 0 } })))
      expect(lines.at(-1)).toEqual([
        "The token could not be renewed ahead of its end (TokenEndpointUnavailable, timeout). The next call waits for a " +
          "new one.",
        { ...client, "cxone_auth.until": "1970-01-01T00:59:35.000Z" }
      ])
    })
  )

  it.effect("a logger that throws changes nothing else", () =>
    Effect.gen(function* () {
      const broken = Logger.make(() => {
        throw new Error("the disk is full")
      })
      const test = Effect.gen(function* () {
        yield* injected(Fault.respond({ status: 503 }), { on: "token" })
        const caller = yield* Effect.fork(accessToken)
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(caller)
        yield* injected(Fault.respond({ status: 429 }), { on: "api" })
        return (yield* Effect.flip(me))._tag
      })
      const logging = Logger.replace(Logger.defaultLogger, broken)
      expect(yield* test.pipe(simulated(), Effect.provide(logging))).toBe("RateLimited")
    })
  )

  it.effect("a constructor's own sentence reaches the app, if it throws in the effect that gives the credentials", () =>
    Effect.gen(function* () {
      const thrown = Effect.sync(() => Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make(" ") }))
      const tried = Effect.try(() => Credentials.clientSecret({ clientId: "", clientSecret: Redacted.make("s") }))
      const messageWith = (credentials: CredentialsInput) =>
        Effect.map(Effect.provide(Effect.flip(accessToken), own(credentials)), ({ message }) => message)
      const start = "Nothing was sent, because the effect that gives the credentials yielded unusable ones: "
      expect(yield* messageWith(thrown)).toBe(`${start}Credentials.clientSecret: clientSecret is empty.`)
      expect(yield* messageWith(tried)).toBe(`${start}Credentials.clientSecret: clientId is empty.`)
      const nothing = Effect.void as unknown as CredentialsInput // as plain JavaScript may
      expect(yield* messageWith(nothing)).toBe(
        `${start}the credentials must be made by a constructor of Credentials, such as Credentials.clientSecret, or be an Effect that yields them.`
      )
    })
  )
})
