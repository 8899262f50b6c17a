import type * as Http from "node:http"
import { createServer } from "node:net"
import { Readable } from "node:stream"
import { HttpBody, HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Option, Stream } from "effect"
import { direct, eventually, listen, serve, serveBytes } from "./support/Servers.js"

/** Answers what has arrived. */
const echo = (request: Http.IncomingMessage, response: Http.ServerResponse) => {
  const parts: Array<Buffer> = []
  request.on("data", (part: Buffer) => parts.push(part))
  request.on("end", () =>
    response.end(
      JSON.stringify({
        url: request.url,
        method: request.method,
        headers: request.headers,
        body: Buffer.concat(parts).toString()
      })
    )
  )
}

const form = () => {
  const form = new FormData()
  form.set("a", "1")
  return form
}

const text = (...parts: ReadonlyArray<string>) => Stream.encodeText(Stream.fromIterable(parts))

const bodies: ReadonlyArray<readonly [string, () => HttpBody.HttpBody, expected: object]> = [
  ["nothing", () => HttpBody.empty, { body: "", headers: { "content-length": "0" } }],
  [
    "a text",
    () => HttpBody.text("é", "text/plain"),
    { body: "é", headers: { "content-length": "2", "content-type": "text/plain" } }
  ],
  [
    "bytes",
    () => HttpBody.uint8Array(new Uint8Array([97, 98]), "a/b"),
    { body: "ab", headers: { "content-length": "2" } }
  ],
  [
    "a raw text",
    () => HttpBody.raw("raw", { contentType: "text/plain" }),
    { body: "raw", headers: { "content-length": "3" } }
  ],
  ["a raw Buffer", () => HttpBody.raw(Buffer.from("raw")), { body: "raw" }],
  ["a raw Readable", () => HttpBody.raw(Readable.from([Buffer.from("r"), Buffer.from("aw")])), { body: "raw" }],
  [
    "a raw Blob",
    () => HttpBody.raw(new Blob(["raw"], { type: "text/x" })),
    { body: "raw", headers: { "content-type": "text/x" } }
  ],
  [
    "a raw form",
    () => HttpBody.raw(form()),
    {
      body: expect.stringContaining('name="a"'),
      headers: { "content-type": expect.stringMatching(/^multipart\/form-data; boundary=/) }
    }
  ],
  [
    "raw URLSearchParams",
    () => HttpBody.raw(new URLSearchParams({ a: "é" })),
    { body: "a=%C3%A9", headers: { "content-type": expect.stringMatching(/^application\/x-www-form-urlencoded/) } }
  ],
  ["a raw ReadableStream", () => HttpBody.raw(new Blob(["raw"]).stream()), { body: "raw" }],
  [
    "a form",
    () => HttpBody.formData(form()),
    {
      body: expect.stringContaining('name="a"'),
      headers: { "content-type": expect.stringMatching(/^multipart\/form-data; boundary=/) }
    }
  ],
  ["a stream", () => HttpBody.stream(text("a", "", "b")), { body: "ab", headers: { "transfer-encoding": "chunked" } }],
  [
    "a stream of a known length",
    () => HttpBody.stream(text("a", "b"), "a/b", 2),
    { body: "ab", headers: { "content-length": "2" } }
  ],
  ["an empty stream", () => HttpBody.stream(Stream.empty), { body: "" }]
]

const post = (host: string, body: HttpBody.HttpBody, headers: Record<string, string> = {}) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => client.post(`http://${host}/`, { body, headers }))

class Greeting extends Context.Tag("Greeting")<Greeting, string>() {}

