/** A process of a fleet: its settings come by the environment, and its work by messages. */
import { FetchHttpClient } from "@effect/platform"
import { CxoneAuth } from "cxone-auth"
import { Clock, Effect, Layer, Logger, LogLevel, ManagedRuntime, Redacted, Schema } from "effect"

export const Work = Schema.Struct({ fibers: Schema.Number, millis: Schema.Number })

/** What has become of the work. */
export const Report = Schema.Struct({
  calls: Schema.Number,
  failures: Schema.Number,
  /** How many different tokens there were. */
  tokens: Schema.Number,
  /** How long the first round of all fibers took, in milliseconds. */
  first: Schema.Number,
  /** The warnings since the process was started. */
  warnings: Schema.Array(Schema.String)
})
export type Report = typeof Report.Type

const warnings: Array<string> = []

const logger = Logger.make(({ logLevel, message }) => {
  if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) {
    warnings.push([message].flat().map(String).join(" "))
  }
})

// Only one client is loaded, as in an app.
const store = Effect.promise(async () =>
  process.env.ADAPTER === "node-redis"
    ? (await import("cxone-auth-redis/node-redis")).RedisTokenStore.layerFromEnv()
    : (await import("cxone-auth-redis/ioredis")).RedisTokenStore.layerFromEnv()
)

const auth =
  process.env.ADAPTER === "none"
    ? CxoneAuth.layerFromEnv()
    : Layer.provide(CxoneAuth.layerSharedFromEnv(), Layer.unwrapEffect(store))

const runtime = ManagedRuntime.make(
  auth.pipe(Layer.provide(FetchHttpClient.layer), Layer.provideMerge(Logger.replace(Logger.defaultLogger, logger)))
)

/** All fibers need a token at once, again and again. */
const run = ({ fibers, millis }: typeof Work.Type) =>
  Effect.gen(function* () {
    const auth = yield* CxoneAuth
    const tokens = new Set<string>()
    let [calls, failures] = [0, 0]
    const call = Effect.matchCause(auth.accessToken, {
      onFailure: () => {
        failures += 1
      },
      onSuccess: ({ value }) => {
        calls += 1
        tokens.add(Redacted.value(value))
      }
    })
    const round = Effect.forEach(Array.from({ length: fibers }), () => call, { concurrency: "unbounded" })
    const start = yield* Clock.currentTimeMillis
    const passed = Effect.map(Clock.currentTimeMillis, (now) => now - start)
    yield* round
    const first = yield* passed
    yield* round.pipe(
      Effect.delay("50 millis"),
      Effect.zipRight(passed),
      Effect.repeat({ until: (time) => time >= millis }),
      Effect.when(() => first < millis)
    )
    return { calls, failures, tokens: tokens.size, first, warnings }
  })

// The test imports this file for its schemas.
if (process.env.ADAPTER !== undefined) {
  process.on("message", (message) => {
    runtime.runPromise(Effect.flatMap(Schema.decodeUnknown(Work)(message), run)).then(
      (report) => process.send?.(report),
      () => process.exit(1)
    )
  })
  runtime.runPromise(CxoneAuth).then(
    () => process.send?.("ready"),
    () => process.exit(1)
  )
}
