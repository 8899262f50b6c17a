/**
 * The simulator on a real socket.
 *
 * @since 0.1.0
 */

import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { buffer } from "node:stream/consumers"
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { IncomingRequest } from "../http/IncomingRequest.js"
import { bytesOf, type ConnectionLost } from "../http/ResponseBody.js"

/**
 * Listens on a free port of 127.0.0.1 for as long as the scope is open; where, is the result. Nothing is served yet:
 * the connections that come in wait for {@link serve}. Closing the scope closes the server with every connection and
 * waits until they are gone. A machine that can't listen at all is a defect.
 *
 * @since 0.1.0
 * @category constructors
 */
export const listen: Effect.Effect<{ readonly server: Http.Server; readonly origin: URL }, never, Scope.Scope> =
  Effect.acquireRelease(
    Effect.async<Http.Server>((resume) => {
      // No limit on idle connections: a server that closes one at the moment a client uses it again fails that test.
      const server = Http.createServer({ keepAliveTimeout: 0 })
      server.once("error", (error) => resume(Effect.die(error)))
      server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  ).pipe(
    Effect.map((server) => {
      // A server that listens on a port has such an address; only one on a pipe has a text.
      const { port } = server.address() as AddressInfo
      return { server, origin: new URL(`http://127.0.0.1:${port}`) }
    })
  )

/**
 * Hands each request to `handle`, in a fiber of the scope, and writes what it answers. A client that goes away
 * interrupts the fiber.
 *
 * @since 0.1.0
 * @category constructors
 */
export const serve = (
  server: Http.Server,
  handle: (incoming: IncomingRequest) => Effect.Effect<HttpServerResponse.HttpServerResponse, ConnectionLost>
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const runFork = yield* FiberSet.makeRuntime<never>()
    const onRequest = (request: Http.IncomingMessage, response: Http.ServerResponse) => {
      const fiber = runFork(
        receive(request).pipe(
          Effect.flatMap(handle),
          Effect.flatMap((answer) => write(answer, response)),
          Effect.catchTag("ConnectionLost", () => Effect.sync(() => request.socket.resetAndDestroy())),
          // The client left before it had sent everything: nobody is there to answer.
          Effect.catchTag("ClientGone", () => Effect.void),
          Effect.catchAllDefect((defect) =>
            Effect.zipRight(
              Effect.logError(
                "CxoneSimulator: an answer of the option `api` can't be sent, and 500 was answered",
                defect
              ),
              Effect.sync(() => (response.headersSent ? request.socket.destroy() : response.writeHead(500).end()))
            )
          )
        )
      )
      response.once("close", () => fiber.unsafeInterruptAsFork(FiberId.none))
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => server.on("request", onRequest)),
      () => Effect.sync(() => server.off("request", onRequest))
    )
  })

const receive = (request: Http.IncomingMessage) =>
  Effect.map(
    Effect.tryPromise({ try: () => buffer(request), catch: () => ({ _tag: "ClientGone" }) as const }),
    (body): IncomingRequest => ({
      method: (request.method ?? "GET").toUpperCase(),
      url: request.url ?? "/",
      headers: Headers.fromInput(request.headers),
      body
    })
  )

const write = (answer: HttpServerResponse.HttpServerResponse, response: Http.ServerResponse): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { body } = answer
    const cookies = Cookies.toSetCookieHeaders(answer.cookies)
    response.writeHead(answer.status, { ...answer.headers, ...(cookies.length === 0 ? {} : { "set-cookie": cookies }) })
    if (body._tag === "Uint8Array") {
      return Effect.sync(() => response.end(body.body))
    }
    // Node would hold the headers back until there is a body, and a body may be long in coming.
    response.flushHeaders()
    // To a HEAD, node writes no body whatever it is given; an endless one would never notice.
    const bytes = response.req.method === "HEAD" ? Stream.empty : bytesOf(answer)
    return bytes.pipe(
      Stream.runForEach((bytes) => writeBytes(bytes, response)),
      Effect.matchEffect({
        onSuccess: () => Effect.sync(() => response.end()),
        // What was written still goes out; then the connection closes where the client expects more.
        onFailure: () => Effect.sync(() => response.socket?.destroySoon())
      })
    )
  })

const writeBytes = (bytes: Uint8Array, response: Http.ServerResponse): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (response.write(bytes)) {
      return resume(Effect.void)
    }
    // The client reads more slowly than this writes, or it is gone, which interrupts this.
    const onDrain = () => resume(Effect.void)
    response.once("drain", onDrain)
    return Effect.sync(() => response.off("drain", onDrain))
  })
