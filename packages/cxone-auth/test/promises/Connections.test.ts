/**
 * C7 and C8 as a table: every status, body and behaviour of a caller, over every transport. No call may hang, and no answer
 * may keep a connection or memory that the platform's own client would have given back.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { HttpClient, type HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Effect, Exit, Fiber, Layer, Schema, Scope, Stream } from "effect"
import { collectGarbage } from "../support/Garbage.js"
import { transports } from "../support/Transports.js"

const statuses = [200, 401, 403, 429, 503] as const

const bodies = ["none", "small", "8 KiB and a byte", "5 MB", "gzip", "cut", "stalled", "endless"] as const
const ends = (body: (typeof bodies)[number]) => body !== "stalled" && body !== "endless"

type Call = Effect.Effect<HttpClientResponse.HttpClientResponse, unknown>

const read = (call: Call) => Effect.flatMap(call, ({ text }) => text)
const isDropped = ({ status }: HttpClientResponse.HttpClientResponse) => status

/** What a caller does with a call. `close` closes the layer of the client. It keeps nothing of the response. */
const callers: {
  readonly [name: string]: (call: Call, close: Effect.Effect<void>) => Effect.Effect<unknown, unknown>
} = {
  reads: (call) => Effect.map(read(call), ({ length }) => length),
  "reads half": (call) => Effect.flatMap(call, ({ stream }) => Stream.runDrain(Stream.take(stream, 1))),
  "never reads": (call) => Effect.map(call, isDropped),
  "times out": (call) => Effect.timeout(Effect.asVoid(read(call)), "500 millis"),
  "is interrupted": (call) =>
    Effect.flatMap(Effect.fork(read(call)), (reading) =>
      Effect.delay(Effect.asVoid(Fiber.interrupt(reading)), "500 millis")
    ),
  "closes the layer": (call, close) => Effect.zipLeft(Effect.map(call, isDropped), close),
  "is in an uninterruptible region": (call) => Effect.uninterruptible(Effect.map(call, isDropped))
}

/** On a busy machine, a caller that gives up may do so before its request is sent. */
const waits = (caller: string) => caller !== "times out" && caller !== "is interrupted"

interface Cell {
  readonly path: string
  readonly caller: string
}

const cells: ReadonlyArray<Cell> = statuses.flatMap((status) =>
  bodies.flatMap((body) =>
    Object.keys(callers)
      .filter((caller) => ends(body) || caller !== "reads")
      .map((caller) => ({ path: `/${status}/${body}/${caller}`, caller }))
  )
)

/** The origin of a server that runs in another process until the scope ends. */
const serve = Effect.gen(function* () {
  const program = fileURLToPath(new URL("../support/answers-server.mjs", import.meta.url))
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] })),
    (running) => Effect.sync(() => running.kill("SIGKILL"))
  )
  const [port] = yield* Effect.promise(() => once(child.stdout, "data"))
  return `http://127.0.0.1:${String(port).trim()}`
})

/** A client, with its own layer, which `close` closes. */
type Connect = (
  origin: string
) => Effect.Effect<
  { readonly client: HttpClient.HttpClient.With<unknown>; readonly close: Effect.Effect<void> },
  never,
  HttpClient.HttpClient
>

const connectPlain: Connect = () => Effect.map(HttpClient.HttpClient, (client) => ({ client, close: Effect.void }))

// Each cell has a service of its own, because a 429 holds back the other calls of the service.
const connectCxone: Connect = (origin) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const auth = CxoneAuth.layerTest("t1", { apiBaseUrl: origin })
    const context = yield* Layer.buildWithScope(Layer.provide(CxoneHttpClient.layer(), auth), scope)
    return { client: yield* Effect.provide(CxoneHttpClient, context), close: Scope.close(scope, Exit.void) }
  })

/** Runs a cell. Gives its path if it hangs. */
const run =
  (origin: string, connect: Connect) =>
  ({ caller, path }: Cell) =>
    Effect.gen(function* () {
      const { client, close } = yield* connect(origin)
      const act = callers[caller] ?? Effect.die
      const acting = yield* Effect.forkDaemon(Effect.ignore(act(client.get(`${origin}${encodeURI(path)}`), close)))
      return yield* Fiber.await(acting).pipe(
        Effect.as([]),
        Effect.timeoutTo({
          duration: "15 seconds",
          onSuccess: (none: ReadonlyArray<string>) => none,
          onTimeout: () => [path]
        })
      )
    })

const Report = Schema.Struct({ asked: Schema.Array(Schema.String), open: Schema.Array(Schema.String) })

/** What the server was asked for, and what of that is still open. */
const report = (origin: string) =>
  Effect.promise(async () => Schema.decodeUnknownSync(Report)(await (await fetch(`${origin}/report`)).json()))

const stillOpen = (origin: string) => Effect.map(report(origin), ({ open }) => open)

/** What is still open once nothing changes any more, or nothing beyond `allowed` is open. Collects garbage meanwhile. */
const settle = Effect.fnUntraced(function* (origin: string, allowed: ReadonlyArray<string>) {
  let open = yield* stillOpen(origin)
  for (let quiet = 0; quiet < 10 && open.some((path) => !allowed.includes(path)); quiet++) {
    collectGarbage()
    yield* Effect.sleep("200 millis")
    const now = yield* stillOpen(origin)
    quiet = now.length === open.length ? quiet : 0
    open = now
  }
  return open.filter((path) => !allowed.includes(path))
})

/** The memory in use after a garbage collection: objects, and the buffers outside of the heap. */
const inUse = Effect.sync(() => {
  collectGarbage()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
})

/** Runs all cells, and says which hang, which answers stay open, and how much memory stays in use. */
const measure = Effect.fnUntraced(function* (connect: Connect, allowed: ReadonlyArray<string>) {
  const origin = yield* serve
  const before = yield* inUse
  const hanging = yield* Effect.forEach(cells, run(origin, connect), { concurrency: 40 })
  const open = yield* settle(origin, allowed)
  const { asked } = yield* report(origin)
  expect(cells.filter(({ caller, path }) => waits(caller) && !asked.includes(path))).toEqual([])
  return { hanging: hanging.flat(), open, grownBy: (yield* inUse) - before }
}, Effect.scoped)

describe.each(transports)("C7, C8: connections, over %s", (_, transport) => {
  it.live(
    "no call hangs, and no answer keeps more than with the platform's own client",
    () =>
      Effect.gen(function* () {
        const theirs = yield* measure(connectPlain, [])
        const ours = yield* measure(connectCxone, theirs.open)
        const hanging = ours.hanging.filter((path) => !theirs.hanging.includes(path))
        const keepsMemory = ours.grownBy - Math.max(0, theirs.grownBy) > 16 * 1024 * 1024
        expect({ hanging, open: ours.open, keepsMemory }).toEqual({ hanging: [], open: [], keepsMemory: false })
      }).pipe(Effect.provide(transport)),
    180_000
  )
})
