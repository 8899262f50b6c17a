/** How many tenants, and how many of them at once. */
import { Config, type ConfigError, ConfigProvider, Effect } from "effect"

export interface Settings {
  readonly tenants: number
  /** How many are made, one after the other, to see how long one takes. */
  readonly cold: number
  /** How many are made at the same time, where all of them are. */
  readonly atOnce: number
  /** How often memory is looked at while they are made. */
  readonly samples: number
}

const positive = (name: string, usual: number) =>
  Config.integer(name).pipe(
    Config.validate({ message: "expected a number above 0", validation: (number) => number > 0 }),
    Config.withDefault(usual)
  )

const config = Config.all({
  tenants: positive("BENCH_TENANTS", 10_000),
  cold: positive("BENCH_COLD", 1000),
  atOnce: positive("BENCH_AT_ONCE", 64),
  samples: positive("BENCH_SAMPLES", 10)
})

/** So few that it takes seconds. */
export const smoke: Settings = { tenants: 50, cold: 10, atOnce: 8, samples: 2 }

/** From the environment; the first argument is the number of tenants. */
export const load = ([tenants]: ReadonlyArray<string>): Effect.Effect<Settings, ConfigError.ConfigError> => {
  const given = ConfigProvider.fromMap(new Map(tenants === undefined ? [] : [["BENCH_TENANTS", tenants]]))
  return Effect.withConfigProvider(
    config,
    ConfigProvider.orElse(given, () => ConfigProvider.fromEnv())
  )
}
