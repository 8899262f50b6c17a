import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneAuth, CxoneAuthError, type CxoneAuthOptions } from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Array, Effect, Fiber, Layer, Logger, LogLevel, Metric, Option, Random, Redacted, Ref, TestClock } from "effect"
import * as Metrics from "../../src/telemetry/Metrics.js"
import { counted, measured, metricStates } from "../support/Metrics.js"
import * as SpanRecorder from "../support/SpanRecorder.js"

const simulated =
  (options: Pick<CxoneAuthOptions, "name" | "policy"> = {}) =>
  <A, E>(body: Effect.Effect<A, E, CxoneAuth | CxoneSimulator>) =>
    Effect.gen(function* () {
      const { credentials, environment } = yield* CxoneSimulator
      return yield* Effect.provide(
        body,
        CxoneAuth.layer({ credentials, environment, scopes: "read:users", ...options })
      )
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()), Effect.withRandom(Random.fixed([0])))

describe("spans", () => {
  it.effect("CxoneAuth.accessToken says where the token came from, and belongs to the caller's trace", () => {
    const { named, tracer } = SpanRecorder.make()
    return Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { inject } = yield* CxoneSimulator
      yield* inject(Fault.delay("1 second"), { on: "token" })
      const callers = yield* Effect.forEach([1, 2], () => Effect.fork(Effect.withSpan(accessToken, "the app's work")))
      yield* TestClock.adjust("1 second")
      yield* Effect.forEach(callers, Fiber.join)
      yield* accessToken
      yield* TestClock.setTime(3_300_000)
      yield* accessToken
      const looks = named("CxoneAuth.accessToken")
      expect(looks.map(({ attributes }) => attributes.get("cxone_auth.cache"))).toEqual([
        "miss",
        "joined",
        "hit",
        "stale"
      ])
      expect(looks.map(({ parent }) => Option.map(parent, (span) => "name" in span && span.name))).toEqual([
        Option.some("the app's work"),
        Option.some("the app's work"),
        Option.none(),
        Option.none()
      ])
    }).pipe(simulated(), Effect.withTracer(tracer))
  })

  it.effect("L3: CxoneAuth.exchange belongs to no caller's trace, and has its outcome and attempts", () => {
    const { named, tracer } = SpanRecorder.make()
    return Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { inject, origin } = yield* CxoneSimulator
      yield* inject(Fault.respond({ status: 503 }), { on: "token", times: 2 })
      const caller = yield* Effect.fork(Effect.withSpan(accessToken, "the app's work"))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(caller)
      const exchanges = named("CxoneAuth.exchange")
      expect(exchanges).toHaveLength(1)
      expect(exchanges[0]?.parent).toEqual(Option.none())
      expect(Object.fromEntries(exchanges[0]?.attributes ?? [])).toMatchObject({
        "url.full": `${origin}/oauth/token`,
        "cxone_auth.scopes": "read:users",
        "cxone_auth.outcome": "token",
        "cxone_auth.attempts": 3
      })
    }).pipe(simulated(), Effect.withTracer(tracer))
  })

  it.effect("CxoneAuth.exchange names every scope, and has an outcome for a closed layer and for a defect", () => {
    const { named, tracer } = SpanRecorder.make()
    return Effect.gen(function* () {
      const { environment, credentials } = yield* CxoneSimulator
      const layer = (http: HttpClient.HttpClient) =>
        CxoneAuth.layer({ credentials, environment, scopes: "write:users read:users", policy: { maxRetries: 0 } }).pipe(
          Layer.provide(Layer.succeed(HttpClient.HttpClient, http))
        )
      const token = Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken)
      yield* Effect.exit(Effect.provide(token, layer(HttpClient.make(() => Effect.die("a bug")))))
      yield* Effect.exit(
        Effect.provide(Effect.timeout(token, "1 second"), layer(HttpClient.make(() => Effect.never)))
      ).pipe(Effect.fork, Effect.zipLeft(TestClock.adjust("1 second")), Effect.flatMap(Fiber.join))
      const exchanges = named("CxoneAuth.exchange")
      const ofEach = (attribute: string) => exchanges.map(({ attributes }) => attributes.get(attribute))
      expect(ofEach("cxone_auth.scopes")).toEqual(["read:users write:users", "read:users write:users"])
      expect(ofEach("cxone_auth.outcome")).toEqual(["TokenEndpointUnavailable", "interrupted"])
      expect(ofEach("error.type")).toEqual(["TokenEndpointUnavailable", undefined])
      const looks = named("CxoneAuth.accessToken")
      expect(looks[0]?.attributes.get("error.type")).toBe("TokenEndpointUnavailable")
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()), Effect.withTracer(tracer))
  })

  it.effect(
    "L3: CxoneAuth.discover belongs to no caller's trace, and has document, outcome and attempts, but no tenant",
    () => {
      const { named, tracer } = SpanRecorder.make()
      return Effect.gen(function* () {
        const { apiBaseUrl } = yield* CxoneAuth
        const { inject, origin } = yield* CxoneSimulator
        yield* inject(Fault.respond({ status: 503 }), { on: "discovery" })
        yield* inject(Fault.delay("1 minute"), { on: "discovery" })
        yield* inject(Fault.delay("1 second"), { on: "discovery" })
        yield* inject(Fault.respond({ status: 404 }), { on: "discovery" })
        const caller = yield* Effect.fork(Effect.exit(Effect.withSpan(apiBaseUrl, "the app's work")))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(caller)
        const looks = named("CxoneAuth.discover")
        expect(looks.map(({ parent }) => parent)).toEqual([Option.none(), Option.none()])
        expect(looks.map(({ attributes }) => Object.fromEntries(attributes))).toEqual([
          {
            "cxone_auth.document": "openid-configuration",
            "url.full": `${origin}/.well-known/openid-configuration`,
            "cxone_auth.attempts": 3,
            "cxone_auth.outcome": "found"
          },
          {
            "cxone_auth.document": "cxone-configuration",
            "url.full": `${origin}/.well-known/cxone-configuration`,
            "cxone_auth.attempts": 1,
            "cxone_auth.outcome": "status",
            "error.type": "status"
          }
        ])
      }).pipe(
        Effect.provide(
          Layer.provideMerge(CxoneSimulator.layerAuth({ way: "accessKey" }), CxoneSimulator.layerMemory())
        ),
        Effect.withTracer(tracer)
      )
    }
  )

  it.effect("S1: spans have the client's name if the app gives one, and never its id", () => {
    const { spans, tracer } = SpanRecorder.make()
    return Effect.gen(function* () {
      yield* (yield* CxoneAuth).accessToken
      const own = spans.filter(({ name }) => name.startsWith("CxoneAuth."))
      expect(own.map(({ attributes }) => attributes.get("cxone_auth.client"))).toEqual(["reports", "reports"])
      const { credentials } = yield* CxoneSimulator
      expect(own.flatMap(({ attributes }) => [...attributes.values()])).not.toContain(credentials.clientId)
    }).pipe(simulated({ name: "reports" }), Effect.withTracer(tracer))
  })

  it.effect("no span is opened if the app has no tracer, and the caller's own span is unchanged", () =>
    Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      yield* accessToken
      const span = yield* Effect.withSpan(Effect.zipRight(accessToken, Effect.currentSpan), "the app's work")
      expect(span.name).toBe("the app's work")
      expect(span.attributes.size).toBe(0)
    }).pipe(simulated())
  )
})

