/**
 * Every public name of the packages, in the code of a user who writes declarations. The types of these exports are
 * inferred, so TypeScript must find a name for each of them. `scripts/package-check.mjs` compiles this file.
 */
// Modules, because the barrel of @effect/platform needs the types of a browser.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import {
  type AccessKey,
  type AccessKeyOnly,
  type AccessKeyOptions,
  AccessToken,
  type AreaEnvironment,
  type AreaEnvironmentOptions,
  type AsResponse,
  type AuthenticatedHttpClient,
  type CallOptions,
  CallPolicy,
  type CallPolicyOptions,
  type Claims,
  ClientAuth,
  type ClientOptions,
  type ClientProof,
  type ClientSecret,
  Credentials,
  type CredentialsInput,
  CredentialsUnavailable,
  CxoneAuth,
  CxoneAuthError,
  type CxoneAuthFromEnvOptions,
  type CxoneAuthOptions,
  type CxoneAuthService,
  CxoneEnvironment,
  CxoneHttpClient,
  type CxoneHttpClientOptions,
  type CxoneSettings,
  type DiscoveredEnvironment,
  type DiscoveredEnvironmentOptions,
  DiscoveryFailed,
  type FixedEnvironment,
  type FixedEnvironmentOptions,
  ForeignOrigin,
  InsufficientScope,
  InvalidClient,
  InvalidToken,
  InvalidTokenResponse,
  type KnownArea,
  type OnRateLimited,
  RateLimited,
  type RateLimitKey,
  type Region,
  type RotatingCredentials,
  type RotatingOptions,
  type ScopeSet,
  type StoredEntry,
  type Tenant,
  type TestAnswer,
  type TestOptions,
  TokenEndpointUnavailable,
  TokenPolicy,
  type TokenPolicyOptions,
  type TokenStatus,
  TokenStore,
  type TokenStoreBackend,
  TokenStoreError,
  type TokenStoreService,
  type UrlInput
} from "cxone-auth"
import { RedisTokenStore as OverIoredis } from "cxone-auth-redis/ioredis"
import { RedisTokenStore } from "cxone-auth-redis/node-redis"
import {
  CxoneSimulator,
  type CxoneSimulatorService,
  defaultClient,
  defaultTenant,
  defaultUser,
  type Endpoint,
  Fault,
  type FaultAnswer,
  type FaultAnswerInput,
  type FaultOn,
  Grant,
  type GrantService,
  type InjectedFault,
  type InjectOptions,
  type PlacedTenant,
  type Quota,
  type RecordedRequest,
  type RequestOutcome,
  type RequestSelector,
  type SimulatedAccessKey,
  type SimulatedAccount,
  type SimulatedArea,
  type SimulatedAuthOptions,
  type SimulatedClient,
  type SimulatedTenant,
  type SimulatedUser,
  type SimulatorOptions,
  type SimulatorQuirks,
  type TenantAccount,
  timePasses,
  type WayIn
} from "cxone-auth-testkit"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Config, Context, Duration, Effect, Layer, Redacted, Schema } from "effect"

// Credentials, ClientSecret, AccessKey, AccessKeyOnly, RotatingCredentials, ClientOptions, AccessKeyOptions, CredentialsInput

const clientId = "id"
const clientSecret = Redacted.make("secret")
const accessKeyId = "KEY===="
const accessKeySecret = Redacted.make("key secret")

export const client = Credentials.clientSecret({ clientId, clientSecret, clientAuth: ClientAuth.basic })
export const accessKey = Credentials.accessKey({ accessKeyId, accessKeySecret, clientId, clientSecret })
export const accessKeyOnly = Credentials.accessKeyOnly({ accessKeyId, accessKeySecret })
export const rotating = Credentials.rotating({ current: client, next: accessKey })
export const constructors = Credentials
export const makeClient = Credentials.clientSecret
export const makeAccessKey = Credentials.accessKey
export const makeAccessKeyOnly = Credentials.accessKeyOnly
export const makeRotating = Credentials.rotating
export const fromForm = (options: ClientOptions) => ({ ...options, clientAuth: ClientAuth.post })
export const swapped = (options: RotatingOptions) => ({ current: options.next, next: options.current })
export const fromRecord = (options: AccessKeyOptions) => ({ ...options })

