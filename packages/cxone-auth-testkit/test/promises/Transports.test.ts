import { gzipSync } from "node:zlib"
import {
  FetchHttpClient,
  HttpBody,
  HttpClient,
  HttpClientRequest,
  type HttpClientResponse,
  HttpRouter,
  HttpServerError,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import {
  CxoneSimulator,
  type CxoneSimulatorService,
  Fault,
  type FaultOn,
  type SimulatorOptions
} from "cxone-auth-testkit"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Cause, Chunk, Effect, Exit, Fiber, Layer, Logger, Option, Stream } from "effect"
import { mint, type Wired } from "../support/Harness.js"

const text = (...pieces: ReadonlyArray<string>) => Stream.encodeText(Stream.fromIterable(pieces))

const broken = Stream.concat(text("a"), Stream.fail("boom"))

const form = () => {
  const form = new FormData()
  form.set("a", "b")
  return form
}

/** Answers what has arrived. */
const echo = Effect.gen(function* () {
  const { headers, method, text, url } = yield* HttpServerRequest.HttpServerRequest
  const type = headers["content-type"] ?? ""
  const [, boundary = "no boundary"] = /boundary=(.*)$/.exec(type) ?? []
  const sent = headers["x-sent"] === undefined ? [] : [JSON.stringify(headers["x-sent"])]
  const body = (yield* text).replaceAll("\r\n", "|")
  return HttpServerResponse.text([method, url, type, ...sent, body].join(" ").replaceAll(boundary, "B"))
})

const gzip = gzipSync("hello")

const withHeaders = (headers: Record<string, string>) => HttpServerResponse.text("abc", { headers })

/** What the option `api` answers, by its path. */
const answers: Record<
  string,
  Effect.Effect<HttpServerResponse.HttpServerResponse, unknown, HttpServerRequest.HttpServerRequest>
> = {
  "/echo": echo,
  "/gr%C3%BC%C3%9Fe": echo,
  "/text": HttpServerResponse.text("abc"),
  "/json": HttpServerResponse.unsafeJson({ a: 1 }),
  "/bom": HttpServerResponse.text("\ufeff{}"),
  "/empty": HttpServerResponse.text(""),
  "/nothing": HttpServerResponse.empty({ status: 200 }),
  "/not-utf-8": HttpServerResponse.uint8Array(Uint8Array.of(0x61, 0xff)),
  "/big": HttpServerResponse.uint8Array(new Uint8Array(5_000_000).fill(0x61)),
  "/204": HttpServerResponse.empty(),
  "/204/text": HttpServerResponse.text("abc", { status: 204 }),
  "/204/raw": HttpServerResponse.raw("abc", { status: 204 }),
  "/205/text": HttpServerResponse.text("abc", { status: 205 }),
  "/304": HttpServerResponse.empty({ status: 304, headers: { etag: "v1" } }),
  "/304/text": HttpServerResponse.text("abc", { status: 304 }),
  "/302": HttpServerResponse.redirect("/text"),
  "/stream": HttpServerResponse.stream(text("a", "b")),
  "/stream/empty": HttpServerResponse.stream(Stream.empty),
  "/stream/true": HttpServerResponse.stream(text("a", "b"), { contentLength: 2 }),
  "/stream/short": HttpServerResponse.stream(text("a", "b"), { contentLength: 5 }),
  "/stream/long": HttpServerResponse.stream(text("a", "bc", "d"), { contentLength: 2 }),
  "/stream/fails": HttpServerResponse.stream(broken),
  "/stream/dies": HttpServerResponse.stream(Stream.concat(text("a"), Stream.die("boom"))),
  "/raw": HttpServerResponse.raw("raw", { contentType: "text/plain" }),
  "/raw/bare": HttpServerResponse.raw("raw"),
  "/raw/short": HttpServerResponse.raw("raw", { contentLength: 7 }),
  "/raw/symbol": HttpServerResponse.raw(Symbol("raw")),
  "/raw/readable": Effect.sync(() => HttpServerResponse.raw(new Blob(["blob"]).stream())),
  "/form": Effect.sync(() => HttpServerResponse.formData(form())),
  "/dies": Effect.die("boom"),
  "/fails": Effect.fail("boom"),
  "/never": Effect.never,
  "/status": HttpServerResponse.text("abc", { status: 600 }),
  "/cookies": HttpServerResponse.text("abc").pipe(
    HttpServerResponse.unsafeSetCookie("a", "x y;", { path: "/" }),
    HttpServerResponse.unsafeSetCookie("b", "2")
  ),
  "/headers/cookie": withHeaders({ "set-cookie": "c=3; Path=/" }),
  "/headers/lines": withHeaders({ x: "a\r\nb" }),
  "/headers/wide": withHeaders({ x: "€" }),
  "/headers/latin": withHeaders({ x: "é" }),
  "/headers/name": withHeaders({ "x y": "a" }),
  "/headers/spaces": withHeaders({ x: "\t a b" }),
  "/headers/chunked": withHeaders({ "transfer-encoding": "chunked" }),
  "/headers/trailer": withHeaders({ trailer: "x" }),
  "/headers/long": withHeaders({ x: "a".repeat(20_000) }),
  "/length/true": HttpServerResponse.setHeader(HttpServerResponse.text("abc"), "content-length", "3"),
  "/length/none": HttpServerResponse.empty({ status: 200, headers: { "content-length": "5" } }),
  "/length/nonsense": HttpServerResponse.setHeader(HttpServerResponse.stream(text("abc")), "content-length", "x"),
  "/gzip": HttpServerResponse.uint8Array(gzip, { headers: { "content-encoding": "gzip" } }),
  "/gzip/lie": withHeaders({ "content-encoding": "gzip" }),
  "/gzip/stream": HttpServerResponse.stream(text("a", "b"), { headers: { "content-encoding": "gzip" } })
}

