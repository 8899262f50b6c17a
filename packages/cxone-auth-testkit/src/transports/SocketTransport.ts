import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { buffer } from "node:stream/consumers"
import * as Headers from "@effect/platform/Headers"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ClientGone, type ConnectionLost } from "../http/ConnectionError.js"
import { hasBody, setCookiesOf } from "../http/HttpRules.js"
import type { RequestHead, Upload } from "../http/IncomingRequest.js"
import { bytesOf } from "../http/ResponseBody.js"

type Handle = (
  head: RequestHead,
  upload: Upload
) => Effect.Effect<HttpServerResponse.HttpServerResponse, ConnectionLost | ClientGone, Scope.Scope>

/** A server on a port of its own. */
export interface Listener {
  readonly origin: string
  /**
   * Answers each request with `handle`, in a fiber of the scope. If the client closes the connection, the fiber is
   * interrupted.
   */
  readonly serve: (handle: Handle) => Effect.Effect<void, never, Scope.Scope>
  /** Until the scope is closed, the port takes no connection. Connections that are open end. */
  readonly refuse: Effect.Effect<void, never, Scope.Scope>
}

/** If the port can't be opened, that is a defect. */
const open = (server: Http.Server, port: number): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const end = (exit: Effect.Effect<void>) => {
      server.off("error", onError).off("listening", onListening)
      resume(exit)
    }
    const onError = (error: Error) => end(Effect.die(error))
    const onListening = () => end(Effect.void)
    server.on("error", onError).on("listening", onListening)
    server.listen({ host: "127.0.0.1", port, backlog: 4096 })
  })

const close = (server: Http.Server): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

/**
 * Listens on a free port of 127.0.0.1 until the scope is closed. Requests are answered once `serve` is called.
 * Closing the scope ends every connection, and waits until they are closed.
 */
export const listen: Effect.Effect<Listener, never, Scope.Scope> = Effect.gen(function* () {
  // Idle connections stay open, because a test would fail if the server closed one just as the client reuses it.
  const server = Http.createServer({ keepAliveTimeout: 0 })
  // After the end of the server, it counts as refusing: nothing opens the port again.
  let refusals = 0
  const shut = Effect.suspend(() => {
    refusals += 1
    return refusals === 1 ? close(server) : Effect.void
  })
  yield* Effect.acquireRelease(open(server, 0), () => shut)
  // `address` is null only while the server doesn't listen, and a string only if it listens on a pipe.
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    serve: (handle) => serve(server, handle),
    refuse: Effect.acquireRelease(shut, () =>
      Effect.suspend(() => {
        refusals -= 1
        return refusals === 0 ? open(server, port) : Effect.void
      })
    )
  }
})

const serve = (server: Http.Server, handle: Handle): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const runFork = yield* FiberSet.makeRuntime<never>()
    const onRequest = (request: Http.IncomingMessage, response: Http.ServerResponse) => {
      const fiber = runFork(
        handle(headOf(request), uploadOf(request)).pipe(
          Effect.flatMap((answer) => write(answer, response)),
          Effect.scoped,
          Effect.catchTag("ConnectionLost", () => Effect.sync(() => request.socket.resetAndDestroy())),
          // The client closed the connection before it had sent the whole request.
          Effect.catchTag("ClientGone", () => Effect.void),
          Effect.catchAllDefect((defect) =>
            Effect.zipRight(
              Effect.logError("CxoneSimulator: an answer can't be sent. It was 500 or broke off", defect),
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

const headOf = (request: Http.IncomingMessage): RequestHead => ({
  method: (request.method ?? "GET").toUpperCase(),
  url: request.url ?? "/",
  headers: Headers.fromInput(request.headers)
})

const uploadOf = (request: Http.IncomingMessage): Upload => ({
  whole: Effect.tryPromise({ try: () => buffer(request), catch: () => new ClientGone({}) }),
  first: Effect.async<Uint8Array, ClientGone>((resume) => {
    const onData = (piece: Uint8Array) => {
      request.pause()
      resume(Effect.succeed(piece))
    }
    const onEnd = () => resume(Effect.succeed(new Uint8Array()))
    const onError = () => resume(new ClientGone({}))
    request.once("data", onData).once("end", onEnd).once("error", onError)
    return Effect.sync(() => request.off("data", onData).off("end", onEnd).off("error", onError))
  })
})

const write = (answer: HttpServerResponse.HttpServerResponse, response: Http.ServerResponse): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { body } = answer
    const cookies = setCookiesOf(answer)
    response.writeHead(answer.status, {
      ...answer.headers,
      ...(cookies.length === 0 ? {} : { "set-cookie": Array.from(cookies) })
    })
    if (!hasBody(response.req.method ?? "GET", answer.status)) {
      return Effect.sync(() => response.end())
    }
    if (body._tag === "Uint8Array") {
      return Effect.sync(() => response.end(body.body))
    }
    // Node would hold the headers back until the first chunk of the body, which may come late.
    response.flushHeaders()
    return bytesOf(answer).pipe(
      Stream.runForEach((bytes) => writeBytes(bytes, response)),
      Effect.matchEffect({
        onSuccess: () => Effect.sync(() => response.end()),
        // `destroySoon` sends what was written and then closes the connection before the body is complete.
        onFailure: () => Effect.sync(() => response.socket?.destroySoon())
      })
    )
  })

const writeBytes = (bytes: Uint8Array, response: Http.ServerResponse): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (response.write(bytes)) {
      return resume(Effect.void)
    }
    // The client reads more slowly than this writes. If it goes away, this fiber is interrupted.
    const onDrain = () => resume(Effect.void)
    response.once("drain", onDrain)
    return Effect.sync(() => response.off("drain", onDrain))
  })
