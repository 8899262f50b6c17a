import { FetchHttpClient, HttpClient } from "@effect/platform"
import {
  type AccessToken,
  ClientAuth,
  Credentials,
  type CredentialsUnavailable,
  CxoneAuth,
  type CxoneAuthError,
  type CxoneAuthOptions,
  type CxoneAuthService,
  CxoneEnvironment,
  type CxoneSettings,
  type DiscoveryFailed,
  type ForeignOrigin,
  type InsufficientScope,
  type InvalidClient,
  type InvalidToken,
  type InvalidTokenResponse,
  RateLimited,
  type TestAnswer,
  type TokenEndpointUnavailable,
  TokenPolicy,
  type TokenStatus
} from "cxone-auth"
import { type Config, type ConfigError, Context, Effect, Layer, LayerMap, Redacted, type Scope } from "effect"
import { describe, expect, it } from "tstyche"

const clientSecret = Redacted.make("s")
const credentials = Credentials.clientSecret({ clientId: "id", clientSecret })
const environment = CxoneEnvironment.region("us")

describe("CxoneAuth", () => {
  it("each layer says what it needs and how building it can fail", () => {
    expect(CxoneAuth.layer({ credentials, environment })).type.toBe<
      Layer.Layer<CxoneAuth, never, HttpClient.HttpClient>
    >()
    expect(CxoneAuth.layerFromEnv()).type.toBe<Layer.Layer<CxoneAuth, ConfigError.ConfigError, HttpClient.HttpClient>>()
    expect(CxoneAuth.layerFromEnv({ policy: { maxWait: 0 }, name: "reports" })).type.toBe<
      Layer.Layer<CxoneAuth, ConfigError.ConfigError, HttpClient.HttpClient>
    >()
    expect(CxoneAuth.config).type.toBe<Config.Config<CxoneSettings>>()
    expect(CxoneAuth.layerTest("token")).type.toBe<Layer.Layer<CxoneAuth>>()
  })

  it("gives tokens, or one of its errors", () => {
    const auth = Effect.runSync(CxoneAuth.pipe(Effect.provide(CxoneAuth.layerTest("token"))))
    expect(auth.accessToken).type.toBe<Effect.Effect<AccessToken, CxoneAuthError>>()
    expect(auth.accessTokenFor(["a"])).type.toBe<Effect.Effect<AccessToken, CxoneAuthError>>()
    expect(auth.accessTokenFor("a b")).type.toBe<Effect.Effect<AccessToken, CxoneAuthError>>()
    expect(auth.invalidate).type.toBe<(token: AccessToken) => Effect.Effect<void>>()
    expect(auth.apiBaseUrl).type.toBe<Effect.Effect<string, CxoneAuthError>>()
    expect(auth.apiBaseUrlFor).type.toBe<(token: AccessToken) => Effect.Effect<string, CxoneAuthError>>()
    expect(auth.status).type.toBe<Effect.Effect<ReadonlyArray<TokenStatus>>>()
  })

  it("layerTest takes a token or one of the library's errors, and nothing else", () => {
    const busy = new RateLimited({ reason: "api", origin: "https://a.test" })
    expect(CxoneAuth.layerTest).type.toBeCallableWith(busy)
    expect(CxoneAuth.layerTest(Effect.fail(busy))).type.toBe<Layer.Layer<CxoneAuth>>()
    expect(CxoneAuth.layerTest(Effect.succeed<TestAnswer>("token"))).type.toBe<Layer.Layer<CxoneAuth>>()
    expect(CxoneAuth.layerTest).type.not.toBeCallableWith(Effect.fail("x"))
    expect(CxoneAuth.layerTest).type.not.toBeCallableWith(new Error("x"))
    expect(CxoneAuth.layerTest).type.not.toBeCallableWith(clientSecret)
  })
})

describe("CxoneAuthError", () => {
  it("is exactly the union of the library's errors", () => {
    expect<CxoneAuthError>().type.toBe<
      | CredentialsUnavailable
      | InvalidClient
      | InsufficientScope
      | RateLimited
      | InvalidToken
      | TokenEndpointUnavailable
      | InvalidTokenResponse
      | DiscoveryFailed
      | ForeignOrigin
    >()
  })

  it("is handled completely by a handler for each tag", () => {
    const handle = () => Effect.succeed("handled")
    const failing: Effect.Effect<never, CxoneAuthError> = Effect.die("not run")
    const all = {
      CredentialsUnavailable: handle,
      InvalidClient: handle,
      InsufficientScope: handle,
      RateLimited: handle,
      InvalidToken: handle,
      TokenEndpointUnavailable: handle,
      InvalidTokenResponse: handle,
      DiscoveryFailed: handle
    }
    expect(Effect.catchTags(failing, { ...all, ForeignOrigin: handle })).type.toBe<Effect.Effect<string>>()
    expect(Effect.catchTags(failing, all)).type.toBe<Effect.Effect<string, ForeignOrigin>>()
  })
})

