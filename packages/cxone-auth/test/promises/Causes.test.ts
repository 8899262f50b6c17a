import { once } from "node:events"
import * as Http from "node:http"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Data, Effect, Layer, Stream } from "effect"
import { transports } from "../support/Transports.js"

class NoSuchRecording extends Data.TaggedError("NoSuchRecording")<{ readonly id: number }> {}

/** An API on a port of this machine, which reads each request and answers with what it read. */
const serve = Effect.acquireRelease(
  Effect.promise(async () => {
    const server = Http.createServer(async (request, response) => {
      request.on("error", () => response.destroy())
      response.end(Buffer.concat(await request.toArray().catch(() => [])))
    })
    await once(server.listen(0, "127.0.0.1"), "listening")
    const address = server.address()
    return { server, origin: typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "" }
  }),
  ({ server }) =>
    Effect.promise(() => {
      const closed = once(server.close(), "close")
      server.closeAllConnections()
      return closed
    })
)

const blocked = "http://127.0.0.1:6000"

const execute = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.gen(function* () {
    const { origin } = yield* serve
    const layer = CxoneHttpClient.layer({ allowedOrigins: [blocked] }).pipe(
      Layer.provide(CxoneAuth.layerTest("t0k3n-c4n4ry", { apiBaseUrl: origin }))
    )
    return yield* Effect.flatMap(CxoneHttpClient, (cxone) => cxone.execute(request)).pipe(Effect.provide(layer))
  })

const upload = (stream: Stream.Stream<Uint8Array, unknown>) =>
  HttpClientRequest.post("/x").pipe(HttpClientRequest.bodyStream(stream))

/** What a failure says, without the server's port. */
const saidBy = (error: object): string | undefined =>
  "description" in error ? String(error.description).replace(/:\d{4,5}\b/, ":…") : undefined

const part = Stream.make(new Uint8Array(10))
const thrown = new Error("the disk is gone")

describe.each(transports)("C10: %s", (transport, http) => {
  it.scopedLive.each<readonly [string, Stream.Stream<Uint8Array, unknown>, cause: unknown]>([
    ["fails", Stream.concat(part, Stream.fail(new NoSuchRecording({ id: 7 }))), new NoSuchRecording({ id: 7 })],
    ["fails at once", Stream.fail(new NoSuchRecording({ id: 7 })), new NoSuchRecording({ id: 7 })],
    ["fails with a text", Stream.concat(part, Stream.fail("no disk")), "no disk"],
    ["throws", Stream.concat(part, Stream.die(thrown)), thrown]
  ])("an upload whose stream %s fails with what the app's stream failed with", ([, stream, cause]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(execute(upload(stream)))
      expect(error).toMatchObject({
        _tag: "RequestError",
        reason: "Encode",
        description: "the stream of the body failed"
      })
      expect(error.cause).toEqual(cause)
    }).pipe(Effect.provide(http))
  )

  const form = new FormData()
  form.append("file", "x")

  const notSent = (words: string) =>
    `the HttpClient ${/\b(?:ERR_|UND_|bad port|GET)/.test(words) ? "did not send the request" : "itself failed"} (${words})`

  const refused: ReadonlyArray<
    readonly [string, HttpClientRequest.HttpClientRequest, { readonly [transport: string]: string }]
  > = [
    [
      "a header that is no header",
      HttpClientRequest.get("/x", { headers: { "x-note": "x\ny" } }),
      {
        fetch: notSent("TypeError: Headers.append: … is an invalid header value."),
        undici: notSent("InvalidArgumentError UND_ERR_INVALID_ARG: invalid … header"),
        "node:http": notSent("TypeError ERR_INVALID_CHAR: Invalid character in header content …")
      }
    ],
    ["a port that fetch blocks", HttpClientRequest.get(`${blocked}/x`), { fetch: notSent("bad port") }],
    [
      "a GET with a body",
      HttpClientRequest.get("/x").pipe(HttpClientRequest.bodyText("{}")),
      { fetch: notSent("TypeError: Request with GET/HEAD method cannot have body.") }
    ],
    [
      "a form that undici does not know",
      HttpClientRequest.post("/x").pipe(HttpClientRequest.bodyFormData(form)),
      { undici: notSent("TypeError: action is not a function") }
    ],
    [
      "a length that is not the stream's",
      HttpClientRequest.post("/x").pipe(
        HttpClientRequest.bodyStream(Stream.make(new Uint8Array(3)), { contentLength: 5 })
      ),
      {
        undici:
          "the request to http://127.0.0.1:… failed (RequestContentLengthMismatchError UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: " +
          "Request body length does not match content-length header)"
      }
    ]
  ]
  const here = refused.flatMap(([name, request, says]) => {
    const description = says[transport]
    return description === undefined ? [] : [[name, request, description] as const]
  })

  it.scopedLive.each(here)("%s is refused with the kind and the words of the transport", ([, request, description]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(execute(request))
      expect(error).toMatchObject({ _tag: "RequestError", reason: "Transport" })
      expect(saidBy(error)?.startsWith(`${description}. `), saidBy(error)).toBe(true)
      expect(error.cause).toBeUndefined()
    }).pipe(Effect.provide(http))
  )

  it.scopedLive("an upload that goes well is sent whole", () =>
    Effect.gen(function* () {
      const response = yield* execute(upload(Stream.make(new TextEncoder().encode("whole"))))
      expect(yield* response.text).toBe("whole")
    }).pipe(Effect.provide(http))
  )
})