// A router lets its routes be interrupted.
const api = HttpRouter.all(
  HttpRouter.empty,
  "*",
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const [path = ""] = request.url.split(/[?#]/, 1)
    return answers[path] ?? Effect.fail(new HttpServerError.RouteNotFound({ request }))
  })
)

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse

interface World {
  readonly simulator: CxoneSimulatorService
  /** A request with a token. */
  readonly at: (path: string, method?: string) => Request
}

type Ask = (world: World) => Effect.Effect<string, unknown, Wired>

const relevant = ["content-type", "location", "retry-after", "etag", "x", "content-encoding", "allow", "set-cookie"]

const shown = (response: Response, body: string) => {
  const headers = relevant.flatMap((name) =>
    response.headers[name] === undefined ? [] : [`${name}: ${response.headers[name].slice(0, 40)}`]
  )
  const cookies = Object.entries(response.cookies.cookies).map(([name, { value }]) => `${name}=${value}`)
  return [response.status, ...headers, ...cookies, body.length > 300 ? `${body.length} characters` : body].join("; ")
}

const send = (request: Request) =>
  Effect.gen(function* () {
    const response = yield* HttpClient.execute(request)
    return shown(response, yield* response.text)
  })

const get =
  (path: string): Ask =>
  ({ at }) =>
    send(at(path))

const head =
  (path: string): Ask =>
  ({ at }) =>
    send(at(path, "HEAD"))

const post =
  (body: HttpBody.HttpBody | (() => HttpBody.HttpBody), method = "POST", headers: Record<string, string> = {}): Ask =>
  ({ at }) =>
    at("/echo", method).pipe(
      HttpClientRequest.setBody(typeof body === "function" ? body() : body),
      HttpClientRequest.setHeaders(headers),
      send
    )

const header =
  (name: string, value: string): Ask =>
  ({ at }) =>
    send(HttpClientRequest.setHeader(at("/echo"), name, value))

const method =
  (method: string): Ask =>
  ({ at }) =>
    send(at("/echo", method))

/** The simulator breaks or answers by a fault. */
const faulty =
  (fault: FaultOn["api"], ask: Ask): Ask =>
  (world) =>
    Effect.zipRight(world.simulator.inject(fault, { on: "api" }), ask(world))

const readers = {
  text: (response: Response) => response.text,
  json: (response: Response) => Effect.map(response.json, (json) => JSON.stringify(json)),
  arrayBuffer: (response: Response) => Effect.map(response.arrayBuffer, (bytes) => `${bytes.byteLength} bytes`),
  formData: (response: Response) => Effect.map(response.formData, (form) => Array.from(form.keys()).join()),
  stream: (response: Response) =>
    Effect.map(
      Stream.runCollect(response.stream),
      (pieces) => `${Chunk.reduce(pieces, 0, (total, { length }) => total + length)} bytes`
    )
}

type Reader = keyof typeof readers

/** Reads the body in these ways, one after the other. */
const read =
  (path: string, ways: ReadonlyArray<Reader>, method = "GET"): Ask =>
  ({ at }) =>
    Effect.gen(function* () {
      const response = yield* HttpClient.execute(at(path, method))
      const ends = yield* Effect.forEach(ways, (way) => Effect.map(Effect.exit(readers[way](response)), endOf))
      return ends.join(", ")
    })

const endOf = (exit: Exit.Exit<string, unknown>): string =>
  Exit.match(exit, {
    // What a hint says is the matter of other tests.
    onSuccess: (seen) => seen.replace(/"hint":"(?:[^"\\]|\\.)*"/, '"hint":"…"'),
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => "defect",
        onSome: (error) =>
          // Every failure here is one of the client's.
          `${(error as { _tag: string })._tag} ${(error as { reason?: string }).reason ?? ""}`
      })
  })

const transport = "RequestError Transport"
const routeFailed = '500; content-type: application/json; {"message":"Internal Server Error","hint":"…"}'
const undecodable = "ResponseError Decode"

const isFailure = (seen: string) => /Error|defect|^[45]\d\d/.test(seen)

type Wire = "fetch" | "undici" | "node:http" | "cxone-auth-undici"

interface Row {
  readonly ask: Ask
  /** What the client sees in memory, and on every wire that isn't in `but`. */
  readonly seen: string
  /** What it sees on some wires; `undefined` if it waits there for ever, or the process ends. */
  readonly but?: Partial<Record<Wire, string | undefined>>
  /** Why the wires differ. */
  readonly why?: string
  /** The outcomes in the record, each with the length of the body, unless that varies. Default: 200, and no body. */
  readonly recorded?: string | undefined
  /** Wires that record something else, or now this and now that. */
  readonly recordedElse?: ReadonlyArray<Wire>
  /** Why this may succeed in memory though it fails on a wire. */
  readonly lenient?: string
}

const allWires: ReadonlyArray<Wire> = ["fetch", "undici", "node:http", "cxone-auth-undici"]

const tail = "content-type: text/plain"