export const idOfClient = (credentials: ClientSecret) => credentials.clientId
export const partsOfAccessKey = ({ accessKeyId, clientAuth, clientId }: AccessKey) =>
  [accessKeyId, clientId, clientAuth] as const
export const secretOfAccessKey = (credentials: AccessKeyOnly) => credentials.accessKeySecret
export const nextOf = (credentials: RotatingCredentials) => credentials.next
export const tagOf = (credentials: Credentials | RotatingCredentials) => credentials._tag
export const fromVault = <R>(input: CredentialsInput<R>) => ({ credentials: input, loaded: true })

// ClientAuth, ClientProof

export const authMethods = ClientAuth
export const post = ClientAuth.post
export const proof = ClientAuth.post({ clientId, clientSecret })
export const withHeader = (auth: ClientAuth, header: string) => (client: ClientSecret) => {
  const { form, headers }: ClientProof = auth(client)
  return { form, headers: { ...headers, [header]: client.clientSecret } }
}

// CxoneEnvironment, its three kinds with their options, Region, KnownArea, UrlInput

export const region = CxoneEnvironment.region("us")
export const area = CxoneEnvironment.area("na1")
export const areaElsewhere = CxoneEnvironment.area("xx9", { host: "https://xx9.example.com" })
export const discovered = CxoneEnvironment.discover({ apiBaseUrl: new URL("https://api.example.com") })
export const custom = CxoneEnvironment.custom({
  tokenEndpoint: "https://id.example.com/token",
  apiBaseUrl: "https://api.example.com"
})
export const environments = CxoneEnvironment
export const inRegion = CxoneEnvironment.region
export const inArea = CxoneEnvironment.area
export const inKnownArea = (name: KnownArea) => CxoneEnvironment.area(name)
export const behind = (apiBaseUrl: UrlInput | undefined) => CxoneEnvironment.discover({ apiBaseUrl })
export const discover = CxoneEnvironment.discover
export const at = CxoneEnvironment.custom
export const atUrls = (options: FixedEnvironmentOptions) => ({ ...options, apiBaseUrl: "https://api.example.com" })
export const atIssuer = (options: DiscoveredEnvironmentOptions) => CxoneEnvironment.discover(options)
export const hostIn = (options: AreaEnvironmentOptions) => options.host
export const environmentOf = (name: Region | undefined) => (name === undefined ? area : CxoneEnvironment.region(name))
export const endpointOf = (environment: FixedEnvironment) => environment.tokenEndpoint
export const issuerOf = (environment: DiscoveredEnvironment) => environment.issuer
export const hostOf = (environment: AreaEnvironment) => environment.host
export const baseUrlOf = (environment: CxoneEnvironment) => environment.apiBaseUrl

// TokenPolicy, TokenPolicyOptions, CallPolicy, CallPolicyOptions

export const policies = TokenPolicy
export const policy = TokenPolicy.make({ maxWait: 0, maxRetries: 1 })
export const makePolicy = TokenPolicy.make
export const margin = TokenPolicy.defaults.expiryMargin
export const patient = (options: TokenPolicyOptions) => ({ ...options, maxRetries: 10 })
export const waitOf = ({ maxRetries, maxWait }: TokenPolicy) => [maxWait, maxRetries] as const
export const callPolicies = CallPolicy
export const callPolicy = CallPolicy.make({ maxWaitingCalls: 10 })
export const makeCallPolicy = CallPolicy.make
export const longest = CallPolicy.defaults.maxRetryAfter
export const crowded = (options: CallPolicyOptions) => ({ ...options, maxWaitingCalls: 10_000 })
export const bytesOf = ({ maxDiscardBytes, maxErrorBytes }: CallPolicy) => [maxErrorBytes, maxDiscardBytes] as const

