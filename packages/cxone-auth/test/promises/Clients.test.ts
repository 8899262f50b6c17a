import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient, type CxoneHttpClientOptions } from "cxone-auth"
import { Cause, Context, Effect, Exit, Fiber, Layer, LayerMap, Redacted, Scope, TestClock } from "effect"
import { bearerOf, host, notYet, withArrivedTokens } from "../support/ClientWorld.js"
import { json, type Sent, scripted } from "../support/ScriptedHttpClient.js"
import { tokenOf } from "../support/Tokens.js"

const authLayer = (clientId = "id") =>
  CxoneAuth.layer({
    credentials: Credentials.clientSecret({ clientId, clientSecret: Redacted.make("secret") }),
    environment: CxoneEnvironment.custom({ tokenEndpoint: `${host}/oauth/token`, apiBaseUrl: host })
  })

/** A provider of the tokens t1, t2 and so on, and an API that answers as `api` says. */
const server = (api: (sent: Sent) => Response | Effect.Effect<Response>) =>
  Effect.gen(function* () {
    let tokens = 0
    const { layer, sent } = yield* scripted((request) => {
      if (request.url === `${host}/oauth/token`) {
        tokens += 1
        return Effect.succeed(json({ access_token: `t${tokens}`, expires_in: 3600 }))
      }
      const answer = api(request)
      return Effect.isEffect(answer) ? answer : Effect.succeed(answer)
    })
    return {
      layer,
      apiCalls: Effect.map(sent, (all) => all.filter(({ url }) => url !== `${host}/oauth/token`)),
      exchanges: Effect.sync(() => tokens)
    }
  })

const client = (options?: CxoneHttpClientOptions) => CxoneHttpClient.make(withArrivedTokens(options))

const limitedFor = (seconds: number) => server(() => notYet(String(seconds)))