const rows: Record<string, Row> = {
  "a GET": { ask: method("GET"), seen: `200; ${tail}; GET /echo  ` },
  "a POST without a body": { ask: method("POST"), seen: `200; ${tail}; POST /echo  ` },
  "a PATCH": { ask: method("PATCH"), seen: `200; ${tail}; PATCH /echo  ` },
  "a DELETE": { ask: method("DELETE"), seen: `200; ${tail}; DELETE /echo  ` },
  "an OPTIONS": { ask: method("OPTIONS"), seen: `200; ${tail}; OPTIONS /echo  ` },
  "a HEAD": { ask: method("HEAD"), seen: `200; ${tail}; ` },
  "a CONNECT": { ask: method("CONNECT"), seen: transport, recorded: "" },
  "a TRACE": {
    ask: method("TRACE"),
    seen: transport,
    but: {
      undici: `200; ${tail}; TRACE /echo  `,
      "node:http": `200; ${tail}; TRACE /echo  `,
      "cxone-auth-undici": `200; ${tail}; TRACE /echo  `
    },
    why: "fetch forbids it",
    recorded: "",
    recordedElse: ["undici", "node:http", "cxone-auth-undici"]
  },
  "a method that is no token": {
    ask: method("B D"),
    seen: transport,
    but: { "node:http": "defect" },
    why: "node:http throws",
    recorded: ""
  },
  "a GET with a body": {
    ask: post(HttpBody.text("abc"), "GET"),
    seen: transport,
    but: {
      undici: `200; ${tail}; GET /echo text/plain abc`,
      "node:http": `200; ${tail}; GET /echo text/plain abc`,
      "cxone-auth-undici": `200; ${tail}; GET /echo text/plain abc`
    },
    why: "fetch forbids it",
    recorded: "",
    recordedElse: ["undici", "node:http", "cxone-auth-undici"]
  },
  "a HEAD with a body": {
    ask: post(HttpBody.text("abc"), "HEAD"),
    seen: transport,
    but: { undici: `200; ${tail}; `, "node:http": `200; ${tail}; `, "cxone-auth-undici": `200; ${tail}; ` },
    why: "fetch forbids it",
    recorded: "",
    recordedElse: ["undici", "node:http", "cxone-auth-undici"]
  },
  "a DELETE with a body": {
    ask: post(HttpBody.text("abc"), "DELETE"),
    seen: `200; ${tail}; DELETE /echo text/plain abc`,
    recorded: "200 3"
  },
  "a DELETE with a stream": {
    ask: post(HttpBody.stream(text("a", "b"), "text/plain"), "DELETE"),
    seen: transport,
    but: {
      fetch: `200; ${tail}; DELETE /echo text/plain ab`,
      undici: `200; ${tail}; DELETE /echo text/plain ab`,
      "node:http": "400; ",
      "cxone-auth-undici": `200; ${tail}; DELETE /echo text/plain ab`
    },
    why: "node:http sends the body without its length",
    recorded: "",
    recordedElse: allWires
  },
  "a DELETE with a stream of a known length": {
    ask: post(HttpBody.stream(text("a", "b"), "text/plain", 2), "DELETE"),
    seen: `200; ${tail}; DELETE /echo text/plain ab`,
    recorded: "200 2"
  },

  "a header": { ask: header("x-sent", "a"), seen: `200; ${tail}; GET /echo  "a" ` },
  "an empty header": { ask: header("x-sent", ""), seen: `200; ${tail}; GET /echo  "" ` },
  "a header in Latin-1": { ask: header("x-sent", "é"), seen: `200; ${tail}; GET /echo  "é" ` },
  "a header with a tab": { ask: header("x-sent", "a\tb"), seen: `200; ${tail}; GET /echo  "a\\tb" ` },
  "a header with spaces around it": { ask: header("x-sent", "\t a b  "), seen: `200; ${tail}; GET /echo  "a b" ` },
  "a header outside of Latin-1": {
    ask: header("x-sent", "€"),
    seen: transport,
    but: { "node:http": "defect" },
    why: "node:http throws",
    recorded: ""
  },
  "a header with a line break": {
    ask: header("x-sent", "a\r\nb"),
    seen: transport,
    but: { "node:http": "defect" },
    why: "node:http throws",
    recorded: ""
  },
  "a header with a control character": {
    ask: header("x-sent", "a\u0001b"),
    seen: transport,
    but: { "node:http": "defect" },
    why: "node:http throws",
    recorded: ""
  },
  "a header name with a space": {
    ask: header("x sent", "a"),
    seen: transport,
    but: { "node:http": "defect" },
    why: "node:http throws",
    recorded: ""
  },
  "an empty header name": {
    ask: header("", "a"),
    seen: transport,
    but: { "node:http": "defect" },
    why: "node:http throws",
    recorded: ""
  },
  "20,000 characters in a header": { ask: header("x-sent", "a".repeat(20_000)), seen: "431; ", recorded: "" },
  ...Object.fromEntries(
    [
      ["transfer-encoding", "chunked"],
      ["keep-alive", "5"],
      ["upgrade", "websocket"],
      ["expect", "100-continue"]
    ].map(([name = "", value = ""]): [string, Row] => [
      `the header ${name}`,
      {
        ask: header(name, value),
        seen: transport,
        but: { "node:http": `200; ${tail}; GET /echo  ` },
        why: "undici refuses it, and fetch is undici",
        recorded: "",
        recordedElse: ["node:http"]
      }
    ])
  ),
  "the header trailer": {
    ask: header("trailer", "x"),
    seen: transport,
    but: {
      fetch: `200; ${tail}; GET /echo  `,
      undici: `200; ${tail}; GET /echo  `,
      "node:http": "defect",
      "cxone-auth-undici": `200; ${tail}; GET /echo  `
    },
    why: "node:http throws",
    recorded: "",
    recordedElse: ["fetch", "undici", "cxone-auth-undici"]
  },

  "a text": {
    ask: post(HttpBody.text("grüße")),
    seen: `200; ${tail}; POST /echo text/plain grüße`,
    recorded: "200 7"
  },
  "an empty text": { ask: post(HttpBody.text("")), seen: `200; ${tail}; POST /echo text/plain ` },
  bytes: {
    ask: post(HttpBody.uint8Array(Uint8Array.of(0x61, 0xff))),
    seen: `200; ${tail}; POST /echo application/octet-stream a\ufffd`,
    recorded: "200 2"
  },
  JSON: {
    ask: post(HttpBody.unsafeJson({ a: 1 })),
    seen: `200; ${tail}; POST /echo application/json {"a":1}`,
    recorded: "200 7"
  },
  "a form": {
    ask: ({ at }) => send(HttpClientRequest.bodyUrlParams(at("/echo", "POST"), { a: "b c" })),
    seen: `200; ${tail}; POST /echo application/x-www-form-urlencoded a=b+c`,
    recorded: "200 5"
  },
  "a multipart form": {
    ask: post(() => HttpBody.formData(form())),
    seen: `200; ${tail}; POST /echo multipart/form-data; boundary=B --B|Content-Disposition: form-data; name="a"||b|--B--|`,
    but: { undici: transport },
    why: "undici doesn't know the FormData of Node",
    lenient: "a fault of NodeHttpClient.layerUndici, whatever the form holds",
    // How long a boundary is, is up to the version of Node.
    recorded: undefined
  },
  "5 MB": {
    ask: post(HttpBody.uint8Array(new Uint8Array(5_000_000))),
    seen: `200; ${tail}; 5000036 characters`,
    recorded: "200 5000000"
  },
  "a stream": {
    ask: post(HttpBody.stream(text("a", "b"), "text/plain")),
    seen: `200; ${tail}; POST /echo text/plain ab`,
    recorded: "200 2"
  },
  "an empty stream": {
    ask: post(HttpBody.stream(Stream.empty, "text/plain")),
    seen: `200; ${tail}; POST /echo text/plain `
  },
  "a stream of the length that it announces": {
    ask: post(HttpBody.stream(text("a", "b"), "text/plain", 2)),
    seen: `200; ${tail}; POST /echo text/plain ab`,
    recorded: "200 2"
  },
  "a stream that is longer than it announces": {
    ask: post(HttpBody.stream(text("a", "b", "c"), "text/plain", 2)),
    seen: transport,
    but: { fetch: `200; ${tail}; POST /echo text/plain abc`, "node:http": "400; " },
    why: "fetch doesn't send the length, and node:http sends a second request that isn't one",
    recorded: "aborted 0",
    recordedElse: allWires
  },
  "a stream that is shorter than it announces": {
    ask: post(HttpBody.stream(text("a", "b"), "text/plain", 5)),
    seen: transport,
    but: { fetch: `200; ${tail}; POST /echo text/plain ab`, "node:http": undefined },
    why: "fetch doesn't send the length, and the server waits for the rest from node:http",
    recorded: "aborted 0",
    recordedElse: ["fetch", "undici", "cxone-auth-undici"]
  },
  "a stream that fails": {
    ask: post(HttpBody.stream(broken)),
    seen: transport,
    but: { "node:http": "RequestError Encode" },
    why: "node:http tells whose fault it is; it ends the request as if the body were whole",
    recorded: "aborted 0",
    recordedElse: allWires
  },
  "a stream that dies": {
    ask: post(HttpBody.stream(Stream.concat(text("a"), Stream.die("boom")))),
    seen: "defect",
    but: { fetch: transport, undici: transport },
    why: "fetch and undici make a failure of a defect",
    recorded: "aborted 0",
    recordedElse: allWires
  },
  "raw text": {
    ask: post(HttpBody.raw("raw", { contentType: "text/plain" })),
    seen: `200; ${tail}; POST /echo text/plain raw`,
    recorded: "200 3"
  },
  "raw bytes": {
    ask: post(HttpBody.raw(Buffer.from("raw"))),
    seen: `200; ${tail}; POST /echo  raw`,
    recorded: "200 3"
  },
  "a raw body that is null": { ask: post(HttpBody.raw(null)), seen: `200; ${tail}; POST /echo  ` },
  "a raw URLSearchParams": {
    ask: post(HttpBody.raw(new URLSearchParams({ a: "b" }), { contentType: "text/plain" })),
    seen: transport,
    but: {
      fetch: `200; ${tail}; POST /echo text/plain a=b`,
      "node:http": "defect",
      "cxone-auth-undici": `200; ${tail}; POST /echo text/plain a=b`
    },
    why: "undici and node:http don't know it",
    recorded: "",
    recordedElse: ["fetch", "cxone-auth-undici"]
  },
  "a raw ReadableStream": {
    ask: post(() => HttpBody.raw(new Blob(["ab"]).stream(), { contentType: "text/plain" })),
    seen: transport,
    but: {
      undici: `200; ${tail}; POST /echo text/plain ab`,
      "node:http": "defect",
      "cxone-auth-undici": `200; ${tail}; POST /echo text/plain ab`
    },
    why: "fetch wants the option `duplex`, and node:http takes text and bytes only",
    recorded: "",
    recordedElse: ["undici", "cxone-auth-undici"]
  },
  "a raw number": {
    ask: post(HttpBody.raw(5, { contentType: "text/plain" })),
    seen: transport,
    but: { fetch: `200; ${tail}; POST /echo text/plain 5`, "node:http": "defect" },
    why: "only fetch makes a text of it",
    recorded: "",
    recordedElse: ["fetch"]
  },
  "a true content-length": {
    ask: post(HttpBody.text("abc"), "POST", { "content-length": "3" }),
    seen: `200; ${tail}; POST /echo text/plain abc`,
    recorded: "200 3"
  },
  "a content-length that is too big": {
    ask: post(HttpBody.text("abc"), "POST", { "content-length": "5" }),
    seen: transport,
    but: { fetch: `200; ${tail}; POST /echo text/plain abc`, "node:http": undefined },
    why: "fetch measures the body itself, and the server waits for the rest from node:http",
    recorded: "",
    recordedElse: ["fetch"]
  },
  "a content-length that is too small": {
    ask: post(HttpBody.text("abc"), "POST", { "content-length": "1" }),
    seen: transport,
    but: { fetch: `200; ${tail}; POST /echo text/plain abc`, "node:http": "400; " },
    why: "fetch measures the body itself, and node:http sends a second request that isn't one",
    recorded: "",
    recordedElse: ["fetch", "node:http"]
  },
  "a content-length that is no number": {
    ask: post(HttpBody.text("abc"), "POST", { "content-length": "x" }),
    seen: transport,
    but: { fetch: `200; ${tail}; POST /echo text/plain abc`, "node:http": "400; " },
    why: "fetch measures the body itself, and node:http sends it as it is",
    recorded: "",
    recordedElse: ["fetch"]
  },
  "a content-length without a body": {
    ask: post(HttpBody.empty, "POST", { "content-length": "5" }),
    seen: transport,
    but: {
      fetch: `200; ${tail}; POST /echo  `,
      undici: `200; ${tail}; POST /echo  `,
      "node:http": undefined,
      "cxone-auth-undici": `200; ${tail}; POST /echo  `
    },
    why: "the server waits for a body from node:http",
    recorded: "",
    recordedElse: ["fetch", "undici", "cxone-auth-undici"]
  },

  "a path that is not ASCII": { ask: get("/grüße"), seen: `200; ${tail}; GET /gr%C3%BC%C3%9Fe  ` },
  "a query that is not ASCII": {
    ask: get("/echo?q=grüße&b=a b"),
    seen: `200; ${tail}; GET /echo?q=gr%C3%BC%C3%9Fe&b=a%20b  `
  },
  "a path with dots": { ask: get("/a/../echo"), seen: `200; ${tail}; GET /echo  ` },
  "a fragment": {
    ask: get("/echo#part"),
    seen: `200; ${tail}; GET /echo  `,
    but: { undici: `200; ${tail}; GET /echo#part  ` },
    why: "NodeHttpClient.layerUndici sends it"
  },
  "20,000 characters in the query": { ask: get(`/echo?${"a".repeat(20_000)}`), seen: "431; ", recorded: "" },
  "a user in the URL": {
    ask: ({ at, simulator }) =>
      send(HttpClientRequest.setUrl(at("/"), `${simulator.origin.replace("//", "//user:password@")}/text`)),
    seen: transport,
    but: { undici: `200; ${tail}; abc`, "node:http": `200; ${tail}; abc`, "cxone-auth-undici": `200; ${tail}; abc` },
    why: "fetch forbids it",
    recorded: "",
    recordedElse: ["undici", "node:http", "cxone-auth-undici"]
  },
  "a URL without a host": {
    ask: () => send(HttpClientRequest.get("/text")),
    seen: "RequestError InvalidUrl",
    recorded: ""
  },
  "a host that isn't there": {
    ask: () => send(HttpClientRequest.get("http://127.0.0.1:1/text")),
    seen: transport,
    recorded: ""
  },
  "a host that refuses connections": {
    ask: ({ at, simulator }) => Effect.scoped(Effect.zipRight(simulator.refuseConnections, send(at("/text")))),
    seen: transport,
    recorded: ""
  },
  "a host that has refused connections": {
    ask: ({ at, simulator }) => Effect.zipRight(Effect.scoped(simulator.refuseConnections), send(at("/text"))),
    seen: `200; ${tail}; abc`
  },
  "a host that refuses connections while it handles a request": {
    ask: ({ at, simulator }) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(send(at("/never")))
        yield* simulator.awaitRequests("api", 1)
        yield* simulator.refuseConnections
        return yield* Fiber.join(fiber)
      }).pipe(Effect.scoped),
    seen: transport,
    recorded: "aborted 0"
  },
  "a host that refuses connections in the middle of a body": {
    ask: faulty(Fault.endlessBody({ every: "1 hour" }), ({ at, simulator }) =>
      Effect.gen(function* () {
        const response = yield* HttpClient.execute(at("/text"))
        const fiber = yield* Effect.fork(response.text)
        yield* simulator.refuseConnections
        return yield* Fiber.join(fiber)
      }).pipe(Effect.scoped)
    ),
    seen: undecodable
  },

  "a text that isn't there": { ask: get("/empty"), seen: `200; ${tail}; ` },
  "no body": { ask: get("/nothing"), seen: "200; " },
  "bytes that are no UTF-8": { ask: get("/not-utf-8"), seen: "200; content-type: application/octet-stream; a\ufffd" },
  "5 MB in the answer": { ask: get("/big"), seen: "200; content-type: application/octet-stream; 5000000 characters" },
  "a byte order mark": {
    ask: read("/bom", ["json"]),
    seen: undecodable,
    but: { fetch: "{}", undici: "{}", "cxone-auth-undici": "{}" },
    why: "node:http keeps it"
  },
  "204": { ask: get("/204"), seen: "204; ", recorded: "204 0" },
  "204 as a stream": {
    ask: read("/204", ["stream"]),
    seen: "ResponseError EmptyBody",
    but: { undici: "0 bytes", "node:http": "0 bytes", "cxone-auth-undici": "0 bytes" },
    why: "fetch has no stream of it",
    recorded: "204 0"
  },
  "204 as JSON": { ask: read("/204", ["json"]), seen: "null", recorded: "204 0" },
  "204 with a text": {
    ask: get("/204/text"),
    seen: routeFailed,
    recorded: "500 0"
  },
  "204 with a raw body": {
    ask: get("/204/raw"),
    seen: routeFailed,
    recorded: "500 0"
  },
  "205 with a text": {
    ask: get("/205/text"),
    seen: routeFailed,
    recorded: "500 0"
  },
  "304": { ask: get("/304"), seen: "304; etag: v1; ", recorded: "304 0" },
  "304 with a text": {
    ask: get("/304/text"),
    seen: routeFailed,
    recorded: "500 0"
  },
  "302 is not followed": { ask: get("/302"), seen: "302; location: /text; ", recorded: "302 0" },
  "HEAD of a text, as a stream": {
    ask: read("/text", ["stream"], "HEAD"),
    seen: "ResponseError EmptyBody",
    but: { undici: "0 bytes", "node:http": "0 bytes", "cxone-auth-undici": "0 bytes" },
    why: "fetch has no stream of it"
  },
  "HEAD of a stream": { ask: head("/stream"), seen: "200; content-type: application/octet-stream; " },
  "HEAD of a body that fails": { ask: head("/stream/fails"), seen: "200; content-type: application/octet-stream; " },
  "HEAD of a content-length without a body": { ask: head("/length/none"), seen: "200; " },
  "a stream in the answer": { ask: get("/stream"), seen: "200; content-type: application/octet-stream; ab" },
  "an empty stream in the answer": { ask: get("/stream/empty"), seen: "200; content-type: application/octet-stream; " },
  "a stream of its announced length": {
    ask: get("/stream/true"),
    seen: "200; content-type: application/octet-stream; ab"
  },
  "a stream that is shorter than announced": { ask: get("/stream/short"), seen: undecodable },
  "a stream that is longer than announced": {
    ask: get("/stream/long"),
    seen: "200; content-type: application/octet-stream; ab"
  },
  "a stream that fails in the middle": { ask: get("/stream/fails"), seen: undecodable },
  "a stream that dies in the middle": { ask: get("/stream/dies"), seen: undecodable },
  "a request after a stream that fails": {
    ask: ({ at }) => Effect.zipRight(Effect.ignore(send(at("/stream/fails"))), send(at("/text"))),
    seen: `200; ${tail}; abc`,
    recorded: "200 0, 200 0"
  },
  "a raw text in the answer": { ask: get("/raw"), seen: `200; ${tail}; raw` },
  "a raw text without a type": { ask: get("/raw/bare"), seen: "200; raw" },
  "a raw text that is shorter than announced": { ask: get("/raw/short"), seen: undecodable },
  "a raw body that is none": { ask: get("/raw/symbol"), seen: undecodable },
  "a ReadableStream in the answer": { ask: get("/raw/readable"), seen: "200; blob" },
  "a multipart form in the answer": {
    ask: read("/form", ["formData"]),
    seen: "a",
    but: { undici: undecodable },
    why: "undici reads no forms",
    lenient: "a fault of NodeHttpClient.layerUndici, whatever the form holds"
  },
  "a route that dies": { ask: get("/dies"), seen: routeFailed, recorded: "500 0" },
  "a route that fails": { ask: get("/fails"), seen: routeFailed, recorded: "500 0" },
  "no route": {
    ask: get("/nowhere"),
    seen: '404; content-type: application/json; {"message":"Not Found"}',
    recorded: "404 0"
  },
  ...Object.fromEntries(
    [
      "/status",
      "/headers/lines",
      "/headers/wide",
      "/headers/name",
      "/headers/chunked",
      "/headers/trailer",
      "/headers/long",
      "/length/none",
      "/length/nonsense"
    ].map((path): [string, Row] => [
      `an answer that can't be sent: ${path}`,
      {
        ask: get(path),
        seen: routeFailed,
        recorded: "500 0"
      }
    ])
  ),
  "a header of the answer in Latin-1": { ask: get("/headers/latin"), seen: `200; ${tail}; x: é; abc` },
  "a header of the answer with spaces before it": { ask: get("/headers/spaces"), seen: `200; ${tail}; x: a b; abc` },
  "a true content-length of the answer": { ask: get("/length/true"), seen: `200; ${tail}; abc` },
  cookies: {
    ask: get("/cookies"),
    seen: `200; ${tail}; set-cookie: a=x%20y%3B; Path=/, b=2; a=x y;; b=2; abc`,
    but: { fetch: `200; ${tail}; set-cookie: b=2; a=x y;; b=2; abc` },
    why: "the Headers of the platform keep the last line of fetch's only"
  },
  "a cookie as a header": { ask: get("/headers/cookie"), seen: `200; ${tail}; set-cookie: c=3; Path=/; c=3; abc` },
  gzip: {
    ask: read("/gzip", ["arrayBuffer"]),
    seen: "25 bytes",
    but: { fetch: "5 bytes", "cxone-auth-undici": "5 bytes" },
    why: "only fetch and cxone-auth-undici decode it"
  },
  "gzip that is none": {
    ask: get("/gzip/lie"),
    seen: undecodable,
    but: {
      undici: `200; ${tail}; content-encoding: gzip; abc`,
      "node:http": `200; ${tail}; content-encoding: gzip; abc`
    },
    why: "only fetch and cxone-auth-undici decode it"
  },
  "gzip that is none, as a stream": {
    ask: read("/gzip/stream", ["stream"]),
    seen: undecodable,
    but: { undici: "2 bytes", "node:http": "2 bytes" },
    why: "only fetch and cxone-auth-undici decode it"
  },

  "a body read as text and text": { ask: read("/json", ["text", "text"]), seen: '{"a":1}, {"a":1}' },
  "a body read as text and JSON": { ask: read("/json", ["text", "json"]), seen: '{"a":1}, {"a":1}' },
  "a body read as text and bytes": {
    ask: read("/json", ["text", "arrayBuffer"]),
    seen: `{"a":1}, ${undecodable}`,
    but: { undici: undefined, "node:http": undefined, "cxone-auth-undici": '{"a":1}, 7 bytes' },
    why: "undici ends the process, node:http waits for ever, and cxone-auth-undici keeps the bytes"
  },
  "a body read as text and a stream": {
    ask: read("/json", ["text", "stream"]),
    seen: `{"a":1}, ${undecodable}`,
    but: {
      fetch: '{"a":1}, defect',
      undici: '{"a":1}, 0 bytes',
      "node:http": '{"a":1}, 0 bytes',
      "cxone-auth-undici": '{"a":1}, 7 bytes'
    },
    why: "fetch throws, cxone-auth-undici keeps the bytes, and the others have nothing left"
  },
  "a body read as bytes and bytes": {
    ask: read("/json", ["arrayBuffer", "arrayBuffer"]),
    seen: `7 bytes, ${undecodable}`,
    but: {
      fetch: "7 bytes, 7 bytes",
      undici: "7 bytes, 7 bytes",
      "node:http": undefined,
      "cxone-auth-undici": "7 bytes, 7 bytes"
    },
    why: "node:http keeps no bytes, and waits for ever"
  },
  "a body read as a stream and text": {
    ask: read("/json", ["stream", "text"]),
    seen: `7 bytes, ${undecodable}`,
    but: { "node:http": undefined },
    why: "node:http waits for ever"
  },
  "a body read as a stream and a stream": {
    ask: read("/stream", ["stream", "stream"]),
    seen: `2 bytes, ${undecodable}`,
    but: { fetch: "2 bytes, defect", undici: "2 bytes, 0 bytes", "node:http": "2 bytes, 0 bytes" },
    why: "fetch throws, and the others have nothing left"
  },

  "fault: respond": {
    ask: faulty(Fault.respond({ status: 503, body: { a: 1 }, headers: { "Retry-After": "7" } }), get("/text")),
    seen: '503; content-type: application/json; retry-after: 7; {"a":1}',
    recorded: "503 0"
  },
  "fault: respond with a cookie": {
    ask: faulty(Fault.respond({ status: 200, headers: { "set-cookie": "a=b" } }), get("/text")),
    seen: "200; set-cookie: a=b; a=b; "
  },
  "fault: respond to a HEAD": {
    ask: faulty(Fault.respond({ status: 503, body: "abc" }), head("/text")),
    seen: "503; content-type: text/plain; charset=utf-8; ",
    recorded: "503 0"
  },
  "fault: delay": { ask: faulty(Fault.delay("1 millis"), get("/text")), seen: `200; ${tail}; abc` },
  "fault: connectionReset": { ask: faulty(Fault.connectionReset, get("/text")), seen: transport, recorded: "reset 0" },
  "fault: connectionReset of an upload": {
    ask: faulty(Fault.connectionReset, post(HttpBody.stream(text("a", "b")))),
    seen: transport,
    recorded: "reset 2"
  },
  "fault: resetUpload": {
    ask: faulty(Fault.resetUpload, post(HttpBody.stream(Stream.concat(text("a"), Stream.never)))),
    seen: transport,
    recorded: "reset 0"
  },
  "fault: resetUpload of a text": {
    ask: faulty(Fault.resetUpload, post(HttpBody.text("abc"))),
    seen: transport,
    recorded: "reset 0"
  },
  "fault: resetUpload without an upload": {
    ask: faulty(Fault.resetUpload, get("/text")),
    seen: transport,
    recorded: "reset 0"
  },
  "fault: earlyAnswer": {
    ask: faulty(Fault.earlyAnswer({ status: 413, body: "abc" }), post(HttpBody.stream(text("a", "b")))),
    seen: "413; content-type: text/plain; charset=utf-8; abc",
    recorded: "413 0"
  },
  "fault: earlyAnswer to a stream that fails": {
    ask: faulty(Fault.earlyAnswer({ status: 413, body: "abc" }), post(HttpBody.stream(broken))),
    seen: transport,
    but: { "node:http": "RequestError Encode" },
    why: "node:http tells whose fault it is",
    recorded: "413 0",
    recordedElse: allWires
  },
  "fault: earlyAnswer to a stream that never ends": {
    ask: faulty(
      Fault.earlyAnswer({ status: 413, body: "abc" }),
      post(HttpBody.stream(Stream.concat(text("a"), Stream.never)))
    ),
    seen: "413; content-type: text/plain; charset=utf-8; abc",
    but: { "node:http": undefined },
    why: "node:http hands out no answer before it has sent the whole body",
    lenient: "a test of this fault would end with no transport but in a time-out",
    recorded: "413 0"
  },
  "fault: truncatedBody": { ask: faulty(Fault.truncatedBody, get("/text")), seen: undecodable },
  "fault: truncatedBody of a stream": { ask: faulty(Fault.truncatedBody, get("/stream")), seen: undecodable },
  "fault: truncatedBody of a 204": { ask: faulty(Fault.truncatedBody, get("/204")), seen: "204; ", recorded: "204 0" },
  "fault: truncatedBody of a HEAD": { ask: faulty(Fault.truncatedBody, head("/text")), seen: `200; ${tail}; ` },
  "fault: endlessBody": {
    ask: faulty(Fault.endlessBody({ chunk: "abc" }), ({ at }) =>
      Effect.gen(function* () {
        const response = yield* HttpClient.execute(at("/text"))
        const first = yield* Stream.runHead(response.stream)
        return Option.match(first, { onNone: () => "", onSome: ([byte]) => String(byte) })
      })
    ),
    seen: String("a".charCodeAt(0))
  },
  "fault: endlessBody of a HEAD": {
    ask: faulty(Fault.endlessBody({ chunk: "abc" }), head("/text")),
    seen: "200; content-type: application/json; "
  },
  "fault: blackHole, and the client leaves": {
    ask: faulty(Fault.blackHole, ({ at, simulator }) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(send(at("/text")))
        yield* simulator.awaitRequests("api", 1)
        yield* Fiber.interrupt(fiber)
        return "left"
      })
    ),
    seen: "left",
    recorded: "aborted 0"
  },
  "fault: revokeToken": {
    ask: faulty(Fault.revokeToken, ({ at }) =>
      Effect.map(HttpClient.execute(at("/text")), ({ status }) => `${status}`)
    ),
    seen: "401",
    recorded: "401 0"
  },
  "the client leaves a route": {
    ask: ({ at, simulator }) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(send(at("/never")))
        yield* simulator.awaitRequests("api", 1)
        yield* Fiber.interrupt(fiber)
        return "left"
      }),
    seen: "left",
    recorded: "aborted 0"
  },
  "no token": {
    ask: ({ simulator }) => send(HttpClientRequest.get(`${simulator.origin}/text`)),
    seen: '401; content-type: application/json; {"message":"Unauthorized"}',
    recorded: "401 0"
  }
}

