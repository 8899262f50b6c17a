/**
 * An option that is `undefined` is as one that is left out. `Unset` names all options of a type, so that a new one has to be
 * tried here.
 */
import type { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  AccessToken,
  type AreaEnvironmentOptions,
  type CallOptions,
  CallPolicy,
  type ClientOptions,
  Credentials,
  CxoneAuth,
  type CxoneAuthFromEnvOptions,
  type CxoneAuthOptions,
  CxoneEnvironment,
  CxoneHttpClient,
  type CxoneHttpClientOptions,
  type DiscoveredEnvironmentOptions,
  type TestOptions,
  TokenPolicy
} from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { ConfigProvider, Effect, Layer, Option, Record, Redacted } from "effect"

/** What may be left out of `Options`. */
type Unset<Options> = {
  readonly [Name in keyof Options as object extends Pick<Options, Name> ? Name : never]-?: undefined
}

const ofAuth: Unset<CxoneAuthOptions> = { scopes: undefined, policy: undefined, name: undefined }
const ofSettings: Unset<CxoneAuthFromEnvOptions> = { policy: undefined, name: undefined, prefix: undefined }
const ofTest: Unset<TestOptions> = { apiBaseUrl: undefined }
const ofCredentials: Unset<ClientOptions> = { clientAuth: undefined }
const ofDiscovery: Unset<DiscoveredEnvironmentOptions> = { issuer: undefined, apiBaseUrl: undefined }
const ofArea: Unset<AreaEnvironmentOptions> = { host: undefined, apiBaseUrl: undefined }
const ofToken: Unset<ConstructorParameters<typeof AccessToken>[0]> = { tenant: undefined, receivedAt: undefined }
const ofCalls: Unset<CallOptions> = {
  scopes: undefined,
  onRateLimited: undefined,
  idempotent: undefined,
  asResponse: undefined
}
const ofClient: Unset<CxoneHttpClientOptions> = {
  scopes: undefined,
  onRateLimited: undefined,
  rateLimitKey: undefined,
  asResponse: undefined,
  allowedOrigins: undefined,
  allowCxoneHosts: undefined,
  tracerPropagation: undefined,
  policy: undefined
}

const path = "/incontactAPI/services/v33.0/server-time"

/** The requests of one call. */
const requestsOf = (authLayer: Layer.Layer<CxoneAuth, unknown, HttpClient.HttpClient | CxoneSimulator>, set: boolean) =>
  Effect.gen(function* () {
    const cxone = yield* CxoneHttpClient
    const call = cxone.get(path)
    yield* set ? CxoneHttpClient.withCallOptions(call, ofCalls) : call
    const requests = yield* Effect.flatMap(CxoneSimulator, ({ requests }) => requests)
    return requests.map(({ body, headers, method, status, url }) => [
      method,
      url,
      status,
      Redacted.value(body),
      { ...headers, authorization: "" }
    ])
  }).pipe(
    Effect.provide(
      (set ? CxoneHttpClient.layer(ofClient) : CxoneHttpClient.layer()).pipe(
        Layer.provide(authLayer),
        Layer.provideMerge(CxoneSimulator.layerMemory())
      )
    )
  )

const withAuth = (set: boolean) =>
  Layer.unwrapEffect(
    Effect.map(CxoneSimulator, ({ credentials, environment }) =>
      CxoneAuth.layer({ credentials, environment, ...(set ? ofAuth : {}) })
    )
  )

const withSettings = (set: boolean) =>
  Layer.unwrapEffect(
    Effect.map(CxoneSimulator, ({ env }) =>
      Layer.provide(
        set ? CxoneAuth.layerFromEnv(ofSettings) : CxoneAuth.layerFromEnv(),
        Layer.setConfigProvider(ConfigProvider.fromJson(env()))
      )
    )
  )

describe("an option that is undefined is as one that is left out", () => {
  it.effect.each([
    ["CxoneAuth.layer", withAuth],
    ["CxoneAuth.layerFromEnv", withSettings]
  ] as const)("of %s, of the client and of calls", ([, auth]) =>
    Effect.gen(function* () {
      const expected = yield* requestsOf(auth(false), false)
      expect(expected).toHaveLength(2)
      expect(yield* requestsOf(auth(true), true)).toEqual(expected)
    })
  )

  it("of a policy", () => {
    expect(TokenPolicy.make(Record.map(TokenPolicy.defaults, () => undefined))).toEqual(TokenPolicy.defaults)
    expect(CallPolicy.make(Record.map(CallPolicy.defaults, () => undefined))).toEqual(CallPolicy.defaults)
  })

  it("of credentials, of an environment and of a token", () => {
    const client = { clientId: "id", clientSecret: Redacted.make("s3cr3t") }
    expect(Credentials.clientSecret({ ...client, ...ofCredentials })).toEqual(Credentials.clientSecret(client))
    const key = { ...client, accessKeyId: "key", accessKeySecret: Redacted.make("k3y") }
    expect(Credentials.accessKey({ ...key, ...ofCredentials })).toEqual(Credentials.accessKey(key))
    expect(CxoneEnvironment.discover(ofDiscovery)).toEqual(CxoneEnvironment.discover())
    expect(CxoneEnvironment.area("na1", ofArea)).toEqual(CxoneEnvironment.area("na1"))
    const fields = {
      value: Redacted.make("t0k3n"),
      tokenType: "Bearer",
      scopes: [],
      requestedScopes: [],
      obtainedAt: 1,
      expiresAt: 2
    }
    expect(new AccessToken({ ...fields, ...ofToken })).toEqual(new AccessToken(fields))
  })

  it.effect("of CxoneAuth.layerTest", () => {
    const url = Effect.flatMap(CxoneAuth, ({ apiBaseUrl }) => Effect.option(Effect.exit(apiBaseUrl)))
    const given = (options?: TestOptions) => Effect.provide(url, CxoneAuth.layerTest("t0k3n", options))
    return Effect.gen(function* () {
      expect(Option.isSome(yield* given())).toBe(true)
      expect(yield* given(ofTest)).toEqual(yield* given())
    })
  })
})
