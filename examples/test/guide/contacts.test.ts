import { FetchHttpClient, HttpRouter, HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient, RateLimited } from "cxone-auth"
import { CxoneSimulator, Fault, timePasses } from "cxone-auth-testkit"
import { ConfigProvider, Effect, Layer, TestClock } from "effect"
import { activeContacts } from "./contacts.js"

// The part of CXone's API that the app calls.
const api = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/incontactAPI/services/v33.0/contacts/active",
    HttpServerResponse.json({ contacts: [{ contactId: 7 }, { contactId: 8 }] })
  )
)

// A simulator, and over it what the app has in production over `CxoneAuth.layerFromEnv()`.
const simulated = CxoneHttpClient.layer({ onRateLimited: { wait: "1 minute" } }).pipe(
  Layer.provideMerge(CxoneSimulator.layerAuth({ way: "accessKey" })),
  Layer.provideMerge(CxoneSimulator.layerTest({ api }))
)

it.effect("the app reads CXone's answer", () =>
  Effect.gen(function* () {
    expect(yield* activeContacts).toBe(2)
  }).pipe(Effect.provide(simulated))
)

it.effect("a token of an hour serves a whole hour's calls, and then there is another", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    yield* activeContacts
    yield* activeContacts
    expect(yield* simulator.answersOf("token")).toEqual([200])
    yield* TestClock.adjust("1 hour")
    yield* activeContacts
    expect(yield* simulator.answersOf("token")).toEqual([200, 200])
  }).pipe(Effect.provide(simulated))
)

it.effect("a 429 is waited for", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    yield* simulator.inject(Fault.respond({ status: 429, headers: { "retry-after": "30" } }), { on: "api" })
    expect(yield* timePasses("1 minute")(activeContacts)).toBe(2)
    expect(yield* simulator.answersOf("api")).toEqual([429, 200])
  }).pipe(Effect.provide(simulated))
)

it.effect("a longer 429 is no failure of the app", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    yield* simulator.inject(Fault.respond({ status: 429, headers: { "retry-after": "600" } }), { on: "api" })
    expect(yield* activeContacts).toBeUndefined()
  }).pipe(Effect.provide(simulated))
)

it.effect("a key that is dead is an error with a tag", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    yield* simulator.deactivateAccessKey(simulator.tenants[0].credentials.accessKeyId)
    expect(yield* Effect.flip(activeContacts)).toMatchObject({ _tag: "InvalidClient" })
  }).pipe(Effect.provide(simulated))
)

// Without a simulator: always this error. `CxoneAuth.layerTest("a-token")` is always this token.
const limited = new RateLimited({ reason: "token_endpoint", origin: "https://cxone.test" })
const alwaysLimited = CxoneHttpClient.layer().pipe(
  Layer.provide(CxoneAuth.layerTest(limited)),
  Layer.provide(FetchHttpClient.layer)
)

it.effect("the app handles an error of the token endpoint", () =>
  Effect.gen(function* () {
    expect(yield* activeContacts).toBeUndefined()
  }).pipe(Effect.provide(alwaysLimited))
)

// The settings that the simulator takes, read by the same layer as in production.
it.effect("the settings are the right ones for an access key alone", () =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator
    const settings = new Map(Object.entries(simulator.env({ way: "accessKeyOnly" })))
    const auth = Layer.provide(CxoneAuth.layerFromEnv(), Layer.setConfigProvider(ConfigProvider.fromMap(settings)))
    const contacts = Effect.provide(activeContacts, Layer.provide(CxoneHttpClient.layer(), auth))
    expect(yield* contacts).toBe(2)
  }).pipe(Effect.provide(CxoneSimulator.layerTest({ api })))
)
