import { once } from "node:events"
import * as Http from "node:http"
import * as Net from "node:net"
import { Effect } from "effect"

/** A proxy that opens tunnels, and lists where to. */
export const proxy = Effect.gen(function* () {
  const tunnels: Array<string | undefined> = []
  const sockets = new Set<Net.Socket>()
  const server = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const server = Http.createServer()
      server.on("connect", ({ url }: Http.IncomingMessage, socket: Net.Socket) => {
        tunnels.push(url)
        const { hostname, port } = new URL(`http://${url}`)
        const host = Net.connect(Number(port), hostname, () => {
          socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
          socket.pipe(host).pipe(socket)
        })
        for (const end of [host, socket]) {
          sockets.add(end)
          end.on("error", () => {})
        }
      })
      await once(server.listen(0, "127.0.0.1"), "listening")
      return server
    }),
    (server) =>
      Effect.sync(() => {
        server.close()
        for (const socket of sockets) {
          socket.destroy()
        }
      })
  )
  // The address is a text only if the server listens on a pipe.
  const { port } = server.address() as Net.AddressInfo
  return { tunnels, url: `http://127.0.0.1:${port}` }
})
