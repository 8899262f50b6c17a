/** A nightly batch: five tenants at a time. One tenant's failure doesn't stop the others, and the exit code tells of it. */
import { FetchHttpClient, FileSystem, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Cause, Config, ConfigProvider, Console, Effect, Exit, Layer, Logger, Schema } from "effect"

/** The settings of each tenant, by its name: `{ "acme": { "CXONE_CLIENT_ID": "…", … }, … }` */
const Tenants = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
const Settings = Schema.Record({ key: Schema.String, value: Schema.String })

/** A layer for one tenant. It is made anew for each, so no tenant can get the token of another. */
const cxoneOf = (name: string, settings: Readonly<Record<string, string>>) =>
  CxoneHttpClient.layer({ onRateLimited: { wait: "1 minute" } }).pipe(
    Layer.provide(CxoneAuth.layerFromEnv({ name })),
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromJson(settings)))
  )

/** What is done for one tenant. */
const job = Effect.gen(function* () {
  const cxone = HttpClient.filterStatusOk(yield* CxoneHttpClient)
  const response = yield* cxone.get("/incontactAPI/services/v33.0/server-time")
  const body = yield* HttpClientResponse.schemaBodyJson(Schema.Struct({ ServerTime: Schema.String }))(response)
  return body.ServerTime
})

/** One line for each tenant. `String(…)` also prints a `ConfigError` whole, whose `message` leaves out the setting. */
const report = (name: string, exit: Exit.Exit<string, unknown>) =>
  Exit.match(exit, {
    onFailure: (cause) => Console.log(`${name}: FAILED ${String(Cause.squash(cause)).replaceAll(/\s+/g, " ")}`),
    onSuccess: (time) => Console.log(`${name}: done at ${time}`)
  })

const program = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const file = yield* files.readFileString(yield* Config.nonEmptyString("TENANTS_FILE"))
  // A parser's own message quotes what it parsed, which has secrets.
  const unreadable = () => new Error("TENANTS_FILE is no JSON object with the settings of each tenant")
  const tenants = Object.entries(yield* Effect.orDieWith(Schema.decode(Tenants)(file), unreadable))
  if (tenants.length === 0) return yield* Effect.die(unreadable())

  const exits = yield* Effect.forEach(
    tenants,
    ([name, entry]) =>
      Schema.decodeUnknown(Settings)(entry).pipe(
        Effect.mapError(() => new Error("its settings in TENANTS_FILE are no JSON object of texts")),
        Effect.flatMap((settings) => Effect.provide(job, cxoneOf(name, settings))),
        Effect.timeout("5 minutes"),
        Effect.exit, // also catches a bug, which `Effect.catchAll` lets through
        Effect.tap((exit) => report(name, exit))
      ),
    { concurrency: 5 }
  )

  const failed = exits.filter(Exit.isFailure).length
  yield* Console.log(`${tenants.length - failed} done, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
})

// Warnings go to stderr, so that stdout has the report alone. All tenants share the transport.
const SharedLayer = Layer.mergeAll(
  FetchHttpClient.layer,
  NodeContext.layer,
  Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))
)

// Without the option, `runMain` puts a logger of its own in the place of the default one, and each line appears twice.
NodeRuntime.runMain(Effect.provide(program, SharedLayer), { disablePrettyLogger: true })
