import { HttpClient, HttpClientRequest, HttpRouter, HttpServerResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  CxoneSimulator,
  type CxoneSimulatorService,
  defaultClient,
  defaultTenant,
  type Endpoint,
  Fault,
  type FaultOn,
  type SimulatorOptions,
  timePasses
} from "cxone-auth-testkit"
import { Cause, Duration, Effect, Exit, Layer } from "effect"
import { apiRequest, exchange, keyAlone, mint, modes, users } from "../support/Harness.js"

const textOf = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.match(exit, { onSuccess: () => "no mistake", onFailure: Cause.pretty })

const inject = <On extends Endpoint>(fault: FaultOn[On], on: On, times = 1) =>
  Effect.flatMap(CxoneSimulator, (simulator) => simulator.inject(fault, { on, times }))

// Plain JavaScript may pass what the types refuse.
const untyped = <A>(value: unknown) => value as A

describe("A mistake of the test is told, and named by its option", () => {
  it.effect.each<readonly [options: SimulatorOptions, text: string]>([
    [{ latency: Number.NaN }, "latency is NaN"],
    [{ latency: "-5 minutes" }, "latency is -5 minutes"],
    [{ latency: untyped("3 secs") }, "latency is 3 secs"],
    [{ maxRecordedBytes: -1 }, "maxRecordedBytes is -1"],
    [{ maxRecordedBytes: 1.5 }, "maxRecordedBytes is 1.5"],
    [{ clients: untyped([]) }, "clients is empty"],
    [{ tenants: untyped([]) }, "tenants is empty"],
    [{ tenants: [{ ...defaultTenant, accessKeys: untyped([]) }] }, "the tenant test-tenant has no access key"],
    [{ clients: [{ ...defaultClient, tokenLifetime: "999 millis" }] }, "tokenLifetime of test-client is 999 millis"],
    [{ clients: [{ ...defaultClient, tokenLifetime: Number.NaN }] }, "tokenLifetime of test-client is NaN"],
    [{ clients: [{ ...defaultClient, tokenLifetime: "Infinity" as never }] }, "tokenLifetime of test-client is"],
    [{ clients: [defaultClient, defaultClient] }, 'two clients have the clientId "test-client"'],
    [{ quotas: [{ path: "/a", limit: 0, per: "1 minute" }] }, "a quota's limit is 0"],
    [{ user: { id: 1n as never } }, "the user of the option `user` can't be written as JSON"],
    [
      { tenants: [{ ...defaultTenant, accessKeys: [{ ...defaultTenant.accessKeys[0], user: { id: 1n as never } }] }] },
      "the user of TESTKEY7ONLY7FOR7TESTS7X7X7X7X7X==== can't be written as JSON"
    ],
    [{ quotas: [{ path: "/a", limit: 1, per: 0 }] }, "a quota's per is 0"],
    [{ quotas: [{ path: "/a", limit: 1, per: Duration.infinity }] }, "a quota's per is Infinity"],
    [{ quotas: [{ path: "/a?b", limit: 1, per: "1 minute" }] }, "a quota's path is /a?b; it begins with a slash"],
    [{ quotas: [{ path: "/a", method: "get", limit: 1, per: "1 minute" }] }, "a quota's method is get"]
  ])("options, row %#", ([options, text]) =>
    Effect.gen(function* () {
      for (const layer of [CxoneSimulator.layerMemory(options), CxoneSimulator.layerServer(options)]) {
        expect(textOf(yield* Effect.exit(Effect.scoped(Layer.build(layer))))).toContain(text)
      }
    })
  )

  it.effect.each<
    readonly [what: string, mistake: (simulator: CxoneSimulatorService) => Effect.Effect<unknown>, text: string]
  >([
    ["a path with a query", ({ inject }) => inject(Fault.blackHole, { on: "api", path: "/a?b=c" }), "path is /a?b=c"],
    [
      "a path without a slash",
      ({ inject }) => inject(Fault.blackHole, { on: "api", path: "a" }),
      "path is a; it begins"
    ],
    [
      "a method in small letters",
      ({ inject }) => inject(Fault.blackHole, { on: "api", method: "post" }),
      "method is post"
    ],
    ...[-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY].map(
      (after) =>
        [
          `after ${after}`,
          ({ inject }: CxoneSimulatorService) => inject(Fault.blackHole, { on: "api", after }),
          `inject: after is ${after}; use a whole number from 0 up`
        ] as const
    ),
    ["no latency", ({ inject }) => inject(Fault.blackHole, { on: "api", latency: Number.NaN }), "latency is NaN"],
    [
      "no way",
      ({ account }) => Effect.sync(() => account({ way: untyped("key") })),
      "way is key; use one of clientSecret"
    ],
    ["no client", ({ forgetClient }) => forgetClient("x"), 'there is no client "x"'],
    ["no key", ({ deactivateAccessKey }) => deactivateAccessKey("x"), 'no tenant has the access key "x"']
  ])("the simulator: %s", ([_, mistake, text]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.flatMap(CxoneSimulator, mistake))
      expect(textOf(exit)).toContain(text)
    }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
  )

  it.each<readonly [mistake: () => unknown, text: string]>([
    [() => Fault.delay(Number.NaN), "Fault.delay: the duration is NaN"],
    [() => Fault.delay(-5), "Fault.delay: the duration is -5"],
    [() => Fault.endlessBody({ every: -1 }), "Fault.endlessBody: every is -1"],
    [() => Fault.tokenAnswer({ lifetime: Number.NaN }), "Fault.tokenAnswer: lifetime is NaN"],
    [() => Fault.tokenAnswer({ lifetime: 10 }), "lifetime is 10; use a finite duration of 1s or more"],
    [() => Fault.tokenAnswer({ lifetime: "Infinity" as never }), "Fault.tokenAnswer: lifetime is Infinity"],
    [() => Fault.tokenAnswer({ lifetime: Duration.infinity }), "Fault.tokenAnswer: lifetime is Infinity"],
    [() => Fault.tokenAnswer({ fields: { a: 1n } }), "Fault.tokenAnswer: fields can't be written as JSON"],
    [() => Fault.respond({ status: 200, body: new Map() }), "body can't be written as JSON"],
    [() => Fault.respond({ status: 200, body: new Blob(["a"]) }), "body can't be written as JSON"],
    [() => Fault.respond({ status: 200, body: Promise.resolve(1) }), "body can't be written as JSON"],
    [() => Fault.respond({ status: 204, body: "a" }), "an answer with status 204 has no body"],
    [() => Fault.respond({ status: 200, headers: { "content-length": "2" }, body: "a" }), "content-length is 2"],
    [
      () => Fault.earlyAnswer({ status: 200, headers: { "a b": "" } }),
      'Fault.earlyAnswer: "a b" is no name of a header'
    ]
  ])("a fault: %s", (mistake, text) => {
    expect(mistake).toThrow(text)
  })

  it("bytes are sent as they are, whatever holds them; an empty object is JSON", () => {
    const bytes = Uint8Array.of(0, 1, 255)
    for (const body of [bytes, bytes.buffer, new DataView(bytes.buffer), Buffer.from(bytes)]) {
      const fault = Fault.respond({ status: 200, body })
      expect([...fault.body]).toEqual([0, 1, 255])
      expect(fault.headers).toEqual({ "content-type": "application/octet-stream" })
    }
    expect(new TextDecoder().decode(Fault.respond({ status: 200, body: {} }).body)).toBe("{}")
  })

  it.live("timePasses without TestClock", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(timePasses("1 minute")(Effect.void))
      expect(textOf(exit)).toContain("there is no TestClock; run the test by it.effect")
    })
  )
})

