import * as Headers from "@effect/platform/Headers"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ClientGone, ConnectionLost } from "../http/ConnectionError.js"
import { areTooLong, hasBody, noBytes } from "../http/HttpRules.js"
import type { RequestHead, Upload } from "../http/IncomingRequest.js"
import { bytesOf } from "../http/ResponseBody.js"
import * as EventLoop from "./EventLoop.js"
import * as MemoryResponse from "./MemoryResponse.js"
import * as MemoryUpload from "./MemoryUpload.js"
import * as RequestRules from "./RequestRules.js"

/** The origin of a host in memory. */
export const open = (name: string): Effect.Effect<{ readonly origin: string }> =>
  Effect.succeed({ origin: `https://${name}` })

/** What answers the requests of a transport in memory. */
export interface Handlers {
  /** By the origin of the host. The scope is that of the exchange: it ends when the answer with its body is sent. */
  readonly hosts: ReadonlyMap<string, (head: RequestHead, upload: Upload) => Handling>
  /** Called for a request to any other origin. */
  readonly onForeign: (origin: string, head: RequestHead) => Effect.Effect<void>
}

export interface MemoryTransport {
  readonly http: HttpClient.HttpClient
  /** Until the scope is closed, no host takes a connection. Connections that are open end. */
  readonly refuse: Effect.Effect<void, never, Scope.Scope>
}

/**
 * An `HttpClient` without a socket. What a client doesn't send fails here, too: of fetch, undici and `node:http`, the
 * strictest counts. A request to a foreign origin fails as if the host didn't exist. Interrupting the caller ends the whole
 * request. Closing the scope ends every connection, and no host takes another.
 */
export const make = ({ hosts, onForeign }: Handlers): Effect.Effect<MemoryTransport, never, Scope.Scope> =>
  Effect.gen(function* () {
    const connections = yield* FiberSet.make<void>()
    let refusals = 0
    const refuse = Effect.acquireRelease(
      Effect.zipRight(
        Effect.sync(() => {
          refusals += 1
        }),
        FiberSet.clear(connections)
      ),
      () =>
        Effect.sync(() => {
          refusals -= 1
        })
    )
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        refusals += 1
      })
    )

    /** Answers in a fiber of its own, as a server does, and gives out the answer as soon as its headers are there. */
    const exchange = (
      handling: Handling,
      method: string,
      signal: AbortSignal
    ): Effect.Effect<Received, ConnectionLost | ClientGone | ConnectionRefused> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          // Not before: the host may have begun to refuse, or have closed, while the body was encoded.
          if (refusals > 0) {
            return yield* new ConnectionRefused()
          }
          const received = yield* Deferred.make<Received, ConnectionLost | ClientGone>()
          const fiber = yield* FiberSet.run(connections, serve(handling, method, received))
          signal.addEventListener("abort", () => fiber.unsafeInterruptAsFork(FiberId.none))
          return yield* Effect.onInterrupt(restore(Deferred.await(received)), () => Fiber.interrupt(fiber))
        })
      )

    const answer = (
      request: HttpClientRequest.HttpClientRequest,
      url: URL,
      signal: AbortSignal
    ): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> => {
      const failed = (cause: unknown) => new HttpClientError.RequestError({ request, reason: "Transport", cause })
      const body = RequestRules.plain(request.body)
      const objection = RequestRules.objectionTo(request, body, url)
      if (objection !== undefined) {
        return Effect.fail(failed(new TypeError(`In memory as on the wire: ${objection}`)))
      }
      const head = RequestRules.headOf(request, body, url)
      const handle = hosts.get(url.origin)
      if (handle === undefined) {
        const message = `${url.origin} is not a host of the simulator; send the request to ${Array.from(hosts.keys()).join(", ")}`
        return Effect.zipRight(onForeign(url.origin, head), Effect.fail(failed(withCode("ENOTFOUND", message))))
      }
      const isTooLong = areTooLong(head.headers, `${head.method} ${head.url}`)
      const exchanged = Effect.gen(function* () {
        const { contentType, goOn, upload } = yield* MemoryUpload.encode(body, request.headers)
        // Other fibers run while a request is under way, as on a network, so that tests find races.
        yield* Effect.yieldNow()
        const headers =
          contentType === undefined ? head.headers : Headers.set(head.headers, "content-type", contentType)
        const handling = isTooLong ? Effect.succeed(tooLong) : handle({ ...head, headers }, upload)
        const received = yield* exchange(handling, head.method, signal)
        yield* goOn
        yield* Effect.yieldNow()
        return MemoryResponse.make(request, received.answer, received.body)
      })
      return Effect.mapError(exchanged, (broken) => {
        switch (broken._tag) {
          case "ClientGone":
            return failed(broken.cause)
          case "ConnectionLost":
            return failed(withCode("ECONNRESET", "read ECONNRESET"))
          case "ConnectionRefused":
            return failed(withCode("ECONNREFUSED", `connect ECONNREFUSED ${url.host}`))
        }
      })
    }

    const turn = EventLoop.makeTurn()
    const http = HttpClient.make((request, url, signal) => Effect.flatMap(turn, () => answer(request, url, signal)))

    return { http, refuse }
  })