describe("C10: a transport that throws what it was about to send", () => {
  it.scopedLive("is a RequestError with the kind of it, and without the token", () =>
    Effect.gen(function* () {
      const http = HttpClient.make(({ headers }) => {
        throw new TypeError(`cannot send ${headers.authorization}`)
      })
      const error = yield* Effect.flip(
        Effect.provideService(execute(HttpClientRequest.get("/x")), HttpClient.HttpClient, http)
      )
      expect(error).toMatchObject({ reason: "Transport" })
      expect(saidBy(error)).toMatch(
        /^the request to http:\/\/127\.0\.0\.1:… failed \(TypeError: cannot send Bearer …\)\. Check /
      )
      expect(error.cause).toBeUndefined()
    })
  )
})

describe("a fetch that takes no redirect mode but follow and manual, as workerd's", () => {
  const modes: Array<string | undefined> = []
  const workerd: typeof globalThis.fetch = async (input, init) => {
    modes.push(init?.redirect)
    if (init?.redirect !== "follow" && init?.redirect !== "manual") {
      throw new TypeError('Invalid redirect value, must be one of "follow" or "manual".')
    }
    return globalThis.fetch(input, init)
  }

  it.scopedLive("C8: sends a streamed body all the same, once", () =>
    Effect.gen(function* () {
      let runs = 0
      const body = Stream.unwrap(
        Effect.sync(() => {
          runs += 1
          return Stream.make(new TextEncoder().encode("who"), new TextEncoder().encode("le"))
        })
      )
      const response = yield* execute(upload(body))
      expect(yield* response.text).toBe("whole")
      expect(runs).toBe(1)
      expect(modes).toEqual(["error", "manual"])
    }).pipe(Effect.provide(FetchHttpClient.layer), Effect.provideService(FetchHttpClient.Fetch, workerd))
  )

  it.scopedLive("C8: another failure, or a body that has been read, is not sent again", () =>
    Effect.gen(function* () {
      let calls = 0
      const failing =
        (fail: (init: RequestInit | undefined) => Promise<never>): typeof globalThis.fetch =>
        (_, init) => {
          calls += 1
          return fail(init)
        }
      const refused = new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } })
      const after = (init: RequestInit | undefined) => {
        if (init?.body instanceof ReadableStream) init.body.getReader()
        return Promise.reject(new TypeError("fetch failed"))
      }
      for (const fetch of [failing(() => Promise.reject(refused)), failing(after)]) {
        yield* execute(upload(part)).pipe(
          Effect.flip,
          Effect.provide(FetchHttpClient.layer),
          Effect.provideService(FetchHttpClient.Fetch, fetch)
        )
      }
      expect(calls).toBe(2)
    })
  )
})
