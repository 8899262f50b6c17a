import { type HttpClient, HttpClientRequest, HttpRouter, HttpServerResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator, defaultClient, defaultTenant, Fault, timePasses } from "cxone-auth-testkit"
import { Cause, Effect, Exit, Fiber, Layer, Redacted, TestClock } from "effect"
import {
  exchange,
  get,
  goodForm,
  keyAlone,
  keyExchange,
  keyForm,
  mint,
  mintByKey,
  modes,
  otherTenant,
  placed,
  read,
  users
} from "../support/Harness.js"

const api = HttpRouter.empty.pipe(
  HttpRouter.get("/contacts/:id", HttpServerResponse.empty()),
  HttpRouter.post("/contacts/:id", HttpServerResponse.empty())
)

const other = { ...defaultClient, clientId: "other-client" }
const options = { api, clients: [defaultClient, other], tenants: [defaultTenant, otherTenant] } as const

const down = Fault.respond({ status: 503 })

const post = (token: Redacted.Redacted<string>, path: string) =>
  Effect.flatMap(CxoneSimulator, ({ origin }) =>
    HttpClientRequest.post(new URL(path, origin)).pipe(HttpClientRequest.bearerToken(token), read)
  )

describe.each(modes)("Faults that find their request $name", ({ layer }) => {
  it.effect("by path, exactly or by a pattern, and by method", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      yield* simulator.inject(down, { on: "api", path: "/contacts/2" })
      // A pattern with a memory of its own (`g`) must not change what it finds.
      yield* simulator.inject(Fault.respond({ status: 502 }), {
        on: "api",
        path: /^\/contacts\/3/g,
        method: "POST",
        times: 2
      })
      const seen = [
        yield* users(token, "/contacts/1"),
        yield* users(token, "/contacts/3"),
        yield* post(token, "/contacts/3?a=b"),
        yield* users(token, "/contacts/2?a=b"),
        yield* users(token, "/contacts/2"),
        yield* post(token, "/contacts/3"),
        yield* post(token, "/contacts/3")
      ]
      expect(seen.map(({ status }) => status)).toEqual([204, 204, 502, 503, 204, 502, 204])
      expect(yield* simulator.answersOf("api")).toEqual([204, 204, 502, 503, 204, 502, 204])
    }).pipe(Effect.provide(layer(options)))
  )

  it.effect("`after`: the first requests that it fits pass, whatever else they take; others don't count", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      yield* simulator.inject(Fault.respond({ status: 502 }), { on: "api", path: "/contacts/1" })
      yield* simulator.inject(down, { on: "api", path: "/contacts/1", after: 2, times: 2 })
      const paths = ["/contacts/1", "/contacts/2", "/contacts/1", "/contacts/1?page=2", "/contacts/1", "/contacts/1"]
      const seen = yield* Effect.forEach(paths, (path) => users(token, path))
      expect(seen.map(({ status }) => status)).toEqual([502, 204, 204, 503, 503, 204])
    }).pipe(Effect.provide(layer(options)))
  )

  it.effect("`after`: an upload that passes counts once, and a latency for all begins later", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      yield* simulator.inject(Fault.earlyAnswer({ status: 413 }), { on: "api", method: "POST", after: 1 })
      const slow = { on: "api", after: 4, times: Number.POSITIVE_INFINITY } as const
      const latency = yield* simulator.inject(Fault.delay("1 second"), slow)
      const seen = yield* Effect.replicateEffect(post(token, "/contacts/1"), 4)
      expect(seen.map(({ status }) => status)).toEqual([204, 413, 204, 204])
      expect(yield* latency.pending).toBe(1)
      const call = yield* Effect.fork(post(token, "/contacts/1"))
      yield* simulator.awaitRequests("api", 5)
      yield* TestClock.adjust("999 millis")
      expect((yield* simulator.answersOf("api")).at(-1)).toBe("pending")
      yield* TestClock.adjust("1 millis")
      expect((yield* Fiber.join(call)).status).toBe(204)
    }).pipe(Effect.provide(layer(options)))
  )

  it.effect("by client: of a token request in the form and in the header, and of the token of a call", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const [mine, others] = [yield* mint(), yield* mint({ ...goodForm, client_id: "other-client" })]
      yield* simulator.inject(down, { on: "token", client: "other-client" })
      yield* simulator.inject(down, { on: "api", client: "other-client" })
      expect((yield* exchange()).status).toBe(200)
      expect((yield* exchange({ ...goodForm, client_id: "other-client" })).status).toBe(503)
      expect((yield* users(mine)).status).toBe(200)
      expect((yield* users(others)).status).toBe(503)
      expect((yield* users(others)).status).toBe(200)
    }).pipe(Effect.provide(layer(options)))
  )

  it.effect("by tenant: of an access key, of the token of a call, and of a discovery document", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const { areaOrigin } = yield* placed()
      const [key] = otherTenant.accessKeys
      const body = { accessKeyId: key.accessKeyId, accessKeySecret: Redacted.value(key.accessKeySecret) }
      const form = { ...keyForm, username: body.accessKeyId, password: body.accessKeySecret }
      const tokens = [yield* mintByKey(), yield* mintByKey(form)] as const
      yield* simulator.inject(down, { on: "token", tenant: "other-tenant", times: 2 })
      yield* simulator.inject(down, { on: "api", tenant: "other-tenant" })
      yield* simulator.inject(down, { on: "discovery", tenant: "other-tenant" })
      const seen = [
        yield* keyExchange(),
        yield* keyExchange(form),
        yield* keyAlone(),
        yield* keyAlone(body),
        yield* users(tokens[0]),
        yield* users(tokens[1]),
        yield* get("/.well-known/cxone-configuration?tenantId=test-tenant", areaOrigin),
        yield* get("/.well-known/cxone-configuration?tenantId=other-tenant", areaOrigin)
      ]
      expect(seen.map(({ status }) => status)).toEqual([200, 503, 200, 503, 200, 503, 200, 503])
    }).pipe(Effect.provide(layer(options)))
  )

  it.effect("a handle tells how many are left, and takes the fault back", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const twice = yield* simulator.inject(down, { on: "token", times: 2 })
      const always = yield* simulator.inject(Fault.respond({ status: 500 }), {
        on: "token",
        times: Number.POSITIVE_INFINITY
      })
      const left = Effect.all([twice.pending, always.pending])
      expect(yield* left).toEqual([2, 1])
      yield* exchange()
      expect(yield* left).toEqual([1, 1])
      yield* twice.remove
      expect((yield* exchange()).status).toBe(500)
      expect(yield* left).toEqual([0, 0])
      yield* always.remove
      expect((yield* exchange()).status).toBe(200)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("`latency` comes before the fault: slow, then 503", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(down, { on: "token", latency: "3 seconds" })
      const call = yield* Effect.fork(exchange())
      yield* simulator.awaitRequests("token", 1)
      yield* TestClock.adjust("2999 millis")
      expect(yield* simulator.answersOf("token")).toEqual(["pending"])
      yield* TestClock.adjust("1 millis")
      expect((yield* Fiber.join(call)).status).toBe(503)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a delay for all requests hides nothing that is injected after it", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.delay("1 second"), { on: "token", times: Number.POSITIVE_INFINITY })
      yield* simulator.inject(down, { on: "token" })
      for (const [count, status] of [
        [1, 503],
        [2, 200]
      ] as const) {
        const call = yield* Effect.fork(exchange())
        yield* simulator.awaitRequests("token", count)
        yield* TestClock.adjust("999 millis")
        expect((yield* simulator.answersOf("token")).at(-1)).toBe("pending")
        yield* TestClock.adjust("1 millis")
        expect((yield* Fiber.join(call)).status).toBe(status)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("the option `latency` slows each request down", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const call = yield* Effect.fork(exchange())
      yield* simulator.awaitRequests("token", 1)
      yield* TestClock.adjust("99 millis")
      expect(yield* simulator.answersOf("token")).toEqual(["pending"])
      yield* TestClock.adjust("1 millis")
      expect((yield* Fiber.join(call)).status).toBe(200)
    }).pipe(Effect.provide(layer({ latency: "100 millis" })))
  )

  it.effect("blackHole never answers; the client that leaves has aborted", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      yield* simulator.inject(Fault.blackHole, { on: "token" })
      const call = yield* Effect.fork(exchange())
      yield* simulator.awaitRequests("token", 1)
      yield* TestClock.adjust("1 day")
      expect(yield* simulator.answersOf("token")).toEqual(["pending"])
      yield* Fiber.interrupt(call)
      yield* Effect.repeat(simulator.answersOf("token"), { until: ([outcome]) => outcome === "aborted" })
    }).pipe(Effect.provide(layer()))
  )

  it.effect("resetUpload resets a request whose body has arrived before it was injected", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      yield* simulator.inject(Fault.resetUpload, { on: "api" })
      expect(yield* Effect.flip(users(token))).toMatchObject({ _tag: "RequestError", reason: "Transport" })
      expect(yield* simulator.answersOf("api")).toEqual(["reset"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuseConnections: until its scope ends, nobody is let in", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      expect((yield* exchange()).status).toBe(200)
      const refused = Effect.flip(exchange())
      const error = yield* Effect.scoped(Effect.zipRight(simulator.refuseConnections, refused))
      expect(error).toMatchObject({ _tag: "RequestError", reason: "Transport" })
      expect((yield* exchange()).status).toBe(200)
      expect(yield* simulator.answersOf("token")).toEqual([200, 200])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a quota lets as many requests through in its time, and then answers 429 with the name of the route", () =>
    Effect.gen(function* () {
      const token = yield* mint()
      const call = users(token, "/contacts/1")
      expect((yield* Effect.replicateEffect(call, 2)).map(({ status }) => status)).toEqual([204, 204])
      yield* TestClock.adjust("20500 millis")
      const refused = yield* call
      expect(refused).toMatchObject({ status: 429, json: { route: "contacts" } })
      expect(refused.headers["retry-after"]).toBe("40")
      expect((yield* users(token)).status).toBe(200)
      yield* TestClock.adjust("40 seconds")
      expect((yield* call).status).toBe(204)
    }).pipe(
      Effect.provide(
        layer({ ...options, quotas: [{ path: /^\/contacts/, limit: 2, per: "1 minute", route: "contacts" }] })
      )
    )
  )
})

