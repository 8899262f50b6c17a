/**
 * Programs that make the library log, for `docs/errors.md`. Each is run to its end, with a clock that stands at zero
 * until the program waits, and every line is kept. To add a line of the log, add a program in which it is logged.
 */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import {
  Credentials,
  CxoneAuth,
  CxoneEnvironment,
  CxoneHttpClient,
  TokenStore,
  TokenStoreError
} from "../../dist/index.js"
import { answering, failure, json, token } from "./answers.mjs"

const pair = { clientId: "reporting-job", clientSecret: Redacted.make("s3cr3t") }
const credentials = Credentials.clientSecret(pair)
const withKey = Credentials.accessKey({ ...pair, accessKeyId: "QUJD====", accessKeySecret: Redacted.make("REVG====") })

/** Asks for a token once. */
const ask = (layer, ...answers) =>
  Effect.flatMap(CxoneAuth, ({ accessToken }) => Effect.ignore(accessToken)).pipe(
    Effect.provide(layer.pipe(Layer.provide(answering(...answers))))
  )

const gateway = CxoneAuth.layer({ credentials, environment: CxoneEnvironment.region("us"), policy: { maxRetries: 0 } })
const issuer = CxoneAuth.layer({
  credentials: withKey,
  environment: CxoneEnvironment.discover(),
  policy: { maxRetries: 0 }
})

/** Asks again when the token is about to end. */
const renewing = (layer, after, ...answers) =>
  Effect.gen(function* () {
    const { accessToken } = yield* CxoneAuth
    yield* accessToken
    yield* Effect.sleep(after)
    yield* accessToken
    yield* Effect.sleep("1 minute")
  }).pipe(Effect.provide(layer.pipe(Layer.provide(answering(...answers)))))

/** Calls the API with a token. */
const call = (layer, ...answers) =>
  Effect.flatMap(CxoneHttpClient, (cxone) => Effect.ignore(cxone.get("/users"))).pipe(
    Effect.provide(CxoneHttpClient.layer().pipe(Layer.provide(layer), Layer.provide(answering(...answers))))
  )

const unauthorized = json({}, { status: 401 })

/** Calls several paths of an API that refuses every token. */
const callSeveral = (paths) =>
  Effect.flatMap(CxoneHttpClient, (cxone) =>
    Effect.forEach(Array.from("abcdefgh").slice(0, paths), (path) => Effect.ignore(cxone.get(`/${path}`)))
  ).pipe(
    Effect.provide(
      CxoneHttpClient.layer({ policy: { tokenArrival: 0 } }).pipe(
        Layer.provide(gateway),
        Layer.provide(answering(({ url }) => (url.endsWith("/oauth/token") ? token() : unauthorized())))
      )
    )
  )

/** A store whose operations answer as these do, in real time: its limits are a second or less. */
const sharing = (operations, times = 1) => {
  const { read = Effect.succeedNone, ...others } = operations
  const backend = {
    read: () => read,
    write: () => Effect.void,
    remove: () => Effect.void,
    acquire: () => Effect.succeed("acquired"),
    renew: () => Effect.succeed(true),
    release: () => Effect.void,
    watch: () => Effect.succeed(Effect.never),
    ...others
  }
  const shared = CxoneAuth.layerShared({ credentials, environment: CxoneEnvironment.region("us") })
  return Effect.gen(function* () {
    const auth = yield* CxoneAuth
    for (let time = 0; time < times; time++) {
      yield* auth.accessTokenFor(`scope-${time}`)
      yield* Effect.sleep(times > 1 ? "1100 millis" : 0)
    }
  }).pipe(
    Effect.provide(shared.pipe(Layer.provide(TokenStore.layer(backend)), Layer.provide(answering(token)))),
    Effect.withClock(Clock.make()),
    Logger.withMinimumLogLevel(LogLevel.Warning)
  )
}

const storeFails = new TokenStoreError({ message: "ECONNREFUSED" })

/** A store in a folder that can't be made. */
const inNoFolder = Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken).pipe(
  Effect.provide(
    CxoneAuth.layerShared({ credentials, environment: CxoneEnvironment.region("us") }).pipe(
      Layer.provide(TokenStore.layerFileSystem("/dev/null/tokens")),
      Layer.provide([answering(token), NodeContext.layer])
    )
  ),
  Effect.withClock(Clock.make()),
  Logger.withMinimumLogLevel(LogLevel.Warning)
)

/** A store in a runtime without WebCrypto. */
const withoutCrypto = Effect.acquireUseRelease(
  Effect.sync(() => {
    const { importKey } = globalThis.crypto.subtle
    globalThis.crypto.subtle.importKey = () => Promise.reject(new Error("not supported"))
    return importKey
  }),
  () => sharing({}),
  (importKey) =>
    Effect.sync(() => {
      globalThis.crypto.subtle.importKey = importKey
    })
)

/** Two layers over one store. The second one is told what is in the store at DEBUG. */
const fromMemory = Effect.gen(function* () {
  const shared = CxoneAuth.layerShared({ credentials, environment: CxoneEnvironment.region("us") })
  const layer = shared.pipe(Layer.provide(answering(token)))
  const access = Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken)
  yield* Logger.withMinimumLogLevel(Effect.provide(access, layer), LogLevel.Warning)
  yield* Effect.provide(access, layer)
}).pipe(Effect.provide(TokenStore.layerMemory))

