/** How long, how much, and from which seed. */
import { Config, ConfigProvider, Effect, Random } from "effect"

export interface Settings {
  /** How long each transport is on trial. */
  readonly seconds: number
  readonly fibers: number
  /** Repeats every draw. When packets arrive, and so what meets what, no seed repeats. */
  readonly seed: string
}

const positive = <A extends number>(config: Config.Config<A>) =>
  Config.validate(config, { message: "expected a number above 0", validation: (number) => number > 0 })

const config = Config.all({
  seconds: positive(Config.number("SOAK_SECONDS")).pipe(Config.withDefault(30)),
  fibers: positive(Config.integer("SOAK_FIBERS")).pipe(Config.withDefault(200)),
  seed: Config.option(Config.nonEmptyString("SOAK_SEED"))
})

/** From the environment. The first argument is the seconds a transport. */
export const load = (args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const [seconds] = args
    const given = ConfigProvider.fromMap(new Map(seconds === undefined ? [] : [["SOAK_SECONDS", seconds]]))
    const loaded = yield* Effect.withConfigProvider(
      config,
      ConfigProvider.orElse(given, () => ConfigProvider.fromEnv())
    )
    const drawn = yield* Random.nextIntBetween(0, 2 ** 31)
    const seed = loaded.seed._tag === "Some" ? loaded.seed.value : String(drawn)
    return { seconds: loaded.seconds, fibers: loaded.fibers, seed } satisfies Settings
  })
