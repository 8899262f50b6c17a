import { execFile } from "node:child_process"
import * as Net from "node:net"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import { certificates } from "../../cxone-auth/test/support/Certificates.js"
import { collectGarbage } from "../../cxone-auth/test/support/Garbage.js"
import * as Connections from "../src/Connections.js"
import { direct, eventually, get, listen, nobody, serve, serveBytes, serveTls } from "./support/Servers.js"

const megabyte = 1024 * 1024

/** Answers with this many megabytes, as fast as they are taken. */
const serveMegabytes = (megabytes: number, hasLength = false) => {
  const state = { written: 0 }
  return Effect.map(
    serve((_, response) => {
      const write = () => {
        while (state.written < megabytes) {
          state.written++
          if (!response.write(new Uint8Array(megabyte))) {
            response.once("drain", write)
            return
          }
        }
        response.end()
      }
      if (hasLength) {
        response.setHeader("content-length", megabytes * megabyte)
      }
      write()
    }),
    (server) => ({ ...server, written: () => state.written })
  )
}

const everyone = { concurrency: "unbounded" } as const

const standsStill = (count: () => number) =>
  Effect.suspend(() => {
    let [before, still] = [-1, 0]
    return eventually(() => {
      still = count() === before && before > 0 ? still + 1 : 0
      before = count()
      return still > 2_000
    })
  })

/** Collects garbage until it is so. */
const eventuallyCollected = (isSo: () => boolean) =>
  eventually(() => {
    collectGarbage()
    return isSo()
  })

