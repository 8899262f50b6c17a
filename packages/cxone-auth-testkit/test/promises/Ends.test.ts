import { createServer } from "node:net"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpRouter, HttpServerResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Array, Cause, Context, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import { apiRequest, mint, modes, tokenRequest } from "../support/Harness.js"

/** A turn of the event loop, so that a socket can be heard of. */
const eventLoop = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const turns = (count: number) => Effect.repeatN(Effect.yieldNow(), count)

describe("Memory: a host that closes or refuses while a request is on its way", () => {
  const form = new FormData()
  form.set("a", "b")

  const requests: ReadonlyArray<
    readonly [body: string, of: (to: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest]
  > = [
    ["no body", (to) => HttpClientRequest.setMethod(to, "GET")],
    ["text", HttpClientRequest.bodyText("a")],
    ["a form, which is encoded by a Promise", HttpClientRequest.bodyFormData(form)],
    ["a stream", HttpClientRequest.bodyStream(Stream.make(new Uint8Array(3)))]
  ]

  for (const [body, of] of requests) {
    it.live.each(Array.range(0, 6))(`${body}: the layer closes after %i turns`, (after) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const context = yield* Layer.buildWithScope(CxoneSimulator.layerMemory(), scope)
        const request = of(yield* Effect.provide(tokenRequest, context))
        const call = yield* Effect.fork(Context.get(context, HttpClient.HttpClient).execute(request))
        yield* turns(after)
        yield* Scope.close(scope, Exit.void)
        const exit = yield* Fiber.await(call).pipe(Effect.timeout("2 seconds"))
        // Answered, if it was in time.
        expect(Exit.isSuccess(exit) ? "answered" : Cause.pretty(exit.cause)).toMatch(/answered|Transport/)
      })
    )

    it.effect(`${body}: connections are refused while it is encoded`, () =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        const call = yield* Effect.fork(Effect.flip(HttpClient.execute(of(yield* tokenRequest))))
        yield* Effect.scoped(Effect.zipRight(simulator.refuseConnections, Fiber.join(call)))
        expect(yield* simulator.answersOf("token")).toEqual([])
      }).pipe(Effect.provide(CxoneSimulator.layerMemory()))
    )
  }
})

describe("Sockets: refuseConnections", () => {
  const reason = (origin: string) => Effect.map(Effect.flip(HttpClient.get(origin)), (error) => error.reason)

  it.live("nested, the port opens after the last; after the end of the simulator it stays closed", () =>
    Effect.gen(function* () {
      const layerScope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(CxoneSimulator.layerServer(), layerScope)
      const { origin, refuseConnections } = Context.get(context, CxoneSimulator)
      const [outer, inner] = [yield* Scope.make(), yield* Scope.make()]
      yield* Scope.extend(refuseConnections, outer)
      yield* Scope.extend(refuseConnections, inner)
      yield* Scope.close(inner, Exit.void)
      expect(yield* reason(origin)).toBe("Transport")
      yield* Scope.close(outer, Exit.void)
      expect((yield* HttpClient.get(origin)).status).toBe(401)

      const late = yield* Scope.make()
      yield* Scope.extend(refuseConnections, late)
      yield* Scope.close(layerScope, Exit.void)
      yield* Scope.close(late, Exit.void)
      expect(yield* reason(origin)).toBe("Transport")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.live("a port that another process took meanwhile is a defect, and nobody waits for it", () =>
    Effect.gen(function* () {
      const { origin, refuseConnections } = yield* CxoneSimulator
      const scope = yield* Scope.make()
      yield* Scope.extend(refuseConnections, scope)
      const thief = createServer()
      yield* Effect.async<void>(
        (resume) => void thief.listen(Number(new URL(origin).port), "127.0.0.1", () => resume(Effect.void))
      )
      const exit = yield* Effect.exit(Scope.close(scope, Exit.void)).pipe(Effect.timeout("2 seconds"))
      thief.close()
      expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain("EADDRINUSE")
    }).pipe(Effect.provide(CxoneSimulator.layerServer()))
  )
})

describe("Sockets: a port that can't be opened again and again", () => {
  it.live("leaves no handler behind", () =>
    Effect.gen(function* () {
      const warnings: Array<string> = []
      const note = (warning: Error) => void warnings.push(warning.message)
      yield* Effect.acquireRelease(
        Effect.sync(() => process.on("warning", note)),
        () => Effect.sync(() => process.off("warning", note))
      )
      const { origin, refuseConnections } = yield* CxoneSimulator
      const thief = createServer()
      const first = yield* Scope.make()
      yield* Scope.extend(refuseConnections, first)
      yield* Effect.async<void>(
        (resume) => void thief.listen(Number(new URL(origin).port), "127.0.0.1", () => resume(Effect.void))
      )
      yield* Effect.exit(Scope.close(first, Exit.void))
      for (const _ of Array.range(1, 12)) {
        yield* Effect.exit(Effect.scoped(refuseConnections))
      }
      yield* eventLoop
      yield* Effect.async<void>((resume) => void thief.close(() => resume(Effect.void)))
      yield* Effect.scoped(refuseConnections)
      expect(warnings).toEqual([])
      expect((yield* HttpClient.get(origin)).status).toBe(401)
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(CxoneSimulator.layerServer(), FetchHttpClient.layer)))
  )
})

describe.each(modes)("What a route has opened is closed, whenever its client leaves $name", ({ layer }) => {
  const open = { count: 0 }
  const resource = Effect.acquireRelease(
    Effect.sync(() => {
      open.count += 1
    }),
    () =>
      Effect.sync(() => {
        open.count -= 1
      })
  )
  const pieces = Stream.encodeText(Stream.repeatEffect(Effect.as(Effect.yieldNow(), "piece")))
  const api = HttpRouter.empty.pipe(
    HttpRouter.get("/stream", Effect.as(resource, HttpServerResponse.stream(pieces))),
    HttpRouter.get("/text", Effect.as(resource, HttpServerResponse.text("text"))),
    HttpRouter.get("/never", Effect.zipRight(resource, Effect.never))
  )

  it.live.each(["/stream", "/text", "/never"])("%s", (path) =>
    Effect.gen(function* () {
      const token = yield* mint()
      const request = HttpClientRequest.bearerToken(yield* apiRequest(path), token)
      for (const after of Array.range(0, 25)) {
        const read = Effect.flatMap(HttpClient.execute(request), ({ stream }) => Stream.runDrain(stream))
        const call = yield* Effect.fork(read)
        yield* turns(after)
        yield* Fiber.interrupt(call)
      }
      yield* Effect.repeat(
        Effect.zipRight(
          eventLoop,
          Effect.sync(() => open.count)
        ),
        { until: (count) => count === 0 }
      ).pipe(Effect.timeout("4 seconds"))
    }).pipe(Effect.provide(layer({ api })))
  )
})