describe("Faults that no request has taken", () => {
  const test = (body: Effect.Effect<unknown, never, CxoneSimulator | HttpClient.HttpClient>) =>
    Effect.exit(Effect.provide(body, CxoneSimulator.layerTest({ tenants: [defaultTenant, otherTenant] })))

  it.effect("layerTest: the end of the layer tells which, and what arrived instead", () =>
    Effect.gen(function* () {
      const exit = yield* test(
        Effect.gen(function* () {
          const simulator = yield* CxoneSimulator
          yield* simulator.inject(down, { on: "token", times: 3, tenant: "other-tenant", latency: "2 seconds" })
          yield* simulator.inject(Fault.connectionReset, { on: "api", path: "/contacts" })
          yield* simulator.inject(Fault.blackHole, { on: "token", after: 2 })
          yield* Effect.orDie(exchange())
          yield* Effect.orDie(get("/api/v2/users/me?secret=1", simulator.origin))
        })
      )
      const text = Exit.match(exit, { onSuccess: () => "passed", onFailure: Cause.pretty })
      expect(text).toContain("Respond (503) on token, tenant other-tenant, after 2s: taken 0 of 3 times")
      expect(text).toContain("ConnectionReset on api, path /contacts: taken 0 of 1 times")
      expect(text).toContain("BlackHole on token, passed by 1 of 2 requests: taken 0 of 1 times")
      expect(text).toContain(
        "token: POST https://cxone-simulator.test/oauth/token (200)\n  api: GET https://cxone-simulator.test/api/v2/users/me (401)"
      )
    })
  )

  it.effect("layerTest: a test that took every fault passes; so does one with a latency for all requests", () =>
    Effect.gen(function* () {
      const exit = yield* test(
        Effect.gen(function* () {
          const simulator = yield* CxoneSimulator
          yield* simulator.inject(Fault.delay("1 second"), { on: "token", times: Number.POSITIVE_INFINITY })
          yield* simulator.inject(down, { on: "token" })
          yield* simulator.expectNoPendingFaults.pipe(Effect.exit, Effect.map(Exit.isFailure), Effect.map(expectTrue))
          yield* Effect.orDie(timePasses("1 second")(exchange()))
        })
      )
      expect(exit).toEqual(Exit.void)
    })
  )

  it.effect("layerTest: a test that failed by itself is told its own failure alone", () =>
    Effect.gen(function* () {
      const failing = Effect.flatMap(CxoneSimulator, (simulator) =>
        Effect.zipRight(simulator.inject(down, { on: "token" }), Effect.dieMessage("of the test"))
      )
      const exit = yield* test(failing)
      expect(Exit.match(exit, { onSuccess: () => "", onFailure: Cause.pretty })).not.toContain("CxoneSimulator")
    })
  )
})

