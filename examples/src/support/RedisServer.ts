/** A Redis on this machine, for an example: on a free port, with a folder of its own. The scope ends it. */
import { once } from "node:events"
import { createServer } from "node:net"
import { Command, CommandExecutor, FileSystem } from "@effect/platform"
import { Console, Effect, ExecutionStrategy, Exit, Ref, Schedule, Scope } from "effect"

const install = Effect.gen(function* () {
  yield* Console.log("redis-server is not installed. Installing Debian's package …\n")
  const code = yield* Command.exitCode(
    Command.make("apt-get", "install", "-y", "--no-install-recommends", "redis-server")
  )
  return yield* code === 0 ? Effect.void : Effect.dieMessage("Install redis-server first: apt-get install redis-server")
}).pipe(Effect.catchAll(() => Effect.dieMessage("Install redis-server first.")))

const isInstalled = Command.exitCode(Command.make("redis-server", "--version")).pipe(
  Effect.map((code) => code === 0),
  Effect.orElseSucceed(() => false)
)

const freePort = Effect.promise(async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  await once(server.close(), "close")
  return address !== null && typeof address === "object" ? address.port : 0
})

/** Starts it, and gives its URL and ways to stop and start it again. */
export const start = Effect.gen(function* () {
  if (!(yield* isInstalled)) {
    yield* install
  }
  const executor = yield* CommandExecutor.CommandExecutor
  const folder = yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())
  const port = yield* freePort
  const scope = yield* Effect.scope
  const running = yield* Ref.make<Scope.CloseableScope | undefined>(undefined)

  const answers = Command.string(Command.make("redis-cli", "-p", String(port), "ping")).pipe(
    Effect.flatMap((text) => (text.trim() === "PONG" ? Effect.void : Effect.fail("not yet"))),
    Effect.retry(Schedule.spaced("50 millis")),
    Effect.provideService(CommandExecutor.CommandExecutor, executor)
  )
  const go = Effect.gen(function* () {
    const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
    yield* Ref.set(running, own)
    yield* Command.make("redis-server", "--port", String(port), "--dir", folder, "--save", "").pipe(
      Command.start,
      Scope.extend(own),
      Effect.provideService(CommandExecutor.CommandExecutor, executor)
    )
    yield* answers
  })
  yield* go
  return {
    url: `redis://127.0.0.1:${port}`,
    start: go,
    stop: Effect.flatMap(Ref.getAndSet(running, undefined), (own) =>
      own === undefined ? Effect.void : Scope.close(own, Exit.void)
    )
  }
})
