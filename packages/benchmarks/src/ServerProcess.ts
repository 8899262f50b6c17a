/** A server in a process of its own, so that this one holds the library and its transport alone. */
import { fileURLToPath } from "node:url"
import { Command, type CommandExecutor } from "@effect/platform"
import type { PlatformError } from "@effect/platform/Error"
import { Effect, type ParseResult, Schema, type Scope, Stream } from "effect"

/** Starts a program of this package, until the scope ends; it says on its first line where it is. */
export const start = <A, I>(
  program: string,
  started: Schema.Schema<A, I>
): Effect.Effect<A, PlatformError | ParseResult.ParseError, CommandExecutor.CommandExecutor | Scope.Scope> =>
  Effect.gen(function* () {
    // From the folder of the package, where the loader is.
    const command = Command.make(process.execPath, "--import", "./loader/register.mjs", program).pipe(
      Command.workingDirectory(fileURLToPath(new URL("..", import.meta.url))),
      Command.stderr("inherit")
    )
    const server = yield* Command.start(command)
    const line = yield* server.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.runHead)
    return yield* Schema.decode(Schema.parseJson(started))(
      yield* Effect.orDieWith(line, () => new Error(`${program} did not start`))
    )
  })