// AccessToken, ScopeSet, Claims, Tenant

export const token = new AccessToken({
  value: Redacted.make("token"),
  tokenType: "Bearer",
  scopes: ["read:users"],
  requestedScopes: ["read:users"],
  obtainedAt: 0,
  expiresAt: 3_600_000
})
export const grants = (token: AccessToken, scope: string) => token.scopes.includes(scope)
export const scopes = (token: AccessToken) => token.scopes
export const firstOf = (scopes: ScopeSet) => scopes[0]
export const shown = (token: AccessToken) => ({ ...token })
export const claims = (token: AccessToken) => token.claims
export const subject = (claims: Claims) => claims.sub
export const tenant = (token: AccessToken) => token.tenant
export const issuer = (tenant: Tenant) => tenant.issuer
export class LabelledToken extends AccessToken {
  readonly label = "mine"
}

// CxoneAuth, its options, CxoneSettings, CxoneAuthService, TestAnswer, TokenStatus

export class Vault extends Context.Tag("consumer/Vault")<Vault, Effect.Effect<Credentials>>() {}
export const layer = CxoneAuth.layer({ credentials: client, environment: area, policy: { maxRetries: 1 } })
export const layerOfVault = CxoneAuth.layer({ credentials: Effect.flatten(Vault), environment: area })
export const layerFromEnv = CxoneAuth.layerFromEnv({ name: "reports", prefix: "REPORTS", policy: patient({}) })
export const layerTest = CxoneAuth.layerTest("token", { apiBaseUrl: "https://api.example.com" })
export const service = CxoneAuth.make({ credentials: client, environment: area, scopes: undefined })
export const settings = CxoneAuth.config
export const prefixed = Effect.flatMap(Config.nested(CxoneAuth.config, "REPORTS"), CxoneAuth.make)
export const environmentIn = (settings: CxoneSettings) => settings.environment
export const layerShared = CxoneAuth.layerShared({ credentials: client, environment: area })
export const layerSharedFromEnv = CxoneAuth.layerSharedFromEnv({ prefix: "REPORTS" })
export const storeOf = (backend: TokenStoreBackend) => TokenStore.layer(backend)
export const makeStore = (backend: TokenStoreBackend) => TokenStore.make(backend)
export const storeInMemory = TokenStore.layerMemory
export const storeInFolder = TokenStore.layerFileSystem("tokens")
export const storeFailure = new TokenStoreError({ message: "connection refused" })
export const passOn = (store: TokenStoreService, entry: StoredEntry) => [store, entry.left] as const
export const makeLayer = CxoneAuth.layer
export const makeLayerShared = CxoneAuth.layerShared
export const makeLayerFromEnv = CxoneAuth.layerFromEnv
export const makeLayerTest = CxoneAuth.layerTest
export const makeService = CxoneAuth.make
export const answering = (answer: Effect.Effect<TestAnswer>) => CxoneAuth.layerTest(answer)
export const answeringAt = (options: TestOptions) => CxoneAuth.layerTest("token", options)
export const quick = (options: CxoneAuthFromEnvOptions) => ({ ...options, policy: { maxWait: 0 } })
export const named = (options: CxoneAuthOptions, name: string) => ({ ...options, name })
export const members = Effect.map(CxoneAuth, (auth) => ({ ...auth }))
export const accessToken = Effect.flatMap(CxoneAuth, (auth) => auth.accessToken)
export const accessTokenFor = Effect.map(CxoneAuth, (auth) => auth.accessTokenFor)
export const renewed = ({ accessToken, invalidate }: CxoneAuthService, token: AccessToken) =>
  Effect.zipRight(invalidate(token), accessToken)
