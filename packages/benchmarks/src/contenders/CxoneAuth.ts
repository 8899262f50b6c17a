import type { HttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import {
  Credentials,
  CxoneAuth,
  type CxoneAuthOptions,
  CxoneEnvironment,
  CxoneHttpClient,
  TokenStore
} from "cxone-auth"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Array, Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { type Account, type Contender, requireOk, tokenEndpoint } from "./Contender.js"

type Auth = (options: CxoneAuthOptions) => Layer.Layer<CxoneAuth, never, HttpClient.HttpClient>

/** The layers of an app. */
export const layer = (account: Account, transport: Layer.Layer<HttpClient.HttpClient>, auth: Auth = CxoneAuth.layer) =>
  CxoneHttpClient.layer().pipe(
    Layer.provideMerge(
      auth({
        credentials: Credentials.clientSecret({
          clientId: account.clientId,
          clientSecret: Redacted.make(account.clientSecret)
        }),
        environment: CxoneEnvironment.custom({ tokenEndpoint: tokenEndpoint(account), apiBaseUrl: account.origin })
      })
    ),
    Layer.provideMerge(transport)
  )

const over = (
  name: string,
  usage: string,
  transport: Layer.Layer<HttpClient.HttpClient>,
  auth: Auth = CxoneAuth.layer
): Contender => ({
  name,
  usage,
  managesTokens: true,
  open: (account) =>
    Effect.gen(function* () {
      const runtime = ManagedRuntime.make(layer(account, transport, auth))
      yield* Effect.addFinalizer(() => runtime.disposeEffect)
      const { accessToken } = yield* Effect.promise(() => runtime.runPromise(CxoneAuth))
      const cxone = yield* Effect.promise(() => runtime.runPromise(CxoneHttpClient))
      const status = (path: string) =>
        Effect.flatMap(cxone.get(path), (response) => Effect.as(response.json, response.status))
      return {
        lookFor: (times) =>
          runtime.runPromise(
            Effect.gen(function* () {
              for (let time = 0; time < times; time++) {
                yield* accessToken
              }
            })
          ),
        lookTogether: async (callers) => {
          await Promise.all(Array.makeBy(callers, () => runtime.runPromise(accessToken)))
        },
        get: (path) => runtime.runPromise(status(path)),
        load: (path, calls, atOnce) => {
          const call = Effect.map(status(path), requireOk)
          return runtime.runPromise(
            Effect.forEach(Array.range(1, calls), () => call, { concurrency: atOnce, discard: true })
          )
        }
      }
    })
})

export const cxoneAuth = over(
  "cxone-auth",
  "`CxoneHttpClient` over `cxone-auth-undici`, both with their defaults, but without a look at proxy variables, in one running fiber",
  UndiciHttpClient.layer({ proxy: "none" })
)

/** Ours over the platform's client: no library that one would pick beside the other. */
export const overPlatform = over("cxone-auth, over the platform's undici", "", NodeHttpClient.layerUndici)

/** Ours with tokens that processes share. */
export const sharing = over("cxone-auth, by `layerShared`", "", UndiciHttpClient.layer({ proxy: "none" }), (options) =>
  Layer.provide(CxoneAuth.layerShared(options), TokenStore.layerMemory)
)