describe("C4: all clients of one token service share its gates", () => {
  it.scoped("what the typed client is told, the plain one heeds", () =>
    Effect.gen(function* () {
      const { apiCalls, layer } = yield* limitedFor(30)
      const context = yield* Layer.build(
        Layer.merge(CxoneHttpClient.layer(), CxoneHttpClient.layerHttpClient()).pipe(
          Layer.provide(authLayer()),
          Layer.provide(layer)
        )
      )
      const [typed, plain] = [Context.get(context, CxoneHttpClient), Context.get(context, HttpClient.HttpClient)]
      expect(yield* Effect.flip(typed.get("/x"))).toMatchObject({ reason: "api" })
      const error = yield* Effect.flip(CxoneHttpClient.withTypedErrors(plain.get("/x")))
      expect(error).toMatchObject({ _tag: "RateLimited", reason: "held_back" })
      expect((yield* apiCalls).length).toBe(1)
    })
  )

  it.scoped("a client that ends takes neither the gate nor the waiting calls of another with it", () =>
    Effect.gen(function* () {
      let isCalm = false
      const { apiCalls, layer } = yield* server(() => (isCalm ? json({}) : notYet("30")))
      yield* Effect.gen(function* () {
        const first = yield* Scope.make()
        const ending = yield* Scope.extend(client(), first)
        yield* Effect.flip(ending.get("/x"))
        const staying = yield* client({ onRateLimited: { wait: "1 minute" } })
        const waiting = yield* Effect.fork(staying.get("/x"))
        yield* TestClock.adjust("1 second")
        yield* Scope.close(first, Exit.void)
        expect(yield* Effect.flip((yield* client()).get("/x"))).toMatchObject({ reason: "held_back" })
        isCalm = true
        yield* TestClock.adjust("40 seconds")
        expect((yield* Fiber.join(waiting)).status).toBe(200)
        expect((yield* apiCalls).length).toBe(2)
      }).pipe(Effect.provide(Layer.provideMerge(authLayer(), layer)))
    })
  )

  it.scoped("each client's own numbers count for its own calls", () =>
    Effect.gen(function* () {
      const { layer } = yield* limitedFor(30)
      yield* Effect.gen(function* () {
        const patient = { onRateLimited: { wait: "1 minute" } } as const
        const few = yield* client({ ...patient, policy: { maxWaitingCalls: 1 } })
        const many = yield* client(patient)
        yield* Effect.flip((yield* client()).get("/x"))
        yield* Effect.fork(few.get("/x"))
        yield* TestClock.adjust("1 second")
        expect(yield* Effect.flip(few.get("/x"))).toMatchObject({ reason: "too_many_waiting" })
        const third = yield* Effect.fork(many.get("/x"))
        yield* TestClock.adjust("1 second")
        expect(yield* Fiber.poll(third)).toMatchObject({ _tag: "None" })
      }).pipe(Effect.provide(Layer.provideMerge(authLayer(), layer)))
    })
  )

  it.scoped("the service's end ends the calls that wait", () =>
    Effect.gen(function* () {
      const { layer } = yield* limitedFor(30)
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Layer.provideMerge(authLayer(), layer), scope)
      const patient = yield* Effect.provide(client({ onRateLimited: { wait: "1 minute" } }), context)
      const waiting = yield* Effect.fork(patient.get("/x"))
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, Exit.void)
      expect(Exit.isInterrupted(yield* Fiber.await(waiting))).toBe(true)
    })
  )

  it.scoped("a client that ends leaves its own waiting calls to the service", () =>
    Effect.gen(function* () {
      let isCalm = false
      const { layer } = yield* server(() => (isCalm ? json({}) : notYet("5")))
      yield* Effect.gen(function* () {
        const scope = yield* Scope.make()
        const ending = yield* Scope.extend(client({ onRateLimited: { wait: "1 minute" } }), scope)
        const waiting = yield* Effect.fork(ending.get("/x"))
        yield* TestClock.adjust("1 second")
        yield* Scope.close(scope, Exit.void)
        isCalm = true
        yield* TestClock.adjust("10 seconds")
        expect((yield* Fiber.join(waiting)).status).toBe(200)
      }).pipe(Effect.provide(Layer.provideMerge(authLayer(), layer)))
    })
  )

  it.scoped("once the service has ended, nothing waits, not even behind a gate that closes afterwards", () =>
    Effect.gen(function* () {
      const { layer } = yield* limitedFor(1)
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Layer.provideMerge(authLayer(), layer), scope)
      const patient = yield* Effect.provide(client({ onRateLimited: { wait: "1 hour" } }), context)
      yield* Effect.provide(CxoneAuth, context).pipe(Effect.flatMap(({ accessToken }) => accessToken))
      yield* Scope.close(scope, Exit.void)
      const call = yield* Effect.fork(patient.get("/x"))
      yield* TestClock.adjust("1 second")
      expect(Exit.isInterrupted(yield* Fiber.await(call))).toBe(true)
    })
  )

  it.scoped("a service that an app spreads into its own is still the same service to its clients", () =>
    Effect.gen(function* () {
      const { apiCalls, layer } = yield* limitedFor(30)
      const context = yield* Layer.build(Layer.provideMerge(authLayer(), layer))
      const own = CxoneAuth.of({ ...Context.get(context, CxoneAuth), invalidate: () => Effect.void })
      yield* Effect.gen(function* () {
        yield* Effect.flip((yield* client()).get("/x"))
        const other = yield* Effect.provideService(client(), CxoneAuth, own)
        expect(yield* Effect.flip(other.get("/x"))).toMatchObject({ reason: "held_back" })
        expect((yield* apiCalls).length).toBe(1)
      }).pipe(Effect.provide(context))
    })
  )

  it.scoped("C1: with an API base URL that the app put in the place of the service's, every token goes there", () =>
    Effect.gen(function* () {
      const { apiCalls, layer } = yield* server(() => json({}))
      const context = yield* Layer.build(Layer.provideMerge(authLayer(), layer))
      const own = CxoneAuth.of({ ...Context.get(context, CxoneAuth), apiBaseUrl: Effect.succeed("https://gw.test/") })
      yield* Effect.flatMap(client(), (cxone) => cxone.get("/x")).pipe(
        Effect.provideService(CxoneAuth, own),
        Effect.provide(context)
      )
      expect((yield* apiCalls).map(({ url }) => url)).toEqual(["https://gw.test/x"])
    })
  )

  describe("a service that the app built itself", () => {
    const builtWith = (apiBaseUrl: string) =>
      CxoneAuth.of({
        accessToken: CxoneAuth.pipe(
          Effect.flatMap(({ accessToken }) => accessToken),
          Effect.provide(CxoneAuth.layerTest("t1"))
        ),
        accessTokenFor: () => Effect.dieMessage("not asked for"),
        invalidate: () => Effect.void,
        apiBaseUrl: Effect.succeed(apiBaseUrl),
        status: Effect.succeed([])
      })

    it.scoped("has clients with a state of their own", () =>
      Effect.gen(function* () {
        const { apiCalls, layer } = yield* limitedFor(30)
        yield* Effect.gen(function* () {
          yield* Effect.flip((yield* client()).get("/x"))
          yield* Effect.flip((yield* client()).get("/x"))
          expect((yield* apiCalls).length).toBe(2)
        }).pipe(Effect.provideService(CxoneAuth, builtWith(host)), Effect.provide(layer))
      })
    )

    it.scoped("C1: its API base URL acts as a folder, and one that is none is a defect that says so", () =>
      Effect.gen(function* () {
        const { apiCalls, layer } = yield* server(() => json({}))
        const call = (apiBaseUrl: string) =>
          Effect.flatMap(client(), (cxone) => cxone.get("users")).pipe(
            Effect.provideService(CxoneAuth, builtWith(apiBaseUrl)),
            Effect.provide(layer)
          )
        yield* call("https://gw.test/cxone")
        expect((yield* apiCalls)[0]?.url).toBe("https://gw.test/cxone/users")
        const cause = yield* Effect.flip(Effect.sandbox(call("gw.test")))
        expect(Cause.pretty(cause)).toContain("CxoneAuth: the service's apiBaseUrl must be an absolute URL")
      })
    )
  })
})