const manual = Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" })

const wires: ReadonlyArray<{
  readonly wire: Wire | undefined
  readonly layer: (options: SimulatorOptions) => Layer.Layer<Wired>
}> = [
  { wire: undefined, layer: CxoneSimulator.layerMemory },
  {
    wire: "fetch",
    // As `cxone-auth` uses it: fetch is the only one that would follow a redirect.
    layer: (options) => Layer.mergeAll(CxoneSimulator.layerServer(options), FetchHttpClient.layer, manual)
  },
  { wire: "undici", layer: (options) => Layer.merge(CxoneSimulator.layerServer(options), NodeHttpClient.layerUndici) },
  { wire: "node:http", layer: (options) => Layer.merge(CxoneSimulator.layerServer(options), NodeHttpClient.layer) },
  {
    wire: "cxone-auth-undici",
    layer: (options) => Layer.merge(CxoneSimulator.layerServer(options), UndiciHttpClient.layer())
  }
]

const recordOf = (simulator: CxoneSimulatorService) =>
  Effect.gen(function* () {
    // A server learns a little later than the client that the client has left.
    const requests = yield* Effect.repeat(Effect.zipRight(Effect.sleep("1 millis"), simulator.requestsTo("api")), {
      until: (requests) => requests.every(({ outcome }) => outcome !== "pending"),
      times: 2000
    })
    const answers = yield* simulator.answersOf("api")
    return answers.map((answer, index) => `${answer} ${requests[index]?.bodyLength}`).join(", ")
  })