class ConnectionRefused extends Data.TaggedError("ConnectionRefused") {}

/** What Node's parser answers. */
const tooLong = HttpServerResponse.empty({ status: 431 })

const withCode = (code: string, message: string): Error => Object.assign(new Error(message), { code })

type Handling = Effect.Effect<HttpServerResponse.HttpServerResponse, ConnectionLost | ClientGone, Scope.Scope>

interface Received {
  readonly answer: HttpServerResponse.HttpServerResponse
  readonly body: MemoryResponse.Body
}

/** How many pieces of a body are under way before the client reads them. */
const buffered = 16

/**
 * The part of a server, in its own fiber. What the app under test has set for its own, such as services or a handler of the
 * responses of its own server, isn't there, and the fiber can be interrupted.
 */
const serve = (
  handling: Handling,
  method: string,
  received: Deferred.Deferred<Received, ConnectionLost | ClientGone>
): Effect.Effect<void> =>
  Effect.matchCauseEffect(Effect.interruptible(handling), {
    onFailure: (cause) =>
      Deferred.failCause(received, Cause.isInterruptedOnly(cause) ? Cause.fail(new ConnectionLost()) : cause),
    onSuccess: (answer) => {
      const { body } = answer
      if (!hasBody(method, answer.status)) {
        return Deferred.succeed(received, { answer, body: undefined })
      }
      if (body._tag === "Empty" || body._tag === "Uint8Array") {
        return Deferred.succeed(received, { answer, body: body._tag === "Empty" ? noBytes : body.body })
      }
      return Effect.withFiberRuntime<void>((fiber) =>
        Effect.gen(function* () {
          const pieces = yield* Mailbox.make<Uint8Array, ConnectionLost>(buffered)
          const read = Stream.ensuring(
            Mailbox.toStream(pieces),
            Effect.sync(() => fiber.unsafeInterruptAsFork(FiberId.none))
          )
          yield* Deferred.succeed(received, { answer, body: read })
          const sent = yield* Effect.exit(
            Effect.interruptible(Stream.runForEach(bytesOf(answer), (piece) => pieces.offer(piece)))
          )
          yield* Exit.isSuccess(sent) ? pieces.end : pieces.fail(new ConnectionLost())
        })
      )
    }
  }).pipe(
    Effect.asVoid,
    Effect.mapInputContext((scope: Context.Context<Scope.Scope>) => Context.pick(Scope.Scope)(scope)),
    Effect.scoped,
    Effect.uninterruptible,
    Effect.locally(HttpApp.currentPreResponseHandlers, Option.none())
  )