describe("C2: all clients of one token service share what is known of refused tokens", () => {
  it.scoped("a route that refuses every token costs one renewal, whichever client calls it", () =>
    Effect.gen(function* () {
      const { exchanges, layer } = yield* server(() => new Response("", { status: 401 }))
      yield* Effect.gen(function* () {
        for (const each of [yield* client(), yield* client(), CxoneHttpClient.toHttpClient(yield* client())]) {
          yield* Effect.flip(each.get("/x"))
        }
        expect(yield* exchanges).toBe(2)
      }).pipe(Effect.provide(Layer.provideMerge(authLayer(), layer)))
    })
  )
})

describe("C2: a renewal takes the token from nobody", () => {
  it.scoped("while it fails, and while it is under way, the other paths go on with the token", () =>
    Effect.gen(function* () {
      let tokens = 0
      const { layer } = yield* scripted((request) => {
        if (request.url === `${host}/oauth/token`) {
          tokens += 1
          return Effect.succeed(tokens === 1 ? json({ access_token: "t1", expires_in: 3600 }) : notYet("3000"))
        }
        return Effect.succeed(request.url.endsWith("/sick") ? new Response("", { status: 401 }) : json({}))
      })
      yield* Effect.gen(function* () {
        const cxone = yield* client()
        yield* cxone.get("/healthy")
        const sick = yield* Effect.fork(Effect.flip(cxone.get("/sick")))
        for (const _ of [1, 2, 3]) {
          expect((yield* cxone.get("/healthy")).status).toBe(200)
          yield* TestClock.adjust("1 minute")
        }
        expect(yield* Fiber.join(sick)).toMatchObject({ _tag: "RateLimited", reason: "token_endpoint" })
        expect((yield* cxone.get("/healthy")).status).toBe(200)
      }).pipe(Effect.provide(Layer.provideMerge(authLayer(), layer)))
    })
  )
})

