/**
 * Calls that throw, for `docs/errors.md`: what is wrong in code. They are shown as they stand here, so the names below
 * are those that a reader knows. A call that gives an effect is one that fails only when it runs.
 */

import * as HttpClient from "@effect/platform/HttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import {
  ClientAuth,
  Credentials,
  CxoneAuth,
  CxoneEnvironment,
  CxoneHttpClient,
  RateLimited,
  TokenPolicy,
  TokenStore
} from "../../dist/index.js"

const [clientId, clientSecret] = ["reporting-job", Redacted.make("s3cr3t")]
const [accessKeyId, accessKeySecret] = ["QUJD====", Redacted.make("REVG====")]
const credentials = Credentials.clientSecret({ clientId, clientSecret, clientAuth: ClientAuth.post })
const key = Credentials.accessKeyOnly({ accessKeyId, accessKeySecret })
const environment = CxoneEnvironment.region("us")
const apiBaseUrl = "https://gateway.example.com"

const offline = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make(() => Effect.never)
)

/** The service as the app built it. */
const ownCxoneAuth = (part) =>
  Layer.effect(
    CxoneAuth,
    Effect.map(CxoneAuth, (service) => ({ ...service, ...part }))
  ).pipe(Layer.provide(CxoneAuth.layerTest("a-token")))

const getOver = (auth) =>
  Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/users")).pipe(
    Effect.provide(CxoneHttpClient.layer().pipe(Layer.provide(auth), Layer.provide(offline)))
  )

export const thrown = {
  "`Credentials`": [
    () => Credentials.clientSecret({ clientId: "", clientSecret }),
    () => Credentials.clientSecret({ clientId: "QUJD====", clientSecret }),
    () => Credentials.clientSecret({ clientId }),
    () => Credentials.clientSecret({ clientId, clientSecret: Redacted.make(clientSecret) }),
    () => Credentials.clientSecret({ clientId, clientSecret: "s3cr3t" }),
    () => Credentials.accessKey({ clientId, clientSecret, accessKeyId: "", accessKeySecret }),
    () => Credentials.accessKeyOnly({ accessKeyId, accessKeySecret: Redacted.make(" ") }),
    () => Credentials.clientSecret({ clientId: "reporting-job", clientSecret: Redacted.make("reporting-job") }),
    () => Credentials.clientSecret({ clientId, clientSecret, clientAuth: "basic" }),
    () => Credentials.rotating({ current: credentials })
  ],
  "`CxoneEnvironment`": [
    () => CxoneEnvironment.custom({ tokenEndpoint: "gateway.example.com/token", apiBaseUrl }),
    () => CxoneEnvironment.custom({ tokenEndpoint: "https://*.example.com/token", apiBaseUrl }),
    () => CxoneEnvironment.discover("https://cxone-gov.niceincontact.com"),
    () => CxoneEnvironment.custom({ tokenEndpoint: "http://gateway.example.com/token", apiBaseUrl }),
    () => CxoneEnvironment.custom({ tokenEndpoint: "https://id:secret@gateway.example.com/token", apiBaseUrl }),
    () => CxoneEnvironment.discover({ issuer: "https://cxone.niceincontact.com/auth" }),
    () => CxoneEnvironment.area("NA1"),
    () => CxoneEnvironment.area("eu"),
    () => CxoneEnvironment.region("us-east-1"),
    () => CxoneEnvironment.region("na1"),
    () => CxoneEnvironment.region("mars")
  ],
  "`CxoneAuth`": [
    () => CxoneAuth.layer(),
    () => CxoneAuth.layer({ credentials: key, environment: CxoneEnvironment.discover() }),
    () => CxoneAuth.layer({ credentials: key, environment: CxoneEnvironment.region("us") }),
    () => CxoneAuth.layer({ credentials, environment: CxoneEnvironment.area("na1") }),
    () => CxoneAuth.layer({ credentials: { clientId, clientSecret }, environment }),
    () => CxoneAuth.layer({ credentials, environment: { region: "us" } }),
    () => CxoneAuth.layer({ credentials, environment, scopes: 5 }),
    () => CxoneAuth.layer({ credentials, environment, scopes: '"read:users"' }),
    () => CxoneAuth.layerFromEnv({ prefix: "ACME_" }),
    () => CxoneAuth.layerTest("a-token", { apiBaseUrl: "cxone.test" })
  ],
  "`CxoneAuth.layer`, `TokenPolicy.make`: the numbers": [
    () => CxoneAuth.layer({ credentials, environment, policy: { maxwait: "5 seconds" } }),
    () => TokenPolicy.make({ attemptTimeout: "-1 second" }),
    () => TokenPolicy.make({ maxRetries: 1.5 }),
    () => TokenPolicy.make({ maxRetries: "3" }),
    () => TokenPolicy.make("fast"),
    () => TokenPolicy.make({ retryDelayFactor: 0 }),
    () => TokenPolicy.make({ retryDelay: "1 minute" }),
    () => TokenPolicy.make({ expiryMarginFraction: 0.5 }),
    () => TokenPolicy.make({ refreshAheadFraction: 0.9 })
  ],
  "`CxoneHttpClient`": [
    () => CxoneHttpClient.layer({ scopes: "read\\users" }),
    () => CxoneHttpClient.layer({ onRateLimited: { wait: "a while" } }),
    () => CxoneHttpClient.layer({ onRateLimited: "wait" }),
    () => CxoneHttpClient.layer({ asResponse: [404] }),
    () => CxoneHttpClient.layer({ rateLimitKey: "path" }),
    () => CxoneHttpClient.layer({ allowedOrigins: "https://files.example.com" }),
    () => CxoneHttpClient.layer({ allowedOrigins: ["https://*.example.com"] }),
    () => CxoneHttpClient.layer({ allowedOrigins: ["files.example.com"] }),
    () => CxoneHttpClient.layer({ policy: { maxWaitingCalls: -1 } }),
    () => CxoneHttpClient.withCallOptions({ onRateLimited: { wait: "30 days" } }),
    () => getOver(ownCxoneAuth({ apiBaseUrl: Effect.succeed("http://gateway.example.com") }))
  ],
  "`TokenStore`": [() => TokenStore.layer({}), () => TokenStore.layerFileSystem("")],
  "An error that an app makes": [
    () => new RateLimited({ reason: "api", origin: apiBaseUrl, retryAfter: Duration.infinity })
  ]
}