const expectTrue = (actual: boolean) => expect(actual).toBe(true)

describe("Quotas", () => {
  it.effect("a request that one quota refuses counts for no other, and the longest wait is told", () =>
    Effect.gen(function* () {
      const token = yield* mint()
      const statuses = yield* Effect.forEach(["/a", "/a", "/a", "/b", "/b"], (path) =>
        Effect.map(users(token, path), ({ headers, status }) => `${status} ${headers["retry-after"] ?? ""}`)
      )
      expect(statuses).toEqual(["404 ", "429 60", "429 60", "404 ", "429 300"])
      expect((yield* users(token, "/a")).headers["retry-after"]).toBe("300")
    }).pipe(
      Effect.provide(
        CxoneSimulator.layerMemory({
          quotas: [
            { path: "/a", limit: 1, per: "1 minute" },
            { path: /^\//, limit: 2, per: "5 minutes" }
          ]
        })
      )
    )
  )

  it.effect.each([
    { path: "/a", limit: 0, per: "1 minute" },
    { path: "/a", limit: 1.5, per: "1 minute" },
    { path: "/a", limit: 1, per: 0 }
  ] as const)("%j is a defect", (quota) =>
    Effect.gen(function* () {
      const built = yield* Effect.exit(Effect.scoped(Layer.build(CxoneSimulator.layerMemory({ quotas: [quota] }))))
      expect(Exit.isFailure(built) && Cause.isDie(built.cause)).toBe(true)
    })
  )
})
