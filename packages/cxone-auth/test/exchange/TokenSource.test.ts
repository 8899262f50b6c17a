import { HttpClient } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Credentials, CxoneAuth, CxoneEnvironment, type RotatingCredentials } from "cxone-auth"
import { Effect, Layer, Redacted, Ref, TestClock } from "effect"
import * as Provider from "../model/Provider.js"
import { Recorder } from "../model/Trace.js"

const secret = (clientSecret: string) =>
  Credentials.clientSecret({ clientId: "reports", clientSecret: Redacted.make(clientSecret) })

const world = Effect.gen(function* () {
  const recorder = new Recorder()
  const given = yield* Ref.make<Credentials | RotatingCredentials>(secret("A"))
  const auth = yield* Layer.build(
    CxoneAuth.layer({
      credentials: Ref.get(given),
      environment: CxoneEnvironment.custom({
        tokenEndpoint: "https://cxone.test/oauth/token",
        apiBaseUrl: "https://cxone.test"
      }),
      scopes: "a"
    }).pipe(
      Layer.provide(
        Layer.succeed(
          HttpClient.HttpClient,
          Provider.make(recorder, () => ({ ...Provider.wellBehaved, latency: 500 }))
        )
      )
    )
  )
  const sent = () => recorder.events.flatMap((event) => (event.tag === "request" ? [event.secret] : []))
  return { given, sent, auth: yield* Effect.provide(CxoneAuth, auth) }
})

it.scoped("status: refused, though an exchange with the credentials before these gets a token meanwhile", () =>
  Effect.gen(function* () {
    const { auth, given } = yield* world
    yield* Effect.fork(auth.accessTokenFor("a"))
    yield* TestClock.adjust("1 millis")
    yield* Ref.set(given, secret("B"))
    yield* Effect.fork(auth.accessTokenFor("a b"))
    yield* TestClock.adjust("1 seconds")
    expect((yield* auth.status).map(({ state }) => state)).toEqual(["refused", "refused"])
    expect((yield* Effect.flip(auth.accessTokenFor("b")))._tag).toBe("InvalidClient")
  })
)

it.scoped("L10: of two secrets that one goes first that was accepted last, not that one that was read last", () =>
  Effect.gen(function* () {
    const { auth, given, sent } = yield* world
    yield* Effect.fork(auth.accessTokenFor("a"))
    yield* TestClock.adjust("1 seconds")
    yield* Ref.set(given, secret("B"))
    const caller = yield* Effect.fork(auth.accessTokenFor("a b"))
    yield* TestClock.adjust("1 seconds")
    expect((yield* Effect.flip(caller))._tag).toBe("InvalidClient")
    // The refusal's time is over.
    yield* TestClock.adjust("1 minutes")
    yield* Ref.set(given, Credentials.rotating({ current: secret("A"), next: secret("B") }))
    yield* Effect.fork(auth.accessTokenFor("b"))
    yield* TestClock.adjust("2 seconds")
    expect(sent()).toEqual(["A", "B", "A"])
  })
)