describe("credentials", () => {
  it("are a value, two values during a rotation, or an effect that gives either and may fail with any error", () => {
    const rotating = Credentials.rotating({ current: credentials, next: credentials })
    expect(CxoneAuth.layer).type.toBeCallableWith({ credentials: rotating, environment })
    expect(CxoneAuth.layer).type.toBeCallableWith({ credentials: Effect.succeed(credentials), environment })
    expect(CxoneAuth.layer).type.toBeCallableWith({ credentials: Effect.succeed(rotating), environment })
    expect(CxoneAuth.layer).type.toBeCallableWith({ credentials: Effect.fail("sealed"), environment })
    expect(CxoneAuth.layer).type.not.toBeCallableWith({ credentials: Effect.succeed("s3cr3t"), environment })
  })

  it("what their effect needs, the layer needs", () => {
    class Vault extends Context.Tag("Vault")<Vault, Effect.Effect<Credentials>>() {}
    const options = { credentials: Effect.flatten(Vault), environment }
    expect(CxoneAuth.layer(options)).type.toBe<Layer.Layer<CxoneAuth, never, HttpClient.HttpClient | Vault>>()
    expect(CxoneAuth.make(options)).type.toBe<
      Effect.Effect<CxoneAuthService, never, HttpClient.HttpClient | Scope.Scope | Vault>
    >()
    expect<CxoneAuthOptions>().type.not.toBeAssignableFrom(options)
    class Tenants extends LayerMap.Service<Tenants>()("Tenants", {
      lookup: (name: string) => CxoneAuth.layer({ credentials, environment, name })
    }) {}
    expect(Tenants.Default).type.toBe<Layer.Layer<Tenants, never, HttpClient.HttpClient>>()
    class Vaults extends LayerMap.Service<Vaults>()("Vaults", {
      lookup: (name: string) => CxoneAuth.layer({ ...options, name })
    }) {}
    expect(Vaults.Default).type.toBe<Layer.Layer<Vaults, never, HttpClient.HttpClient | Vault>>()
  })

  it("what their effect needs can be provided one by one, and a scope is the library's to give", () => {
    class Vault extends Context.Tag("Vault")<Vault, Credentials>() {}
    class Db extends Context.Tag("Db")<Db, string>() {}
    const needy = Effect.gen(function* () {
      yield* Db
      yield* HttpClient.HttpClient
      yield* Effect.scope
      return yield* Vault
    })
    const provided = CxoneAuth.layer({ credentials: needy, environment }).pipe(
      Layer.provide(Layer.succeed(Vault, credentials)),
      Layer.provide(Layer.succeed(Db, "")),
      Layer.provide(FetchHttpClient.layer)
    )
    expect(provided).type.toBe<Layer.Layer<CxoneAuth>>()
    expect(Layer.provide(CxoneAuth.layerTest(Db), Layer.succeed(Db, ""))).type.toBe<Layer.Layer<CxoneAuth>>()
  })
})

describe("a policy", () => {
  it("takes durations in any notation, and numbers only where numbers are meant", () => {
    const layerWith = (policy: NonNullable<CxoneAuthOptions["policy"]>) => ({ credentials, environment, policy })
    expect(layerWith).type.toBeCallableWith({ expiryMargin: "10 seconds", maxWait: 0, maxRetries: 1 })
    expect(layerWith).type.toBeCallableWith(TokenPolicy.defaults)
    expect(layerWith).type.not.toBeCallableWith({ maxWaitingCalls: 1 })
    expect(layerWith).type.not.toBeCallableWith({ maxRetries: "3" })
    expect(layerWith).type.not.toBeCallableWith({ expiryMargin: "soon" })
    expect(layerWith).type.not.toBeCallableWith({ margn: "10 seconds" })
  })
})

describe("wrong settings do not compile", () => {
  it("a secret that is not Redacted, a missing half, an unknown way to authenticate", () => {
    expect(Credentials.clientSecret).type.not.toBeCallableWith({ clientId: "id", clientSecret: "plain" })
    expect(Credentials.clientSecret).type.not.toBeCallableWith({ clientId: "id" })
    expect(Credentials.clientSecret).type.not.toBeCallableWith({ clientSecret })
    expect(Credentials.clientSecret).type.not.toBeCallableWith({ clientId: "id", clientSecret, clientAuth: "basic" })
    expect(Credentials.clientSecret).type.toBeCallableWith({
      clientId: "id",
      clientSecret,
      clientAuth: ClientAuth.basic
    })
  })

  it("an access key with a plain secret or half a client", () => {
    const key = { accessKeyId: "id====", accessKeySecret: clientSecret }
    expect(Credentials.accessKeyOnly).type.toBeCallableWith(key)
    expect(Credentials.accessKeyOnly).type.not.toBeCallableWith({ ...key, accessKeySecret: "plain" })
    expect(Credentials.accessKeyOnly).type.not.toBeCallableWith({ accessKeyId: "id====" })
    expect(Credentials.accessKey).type.toBeCallableWith({ clientId: "id", clientSecret, ...key })
    expect(Credentials.accessKey).type.not.toBeCallableWith({ clientId: "id", ...key })
    expect(Credentials.accessKey).type.not.toBeCallableWith({ clientId: "id", clientSecret })
  })

  it("an area without a name", () => {
    expect(CxoneAuth.layer).type.toBeCallableWith({ credentials, environment: CxoneEnvironment.discover() })
    expect(CxoneAuth.layer).type.toBeCallableWith({ credentials, environment: CxoneEnvironment.area("na1") })
    expect(CxoneEnvironment.area).type.toBeCallableWith("sg1", { host: "https://sg1.niceincontact.com" })
    expect(CxoneEnvironment.area).type.not.toBeCallableWith()
  })

  it("an unknown region, half an environment", () => {
    expect(CxoneEnvironment.region).type.not.toBeCallableWith("mars")
    expect(CxoneEnvironment.custom).type.not.toBeCallableWith({ tokenEndpoint: "https://a.example/token" })
  })

  it("a layer without credentials or environment; what is optional may be undefined", () => {
    expect(CxoneAuth.layer).type.not.toBeCallableWith({ credentials })
    expect(CxoneAuth.layer).type.not.toBeCallableWith({ environment })
    expect<{
      credentials: Credentials
      environment: CxoneEnvironment
      scopes: undefined
      policy: undefined
      name: undefined
    }>().type.toBeAssignableTo<CxoneAuthOptions>()
  })
})