describe("a request", () => {
  it.scopedLive.each(bodies)("sends %s", ([, body, expected]) =>
    Effect.gen(function* () {
      const { host } = yield* serve(echo)
      expect(yield* (yield* post(host, body())).json).toMatchObject({ method: "POST", ...expected })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("has a User-Agent and the codings that are decoded, unless the caller says otherwise", () =>
    Effect.gen(function* () {
      const { host } = yield* serve(echo)
      const sent = (headers: Record<string, string>) =>
        Effect.flatMap(post(host, HttpBody.empty, headers), ({ json }) => json)
      expect(yield* sent({})).toMatchObject({
        headers: { "user-agent": "cxone-auth-undici", "accept-encoding": "gzip, deflate, br" }
      })
      expect(yield* sent({ range: "bytes=0-1" })).toMatchObject({ headers: { "accept-encoding": "identity" } })
      expect(yield* sent({ "accept-encoding": "br", "user-agent": "mine", host: "other" })).toMatchObject({
        headers: { "user-agent": "mine", "accept-encoding": "br", host: "other" }
      })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("takes its User-Agent from the option", () =>
    Effect.gen(function* () {
      const { host } = yield* serve(echo)
      expect(yield* (yield* post(host, HttpBody.empty)).json).toMatchObject({ headers: { "user-agent": "app/1" } })
    }).pipe(Effect.provide(direct({ userAgent: "app/1" })))
  )

  it.scopedLive("goes to its path and query, without the fragment", () =>
    Effect.gen(function* () {
      const { host } = yield* serve(echo)
      const request = HttpClientRequest.get(`http://${host}/a%20b?x=1#f`).pipe(HttpClientRequest.setUrlParam("y", "é"))
      const response = yield* Effect.flatMap(HttpClient.HttpClient, (client) => client.execute(request))
      expect(yield* response.json).toMatchObject({ url: "/a%20b?x=1&y=%C3%A9" })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("to open a tunnel fails, and leaves no connection", () =>
    Effect.gen(function* () {
      const { allClosed, host } = yield* serveBytes("HTTP/1.1 200 OK\r\n\r\n", false)
      // JavaScript may do this.
      const request = HttpClientRequest.make("CONNECT" as "GET")(`http://${host}/`)
      const error = yield* Effect.flip(Effect.flatMap(HttpClient.HttpClient, (client) => client.execute(request)))
      expect(error).toMatchObject({ reason: "Transport", cause: { message: expect.stringContaining("CONNECT") } })
      yield* allClosed
    }).pipe(Effect.provide(direct()))
  )

  it.effect.each([
    ["relative", "/relative"],
    ["of another scheme", "ftp://127.0.0.1/"],
    ["of a scheme within a scheme", "blob:http://127.0.0.1/"],
    ["of a scheme without a host", "mailto:a@b.example"]
  ] as const)("to a URL that is %s is not sent, with a proxy and without", ([, url]) =>
    Effect.gen(function* () {
      for (const proxy of ["none", { http: "http://127.0.0.1:1" }] as const) {
        const error = yield* Effect.flip(Effect.flatMap(HttpClient.HttpClient, (client) => client.get(url))).pipe(
          Effect.provide(direct({ proxy }))
        )
        expect(error).toMatchObject({ _tag: "RequestError", reason: "InvalidUrl" })
      }
    })
  )

  it.effect("with a header that is none fails", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(post("127.0.0.1:1", HttpBody.empty, { x: "a\nb" }))
      expect(error).toMatchObject({ _tag: "RequestError", cause: { code: "UND_ERR_INVALID_ARG" } })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("whose stream is not as long as it says fails", () =>
    Effect.gen(function* () {
      const { host } = yield* serve(echo)
      const error = yield* Effect.flip(post(host, HttpBody.stream(text("abc"), "a/b", 2)))
      expect(error).toMatchObject({ cause: { code: "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH" } })
    }).pipe(Effect.provide(direct()))
  )
})

const size = 24 * 1024 * 1024
const large: Uint8Array<ArrayBuffer> = new Uint8Array(size).fill(97)
const largeText = "a".repeat(size)

/** The same, within a larger buffer. */
const view = new Uint8Array(size + 2).fill(98).subarray(1, size + 1)
view.set(large)

const half = large.subarray(size / 2)

const largeForm = () => {
  const form = new FormData()
  form.set('t"\n', largeText.slice(size / 2))
  form.set("file", new Blob([half], { type: "a/b" }), 'f"')
  return form
}

const largeBodies: ReadonlyArray<readonly [string, () => HttpBody.HttpBody, hasLength: boolean]> = [
  ["bytes", () => HttpBody.uint8Array(large), true],
  ["bytes within a larger buffer", () => HttpBody.uint8Array(view), true],
  ["a text", () => HttpBody.text(largeText), true],
  ["a raw text", () => HttpBody.raw(largeText), true],
  ["a raw ArrayBuffer", () => HttpBody.raw(large.buffer), true],
  ["a raw Blob", () => HttpBody.raw(new Blob([large])), true],
  ["a form", () => HttpBody.formData(largeForm()), true],
  ["a stream of one part", () => HttpBody.stream(Stream.succeed(large)), false]
]

describe("a large body", () => {
  /** Takes bodies slower than the time-out of their requests, but never rests for so long. */
  const serveSlowly = serve((request, response) => {
    let arrived = 0
    request.on("data", (part: Buffer) => {
      arrived += part.length
      request.pause()
      setTimeout(() => request.resume(), 25)
    })
    request.on("end", () => response.end(JSON.stringify({ arrived, length: request.headers["content-length"] })))
  })

  it.scopedLive(
    "is sent for as long as the server takes it: headersTimeout is for what comes after",
    () =>
      Effect.gen(function* () {
        const { host } = yield* serveSlowly
        yield* Effect.forEach(
          largeBodies,
          ([name, body, hasLength]) =>
            Effect.gen(function* () {
              const answer = yield* (yield* post(host, body())).json
              expect(answer, name).toEqual({
                arrived: name === "a form" ? expect.any(Number) : size,
                ...(hasLength ? { length: expect.stringMatching(/^\d+$/) } : {})
              })
            }),
          { concurrency: "unbounded", discard: true }
        )
      }).pipe(Effect.provide(direct({ headersTimeout: "5 seconds" }))),
    60_000
  )

  it.scopedLive.each(largeBodies)("arrives as it is: %s", ([, body, hasLength]) =>
    Effect.gen(function* () {
      const { host } = yield* serve((request, response) => {
        const parts: Array<Buffer> = []
        request.on("data", (part: Buffer) => parts.push(part))
        request.on("end", () => {
          const bytes = Buffer.concat(parts)
          const { "content-length": length, "content-type": type = "" } = request.headers
          const form = type.startsWith("multipart/")
            ? new Response(bytes, { headers: { "content-type": type } }).formData()
            : Promise.resolve(undefined)
          form.then(async (form) => {
            const file = form?.get("file")
            const isWhole =
              form === undefined
                ? bytes.equals(large)
                : form.get('t"\r\n') === largeText.slice(size / 2) &&
                  file instanceof File &&
                  file.name === 'f"' &&
                  file.type === "a/b" &&
                  Buffer.from(await file.arrayBuffer()).equals(half)
            response.end(JSON.stringify({ isWhole, hasLength: length === String(bytes.length) }))
          })
        })
      })
      expect(yield* (yield* post(host, body())).json).toEqual({ isWhole: true, hasLength })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("is sent again where a redirect says so", () =>
    Effect.gen(function* () {
      const { host } = yield* serve((request, response) => {
        let arrived = 0
        request.on("data", (part: Buffer) => (arrived += part.length))
        request.on("end", () =>
          request.url === "/" ? response.writeHead(307, { location: "/again" }).end() : response.end(String(arrived))
        )
      })
      const client = HttpClient.followRedirects(yield* HttpClient.HttpClient)
      const response = yield* client.post(`http://${host}/`, { body: HttpBody.uint8Array(large) })
      expect(yield* response.text).toBe(String(size))
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive.each([
    ["takes nothing of it", () => {}],
    ["takes it and does not answer", (request: Http.IncomingMessage) => request.resume()]
  ] as const)("fails by headersTimeout if the server %s", ([, handler]) =>
    Effect.gen(function* () {
      const { host } = yield* serve(handler)
      expect(yield* Effect.flip(post(host, HttpBody.uint8Array(large)))).toMatchObject({
        reason: "Transport",
        cause: { code: "UND_ERR_HEADERS_TIMEOUT" }
      })
    }).pipe(Effect.provide(direct({ headersTimeout: "1 second" })))
  )
})

describe("a streamed body", () => {
  it.scopedLive("may take longer than headersTimeout to make", () =>
    Effect.gen(function* () {
      const { host } = yield* serve(echo)
      const body = Stream.concat(
        text("a"),
        Stream.fromEffect(Effect.delay(Effect.succeed(Buffer.from("b")), "3 seconds"))
      )
      expect(yield* (yield* post(host, HttpBody.stream(body))).json).toMatchObject({ body: "ab" })
    }).pipe(Effect.provide(direct({ headersTimeout: "1 second" })))
  )

  it.scopedLive("may be worked on for longer than headersTimeout, if the server says so meanwhile", () =>
    Effect.gen(function* () {
      const { host } = yield* serve((request, response) => {
        request.resume().once("end", () => {
          let said = 0
          const timer = setInterval(() => {
            said++
            if (said < 40) {
              response.writeProcessing()
            } else {
              clearInterval(timer)
              response.end("done")
            }
          }, 100)
        })
      })
      expect(yield* (yield* post(host, HttpBody.stream(text("a")))).text).toBe("done")
    }).pipe(Effect.provide(direct({ headersTimeout: "3 seconds" })))
  )

  it.scopedLive("is answered in time if the headers are: the rest may take longer than headersTimeout", () =>
    Effect.gen(function* () {
      const { host } = yield* serve((request, response) => {
        request.resume().once("end", () => {
          response.write("a")
          setTimeout(() => response.end("b"), 4000)
        })
      })
      expect(yield* (yield* post(host, HttpBody.stream(text("a")))).text).toBe("ab")
    }).pipe(Effect.provide(direct({ headersTimeout: "3 seconds" })))
  )

  it.scopedLive("runs in the caller's context", () =>
    Effect.gen(function* () {
      const { host } = yield* serve(echo)
      const body = Stream.encodeText(
        Stream.fromEffect(
          Effect.map(
            Effect.serviceOption(Greeting),
            Option.getOrElse(() => "none")
          )
        )
      )
      const response = yield* Effect.provideService(post(host, HttpBody.stream(body)), Greeting, "hello")
      expect(yield* response.json).toMatchObject({ body: "hello" })
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive.each([
    ["before its first part", Stream.empty],
    ["after a part", text("a")]
  ] as const)("that fails %s fails the request with its failure, and its finalizers run", ([, before]) =>
    Effect.gen(function* () {
      const { host } = yield* serve(echo)
      let ended = 0
      const failure = { _tag: "AppFailure" }
      const body = Stream.concat(before, Stream.fail(failure)).pipe(Stream.ensuring(Effect.sync(() => ended++)))
      const error = yield* Effect.flip(post(host, HttpBody.stream(body)))
      expect(error).toMatchObject({ _tag: "RequestError", reason: "Transport" })
      expect(error.cause).toBe(failure)
      expect(ended).toBe(1)
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("that dies is a defect of the request, too", () =>
    Effect.gen(function* () {
      const { host } = yield* serve(echo)
      const exit = yield* Effect.exit(post(host, HttpBody.stream(Stream.concat(text("a"), Stream.die("boom")))))
      expect(exit).toMatchObject({ cause: { _tag: "Die", defect: "boom" } })
    }).pipe(Effect.provide(direct()))
  )

  /** It gives one part, and then nothing more. */
  const stalled = Effect.gen(function* () {
    const ended = yield* Deferred.make<void>()
    const body = Stream.concat(text("a"), Stream.never).pipe(Stream.ensuring(Deferred.succeed(ended, undefined)))
    return { ended: Deferred.await(ended), body: HttpBody.stream(body) }
  })

  it.scopedLive("is interrupted when the server answers early", () =>
    Effect.gen(function* () {
      const { host } = yield* serveBytes("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno", false)
      const { body, ended } = yield* stalled
      const response = yield* post(host, body)
      expect([response.status, yield* response.text]).toEqual([413, "no"])
      yield* ended
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("is interrupted when the server drops the connection", () =>
    Effect.gen(function* () {
      const { host } = yield* listen(() => createServer((socket) => socket.once("data", () => socket.destroy())))
      const { body, ended } = yield* stalled
      expect(yield* Effect.flip(post(host, body))).toMatchObject({
        reason: "Transport",
        cause: { code: expect.any(String) }
      })
      yield* ended
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("has ended when the interruption of the request has", () =>
    Effect.gen(function* () {
      let arrived = 0
      const { host } = yield* serve((request) => request.once("data", () => arrived++))
      let ended = 0
      const body = Stream.concat(text("a"), Stream.never).pipe(
        Stream.ensuring(
          Effect.zipRight(
            Effect.sleep("5 millis"),
            Effect.sync(() => ended++)
          )
        )
      )
      const running = yield* Effect.fork(post(host, HttpBody.stream(body)))
      yield* eventually(() => arrived === 1)
      yield* Fiber.interrupt(running)
      expect(ended).toBe(1)
    }).pipe(Effect.provide(direct()))
  )

  it.scopedLive("never runs if its request is interrupted before it has a connection", () =>
    Effect.gen(function* () {
      const { host } = yield* serve(() => {})
      yield* Effect.fork(post(host, HttpBody.empty))
      let began = 0
      const part = Effect.sync(() => {
        began++
        return new Uint8Array(1)
      })
      const running = yield* Effect.fork(post(host, HttpBody.stream(Stream.fromEffect(part))))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(running)
      expect(began).toBe(0)
    }).pipe(Effect.provide(direct({ connections: 1 })))
  )

  it.scopedLive("is pulled no faster than the server takes it", () =>
    Effect.gen(function* () {
      const part = 64 * 1024
      let pulled = 0
      let [arrived, proceed] = [0, () => {}]
      const { host } = yield* serve((request, response) => {
        request.once("readable", () => {
          proceed = () => {
            request.on("data", (bytes: Buffer) => (arrived += bytes.length))
            request.on("end", () => response.end("done"))
          }
        })
      })
      const parts = 400
      const pull = Effect.sync(() => {
        pulled++
        return new Uint8Array(part)
      })
      const body = Stream.repeatEffect(pull).pipe(Stream.take(parts), Stream.rechunk(1))
      const running = yield* Effect.fork(post(host, HttpBody.stream(body)))
      // What the sockets of both sides hold differs from machine to machine. Then it stands still.
      let [before, still] = [-1, 0]
      yield* eventually(() => {
        still = pulled === before && pulled > 0 ? still + 1 : 0
        before = pulled
        return still > 2_000
      })
      expect(pulled).toBeLessThan(parts / 2)
      proceed()
      expect(yield* (yield* Fiber.join(running)).text).toBe("done")
      expect([pulled, arrived]).toEqual([parts, parts * part])
    }).pipe(Effect.provide(direct()))
  )
})
