import { once } from "node:events"
import * as Http from "node:http"
import * as Net from "node:net"
import { Effect } from "effect"

/** A proxy that opens tunnels and passes requests on, and lists where to. */
export const proxy = Effect.gen(function* () {
  const hosts: Array<string | undefined> = []
  const sockets = new Set<Net.Socket>()
  const server = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const server = Http.createServer()
      server.on("connect", ({ url }: Http.IncomingMessage, socket: Net.Socket) => {
        hosts.push(url)
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
      server.on("request", (asked, answer) => {
        const { host } = new URL(`${asked.url}`)
        hosts.push(host)
        const { headers, method } = asked
        asked.pipe(
          Http.request(`${asked.url}`, { agent: false, headers, method }, (got) => {
            answer.writeHead(got.statusCode ?? 502, got.headers)
            got.pipe(answer)
          })
        )
      })
      await once(server.listen(0, "127.0.0.1"), "listening")
      return server
    }),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
        for (const socket of sockets) {
          socket.destroy()
        }
      })
  )
  // The address is a text only if the server listens on a pipe.
  const { port } = server.address() as Net.AddressInfo
  return { hosts, url: `http://127.0.0.1:${port}` }
})
