/** Real servers of Redis, on free ports and with folders of their own. The scope ends them. */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { Data, Effect, Predicate, Random, type Scope } from "effect"

const run = promisify(execFile)

class RedisServerError extends Data.TaggedError("RedisServerError")<{ readonly message: string }> {}

/** The programs are those of Debian. */
const missing = (program: string) =>
  new RedisServerError({ message: `These tests need ${program} 7: apt-get install -y redis-server` })

/**
 * A port that nobody uses. It is below those that connections get (32768 and up), so that none takes it while a server is
 * stopped.
 */
export const freePort: Effect.Effect<number> = Effect.flatMap(Random.nextIntBetween(10_000, 32_000), (port) =>
  Effect.promise(async () => {
    const server = Net.createServer()
    try {
      await once(server.listen(port, "127.0.0.1"), "listening")
      await once(server.close(), "close")
      return port
    } catch {
      return undefined
    }
  })
).pipe(Effect.repeat({ until: Predicate.isNumber }))

/** Asks again until it is so. A test must not depend on how fast a machine is. */
export const eventually = <E, R>(isSo: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  isSo.pipe(
    Effect.tap((so) => (so ? Effect.void : Effect.sleep("20 millis"))),
    Effect.repeat({ until: (so) => so }),
    Effect.asVoid
  )

export type Cli = (...args: ReadonlyArray<string>) => Effect.Effect<string, RedisServerError>

/** Runs a command by redis-cli, and gives what it prints. */
export const cliOf =
  (port: number, password?: string, more: ReadonlyArray<string> = []): Cli =>
  (...args) =>
    Effect.tryPromise({
      try: () =>
        run("redis-cli", [
          "-p",
          String(port),
          ...more,
          ...(password ? ["-a", password, "--no-auth-warning"] : []),
          ...args
        ]),
      catch: (error) =>
        error instanceof Error && "code" in error && error.code === "ENOENT"
          ? missing("redis-cli")
          : new RedisServerError({ message: String(error) })
    }).pipe(Effect.map(({ stdout }) => stdout.trim()))

export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly cli: Cli
  /** Starts it, if it doesn't run, and waits until it answers. */
  readonly start: Effect.Effect<void, RedisServerError>
  /** Ends it at once, as a machine does that goes down, and waits for that. */
  readonly stop: Effect.Effect<void>
  /** Lets it hang: its connections stay, and nothing answers. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
}

/** A folder that is removed with the scope. */
export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "cxone-auth-redis-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

interface Options {
  /** Lines of redis.conf. */
  readonly config?: ReadonlyArray<string>
  /** What redis-cli says. */
  readonly password?: string
  readonly isSentinel?: boolean
  /** It speaks TLS alone. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string }
}

/** A server that doesn't run yet. */
export const make = ({
  config = [],
  isSentinel = false,
  password,
  tls
}: Options = {}): Effect.Effect<RedisServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const port = yield* freePort
    const folder = yield* temporaryFolder
    const file = join(folder, "redis.conf")
    const own = isSentinel ? [] : ["save ''", "appendonly no"]
    const pem = (name: string) => join(folder, `${name}.pem`)
    for (const [name, text] of Object.entries(tls ?? {})) {
      writeFileSync(pem(name), text)
    }
    const ports =
      tls === undefined
        ? [`port ${port}`]
        : [
            "port 0",
            `tls-port ${port}`,
            `tls-cert-file ${pem("cert")}`,
            `tls-key-file ${pem("key")}`,
            `tls-ca-cert-file ${pem("ca")}`,
            "tls-auth-clients no"
          ]
    writeFileSync(file, [...ports, "bind 127.0.0.1", `dir ${folder}`, "loglevel warning", ...own, ...config].join("\n"))
    const cli = cliOf(port, password, tls === undefined ? [] : ["--tls", "--cacert", pem("ca")])
    let child: ChildProcess | undefined
    const signal = (name: NodeJS.Signals) => Effect.sync(() => void child?.kill(name))

    const stop = Effect.promise(async () => {
      const running = child
      child = undefined
      if (running !== undefined && running.exitCode === null && running.signalCode === null) {
        const ended = once(running, "exit")
        running.kill("SIGKILL")
        await ended
      }
    })

    const start = Effect.gen(function* () {
      if (child === undefined) {
        const started = spawn("redis-server", [file, ...(isSentinel ? ["--sentinel"] : [])], { stdio: "ignore" })
        child = started
        yield* Effect.async<void, RedisServerError>((resume) => {
          started.once("spawn", () => resume(Effect.void))
          started.once("error", () => resume(missing("redis-server")))
        })
      }
      const answer = cli("PING").pipe(Effect.map((text) => text === "PONG" || text.startsWith("NOAUTH")))
      yield* eventually(Effect.orElseSucceed(answer, () => false))
    })
    yield* Effect.addFinalizer(() => stop)
    return {
      port,
      url: `${tls === undefined ? "redis" : "rediss"}://127.0.0.1:${port}`,
      cli,
      start,
      stop,
      pause: signal("SIGSTOP"),
      resume: signal("SIGCONT")
    }
  })

/** A server that runs. */
export const started = (options?: Options): Effect.Effect<RedisServer, RedisServerError, Scope.Scope> =>
  Effect.tap(make(options), (server) => server.start)