const fromSettings = (settings) =>
  ask(CxoneAuth.layerFromEnv(), token).pipe(
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings))))
  )

const settings = { CXONE_CLIENT_ID: "reporting-job", CXONE_CLIENT_SECRET: "s3cr3t" }

export const logs = {
  "a token": ask(gateway, token),
  "a secret with a line break at its end, in code": ask(
    CxoneAuth.layer({
      credentials: Credentials.clientSecret({ ...pair, clientSecret: Redacted.make("s3cr3t\n") }),
      environment: CxoneEnvironment.region("us")
    }),
    token
  ),
  "a secret in quotes, in code": ask(
    CxoneAuth.layer({
      credentials: Credentials.clientSecret({ ...pair, clientSecret: Redacted.make('"s3cr3t"') }),
      environment: CxoneEnvironment.region("us")
    }),
    token
  ),
  "a setting with a line break in it": fromSettings({ ...settings, CXONE_CLIENT_SECRET: "s3\ncr3t" }),
  "a setting that is a variable": fromSettings({ ...settings, CXONE_CLIENT_SECRET: "$SECRET" }),
  "a setting in quotes": fromSettings({ ...settings, CXONE_CLIENT_SECRET: '"s3cr3t"' }),
  "the credentials can't be read": ask(
    CxoneAuth.layer({
      credentials: Effect.fail({ _tag: "VaultError" }),
      environment: CxoneEnvironment.region("us")
    }),
    token
  ),
  "a renewal ahead of the token's end fails": renewing(gateway, "56 minutes", token, failure("ECONNRESET")),
  "the API answers 429": call(gateway, token, json({}, { status: 429, headers: { "retry-after": "30" } })),
  "the API answers 429 without Retry-After": call(gateway, token, json({}, { status: 429 })),
  "a renewal fails when the token has come to its end": renewing(gateway, "3565 seconds", token, () => Effect.never),
  "a token names no tenant": call(
    issuer,
    json({ issuer: "https://cxone.niceincontact.com", token_endpoint: "https://cxone.niceincontact.com/auth/token" }),
    token
  ),
  "a setting with a line break at its end": fromSettings({ ...settings, CXONE_CLIENT_SECRET: "s3cr3t\n" }),
  "scopes with none among them": fromSettings({ ...settings, CXONE_SCOPES: "none read:users" }),
  "the current secret is refused, and the next one is tried": ask(
    CxoneAuth.layer({
      credentials: Credentials.rotating({
        current: credentials,
        next: Credentials.clientSecret({ ...pair, clientSecret: Redacted.make("n3xt") })
      }),
      environment: CxoneEnvironment.region("us")
    }),
    json({ error: "invalid_client" }, { status: 401 }),
    token
  ),
  "scopes with a comma": fromSettings({ ...settings, CXONE_SCOPES: "read:users,write:users" }),
  "the token endpoint is not reached": ask(gateway, failure("ECONNREFUSED")),
  "a proxy is busy": ask(gateway, () => {
    throw new Error("Proxy response (503) !== 200 when HTTP Tunneling")
  }),
  "the token endpoint is not reached, and is asked again": ask(
    CxoneAuth.layer({
      credentials,
      environment: CxoneEnvironment.region("us"),
      policy: { maxRetries: 2, retryDelay: 600 }
    }),
    failure("ECONNREFUSED")
  ),
  "the token endpoint can't serve the request": ask(gateway, json({}, { status: 503 })),
  "the credentials are refused": ask(gateway, json({ error: "invalid_client" }, { status: 401 })),
  "the issuer is not reached": ask(issuer, failure("ENOTFOUND")),
  "the issuer is not reached, and is asked again": ask(
    CxoneAuth.layer({ credentials: withKey, environment: CxoneEnvironment.discover(), policy: { maxRetries: 1 } }),
    failure("ENOTFOUND"),
    failure("ENOTFOUND")
  ),
  "the issuer can't serve the request": ask(issuer, json({}, { status: 503 })),
  "the API refuses a token, and then a new one": callSeveral(1),
  "the API refuses the tokens of many paths": callSeveral(8),
  "the token store fails": sharing({ read: storeFails }),
  "the token store hangs": sharing({ read: Effect.never }),
  "the token store throws": sharing({ read: Effect.die(new Error("a bug")) }),
  "the token store fails, and answers after a second": (() => {
    let reads = 0
    return sharing({ read: Effect.suspend(() => (reads++ === 0 ? storeFails : Effect.succeedNone)) }, 2)
  })(),
  "the token store holds something else": sharing({
    read: Effect.succeedSome({ value: "garbage", left: Duration.minutes(1) })
  }),
  "the folder of the token store can't be made": inNoFolder,
  "the runtime has no WebCrypto, which the token store needs": withoutCrypto,
  "another process has stored a token": fromMemory,
  "the next secret is the current one": fromSettings({ ...settings, CXONE_CLIENT_SECRET_NEXT: "s3cr3t" })
}
