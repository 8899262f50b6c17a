import { once } from "node:events"
import type * as Net from "node:net"
import { Effect, type Scope } from "effect"

/** A server that listens, and every connection that it ever had. */
export interface Listener {
  readonly port: number
  readonly sockets: ReadonlyArray<Net.Socket>
}

/** Lets a server listen on a port of this machine. The scope ends it with all its connections. */
export const listen = (server: Net.Server): Effect.Effect<Listener, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sockets: Array<Net.Socket> = []
    server.on("connection", (socket) => {
      sockets.push(socket)
      socket.on("error", () => {})
    })
    yield* Effect.acquireRelease(
      Effect.promise(() => once(server.listen(0, "127.0.0.1"), "listening")),
      () =>
        Effect.promise(() => {
          const stopped = once(server.close(), "close")
          for (const socket of sockets) {
            socket.destroy()
          }
          return stopped
        })
    )
    const address = server.address()
    const port = address === null || typeof address === "string" ? yield* Effect.dieMessage("no port") : address.port
    return { port, sockets }
  })
