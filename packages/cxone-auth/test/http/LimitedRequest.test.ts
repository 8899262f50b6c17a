import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneAuth, CxoneEnvironment, TokenPolicy } from "cxone-auth"
import { Effect, Exit, Fiber, Layer, Option, Redacted, Scope, TestClock } from "effect"
import * as LimitedRequest from "../../src/http/LimitedRequest.js"

const never = () => new Promise<never>(() => {})

/** A body that stalls, and never says that it has been given up: one of two branches of a `tee` doesn't. */
const stalled = (status: number) => new Response(new ReadableStream({ pull: never, cancel: never }), { status })

const transports = [
  [
    "a body whose cancelling never ends",
    HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, stalled(200)))),
    { reason: "timeout" }
  ],
  [
    "a transport that can't be interrupted",
    HttpClient.make(() => Effect.uninterruptible(Effect.never)),
    { reason: "timeout" }
  ],
  [
    "a 400 whose body's cancelling never ends",
    HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, stalled(400)))),
    { status: 400, body: Option.none() }
  ]
] as const

describe.each(transports)("L7 and C7: a request ends in its time, and with its layer: %s", (_, http, end) => {
  it.effect("it ends in its time", () =>
    Effect.gen(function* () {
      const sending = yield* LimitedRequest.send(
        HttpClientRequest.post("https://cxone.test"),
        TokenPolicy.defaults
      ).pipe(Effect.provideService(HttpClient.HttpClient, http), Effect.merge, Effect.fork)
      yield* TestClock.adjust("10 seconds")
      expect(yield* Fiber.join(sending)).toMatchObject(end)
    })
  )

  it.effect("L3: the layer closes, and the caller goes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const auth = yield* CxoneAuth.pipe(
        Effect.provide(
          yield* Layer.buildWithScope(
            CxoneAuth.layer({
              credentials: Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("s3cr3t") }),
              environment: CxoneEnvironment.custom({
                tokenEndpoint: "https://cxone.test/oauth/token",
                apiBaseUrl: "https://cxone.test"
              })
            }).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, http))),
            scope
          )
        )
      )
      const call = yield* Effect.fork(auth.accessToken)
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, Exit.void)
      expect(Exit.isInterrupted(yield* Fiber.await(call))).toBe(true)
    })
  )
})