describe("C2: a service that an app built, wholly or in part", () => {
  /** A service without anything of this library's inside. */
  const plain = () => {
    let current = 1
    const tokens = [1, 2, 3].map((n) => tokenOf(`t${n}`, { obtainedAt: -3_600_000 }))
    const dropped: Array<string> = []
    const accessToken = Effect.sync(() => tokens[current - 1] ?? tokenOf("last"))
    const service = CxoneAuth.of({
      accessToken,
      accessTokenFor: () => accessToken,
      invalidate: (token) =>
        Effect.sync(() => {
          dropped.push(Redacted.value(token.value))
          current = dropped.includes(`t${current}`) ? current + 1 : current
        }),
      apiBaseUrl: Effect.succeed(host),
      status: Effect.succeed([])
    })
    return { service, dropped }
  }

  const refusesFirst = server((sent) =>
    Effect.delay(
      Effect.sync(() => (bearerOf(sent) === "t1" ? new Response("", { status: 401 }) : json({}))),
      "1 second"
    )
  )

  it.scoped("100 calls at once with a token that is refused drop it once, and each is sent once more", () =>
    Effect.gen(function* () {
      const { apiCalls, layer } = yield* refusesFirst
      const { dropped, service } = plain()
      const cxone = yield* client().pipe(Effect.provideService(CxoneAuth, service), Effect.provide(layer))
      const calls = yield* Effect.fork(
        Effect.all(
          Array.from({ length: 100 }, () => cxone.get("/x")),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("2 seconds")
      const results = yield* Fiber.join(calls)
      expect(new Set(results.map(({ status }) => status))).toEqual(new Set([200]))
      expect(dropped).toEqual(["t1"])
      expect((yield* apiCalls).length).toBe(200)
    })
  )

  it.scoped("one that gives its own tokens in the place of the service's is asked to drop them", () =>
    Effect.gen(function* () {
      const { layer } = yield* refusesFirst
      const { dropped, service } = plain()
      const context = yield* Layer.build(Layer.provideMerge(authLayer(), layer))
      const { accessToken, invalidate } = service
      const own = CxoneAuth.of({ ...Context.get(context, CxoneAuth), accessToken, invalidate })
      const cxone = yield* client().pipe(Effect.provideService(CxoneAuth, own), Effect.provide(context))
      const call = yield* Effect.fork(cxone.get("/x"))
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(call)).status).toBe(200)
      expect(dropped).toEqual(["t1"])
    })
  )
})

describe("no two token services share a gate or a memory", () => {
  // Built once and used for both: what a `Layer` memoises must not join two tenants.
  const clientLayer = CxoneHttpClient.layer()

  it.scoped("nor do two tenants of a LayerMap, even at the same API", () =>
    Effect.gen(function* () {
      const { apiCalls, layer } = yield* limitedFor(30)
      class Tenants extends LayerMap.Service<Tenants>()("Tenants", {
        lookup: (name: string) => Layer.provide(clientLayer, authLayer(name)),
        idleTimeToLive: "1 hour"
      }) {}
      const call = (tenant: string) =>
        Effect.flatMap(CxoneHttpClient, (cxone) => Effect.flip(cxone.get("/x"))).pipe(
          Effect.provide(Tenants.get(tenant))
        )
      yield* Effect.gen(function* () {
        expect(yield* call("one")).toMatchObject({ reason: "api" })
        expect(yield* call("one")).toMatchObject({ reason: "held_back" })
        expect(yield* call("two")).toMatchObject({ reason: "api" })
        expect((yield* apiCalls).length).toBe(2)
      }).pipe(Effect.provide(Layer.provide(Tenants.Default, layer)))
    })
  )

  it.scoped("nor do an outer and a nested service", () =>
    Effect.gen(function* () {
      const { apiCalls, layer } = yield* limitedFor(30)
      const call = Effect.flatMap(CxoneHttpClient, (cxone) => Effect.flip(cxone.get("/x")))
      const over = (clientId: string) => clientLayer.pipe(Layer.provideMerge(authLayer(clientId)), Layer.provide(layer))
      yield* Effect.gen(function* () {
        expect(yield* call).toMatchObject({ reason: "api" })
        expect(yield* Effect.provide(call, over("inner"))).toMatchObject({ reason: "api" })
        expect(yield* call).toMatchObject({ reason: "held_back" })
        expect((yield* apiCalls).length).toBe(2)
      }).pipe(Effect.provide(over("outer")))
    })
  )
})
