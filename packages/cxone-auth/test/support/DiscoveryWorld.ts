import { Credentials, CxoneAuth, type CxoneAuthOptions, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { Effect, Exit, Layer, Random, Redacted, Scope } from "effect"
import { withArrivedTokens } from "./ClientWorld.js"
import * as Fake from "./FakeCxone.js"
import { type Play, type Sent, scripted } from "./ScriptedHttpClient.js"

/** A client with an access key: the credentials that discovery is made for. */
export const accessKey = (accessKeyId = "A-KEY====") =>
  Credentials.accessKey({
    clientId: "reports",
    clientSecret: Redacted.make("s3cr3t+/%:"),
    accessKeyId,
    accessKeySecret: Redacted.make("a-key-secret====")
  })

/** The same access key without a client. */
export const keyOnly = Credentials.accessKeyOnly({
  accessKeyId: "A-KEY====",
  accessKeySecret: Redacted.make("a-key-secret====")
})

/**
 * An app that has a client with an access key, and finds the rest by discovery; without jitter. Take it with a play of
 * `FakeCxone` for whatever depends on where the API is; take `ClientWorld` where the API's place is given.
 */
export const world = (play: Play, more: Partial<CxoneAuthOptions> = {}) =>
  Effect.gen(function* () {
    const { layer, sent } = yield* scripted(play)
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const options = { credentials: accessKey(), environment: CxoneEnvironment.discover(), ...more }
    const context = yield* CxoneHttpClient.layer(withArrivedTokens()).pipe(
      Layer.provideMerge(CxoneAuth.layer(options)),
      Layer.provide(layer),
      Layer.buildWithScope(scope)
    )
    const kinds = Effect.map(sent, (all) => all.map(Fake.kindOf))
    return {
      auth: yield* Effect.provide(CxoneAuth, context),
      cxone: yield* Effect.provide(CxoneHttpClient, context),
      close: Scope.close(scope, Exit.void),
      sent,
      kinds,
      count: (kind: Fake.Kind) => Effect.map(kinds, (all) => all.filter((each) => each === kind).length)
    }
  }).pipe(Effect.withRandom(Random.fixed([0.5])))

/** Each request as its method and URL. */
export const urlsOf = (sent: ReadonlyArray<Sent>) => sent.map(({ request, url }) => `${request.method} ${url}`)