export const status = Effect.flatMap(CxoneAuth, (auth) => Effect.all([auth.status, auth.apiBaseUrl]))
export const lastFailure = (status: TokenStatus) => [status.lastFailure, status.failingSince]
export const state = (status: TokenStatus) => ({ ...status })
export class Reports extends Effect.Service<Reports>()("consumer/Reports", { effect: members }) {}

// CxoneHttpClient, CxoneHttpClientOptions, CallOptions, AuthenticatedHttpClient, OnRateLimited, RateLimitKey, AsResponse

export const clientLayer = CxoneHttpClient.layer({ onRateLimited: { wait: "1 minute" }, policy: {} })
export const plainLayer = CxoneHttpClient.layerHttpClient({ allowCxoneHosts: true })
export const made = CxoneHttpClient.make({ scopes: ["read:users"] })
export const makeClientLayer = CxoneHttpClient.layer
export const makePlainLayer = CxoneHttpClient.layerHttpClient
export const makeMade = CxoneHttpClient.make
export const app = clientLayer.pipe(Layer.provideMerge(layerFromEnv), Layer.provide(FetchHttpClient.layer))
export const plain = Effect.map(CxoneHttpClient, CxoneHttpClient.toHttpClient)
export const toPlain = CxoneHttpClient.toHttpClient
export const call = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/api/v2/users/me"))
export const resilient = Effect.map(CxoneHttpClient, (cxone) => HttpClient.filterStatusOk(cxone))
export const withScopes = CxoneHttpClient.withScopes(["read:users"])
export const withCallOptions = CxoneHttpClient.withCallOptions({ onRateLimited: "fail", idempotent: true })
export const withTypedErrors = CxoneHttpClient.withTypedErrors
export const typedCall = call.pipe(withScopes, withCallOptions, withTypedErrors)
export const scopedCall = CxoneHttpClient.withScopes(call, "read:users")
export const patientClient = Effect.map(CxoneHttpClient, HttpClient.transformResponse(withCallOptions))
export const withAnyScopes = CxoneHttpClient.withScopes
export const withAnyCallOptions = CxoneHttpClient.withCallOptions
export const hasty = (options: CallOptions) => ({ ...options, onRateLimited: "fail" as const })
export const keyed = (rateLimitKey: RateLimitKey) => CxoneHttpClient.layer({ rateLimitKey })
export const confined = (options: CxoneHttpClientOptions) => ({ ...options, allowedOrigins: [] })
export const policyOf = (options: CxoneHttpClientOptions) => options.policy
export const get = (cxone: AuthenticatedHttpClient) => cxone.get
export const handedOut = (asResponse: AsResponse) => CxoneHttpClient.layerHttpClient({ asResponse })
export const patience = (onRateLimited: OnRateLimited) => (onRateLimited === "fail" ? 0 : onRateLimited.wait)

// CxoneAuthError and its members

const retryAfter = Duration.seconds(1)

export const errors = [
  new CredentialsUnavailable({ reason: "failed" }),
  new DiscoveryFailed({ reason: "timeout", document: "openid-configuration", url: "u", attempts: 1, retryAfter }),
  new ForeignOrigin({ reason: "not_allowed", origin: "o", allowed: [] }),
  new InsufficientScope({ reason: "invalid_scope", origin: "o", requested: [], granted: [], required: [] }),
  new InvalidClient({ reason: "invalid_client", tokenEndpoint: "e", status: 401 }),
  new InvalidToken({ reason: "refused_again", origin: "o" }),
  new InvalidTokenResponse({ reason: "not_json", tokenEndpoint: "e", status: 200 }),
  new RateLimited({ reason: "api", origin: "o", retryAfter }),
  new TokenEndpointUnavailable({ reason: "timeout", tokenEndpoint: "e", attempts: 1, retryAfter })
] as const
export const AnyError = CxoneAuthError
export const Saved = Schema.Struct({ error: CxoneAuthError, limited: RateLimited })
export const encode = Schema.encode(CxoneAuthError)
export const messageOf = (error: CxoneAuthError) => error.message
export const reasonOf = (error: InvalidClient | DiscoveryFailed | InvalidTokenResponse) => error.reason
export const handled = accessToken.pipe(Effect.catchTag("RateLimited", (error) => Effect.succeed(error.retryAfter)))
export const isInvalid = Schema.is(Schema.Union(InvalidClient, InvalidToken))
export class Refused extends Schema.TaggedError<Refused>()("Refused", { cause: CxoneAuthError }) {}

