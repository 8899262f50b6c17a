import { FetchHttpClient, type HttpClient, HttpClientError, HttpRouter, HttpServerResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient, DiscoveryFailed, RateLimited } from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Cause, Effect, Fiber, Layer, ManagedRuntime, Option, Redacted, Runtime } from "effect"
import { vi } from "vitest"
import { answerFor, makeCxone } from "../src/make-cxone.js"
import { run } from "./support/run.js"
import { settingsOf } from "./support/settings.js"
import { start } from "./support/start.js"

const withSimulator = Effect.provide(CxoneSimulator.layerServer())

const times = (count: number) => Array.from({ length: count })

describe("from promises", () => {
  it.live("one-runtime: a layer in each request, or one runtime", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("one-runtime")
      expect(output).toBe(
        "Effect.provide in each request: 11 requests made 11 token exchange(s)\n" +
          "one ManagedRuntime: 11 requests made 1 token exchange(s)\n"
      )
      expect(code).toBe(0)
    })
  )

  it.live.each(["express", "fastify"])("%s: requests share a token, and SIGTERM lets the last one end", (example) =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const app = yield* start(example, yield* settingsOf({ way: "accessKey" }))
      const answers = yield* Effect.forEach(times(11), () => app.get("/server-time"), { concurrency: "unbounded" })
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      expect(answers[0]?.body).toMatch(/\d{4}-\d\d-\d\dT/)
      expect(yield* simulator.answersOf("token")).toEqual([200])

      yield* simulator.inject(Fault.respond({ status: 500 }), { on: "api" })
      expect(yield* app.get("/server-time")).toMatchObject({ status: 502, body: '{"error":"ResponseError"}' })

      yield* app.printed(/GET \/incontactAPI\/services\/v33.0\/server-time.*ResponseError/s)

      yield* simulator.clearRequests
      yield* simulator.inject(Fault.delay("1 second"), { on: "api" })
      const underWay = yield* Effect.fork(app.get("/server-time"))
      yield* simulator.awaitRequests("api", 1)
      const { code, output } = yield* app.stop
      expect(yield* Fiber.join(underWay)).toMatchObject({ status: 200 })
      expect(output).toMatch(/^stopped$/m)
      expect(code).toBe(0)
    }).pipe(Effect.scoped, withSimulator)
  )

  it.live.each(["express", "fastify"])("%s: a 429 is passed on with its wait", (example) =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const app = yield* start(example, yield* settingsOf())
      const limit = Fault.respond({ status: 429, headers: { "retry-after": "7" } })
      yield* simulator.inject(limit, { on: "api" })
      const answer = yield* app.get("/server-time")
      expect(answer).toMatchObject({ status: 503, body: '{"error":"RateLimited"}' })
      expect(answer.headers["retry-after"]).toBe("7")
    }).pipe(Effect.scoped, withSimulator)
  )

  it.live.each(["express", "fastify"])("%s: a caller that goes away ends the call to CXone", (example) =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const app = yield* start(example, yield* settingsOf())
      yield* simulator.inject(Fault.blackHole, { on: "api" })
      const caller = new AbortController()
      const waiting = fetch(`${app.url}/server-time`, { signal: caller.signal }).catch(() => undefined)
      yield* simulator.awaitRequests("api", 1)
      caller.abort()
      yield* Effect.promise(() => waiting)
      const outcomes = yield* Effect.repeat(Effect.delay(simulator.answersOf("api"), "20 millis"), {
        until: ([outcome]) => outcome !== "pending"
      })
      expect(outcomes).toEqual(["aborted"])
    }).pipe(Effect.scoped, withSimulator)
  )

  it.live.each(["express", "fastify"])("%s: a setting that is missing ends the process before it listens", (example) =>
    Effect.gen(function* () {
      const { code, output } = yield* run(example, { PORT: "0", CXONE_ACCESS_KEY_ID: "KEY====" })
      expect(output).not.toContain("listening")
      expect(output).toContain("CXONE_ACCESS_KEY_SECRET")
      expect(code).toBe(1)
    })
  )

  it.live("lambda and next-route: one token request for all events, and the status of an error", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      for (const [name, value] of Object.entries(yield* settingsOf({ way: "accessKeyOnly" }))) {
        vi.stubEnv(name, value)
      }
      const { handler } = yield* Effect.promise(() => import("../src/lambda.js"))
      const { GET } = yield* Effect.promise(() => import("../src/next-route.js"))
      const invoke = Effect.promise(handler)
      const get = Effect.promise(() => GET(new Request("https://app.example/server-time")))
      for (const _ of times(11)) {
        expect((yield* invoke).statusCode).toBe(200)
        expect((yield* get).status).toBe(200)
      }
      expect(yield* simulator.answersOf("token")).toEqual([200])

      const limit = Fault.respond({ status: 429, headers: { "retry-after": "7" } })
      yield* simulator.inject(limit, { on: "api" })
      expect(yield* invoke).toEqual({
        statusCode: 503,
        headers: { "retry-after": "7" },
        body: '{"error":"RateLimited"}'
      })
      const heldBack = yield* get
      expect(heldBack.status).toBe(503)
      expect(yield* Effect.promise(() => heldBack.json())).toEqual({ error: "RateLimited" })
    }).pipe(Effect.ensuring(Effect.sync(() => vi.unstubAllEnvs())), withSimulator)
  )

  it.live("tenants-with-promises: each tenant has a token of its own, and one without settings stops no other", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      for (const [name, value] of Object.entries(yield* settingsOf({ way: "accessKeyOnly" }))) {
        vi.stubEnv(`ACME_${name}`, value)
        vi.stubEnv(`GLOBEX_${name}`, value)
      }
      vi.stubEnv("TENANTS", "ACME,GLOBEX,INITECH")
      const { tenants } = yield* Effect.promise(() => import("../src/tenants-with-promises.js"))
      const path = "/incontactAPI/services/v33.0/server-time"
      const answerOf = (name: string) =>
        Effect.promise(async () =>
          tenants
            .get(name)
            ?.getJson(path)
            .catch((error) => String(error))
        )
      expect(yield* answerOf("INITECH")).toContain("INITECH_CXONE_")
      for (const name of ["ACME", "GLOBEX", "ACME"]) {
        expect(yield* answerOf(name)).toHaveProperty("ServerTime")
      }
      expect(yield* simulator.answersOf("token")).toEqual([200, 200])
      expect(tenants.get("umbrella")).toBe(undefined)
      yield* Effect.promise(() => Promise.all([...tenants.values()].map(({ stop }) => stop())))
    }).pipe(Effect.ensuring(Effect.sync(() => vi.unstubAllEnvs())), withSimulator)
  )

  it.live("cxone: calls with and without a JSON body, and a promise that is rejected with the error itself", () =>
    Effect.gen(function* () {
      const { inject, requestsTo } = yield* CxoneSimulator
      const simulated = yield* Effect.context<CxoneSimulator | HttpClient.HttpClient>()
      const cxone = makeCxone(
        CxoneHttpClient.layer().pipe(
          Layer.provideMerge(CxoneSimulator.layerAuth({ way: "accessKey" })),
          Layer.provide(Layer.succeedContext(simulated))
        )
      )
      expect(yield* Effect.promise(() => cxone.sendJson("POST", "/tags", { tagName: "vip" }))).toEqual({ tagId: 7 })
      const [posted] = yield* requestsTo("api")
      expect(posted).toMatchObject({ method: "POST" })
      expect(posted?.headers["content-type"]).toBe("application/json")
      expect(posted && Redacted.value(posted.body)).toBe('{"tagName":"vip"}')

      expect(yield* Effect.promise(() => cxone.sendJson("DELETE", "/tags/7"))).toBe(null)

      const unwritable: unknown = yield* Effect.promise(() =>
        cxone.sendJson("PUT", "/tags", 1n).catch((error) => error)
      )
      expect(unwritable).toBeInstanceOf(TypeError)

      yield* inject(Fault.respond({ status: 400, body: "no such tag" }), { on: "api" })
      const refusal: unknown = yield* Effect.promise(() => cxone.getJson("/tags/8").catch((error) => error))
      const words = refusal instanceof HttpClientError.ResponseError ? refusal.response.text : Effect.succeed("")
      expect(yield* Effect.promise(() => Effect.runPromise(words))).toBe("no such tag")

      yield* inject(Fault.respond({ status: 429, headers: { "retry-after": "7" } }), { on: "api" })
      const rejection: unknown = yield* Effect.promise(() => cxone.getJson("/tags").catch((error) => error))
      expect(rejection).toBeInstanceOf(RateLimited)
      expect(answerFor(rejection)).toEqual({
        status: 503,
        headers: { "retry-after": "7" },
        body: { error: "RateLimited" }
      })
      const away = new DiscoveryFailed({
        reason: "transport",
        url: "https://cxone.test",
        document: "openid-configuration",
        attempts: 4
      })
      expect(answerFor(away)).toEqual({ status: 503, headers: {}, body: { error: "DiscoveryFailed" } })
      expect(answerFor(new TypeError("a bug"))).toEqual({ status: 500, headers: {}, body: { error: "Defect" } })
      yield* Effect.promise(cxone.stop)
    }).pipe(
      Effect.provide(
        Layer.merge(
          CxoneSimulator.layerServer({
            api: HttpRouter.empty.pipe(
              HttpRouter.post("/tags", HttpServerResponse.json({ tagId: 7 })),
              HttpRouter.del("/tags/7", HttpServerResponse.empty())
            )
          }),
          FetchHttpClient.layer
        )
      )
    )
  )

  it("what a promise is rejected with", async () => {
    const limited = new RateLimited({ reason: "token_endpoint", origin: "https://cxone.test" })
    const runtime = ManagedRuntime.make(CxoneAuth.layerTest(limited))
    const token = Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken)
    const rejection: unknown = await runtime.runPromise(token).catch((error) => error)
    expect(rejection).toMatchObject({ name: "(FiberFailure) RateLimited", message: limited.message })
    expect(rejection).not.toHaveProperty("_tag")
    expect(rejection).toBeInstanceOf(Error)
    expect(rejection).not.toBeInstanceOf(RateLimited)
    const cause = Runtime.isFiberFailure(rejection) ? rejection[Runtime.FiberFailureCauseId] : Cause.empty
    expect(Cause.failureOption(cause)).toEqual(Option.some(limited))
    expect(await runtime.runPromise(Effect.flip(token))).toBe(limited)

    const late = Effect.flip(Effect.timeout(Effect.never, "1 millis"))
    expect(await runtime.runPromise(late)).toMatchObject({ _tag: "TimeoutException" })

    await runtime.dispose()
    await expect(runtime.runPromise(token)).rejects.toThrow("ManagedRuntime disposed")
  })

  it("a layer that could not be built stays failed", async () => {
    let builds = 0
    const layer = Layer.effectDiscard(Effect.suspend(() => Effect.fail(`no. ${++builds}`)))
    const runtime = ManagedRuntime.make(layer)
    await expect(runtime.runtime()).rejects.toThrow("no. 1")
    await expect(runtime.runPromise(Effect.void)).rejects.toThrow("no. 1")
  })
})