describe.each(wires)("Transports: $wire", ({ layer, wire }) => {
  const asked = Object.entries(rows).filter(
    ([, { but }]) => wire === undefined || !(but && wire in but && but[wire] === undefined)
  )

  it.live.each(asked)("%s", ([, row]) =>
    Effect.gen(function* () {
      const { ask, but, recordedElse = [], seen } = row
      const recorded = "recorded" in row ? row.recorded : "200 0"
      const simulator = yield* CxoneSimulator
      const token = yield* mint()
      const at = (path: string, method = "GET") =>
        // The type has no methods that HTTP doesn't.
        HttpClientRequest.make(method as "GET")(`${simulator.origin}${path}`).pipe(HttpClientRequest.bearerToken(token))
      strictEqual(endOf(yield* Effect.exit(ask({ simulator, at }))), (wire && but?.[wire]) ?? seen)
      if (recorded !== undefined && (wire === undefined || !recordedElse.includes(wire))) {
        strictEqual(yield* recordOf(simulator), recorded)
      }
    }).pipe(Effect.provide(Layer.provideMerge(layer({ api }), Logger.remove(Logger.defaultLogger))))
  )
})

describe("Transports", () => {
  it("what fails on a wire fails in memory", () => {
    const lenient = Object.entries(rows).filter(([, { but = {}, lenient, seen }]) => {
      const failsOnAWire = Object.values(but).some((seen) => seen === undefined || isFailure(seen))
      return failsOnAWire && !isFailure(seen) && lenient === undefined
    })
    deepStrictEqual(lenient, [])
    assertTrue(Object.keys(rows).length > 100)
  })

  it("where wires differ, the row says why", () => {
    const silent = Object.entries(rows).filter(([, { but, why }]) => (but === undefined) !== (why === undefined))
    deepStrictEqual(silent, [])
  })
})
