/** A process of a fleet: it gets its settings by the environment, and its work by messages. */
import { FetchHttpClient } from "@effect/platform"
import { CxoneAuth } from "cxone-auth"
import { Clock, Duration, Effect, Layer, Logger, LogLevel, Redacted, Schema } from "effect"

export const Work = Schema.Struct({ fibers: Schema.Number, millis: Schema.Number })

/** What has become of the work. */
export const Report = Schema.Struct({
  calls: Schema.Number,
  failures: Schema.Number,
  /** How many different tokens there were. */
  tokens: Schema.Number,
  warnings: Schema.Array(Schema.String),
  /** How long the first round of all fibers took, in milliseconds. */
  first: Schema.Number
})
export type Report = typeof Report.Type

// Only one client is loaded, as in an app.
const adapter = Effect.promise(async () =>
  process.env.ADAPTER === "node-redis"
    ? (await import("cxone-auth-redis/node-redis")).RedisTokenStore
    : (await import("cxone-auth-redis/ioredis")).RedisTokenStore
)

const run = ({ fibers, millis }: typeof Work.Type) =>
  Effect.gen(function* () {
    const warnings: Array<string> = []
    const tokens = new Set<string>()
    let [calls, failures, first] = [0, 0, 0]
    const logger = Logger.make(({ logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) {
        warnings.push(String(message))
      }
    })
    const start = yield* Clock.currentTimeMillis
    yield* Effect.gen(function* () {
      const auth = yield* CxoneAuth
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
      yield* round
      first = (yield* Clock.currentTimeMillis) - start
      while ((yield* Clock.currentTimeMillis) - start < millis) {
        yield* Effect.sleep(Duration.millis(20))
        yield* round
      }
    }).pipe(
      Effect.provide(
        CxoneAuth.layerSharedFromEnv().pipe(
          Layer.provide(Layer.unwrapEffect(Effect.map(adapter, ({ layerFromEnv }) => layerFromEnv()))),
          Layer.provide(FetchHttpClient.layer),
          Layer.provide(Logger.replace(Logger.defaultLogger, logger))
        )
      )
    )
    return { calls, failures, tokens: tokens.size, warnings, first }
  })

// The test imports this file for its schemas.
if (process.send !== undefined && process.env.ADAPTER !== undefined) {
  process.on("message", (message) => {
    Effect.runPromise(Effect.flatMap(Schema.decodeUnknown(Work)(message), run)).then(
      (report) => process.send?.(report),
      () => process.exit(1)
    )
  })
  Effect.runPromise(adapter).then(() => process.send?.("ready"))
}
