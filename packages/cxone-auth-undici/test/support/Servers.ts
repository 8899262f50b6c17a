import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { HttpClient } from "@effect/platform"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Effect, type Scope } from "effect"
import * as Listener from "../../../cxone-auth/test/support/Listener.js"

/** What a test does with a client that goes through no proxy. */
export const direct = (options: UndiciHttpClient.Options = {}) => UndiciHttpClient.layer({ proxy: "none", ...options })

/** A server on a port of this machine, with its connections. The scope ends it. */
export interface Server {
  /** `127.0.0.1` and the port. */
  readonly host: string
  readonly port: number
  /** All that were ever made. */
  readonly sockets: ReadonlyArray<Net.Socket>
  /** Waits until no connection is open. */
  readonly allClosed: Effect.Effect<void>
}

export const listen = (make: () => Net.Server): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { port, sockets } = yield* Listener.listen(make())
    const allClosed = Effect.promise(() =>
      Promise.all(
        sockets.map((socket) => (socket.closed ? undefined : new Promise((resolve) => socket.once("close", resolve))))
      )
    )
    return { host: `127.0.0.1:${port}`, port, sockets, allClosed }
  })

type Handler = (request: Http.IncomingMessage, response: Http.ServerResponse) => void

/** A server of HTTP. */
export const serve = (handler: Handler) => listen(() => Http.createServer(handler))

export const serveTls = (options: Https.ServerOptions, handler: Handler = (_, response) => response.end("secure")) =>
  listen(() => Https.createServer(options, handler))

/** A server that answers each connection with these bytes, once something has arrived. */
export const serveBytes = (bytes: string, end = true) =>
  listen(() =>
    Net.createServer((socket) => {
      socket.once("data", () => {
        socket.write(bytes, "latin1")
        if (end) {
          socket.end()
        }
      })
    })
  )

/** A port that nobody listens on. */
export const nobody = Effect.scoped(serve(() => {}))

export const get = (host: string, path = "/") =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.get(`http://${host}${path}`))

/** Waits for what another turn of the event loop brings. */
export const eventually = (isSo: () => boolean): Effect.Effect<void> =>
  Effect.async((resume) => {
    const look = () => {
      if (isSo()) {
        resume(Effect.void)
      } else {
        timer = setImmediate(look)
      }
    }
    let timer = setImmediate(look)
    return Effect.sync(() => clearImmediate(timer))
  })

/** The path of a file with this text, until the scope ends. */
export const temporaryFile = (text: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "cxone-auth-undici-"))
      writeFileSync(join(folder, "file"), text)
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ).pipe(Effect.map((folder) => join(folder, "file")))