const api = HttpRouter.empty.pipe(
  HttpRouter.get("/dies", Effect.die("of a mistake")),
  HttpRouter.get("/fails", Effect.fail("a failure that is no response")),
  HttpRouter.get("/bad", HttpServerResponse.empty({ headers: { "x-a": "ü\u4e00" } })),
  HttpRouter.get("/own", HttpServerResponse.empty({ status: 500 }))
)

describe.each(modes)("The option `api` $name", ({ layer }) => {
  it.effect("a 500 for a mistake of it says so in the body, because the log of a test is off", () =>
    Effect.gen(function* () {
      const token = yield* mint()
      for (const path of ["/dies", "/fails", "/bad"]) {
        const answer = yield* users(token, path)
        expect([answer.status, String(answer.json.hint)]).toEqual([
          500,
          expect.stringMatching(/^CxoneSimulator: correct the option `api`\./)
        ])
      }
      expect((yield* users(token, "/own")).text).toBe("")
    }).pipe(Effect.provide(layer({ api })))
  )
})

describe("A fault that a request takes in vain", () => {
  const api = HttpRouter.empty.pipe(
    HttpRouter.post("/skills", HttpServerResponse.empty({ status: 204 })),
    HttpRouter.get("/skills", HttpServerResponse.text("abc"))
  )
  const call = (method: "GET" | "POST" | "HEAD") =>
    Effect.gen(function* () {
      const { origin } = yield* CxoneSimulator
      const request = HttpClientRequest.make(method)(new URL("/skills", origin))
      return yield* HttpClient.execute(HttpClientRequest.bearerToken(request, yield* mint()))
    })
  const withoutToken = Effect.flatMap(apiRequest("/skills"), HttpClient.execute)
  const cut = inject(Fault.truncatedBody, "api")

  it.effect.each<
    readonly [
      what: string,
      fault: Effect.Effect<unknown, never, CxoneSimulator>,
      request: Effect.Effect<unknown, unknown, CxoneSimulator | HttpClient.HttpClient>,
      text: string
    ]
  >([
    ["truncatedBody of a 204", cut, call("POST"), "TruncatedBody on api: POST /skills: the answer (204) has no body"],
    ["truncatedBody of a HEAD", cut, call("HEAD"), "TruncatedBody on api: HEAD /skills: the answer (200) has no body"],
    ["truncatedBody of a body", cut, call("GET"), "no mistake"],
    [
      "truncatedBody of a body, and then of a 204",
      inject(Fault.truncatedBody, "api", 2),
      Effect.zipRight(Effect.exit(Effect.flatMap(call("GET"), ({ text }) => text)), call("POST")),
      "no mistake"
    ],
    [
      "revokeToken of a call without one",
      inject(Fault.revokeToken, "api"),
      withoutToken,
      "RevokeToken on api: GET /skills: the request has no token"
    ],
    ["revokeToken of a call with one", inject(Fault.revokeToken, "api"), call("GET"), "no mistake"],
    [
      "forgetClient of an access key alone",
      inject(Fault.forgetClient, "token"),
      keyAlone(),
      "ForgetClient on token: POST /authentication/v1/token/access-key: the request names no client"
    ],
    ["forgetClient of a client", inject(Fault.forgetClient, "token"), exchange(), "no mistake"],
    [
      "tokenAnswer to a request that is refused",
      inject(Fault.tokenAnswer({ lifetime: "1 minute" }), "token"),
      exchange({}),
      "TokenAnswer on token: POST /oauth/token: the request was refused (400)"
    ],
    ["tokenAnswer", inject(Fault.tokenAnswer({ lifetime: "1 minute" }), "token"), exchange(), "no mistake"]
  ])("%s", ([, fault, request, text]) =>
    Effect.gen(function* () {
      const { clearFaults, expectNoPendingFaults } = yield* CxoneSimulator
      yield* fault
      yield* Effect.exit(request)
      expect(textOf(yield* Effect.exit(expectNoPendingFaults))).toContain(text)
      yield* clearFaults
      yield* expectNoPendingFaults
    }).pipe(Effect.provide(CxoneSimulator.layerMemory({ api })))
  )
})