// CxoneSimulator, CxoneSimulatorService, SimulatorOptions, SimulatorQuirks

export const byKey = (options: SimulatedAuthOptions) => ({ ...options, way: "accessKey" as const })
export const inMemory = CxoneSimulator.layerMemory()
export const onSockets = CxoneSimulator.layerServer({ expiresIn: "string", quirks: { answer: "camelCase" } })
export const simulatedAuth = CxoneSimulator.layerAuth({ way: "accessKey", clientAuth: ClientAuth.post })
export const makeInMemory = CxoneSimulator.layerMemory
export const makeOnSockets = CxoneSimulator.layerServer
export const makeSimulatedAuth = CxoneSimulator.layerAuth
export const testLayer = Layer.provideMerge(simulatedAuth, inMemory)
export const simulator = Effect.map(CxoneSimulator, (simulator) => ({ ...simulator }))
export const forOneTest = CxoneSimulator.layerTest({ latency: "20 millis", maxRecordedBytes: 1024 })
export const makeForOneTest = CxoneSimulator.layerTest
export const checkedOnSockets = Layer.provideMerge(
  CxoneSimulator.layerExpectNoPendingFaults,
  CxoneSimulator.layerServer()
)
export const twice = (options: InjectOptions<"api">) => ({ ...options, times: 2 })
export const toReports = (selector: RequestSelector) => ({ ...selector, path: /^\/reports/ })
export const leftOf = (injected: InjectedFault) => Effect.zipLeft(injected.pending, injected.remove)
export const ofTenant = (wayIn: WayIn): WayIn => ({ ...wayIn, tenant: "b" })
export const accountIn = ({ account }: CxoneSimulatorService): SimulatedAccount => account({ way: "accessKey" })
export const settingsOf = ({ env }: CxoneSimulatorService) => env({ way: "accessKeyOnly" })
export const quota: Quota = { path: "/media", limit: 150, per: "5 minutes", route: "media-playback" }
export const later = timePasses("1 minute")
export const tokenRequests = ({ requestsTo }: CxoneSimulatorService) => requestsTo("token")
export const small = (options: SimulatorOptions) => ({ ...options, tokenFormat: "opaque" as const })
export const minimal = (quirks: SimulatorQuirks) => ({ ...quirks, configuration: "minimal" as const })

// SimulatedClient, SimulatedTenant, SimulatedAccessKey, SimulatedUser, SimulatedArea, PlacedTenant, TenantAccount, and the defaults

export const clientWithMethod = { ...defaultClient, authMethod: "basic" } satisfies SimulatedClient
export const lifetimeOf = (client: SimulatedClient) => client.tokenLifetime
export const keysOf = (tenant: SimulatedTenant) => tenant.accessKeys
export const keyIdOf = (key: SimulatedAccessKey) => key.accessKeyId
export const originsOf = ({ apiOrigin, areaOrigin }: SimulatedArea) => [areaOrigin, apiOrigin]
export const placeOf = ({ accessKeys, area, tenantId }: PlacedTenant) => ({ accessKeys, area, tenantId })
export const accountOf = (tenant: TenantAccount) => ({ ...tenant })
export const defaults = [defaultClient, defaultTenant, defaultUser] as const

// Fault, FaultOn, Endpoint

