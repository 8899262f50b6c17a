/** The other side of the tenants. */
import { type CommandExecutor, HttpClient, HttpClientResponse } from "@effect/platform"
import type { PlatformError } from "@effect/platform/Error"
import { Context, Effect, Layer, type ParseResult, Schema } from "effect"
import { Counts } from "./Counts.js"
import * as ServerProcess from "./ServerProcess.js"

export interface CxoneService {
  readonly issuer: URL
}

export class Cxone extends Context.Tag("benchmarks/Cxone")<Cxone, CxoneService>() {
  /** Ends with the layer. */
  static readonly layer: Layer.Layer<Cxone, PlatformError | ParseResult.ParseError, CommandExecutor.CommandExecutor> =
    Layer.scoped(Cxone, ServerProcess.start("src/server.ts", Schema.Struct({ issuer: Schema.URL })))
}

/** What the server has been asked so far. */
export const counts = Effect.gen(function* () {
  const { issuer } = yield* Cxone
  const response = yield* HttpClient.get(new URL("/counts", issuer))
  return yield* HttpClientResponse.schemaBodyJson(Counts)(response)
})
