/** The other side of the calls. */
import { type CommandExecutor, HttpClient, HttpClientResponse } from "@effect/platform"
import type { PlatformError } from "@effect/platform/Error"
import { Credentials, CxoneAuth, CxoneEnvironment } from "cxone-auth"
import { Context, Effect, Layer, type ParseResult, Redacted, Schema } from "effect"
import * as ServerProcess from "./ServerProcess.js"

export class CallServer extends Context.Tag("benchmarks/CallServer")<CallServer, { readonly origin: URL }>() {
  /** Ends with the layer. */
  static readonly layer: Layer.Layer<
    CallServer,
    PlatformError | ParseResult.ParseError,
    CommandExecutor.CommandExecutor
  > = Layer.scoped(CallServer, ServerProcess.start("src/call-server.ts", Schema.Struct({ origin: Schema.URL })))
}

/** The token service for it. */
export const auth = Layer.unwrapEffect(
  Effect.map(CallServer, ({ origin }) =>
    CxoneAuth.layer({
      credentials: Credentials.clientSecret({ clientId: "benchmark", clientSecret: Redacted.make("secret") }),
      environment: CxoneEnvironment.custom({ tokenEndpoint: new URL("/oauth/token", origin), apiBaseUrl: origin })
    })
  )
)

/** A request that has arrived: milliseconds since the first one of the run, and the status it was answered with. */
export const Arrival = Schema.Tuple(Schema.Number, Schema.Number)

export type Arrival = typeof Arrival.Type

/** What has arrived in a run, in order. */
export const arrivals = (run: string) =>
  Effect.gen(function* () {
    const { origin } = yield* CallServer
    const response = yield* HttpClient.get(new URL(`/arrivals/${run}`, origin))
    return yield* HttpClientResponse.schemaBodyJson(Schema.Array(Arrival))(response)
  })
