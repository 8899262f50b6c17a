import { HttpClient } from "@effect/platform"
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient, type CxoneHttpClientOptions } from "cxone-auth"
import { Effect, Layer, Redacted } from "effect"
import { bearerOf, host, withArrivedTokens } from "./ClientWorld.js"
import { json, type Sent, scripted } from "./ScriptedHttpClient.js"

/**
 * A token provider, an API that answers by the scopes of the token, and the client over both, as itself and as a plain
 * `HttpClient`. Take it for what depends on scopes or on the plain client; take `ClientWorld` otherwise.
 */
export const world = (answer: (sent: Sent, scopes: string) => Response, options: CxoneHttpClientOptions = {}) =>
  Effect.gen(function* () {
    const scopesOf = new Map<string, string>()
    const { layer, sent } = yield* scripted((request) => {
      if (request.url !== `${host}/oauth/token`) {
        return Effect.sync(() => answer(request, scopesOf.get(bearerOf(request)) ?? ""))
      }
      const token = `t${scopesOf.size + 1}`
      scopesOf.set(token, new URLSearchParams(request.body).get("scope") ?? "")
      return Effect.succeed(json({ access_token: token, expires_in: 3600 }))
    })
    const auth = CxoneAuth.layer({
      credentials: Credentials.clientSecret({ clientId: "id", clientSecret: Redacted.make("secret") }),
      environment: CxoneEnvironment.custom({ tokenEndpoint: `${host}/oauth/token`, apiBaseUrl: host }),
      scopes: "broad"
    })
    const context = yield* Layer.build(
      Layer.merge(
        CxoneHttpClient.layerHttpClient(withArrivedTokens(options)),
        CxoneHttpClient.layer(withArrivedTokens(options))
      ).pipe(Layer.provide(auth), Layer.provide(layer))
    )
    return {
      plain: yield* Effect.provide(HttpClient.HttpClient, context),
      cxone: yield* Effect.provide(CxoneHttpClient, context),
      /** The scopes of the token requests so far. */
      scopes: Effect.sync(() => [...scopesOf.values()]),
      apiCalls: Effect.map(sent, (all) => all.filter(({ url }) => url !== `${host}/oauth/token`))
    }
  })