export const faults = Fault
export const busy = Fault.respond({ status: 429, headers: { "retry-after": "5" } })
export const slow = Fault.delay("3 seconds")
export const reset = Fault.connectionReset
export const truncated = Fault.truncatedBody
export const endless = Fault.endlessBody({ every: "1 second" })
export const revoked = Fault.revokeToken
export const forgotten = Fault.forgetClient
export const narrowed = Fault.tokenAnswer({ scopes: ["read:users"], fields: { expires_in: "3600" } })
export const silent = Fault.blackHole
export const cutUpload = Fault.resetUpload
export const refusedUpload = Fault.earlyAnswer({ status: 413 })
export const respond = Fault.respond
export const earlyAnswer = Fault.earlyAnswer
export const tokenAnswer = Fault.tokenAnswer
export const bodyOf = (answer: FaultAnswer) => answer.body
export const withStatus = (answer: FaultAnswerInput, status: number): FaultAnswerInput => ({ ...answer, status })
export const delay = Fault.delay
export const endlessBody = Fault.endlessBody
export const kindOf = (fault: Fault) => fault._tag
export const inject = <On extends Endpoint>(fault: FaultOn[On], on: On) =>
  Effect.flatMap(CxoneSimulator, (simulator) => simulator.inject(fault, { on, times: 2 }))

// Grant, GrantService

export const granted = Effect.map(Grant, ({ scopes }) => HttpServerResponse.unsafeJson(scopes))
export const routes = HttpRouter.empty.pipe(HttpRouter.get("/scopes", granted))
export const notes = HttpRouter.post(
  routes,
  "/notes",
  Effect.flatMap(HttpServerRequest.schemaBodyJson(Schema.Struct({ text: Schema.String })), HttpServerResponse.json)
)
export const readsBodies = CxoneSimulator.layerMemory({ api: notes })
export const withRoutes = CxoneSimulator.layerServer({ api: routes })
export const tenantOf = (grant: GrantService) => grant.tenantId
export const userOf = (grant: GrantService): SimulatedUser => ({ ...grant.user, key: grant.accessKeyId })

// UndiciHttpClient

export const overUndici = UndiciHttpClient.layer({ proxy: "env" })
export const overUndiciFromEnv = UndiciHttpClient.layerFromEnv({ headersTimeout: "20 seconds" })
export const through = (proxy: UndiciHttpClient.ProxyOptions, tls: UndiciHttpClient.TlsOptions) => ({ proxy, tls })
export const silentFor = (options: UndiciHttpClient.Options): UndiciHttpClient.ConnectionOptions => ({
  bodyTimeout: options.bodyTimeout
})

// RedisTokenStore

export const overIoredis = OverIoredis.layer({ url: "redis://redis.example:6379", prefix: "reports" })
export const overIoredisFromEnv = OverIoredis.layerFromEnv()
export const overClient = (client: OverIoredis.IoredisClient, options: OverIoredis.ClientOptions) =>
  OverIoredis.layerClient(client, options)
export const overNodeRedis = (options: RedisTokenStore.RedisTokenStoreOptions) => RedisTokenStore.layer(options)
export const overNodeRedisFromEnv = RedisTokenStore.layerFromEnv()
export const overNodeRedisClient = (client: RedisTokenStore.NodeRedisClient) => RedisTokenStore.layerClient(client)

// RecordedRequest

export const hasEnded = (outcome: RequestOutcome) => outcome !== "pending"
export const wasWhole = ({ bodyLength, bytes, contentIds, isCut, outcome }: RecordedRequest) => ({
  contentIds,
  bodyLength,
  bytes,
  isCut,
  outcome
})
export const requests = Effect.flatMap(CxoneSimulator, (simulator) => simulator.requests)
export const answerOf = ({ body, fault, headers, status, time }: RecordedRequest) => ({
  body,
  fault,
  headers,
  status,
  time
})
