/** The other side: the server, in a process of its own, so that this one holds the library and its transport alone. */
import { fileURLToPath } from "node:url"
import { Command, type CommandExecutor, HttpClient, HttpClientResponse } from "@effect/platform"
import type { PlatformError } from "@effect/platform/Error"
import { Context, Effect, Layer, type ParseResult, Schema, Stream } from "effect"
import { Counts } from "./Counts.js"

export interface CxoneService {
  readonly issuer: URL
}

const Started = Schema.parseJson(Schema.Struct({ issuer: Schema.URL }))

// From the folder of the package, where the loader is.
const command = Command.make(process.execPath, "--import", "./loader/register.mjs", "src/server.ts").pipe(
  Command.workingDirectory(fileURLToPath(new URL("..", import.meta.url))),
  Command.stderr("inherit")
)

const start = Effect.gen(function* () {
  const server = yield* Command.start(command)
  const line = yield* server.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.runHead)
  return yield* Schema.decode(Started)(yield* Effect.orDieWith(line, () => new Error("the server did not start")))
})

export class Cxone extends Context.Tag("benchmarks/Cxone")<Cxone, CxoneService>() {
  /** Ends with the layer. */
  static readonly layer: Layer.Layer<Cxone, PlatformError | ParseResult.ParseError, CommandExecutor.CommandExecutor> =
    Layer.scoped(Cxone, start)
}

/** What the server has been asked so far. */
export const counts = Effect.gen(function* () {
  const { issuer } = yield* Cxone
  const response = yield* HttpClient.get(new URL("/counts", issuer))
  return yield* HttpClientResponse.schemaBodyJson(Counts)(response)
})
