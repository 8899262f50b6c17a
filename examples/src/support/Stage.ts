/** Where the examples run: at the real CXone if settings are there, otherwise at a simulator. */
import { FetchHttpClient, type HttpClient } from "@effect/platform"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Config, type ConfigError, Console, Context, Effect, Layer, Option } from "effect"
import { withoutWarnings } from "./print.js"

export class Stage extends Context.Tag("examples/Stage")<
  Stage,
  { readonly simulator: Option.Option<Context.Tag.Service<CxoneSimulator>> }
>() {}

type Services = Stage | CxoneAuth | CxoneHttpClient | HttpClient.HttpClient

const real = CxoneHttpClient.layer().pipe(
  Layer.provideMerge(CxoneAuth.layerFromEnv()),
  Layer.provideMerge(Layer.succeed(Stage, { simulator: Option.none() }))
)

const simulated = CxoneHttpClient.layer().pipe(
  Layer.provideMerge(CxoneSimulator.layerAuth({ scopes: ["offline_access", "read:users"] })),
  Layer.provideMerge(
    Layer.effect(
      Stage,
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        yield* Console.log(`CXONE_CLIENT_ID is not set: this runs at a simulator, ${simulator.origin}\n`)
        return { simulator: Option.some(simulator) }
      })
    )
  ),
  Layer.provideMerge(CxoneSimulator.layerServer()),
  Layer.provideMerge(withoutWarnings)
)

export const layer: Layer.Layer<Services, ConfigError.ConfigError> = Layer.unwrapEffect(
  Effect.gen(function* () {
    const clientId = yield* Config.option(Config.nonEmptyString("CXONE_CLIENT_ID"))
    return Option.isSome(clientId) ? real : simulated
  })
).pipe(Layer.provideMerge(FetchHttpClient.layer))
