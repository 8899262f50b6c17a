/** One pipeline that handles each error of this library in its own way. */
import { HttpClient, type HttpClientError } from "@effect/platform"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, type CxoneSimulatorService, Fault } from "cxone-auth-testkit"
import { Console, Duration, Effect, Layer, Option } from "effect"
import { wrapped } from "./support/print.js"
import * as Stage from "./support/Stage.js"

const call = (url: string) =>
  Effect.flatMap(CxoneHttpClient, (cxone) => HttpClient.filterStatusOk(cxone).get(url)).pipe(Effect.as("200"))

// The type says that every error of this library is handled. If a handler were missing, this would not compile.
const handled = (url: string): Effect.Effect<string, HttpClientError.HttpClientError, CxoneHttpClient> =>
  call(url).pipe(
    Effect.tapError((error) => Console.log(wrapped(`${error._tag}: ${error.message}`, "  "))),
    Effect.catchTags({
      CredentialsUnavailable: () => Effect.succeed("check the place that the credentials are read from"),
      InvalidClient: () => Effect.succeed("stop, and alert the person who keeps the settings"),
      // The API says what it requires. The token endpoint doesn't, so there it is what was requested.
      InsufficientScope: ({ requested, required }) =>
        Effect.succeed(`ask the administrator for ${(required.length > 0 ? required : requested).join(" ")}`),
      RateLimited: ({ retryAfter }) =>
        Effect.succeed(`put the job back, and try again in ${Duration.format(retryAfter ?? "1 minute")}`),
      InvalidToken: () => Effect.succeed("stop: another try would be refused, too"),
      TokenEndpointUnavailable: ({ reason }) =>
        Effect.succeed(
          reason === "transport" || reason === "timeout" || reason === "status"
            ? "put the job back, and try later"
            : "stop: somebody must look at the proxy, the certificate or the HttpClient"
        ),
      InvalidTokenResponse: () => Effect.succeed("stop: something other than CXone answers"),
      DiscoveryFailed: ({ reason, status = 0 }) =>
        Effect.succeed(
          reason === "transport" || reason === "timeout" || status >= 500
            ? "put the job back, and try later"
            : "check the issuer or area, or say where the API is"
        ),
      ForeignOrigin: () => Effect.succeed("call this host with the plain HttpClient")
    })
  )

const usersMe = "/api/v2/users/me"

const play = (title: string, url = usersMe) =>
  Effect.gen(function* () {
    yield* Console.log(`\n${title}`)
    yield* Console.log(`  -> ${yield* handled(url)}`)
  })

/** A client over a token service of its own. It is new, so it has no token yet. */
const over = <R>(auth: Layer.Layer<CxoneAuth, never, R>) => Effect.provide(Layer.provide(CxoneHttpClient.layer(), auth))

const fresh = (scopes: string) => over(CxoneSimulator.layerAuth({ scopes }))

/** A client with the first tenant's access key. It finds its API by discovery. */
const withKey = over(CxoneSimulator.layerAuth({ way: "accessKey" }))

/** A client whose credentials come from a vault that is sealed. */
const sealed = ({ environment }: CxoneSimulatorService) =>
  over(CxoneAuth.layer({ credentials: Effect.fail({ _tag: "VaultSealed" }), environment }))

const everyFailure = (simulator: CxoneSimulatorService) =>
  Effect.gen(function* () {
    yield* play("The vault with the credentials is sealed").pipe(sealed(simulator))

    yield* simulator.inject(Fault.forgetClient, { on: "token" })
    yield* play("The application was deleted").pipe(fresh("read:users"))
    yield* simulator.reset

    yield* play("The token lacks a scope").pipe(fresh("offline_access"))

    yield* simulator.inject(Fault.respond({ status: 429, headers: { "retry-after": "30" } }), { on: "api" })
    yield* play("Too many calls").pipe(fresh("read:users"))

    yield* simulator.inject(Fault.revokeToken, { on: "api", times: Number.POSITIVE_INFINITY })
    yield* play("Every token is refused (new tokens are given time to arrive)")
    yield* simulator.clearFaults

    const overloaded = Fault.respond({ status: 503, headers: { "retry-after": "1" } })
    yield* simulator.inject(overloaded, { on: "token", times: Number.POSITIVE_INFINITY })
    yield* play("The token endpoint is down (this takes three retries)").pipe(fresh("read:users"))
    yield* simulator.clearFaults

    const page = Fault.respond({ status: 200, headers: { "content-type": "text/html" }, body: "<h1>Maintenance</h1>" })
    yield* simulator.inject(page, { on: "token" })
    yield* play("A proxy answers instead of CXone").pipe(fresh("read:users"))

    yield* simulator.deactivateAccessKey(simulator.tenants[0].credentials.accessKeyId)
    yield* play("The employee who owns the access key was deactivated").pipe(withKey)
    yield* simulator.reset

    yield* simulator.inject(Fault.respond({ status: 404 }), { on: "discovery" })
    yield* play("The issuer has no discovery document").pipe(withKey)

    yield* play("A link leads elsewhere", "https://elsewhere.example/recording.wav")
  }).pipe(Effect.provideService(CxoneSimulator, simulator))

const program = Effect.gen(function* () {
  const { simulator } = yield* Stage.Stage
  yield* Option.match(simulator, { onNone: () => play("A call"), onSome: everyFailure })
})

NodeRuntime.runMain(Effect.provide(program, Stage.layer))
