import { fork } from "node:child_process"
import { once } from "node:events"
import * as Net from "node:net"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { names } from "./support/Adapters.js"
import * as RedisServer from "./support/RedisServer.js"

const program = fileURLToPath(new URL("support/closing-program.ts", import.meta.url))

/** A server that accepts connections, and says nothing. */
const silent = Effect.acquireRelease(
  Effect.promise(async () => {
    const sockets = new Set<Net.Socket>()
    const server = Net.createServer((socket) => {
      sockets.add(socket)
      socket.on("error", () => {})
    })
    await once(server.listen(0, "127.0.0.1"), "listening")
    return { server, sockets }
  }),
  ({ server, sockets }) =>
    Effect.sync(() => {
      for (const socket of sockets) {
        socket.destroy()
      }
      server.close()
    })
).pipe(
  Effect.map(({ server }) => {
    const address = server.address()
    return `redis://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`
  })
)

/** An app in a process of its own, which has to end by itself. */
const startApp = (name: string) =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        fork(program, [name], { execArgv: ["--import", "tsx"], stdio: ["ignore", "inherit", "inherit", "ipc"] })
      ),
      (started) => Effect.sync(() => started.kill("SIGKILL"))
    )
    const ended = once(child, "exit")
    const answer = Effect.promise(async () => (await once(child, "message"))[0])
    yield* answer
    return {
      tell: (order: object) =>
        Effect.zipRight(
          Effect.sync(() => child.send(order)),
          answer
        ),
      leave: (url: string) => Effect.sync(() => child.send({ url, then: "leave" })),
      end: Effect.promise(async () => (await ended)[0])
    }
  })

const quickly = { took: expect.toSatisfy((took) => Number(took) < 1_000) }

describe.each(names)("over %s, the layer is closed at once", (name) => {
  it.scopedLive("whatever the server does, and holds up no end of the process", () =>
    Effect.gen(function* () {
      const app = yield* startApp(name)
      const server = yield* RedisServer.started()
      const close = (url: string) => app.tell({ url, then: "close" })

      expect(yield* close(server.url)).toStrictEqual(quickly)
      expect(yield* close(`redis://127.0.0.1:${yield* RedisServer.freePort}`)).toStrictEqual(quickly)
      expect(yield* close(yield* silent)).toStrictEqual(quickly)

      // It is connected, and then the server hangs.
      expect(yield* app.tell({ url: server.url, then: "wait" })).toBe("waiting")
      yield* server.pause
      expect(yield* app.tell({})).toStrictEqual(quickly)
      yield* server.resume

      // It is connected, and then the server is gone. Nothing listens for errors of the client.
      expect(yield* app.tell({ url: server.url, then: "wait" })).toBe("waiting")
      yield* server.stop
      yield* Effect.sleep("200 millis")
      expect(yield* app.tell({})).toStrictEqual(quickly)

      // Nobody closes it.
      yield* server.start
      yield* app.leave(server.url)
      expect(yield* app.end).toBe(0)
    })
  )
})