describe("a connection", () => {
  it.scopedLive("serves the next request after a small answer that nobody read", () =>
    Effect.gen(function* () {
      const { host, sockets } = yield* serve((_, response) => response.end("x".repeat(1000)))
      yield* get(host)
      const second = yield* get(host)
      expect(yield* second.text).toHaveLength(1000)
      expect(sockets.length).toBe(1)
    }).pipe(Effect.provide(direct({ connections: 1 })))
  )

  it.scopedLive.each([
    ["without a length", false],
    ["with its length", true]
  ] as const)("is given up with a large answer that nobody holds any more (%s)", ([, hasLength]) =>
    Effect.gen(function* () {
      const { host, sockets, written } = yield* serveMegabytes(64, hasLength)
      yield* Effect.asVoid(get(host))
      yield* standsStill(written)
      expect(sockets[0]?.destroyed).toBe(false)
      yield* eventuallyCollected(() => sockets[0]?.destroyed === true)
      expect(written()).toBeLessThan(32)
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("stays while the answer is held, or read without being held", () =>
    Effect.gen(function* () {
      let finish: (() => void) | undefined
      const { host } = yield* serve((_, response) => {
        response.write("a")
        finish = () => response.end("b")
      })
      const reading = yield* Effect.fork(Effect.flatMap(get(host), ({ text }) => text))
      yield* eventually(() => finish !== undefined)
      for (let i = 0; i < 20; i++) {
        yield* Effect.sync(collectGarbage)
        yield* Effect.yieldNow()
      }
      finish?.()
      expect(yield* Fiber.join(reading)).toBe("ab")
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive.each([
    ["an answer", serveBytes("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")],
    ["a failure", nobody]
  ] as const)("is no reason to keep a request after %s, although its scope stays open", ([, server]) =>
    Effect.gen(function* () {
      const { host } = yield* server
      const client = HttpClient.withScope(yield* HttpClient.HttpClient)
      const sent = yield* Effect.suspend(() => {
        const request = HttpClientRequest.get(`http://${host}`)
        return Effect.as(Effect.exit(Effect.flatMap(client.execute(request), ({ text }) => text)), new WeakRef(request))
      })
      yield* eventuallyCollected(() => sent.deref() === undefined)
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("is paused while a reader is slow, and no more is held than the bound", () =>
    Effect.gen(function* () {
      const { host, written } = yield* serveMegabytes(64)
      const response = yield* get(host)
      const pull = yield* Stream.toPull(response.stream)
      yield* pull
      yield* standsStill(written)
      // What both sockets hold.
      expect(written()).toBeLessThan(32)
      let [largest, total] = [0, 0]
      yield* Stream.fromPull(Effect.succeed(pull)).pipe(
        Stream.chunks,
        Stream.runForEach((parts) =>
          Effect.sync(() => {
            const size = Chunk.reduce(parts, 0, (sum, part) => sum + part.length)
            total += size
            largest = Math.max(largest, size)
          })
        )
      )
      expect(total).toBeGreaterThan(63 * megabyte)
      expect(largest).toBeLessThanOrEqual(2 * 64 * 1024)
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("ends when a read is interrupted", () =>
    Effect.gen(function* () {
      const { allClosed, host } = yield* serveBytes("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", false)
      const response = yield* get(host)
      const reading = yield* Effect.fork(response.text)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(reading)
      yield* allClosed
      expect(yield* Effect.flip(response.text)).toMatchObject({ _tag: "ResponseError" })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("ends when the reader of a stream stops early", () =>
    Effect.gen(function* () {
      const { allClosed, host } = yield* serveMegabytes(64)
      yield* Stream.runDrain(Stream.take((yield* get(host)).stream, 1))
      yield* allClosed
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("ends when its request is interrupted", () =>
    Effect.gen(function* () {
      let asked = 0
      const { allClosed, host } = yield* serve(() => asked++)
      const running = yield* Effect.fork(get(host))
      yield* eventually(() => asked === 1)
      yield* Fiber.interrupt(running)
      yield* allClosed
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("that ended with an interrupted request is not opened anew before the next request", () =>
    Effect.gen(function* () {
      let asked = 0
      const { allClosed, host, sockets } = yield* serve((request, response) => {
        asked++
        if (request.url === "/answered") {
          response.end()
        }
      })
      const running = yield* Effect.fork(
        Effect.all(
          Array.from({ length: 20 }, () => get(host)),
          everyone
        )
      )
      yield* eventually(() => asked === 20)
      yield* Fiber.interrupt(running)
      yield* allClosed
      yield* standsStill(() => sockets.length)
      expect(sockets).toHaveLength(20)
      yield* get(host, "/answered")
      expect(sockets).toHaveLength(21)
    }).pipe(Effect.provide(direct()))
  )

  it("that is given up is reported once, because undici may open the next by then", () => {
    const outcomes: Array<string> = []
    const { connect, waitingAt } = Connections.heeding((_, report) => ({
      // As a socket does, which tells of its own end.
      destroy: (reason) => report(reason ?? new Error("no reason"), null)
    }))
    const waiting = waitingAt("http://a:80")
    waiting.enter()
    connect({ protocol: "http:", host: "a:80", hostname: "a", port: "80" }, (...[error]) => {
      outcomes.push(String(error))
    })
    waiting.leave()
    expect(outcomes).toStrictEqual(["Error: no request waits for the connection any more"])
  })

  it.scopedLive("is not opened for a request whose scope was closed before", () =>
    Effect.gen(function* () {
      const { host, sockets } = yield* listen(() => Net.createServer())
      const client = HttpClient.withScope(yield* HttpClient.HttpClient)
      const scope = yield* Scope.make()
      yield* Scope.close(scope, Exit.void)
      expect(yield* Effect.flip(Scope.extend(client.get(`http://${host}`), scope))).toMatchObject({
        reason: "Transport"
      })
      const other = yield* serve((_, response) => response.end())
      yield* get(other.host)
      expect(sockets).toHaveLength(0)
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("is not used for a request that was interrupted while it waited", () =>
    Effect.gen(function* () {
      const asked: Array<string | undefined> = []
      let answer = () => {}
      const { host } = yield* serve((request, response) => {
        asked.push(request.url)
        answer = () => response.end()
      })
      const first = yield* Effect.fork(get(host, "/1"))
      yield* eventually(() => asked.length === 1)
      const second = yield* Effect.fork(get(host, "/2"))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(second)
      answer()
      yield* Fiber.join(first)
      const third = yield* Effect.fork(get(host, "/3"))
      yield* eventually(() => asked.length === 2)
      answer()
      yield* Fiber.join(third)
      expect(asked).toEqual(["/1", "/3"])
    }).pipe(Effect.provide(direct({ connections: 1 })))
  )

  it.scopedLive("ends with the scope of its request, before the answer and after it", () =>
    Effect.gen(function* () {
      const { allClosed, host } = yield* serve((request, response) => {
        if (request.url === "/begun") {
          response.write("a")
        }
      })
      const client = HttpClient.withScope(yield* HttpClient.HttpClient)
      const scope = yield* Scope.make()
      const waiting = yield* Effect.fork(Scope.extend(client.get(`http://${host}/never`), scope))
      const response = yield* Scope.extend(client.get(`http://${host}/begun`), scope)
      yield* Scope.close(scope, Exit.void)
      expect(yield* Effect.flip(Fiber.join(waiting))).toMatchObject({ _tag: "RequestError", reason: "Transport" })
      expect(yield* Effect.flip(response.text)).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
      yield* allClosed
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("ends with the layer: what runs fails, and later requests do", () =>
    Effect.gen(function* () {
      const { allClosed, host } = yield* serve((request, response) => {
        if (request.url === "/begun") {
          response.write("a")
        } else if (request.url === "/idle") {
          response.end()
        }
      })
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(direct(), scope)
      const at = (path: string) => Effect.provide(get(host, path), context)
      yield* Effect.flatMap(at("/idle"), ({ text }) => text)
      const response = yield* at("/begun")
      const waiting = yield* Effect.fork(at("/never"))
      const dead = yield* Effect.fork(Effect.provide(get("192.0.2.1"), context))
      yield* Effect.yieldNow()
      yield* Scope.close(scope, Exit.void)
      for (const ended of [Fiber.join(waiting), Fiber.join(dead), at("/later")]) {
        expect(yield* Effect.flip(ended)).toMatchObject({
          _tag: "RequestError",
          cause: { code: "UND_ERR_DESTROYED" }
        })
      }
      expect(yield* Effect.flip(response.text)).toMatchObject({ _tag: "ResponseError" })
      yield* allClosed
    })
  )

  it.scopedLive.each(["direct", "proxy"])(
    "that is not open yet ends with the layer, too, so that the process ends (%s)",
    (way) =>
      Effect.gen(function* () {
        const { host } = yield* listen(() => Net.createServer(() => {}))
        const program = fileURLToPath(new URL("./support/closing-program.ts", import.meta.url))
        yield* Effect.promise(() =>
          promisify(execFile)(process.execPath, ["--import", "tsx", program, host, way], { timeout: 20_000 })
        )
      })
  )

  const askSecurely = (url: string) =>
    Effect.flatMap(HttpClient.HttpClient, (client) => Effect.flatMap(client.get(url), ({ text }) => text))

  const opensTunnels = (socket: Net.Socket) => socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"))

  it.scopedLive.each<readonly [string, string | undefined, (socket: Net.Socket) => unknown]>([
    ["TLS with the host", undefined, () => {}],
    ["TLS with the proxy", "https", () => {}],
    ["a tunnel", "http", () => {}],
    ["TLS in a tunnel", "http", opensTunnels]
  ])("that is not open yet ends with the last request that waits for it: %s", ([, scheme, serving]) =>
    Effect.gen(function* () {
      let ready = 0
      const { allClosed, host, sockets } = yield* listen(() =>
        Net.createServer((socket) => {
          serving(socket)
          socket.on("data", () => ready++)
        })
      )
      const layer = direct({
        connectTimeout: "1 day",
        ...(scheme === undefined ? {} : { proxy: { http: `${scheme}://${host}` } })
      })
      yield* Effect.gen(function* () {
        const url = scheme === undefined ? `https://${host}/` : "https://api.example/"
        const [first, second] = [yield* Effect.fork(askSecurely(url)), yield* Effect.fork(askSecurely(url))]
        // The tunnel is asked for first, and then TLS.
        yield* eventually(() => ready === (serving === opensTunnels ? 4 : 2))
        yield* Fiber.interrupt(first)
        yield* Effect.yieldNow()
        expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false])
        yield* Fiber.interrupt(second)
        yield* allClosed
        expect(sockets).toHaveLength(2)
      }).pipe(Effect.provide(layer))
    })
  )

  it.scopedLive("has TLS if the URL says so, and only then, whatever came before it to the same host and port", () =>
    Effect.gen(function* () {
      const { authority, good } = yield* certificates
      const { host } = yield* serveTls(good)
      yield* Effect.gen(function* () {
        for (const [scheme, expected] of [
          ["http", { _tag: "Left" }],
          ["https", { right: "secure" }],
          ["http", { _tag: "Left" }]
        ] as const) {
          expect(yield* Effect.either(askSecurely(`${scheme}://${host}/`)), scheme).toMatchObject(expected)
        }
      }).pipe(Effect.provide(direct({ tls: { ca: authority.cert } })))
    })
  )

  it.scopedLive("that others wait for stays, and serves them", () =>
    Effect.gen(function* () {
      const { authority, good } = yield* certificates
      const target = yield* serveTls(good)
      const held: Array<Net.Socket> = []
      const { host } = yield* listen(() =>
        Net.createServer({ pauseOnConnect: true }, (socket) => {
          socket.on("error", () => {})
          held.push(socket)
        })
      )
      yield* Effect.gen(function* () {
        const running = [
          yield* Effect.fork(askSecurely(`https://${host}/`)),
          yield* Effect.fork(askSecurely(`https://${host}/`))
        ] as const
        yield* eventually(() => held.length === 2)
        yield* Fiber.interrupt(running[0])
        for (const socket of held) {
          const through = Net.connect(target.port, "127.0.0.1")
          through.on("error", () => {})
          through.pipe(socket)
          socket.pipe(through)
        }
        expect(yield* Fiber.join(running[1])).toBe("secure")
      }).pipe(Effect.provide(direct({ tls: { ca: authority.cert } })))
    })
  )

  it.scopedLive.each([1, 2])(
    "that was given up is opened anew for the next request (of %i connections)",
    (connections) =>
      Effect.gen(function* () {
        const { authority, good } = yield* certificates
        const target = yield* serveTls(good)
        let count = 0
        const { host } = yield* listen(() =>
          Net.createServer((socket) => {
            count++
            if (count > 1) {
              socket.on("error", () => {})
              const through = Net.connect(target.port, "127.0.0.1")
              through.pipe(socket)
              socket.pipe(through)
            }
          })
        )
        yield* Effect.gen(function* () {
          const first = yield* Effect.fork(askSecurely(`https://${host}/`))
          yield* eventually(() => count === 1)
          yield* Fiber.interrupt(first)
          expect(yield* askSecurely(`https://${host}/`)).toBe("secure")
          expect(count).toBe(2)
        }).pipe(Effect.provide(direct({ connections, connectTimeout: "1 day", tls: { ca: authority.cert } })))
      })
  )

  it.scopedLive("that is refused fails with its code", () =>
    Effect.gen(function* () {
      const { host } = yield* nobody
      expect(yield* Effect.flip(get(host))).toMatchObject({ reason: "Transport", cause: { code: "ECONNREFUSED" } })
    }).pipe(Effect.provide(direct()))
  )
})

describe("a time-out", () => {
  const silent = listen(() => Net.createServer(() => {}))

  it.scopedLive("connectTimeout bounds TLS, too", () =>
    Effect.gen(function* () {
      const { host } = yield* silent
      const client = yield* HttpClient.HttpClient
      const error = yield* Effect.flip(client.get(`https://${host}`))
      expect(error).toMatchObject({ reason: "Transport", cause: { code: "UND_ERR_CONNECT_TIMEOUT" } })
    }).pipe(Effect.provide(direct({ connectTimeout: "1 second" })))
  )

  it.scopedLive("headersTimeout", () =>
    Effect.gen(function* () {
      const { host } = yield* silent
      expect(yield* Effect.flip(get(host))).toMatchObject({
        reason: "Transport",
        cause: { code: "UND_ERR_HEADERS_TIMEOUT" }
      })
    }).pipe(Effect.provide(direct({ headersTimeout: "1 second" })))
  )

  it.scopedLive("bodyTimeout", () =>
    Effect.gen(function* () {
      const { host } = yield* serveBytes("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", false)
      const error = yield* Effect.flip((yield* get(host)).text)
      expect(error).toMatchObject({ _tag: "ResponseError", reason: "Decode", cause: { code: "UND_ERR_BODY_TIMEOUT" } })
    }).pipe(Effect.provide(direct({ bodyTimeout: "1 second" })))
  )

  it.scopedLive("keepAliveTimeout ends an idle connection", () =>
    Effect.gen(function* () {
      const { allClosed, host } = yield* serveBytes("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false)
      yield* get(host)
      yield* allClosed
    }).pipe(Effect.provide(direct({ keepAliveTimeout: "20 millis" })))
  )

  it.scopedLive("keepAliveTimeout of 0 keeps no connection", () =>
    Effect.gen(function* () {
      const { allClosed, host, sockets } = yield* serve(({ headers }, response) => response.end(headers.connection))
      for (const count of [1, 2]) {
        expect(yield* Effect.flatMap(get(host), ({ text }) => text)).toBe("close")
        yield* allClosed
        expect(sockets.length).toBe(count)
      }
    }).pipe(Effect.provide(direct({ keepAliveTimeout: 0, connections: Number.POSITIVE_INFINITY })))
  )

  it.scopedLive("connections bounds how many there are", () =>
    Effect.gen(function* () {
      const { host, sockets } = yield* serve((_, response) => setImmediate(() => response.end()))
      yield* Effect.forEach(Array.from({ length: 10 }), () => get(host), { concurrency: "unbounded" })
      expect(sockets.length).toBe(2)
    }).pipe(Effect.provide(direct({ connections: 2 })))
  )
})