describe("the log", () => {
  it.effect("S1: at level All the log has a line for each attempt, and no secret", () => {
    const lines: Array<string> = []
    const logger = Logger.map(Logger.jsonLogger, (line) => {
      lines.push(line)
    })
    return Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { credentials, inject } = yield* CxoneSimulator
      yield* inject(Fault.respond({ status: 503 }), { on: "token" })
      const caller = yield* Effect.fork(accessToken)
      yield* TestClock.adjust("2 seconds")
      const token = yield* Fiber.join(caller)
      const own = lines.filter((line) => /\btoken\b/.test(line))
      expect(own).toHaveLength(2)
      expect(own[0]).toContain("Token request failed, and is sent again in about 1s. ")
      expect(own[1]).toContain("token obtained")
      for (const secret of [Redacted.value(credentials.clientSecret), Redacted.value(token.value)]) {
        expect(lines.join("\n")).not.toContain(secret)
      }
    }).pipe(
      simulated(),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Logger.withMinimumLogLevel(LogLevel.All)
    )
  })
})

describe("metrics", () => {
  it.effect("the first 100 sets of scopes have a gauge each, and the others none", () => {
    const client = { client: "metrics of many scopes" }
    const metrics = Metrics.make(client.client)
    return Effect.gen(function* () {
      for (const tenant of Array.range(1, 150)) {
        metrics.ofToken(`read:${tenant}`).renewed("first", 1_000 * tenant)
      }
      expect(yield* measured("cxone_auth_token_expiry_timestamp_seconds", client)).toEqual(Array.range(1, 100))
      expect(yield* counted("cxone_auth_renewals", client)).toBe(150)
    })
  })

  it.effect("tokens served, renewals and exchanges are counted, and a gauge says when the token ends", () => {
    const client = { client: "metrics of a life" }
    return Effect.gen(function* () {
      const { accessToken, invalidate } = yield* CxoneAuth
      const { inject } = yield* CxoneSimulator
      yield* inject(Fault.delay("1 second"), { on: "token" })
      const callers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(accessToken))
      yield* TestClock.adjust("1 second")
      yield* Effect.forEach(callers, Fiber.join)
      const expiry = measured("cxone_auth_token_expiry_timestamp_seconds", { ...client, unit: "s" })
      expect(yield* expiry).toEqual([3600])
      yield* Effect.all(Array.replicate(accessToken, 5))
      yield* TestClock.setTime(3_300_000)
      expect(yield* expiry).toEqual([3600])
      yield* accessToken
      yield* TestClock.adjust(0)
      expect(yield* expiry).toEqual([6900])
      yield* invalidate(yield* accessToken)
      yield* inject(Fault.respond({ status: 400, body: '{"error":"invalid_scope"}' }), { on: "token" })
      yield* Effect.flip(accessToken)
      yield* TestClock.adjust("1 second")
      yield* accessToken
      yield* TestClock.setTime(9_000_000)
      yield* accessToken

      const served = (cache: string) => counted("cxone_auth_tokens_served", { ...client, cache })
      expect(yield* Effect.all([served("miss"), served("joined"), served("hit"), served("stale")])).toEqual([
        3, 2, 6, 1
      ])
      const renewals = (reason: string) => counted("cxone_auth_renewals", { ...client, reason })
      expect(
        yield* Effect.all([renewals("first"), renewals("ahead"), renewals("invalidated"), renewals("expired")])
      ).toEqual([1, 1, 1, 1])
      const exchanges = (outcome: string) => counted("cxone_auth_exchanges", { ...client, outcome })
      expect(yield* Effect.all([exchanges("token"), exchanges("InsufficientScope")])).toEqual([4, 1])
      const [seconds] = yield* metricStates("cxone_auth_exchange_seconds", { ...client, unit: "s" })
      expect(seconds).toMatchObject({ count: 5, sum: 1, max: 1 })
    }).pipe(simulated({ name: client.client }))
  })

  it.effect("refusals are counted until the credentials are accepted", () => {
    const client = { client: "metrics of a refusal" }
    return Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { credentials, forgetClient, registerClient } = yield* CxoneSimulator
      yield* forgetClient(credentials.clientId)
      yield* Effect.flip(accessToken)
      yield* Effect.flip(accessToken)
      expect(yield* measured("cxone_auth_refusals", client)).toEqual([1])
      expect(yield* counted("cxone_auth_exchanges", { ...client, outcome: "InvalidClient" })).toBe(1)
      const { clientId, clientSecret } = credentials
      yield* registerClient({ clientId, clientSecret, scopes: ["read:users"] })
      yield* TestClock.setTime(30_000)
      yield* accessToken
      expect(yield* measured("cxone_auth_refusals", client)).toEqual([0])
    }).pipe(simulated({ name: client.client }))
  })

  it.effect("no refusal is counted once the next credentials have been accepted", () => {
    const client = { client: "metrics of a rotation" }
    return Effect.gen(function* () {
      const { credentials: next, environment } = yield* CxoneSimulator
      const current = Credentials.clientSecret({ clientId: next.clientId, clientSecret: Redacted.make("old") })
      const credentials = Credentials.rotating({ current, next })
      yield* Effect.provide(
        Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken),
        CxoneAuth.layer({ credentials, environment, scopes: "read:users", name: client.client })
      )
      expect(yield* counted("cxone_auth_exchanges", { ...client, outcome: "InvalidClient" })).toBe(1)
      expect(yield* measured("cxone_auth_refusals", client)).toEqual([0])
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  })

  it.effect("each way in which an exchange may fail is counted from the beginning, as 0", () => {
    const client = { client: "metrics from the beginning" }
    return Effect.gen(function* () {
      yield* CxoneAuth
      const states = yield* metricStates("cxone_auth_exchanges", client)
      // "token", "interrupted", "Defect", and every error but those of calls: InvalidToken and ForeignOrigin.
      const ofExchanges = CxoneAuthError.members.length - 2
      expect(states).toEqual(Array.replicate(expect.objectContaining({ count: 0 }), ofExchanges + 3))
    }).pipe(simulated({ name: client.client }))
  })

  it.effect("credentials that can't be read, and a discovery document, count as exchanges that failed", () => {
    const client = { client: "metrics of what comes before" }
    return Effect.gen(function* () {
      const { inject, issuerEnvironment, tenants } = yield* CxoneSimulator
      const [{ credentials }] = tenants
      const isDown = yield* Ref.make(true)
      const vault = Effect.flatMap(Ref.get(isDown), (down) =>
        down ? Effect.fail("down") : Effect.succeed(credentials)
      )
      const app = Effect.gen(function* () {
        const { accessToken } = yield* CxoneAuth
        yield* Effect.flip(accessToken)
        yield* Ref.set(isDown, false)
        yield* inject(Fault.respond({ status: 404 }), { on: "discovery" })
        // The second one is told of the first one's failure, in the pause after it.
        yield* Effect.all([Effect.flip(accessToken), Effect.flip(accessToken)])
      })
      yield* Effect.provide(
        app,
        CxoneAuth.layer({ credentials: vault, environment: issuerEnvironment, name: client.client })
      )
      const exchanges = (outcome: string) => counted("cxone_auth_exchanges", { ...client, outcome })
      expect(yield* Effect.all([exchanges("CredentialsUnavailable"), exchanges("DiscoveryFailed")])).toEqual([1, 1])
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  })

  it.effect("no exchange is counted if nothing was sent, because a refusal or a 429 is remembered", () => {
    const client = { client: "metrics of what is not sent" }
    return Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { inject } = yield* CxoneSimulator
      yield* inject(Fault.respond({ status: 429, headers: { "retry-after": "600" } }), { on: "token" })
      yield* Effect.all(Array.replicate(Effect.flip(accessToken), 3))
      yield* TestClock.setTime(600_000)
      yield* inject(Fault.forgetClient, { on: "token" })
      yield* Effect.all(Array.replicate(Effect.flip(accessToken), 3))
      expect(yield* counted("cxone_auth_exchanges", { ...client, outcome: "RateLimited" })).toBe(1)
      expect(yield* counted("cxone_auth_exchanges", { ...client, outcome: "InvalidClient" })).toBe(1)
    }).pipe(simulated({ name: client.client }))
  })

  it.effect("requests that wait for a 429 are counted", () => {
    const client = { client: "metrics of a rate limit" }
    return Effect.gen(function* () {
      const { accessToken } = yield* CxoneAuth
      const { inject } = yield* CxoneSimulator
      yield* inject(Fault.respond({ status: 429, headers: { "retry-after": "5" } }), { on: "token" })
      const caller = yield* Effect.fork(accessToken)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(caller)
      expect(yield* counted("cxone_auth_rate_limit_waits", client)).toBe(1)
    }).pipe(simulated({ name: client.client }))
  })

  it.effect("S1: no label holds a secret, a token or the client's id", () =>
    Effect.gen(function* () {
      const token = yield* (yield* CxoneAuth).accessToken
      const { credentials } = yield* CxoneSimulator
      const own = (yield* Metric.snapshot).filter(({ metricKey }) => metricKey.name.startsWith("cxone_auth_"))
      const labels = own.flatMap(({ metricKey }) => metricKey.tags.map(({ value }) => value)).join("\n")
      expect(own.length).toBeGreaterThan(3)
      for (const secret of [
        credentials.clientId,
        Redacted.value(credentials.clientSecret),
        Redacted.value(token.value)
      ]) {
        expect(labels).not.toContain(secret)
      }
    }).pipe(simulated())
  )
})
