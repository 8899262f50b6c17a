/** Eight processes share one token through Redis: at a cold start, if one is killed, if Redis is away, and after a 401. */
import { fileURLToPath } from "node:url"
import { Command } from "@effect/platform"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Console, Effect, HashMap, Layer, Option, Ref, Schedule, Schema, Stream } from "effect"
import { Report } from "./support/FleetReport.js"
import * as FleetTable from "./support/FleetTable.js"
import { line } from "./support/print.js"
import * as RedisServer from "./support/RedisServer.js"

const names = ["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"]
const fibers = 200
const worker = fileURLToPath(new URL("fleet-worker.ts", import.meta.url))

const program = Effect.gen(function* () {
  const simulator = yield* CxoneSimulator
  const redis = yield* RedisServer.start
  const reports = yield* Ref.make(HashMap.empty<string, Report>())
  const pids = yield* Ref.make(HashMap.empty<string, number>())

  const spawn = (name: string) =>
    Effect.gen(function* () {
      const child = yield* Command.make(process.execPath, "--import", "tsx", worker).pipe(
        Command.env({
          ...simulator.env(),
          CXONE_SCOPES: "read:users",
          CXONE_REDIS_URL: redis.url,
          FLEET_NAME: name,
          FLEET_FIBERS: String(fibers)
        }),
        Command.stderr("inherit"),
        Command.start
      )
      yield* Ref.update(pids, HashMap.set(name, Number(child.pid)))
      const note = (text: string) =>
        Effect.flatMap(Schema.decode(Report)(text), (report) => Ref.update(reports, HashMap.set(name, report)))
      yield* Effect.forkScoped(
        child.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.runForEach(note), Effect.ignore)
      )
    })

  const tokenRequests = simulator.requestsTo("token")
  const exchanges = Effect.map(tokenRequests, ({ length }) => length)
  const failed = Effect.map(Ref.get(reports), (all) => HashMap.reduce(all, 0, (sum, { failed }) => sum + failed))
  const show = Effect.all([Ref.get(reports), tokenRequests]).pipe(
    Effect.flatMap(([all, requests]) =>
      FleetTable.show(
        names.map((name) => ({
          name,
          requests: requests.filter(({ headers }) => headers["x-worker"] === name).length,
          report: HashMap.get(all, name)
        }))
      )
    )
  )

  /** Waits until each process has made this many calls more. */
  const untilAllCall = (more: number) =>
    Effect.flatMap(Ref.get(reports), (before) =>
      Effect.repeat(
        Effect.map(Ref.get(reports), (now) =>
          names.every((name) => {
            const callsIn = (reports: typeof now) =>
              Option.match(HashMap.get(reports, name), { onNone: () => 0, onSome: ({ calls }) => calls })
            return callsIn(now) >= callsIn(before) + more
          })
        ),
        { until: (all) => all, schedule: Schedule.spaced("100 millis") }
      )
    )

  /** What happens while something is done, and until each process has called again. */
  const act = <E, R>(title: string, doing: Effect.Effect<string, E, R>) =>
    Effect.gen(function* () {
      yield* Console.log(`\n${title}`)
      const before = { exchanges: yield* exchanges, failed: yield* failed }
      const remark = yield* doing
      // Twice as many calls as fibers: the calls that were under way have ended, too.
      yield* untilAllCall(2 * fibers)
      yield* show
      const made = (yield* exchanges) - before.exchanges
      yield* line("token requests", String(made), remark)
      yield* line("failed calls", String((yield* failed) - before.failed))
    })

  const revokeToken = Effect.as(simulator.revokeAll, "the first process that was refused renewed it for all")

  yield* simulator.inject(Fault.delay("500 millis"), { on: "token", times: Number.POSITIVE_INFINITY })

  yield* act(
    `A cold start: ${names.length} processes with ${fibers} fibers each`,
    Effect.as(Effect.forEach(names, spawn), "one process requested the token, the others took it from Redis")
  )
  yield* act("The token is revoked: every call is answered 401", revokeToken)
  yield* act(
    "The token is revoked again, and the process that requests the next one is killed",
    Effect.gen(function* () {
      const slow = yield* simulator.inject(Fault.delay("3 seconds"), { on: "token", times: 1 })
      const before = yield* exchanges
      yield* simulator.revokeAll
      yield* simulator.awaitRequests("token", before + 1)
      const holder = (yield* tokenRequests).at(-1)?.headers["x-worker"] ?? ""
      const pid = Option.getOrThrow(HashMap.get(yield* Ref.get(pids), holder))
      yield* Effect.sync(() => process.kill(pid, "SIGKILL"))
      yield* slow.remove
      yield* Ref.update(reports, HashMap.remove(holder))
      yield* spawn(holder)
      return `${holder} was killed in mid-exchange; its turn ended after 6 s, and another process took it`
    })
  )
  yield* act(
    "Redis is stopped, and the token is revoked",
    Effect.zipRight(redis.stop, Effect.as(simulator.revokeAll, "each process requested its own"))
  )
  yield* act(
    "Redis is started again, and the token is revoked",
    Effect.gen(function* () {
      yield* redis.start
      yield* untilAllCall(fibers)
      yield* simulator.revokeAll
      return "once a process has found Redis again, it shares its token"
    })
  )
})

NodeRuntime.runMain(
  program.pipe(Effect.scoped, Effect.provide(Layer.merge(CxoneSimulator.layerServer(), NodeContext.layer)))
)
