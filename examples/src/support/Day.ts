/** One day of an app that calls CXone every four minutes, in virtual time. */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Credentials, CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, defaultClient, Fault } from "cxone-auth-testkit"
import {
  Array,
  Clock,
  Duration,
  Effect,
  Fiber,
  Layer,
  Random,
  Redacted,
  Ref,
  Schema,
  TestClock,
  TestContext
} from "effect"
import { type Entry, timeOfDay } from "./Traces.js"

const hours = Duration.hours
const millisOfDay = Duration.toMillis(hours(24))

/** Delays each request as a network does, so that the spans have durations. */
const NetworkLayer = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(
    HttpClient.HttpClient,
    HttpClient.transform((response, { url }) =>
      Effect.delay(response, url.endsWith("/token") ? "120 millis" : "40 millis")
    )
  )
)

const secondSecret = Redacted.make("the-secret-of-the-evening")

const AuthLayer = Layer.unwrapEffect(
  Effect.map(CxoneSimulator, ({ credentials: current, environment }) => {
    const next = Credentials.clientSecret({ clientId: current.clientId, clientSecret: secondSecret })
    return CxoneAuth.layer({
      credentials: Credentials.rotating({ current, next }),
      environment,
      scopes: "read:users",
      name: "dashboard"
    })
  })
)

const CxoneLayer = CxoneHttpClient.layer().pipe(
  Layer.provideMerge(AuthLayer),
  Layer.provide(NetworkLayer),
  Layer.provideMerge(CxoneSimulator.layerMemory())
)

const User = Schema.Struct({ name: Schema.String })

const refresh = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  yield* Effect.flatMap(cxone.get("/api/v2/users/me"), HttpClientResponse.schemaBodyJson(User))
}).pipe(Effect.withSpan("dashboard.refresh", { captureStackTrace: false }))

const sinceMidnight = Effect.map(Clock.currentTimeMillis, (now) => Duration.millis(now % millisOfDay))

const sleepUntil = (time: Duration.Duration) =>
  Effect.flatMap(sinceMidnight, (now) => Effect.sleep(Duration.subtract(time, now)))

const everyFourMinutesUntil = (time: Duration.Duration) =>
  Effect.repeat(Effect.delay(refresh, "4 minutes"), {
    while: () => Effect.map(sinceMidnight, (now) => Duration.lessThan(Duration.sum(now, "5 minutes"), time))
  })

/** The app makes three calls at once when it starts, then one every four minutes, except for three hours at night. */
const use = Effect.gen(function* () {
  yield* Effect.all([refresh, refresh, refresh], { concurrency: "unbounded", discard: true })
  yield* everyFourMinutesUntil(hours(2))
  yield* sleepUntil(hours(5))
  yield* everyFourMinutesUntil(hours(24))
})

/** The faults of the day. */
const adversity = (tell: (text: string) => Effect.Effect<void>) =>
  Effect.gen(function* () {
    const simulator = yield* CxoneSimulator

    yield* sleepUntil(hours(9))
    yield* tell("from the next renewal on, the token endpoint is down for three minutes")
    const before = yield* simulator.requestsTo("token")
    yield* simulator.inject(Fault.respond({ status: 503 }), { on: "token", times: Number.POSITIVE_INFINITY })
    yield* simulator.awaitRequests("token", before.length + 1)
    yield* Effect.sleep("3 minutes")
    yield* simulator.clearFaults
    yield* tell("the token endpoint is back")

    yield* sleepUntil(hours(12))
    yield* tell("at the next renewal, the token endpoint answers 429 with Retry-After: 20")
    yield* simulator.inject(Fault.respond({ status: 429, headers: { "retry-after": "20" } }), { on: "token" })

    yield* sleepUntil(hours(15))
    yield* tell("the token is revoked")
    yield* simulator.inject(Fault.revokeToken, { on: "api" })

    yield* sleepUntil(hours(18))
    yield* tell("the secret is replaced; the app was started with both secrets")
    yield* simulator.registerClient({ ...defaultClient, clientSecret: secondSecret })
  })

const through = (tell: (text: string) => Effect.Effect<void>) =>
  Effect.gen(function* () {
    const using = yield* Effect.fork(use)
    const troubling = yield* Effect.fork(adversity(tell))
    yield* TestClock.adjust("1 day")
    yield* Fiber.join(troubling)
    yield* Fiber.join(using)
    const auth = yield* CxoneAuth
    return yield* auth.status
  })

/**
 * Runs a whole day in seconds. The day is yesterday, because some collectors refuse old spans, and all refuse spans of
 * the future.
 */
export const live = Effect.gen(function* () {
  const today = Math.floor((yield* Clock.currentTimeMillis) / millisOfDay)
  const told = yield* Ref.make<ReadonlyArray<Entry>>([])
  const tell = (text: string) =>
    Effect.flatMap(Clock.currentTimeMillis, (at) =>
      Ref.update(told, Array.append({ at, text: `${timeOfDay(at)}       *    ${text}` }))
    )

  const status = yield* Effect.zipRight(
    TestClock.setTime((today - 1) * millisOfDay),
    Effect.provide(through(tell), CxoneLayer)
  ).pipe(Effect.provide(TestContext.TestContext), Effect.withRandom(Random.make("a day in the life")))
  return { status, told: yield* Ref.get(told) }
})
