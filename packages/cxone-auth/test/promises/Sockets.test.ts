import { createHash, randomBytes } from "node:crypto"
import * as Http from "node:http"
import * as Net from "node:net"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import { describe, expect, it } from "@effect/vitest"
import {
  type AuthenticatedHttpClient,
  Credentials,
  CxoneAuth,
  CxoneEnvironment,
  CxoneHttpClient,
  TokenPolicy
} from "cxone-auth"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Redacted, Scope, Stream } from "effect"
import * as FailedExchanges from "../../src/exchange/FailedExchanges.js"
import * as RetriedExchange from "../../src/exchange/RetriedExchange.js"
import * as Metrics from "../../src/telemetry/Metrics.js"
import { withArrivedTokens } from "../support/ClientWorld.js"
import * as Listener from "../support/Listener.js"
import { transports } from "../support/Transports.js"
import { withoutWaiting } from "../support/WithoutWaiting.js"

/** Long enough for a busy machine. */
const timeout = 20_000

interface Received {
  readonly method: string
  readonly path: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

interface Server {
  readonly origin: string
  /** The requests so far, in order. */
  readonly requests: ReadonlyArray<Received>
  readonly connections: () => number
  /** Waits until a connection is closed. These servers close none themselves, unless their name says so. */
  readonly closed: Effect.Effect<void>
}

const listen = (server: Net.Server): Effect.Effect<Omit<Server, "requests">, never, Scope.Scope> =>
  Effect.gen(function* () {
    const closed = yield* Deferred.make<void>()
    server.on("connection", (socket) => {
      socket.on("close", () => Deferred.unsafeDone(closed, Exit.void))
    })
    const { port, sockets } = yield* Listener.listen(server)
    return {
      origin: `http://127.0.0.1:${port}`,
      connections: () => sockets.length,
      closed: Deferred.await(closed)
    }
  })

/** An HTTP server that reads each request to its end, and then passes the response to `answer`. */
const serve = (
  answer: (response: Http.ServerResponse, request: Received) => void
): Effect.Effect<Server, never, Scope.Scope> => {
  const requests: Array<Received> = []
  const server = Http.createServer(async (incoming, response) => {
    const body = Buffer.concat(await incoming.toArray()).toString()
    const { headers, method = "", url: path = "" } = incoming
    const request = { method, path, headers, body }
    requests.push(request)
    answer(response, request)
  })
  return Effect.map(listen(server), (listening) => ({ ...listening, requests }))
}

/** A token endpoint that gives out token-1, token-2, and so on. */
const serveTokens = Effect.suspend(() => {
  let count = 0
  return serve((response) => {
    count += 1
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify({ access_token: `token-${count}`, token_type: "Bearer", expires_in: 3600 }))
  })
})

/** An API that refuses token-1, and passes every request with another token to `answer`. */
const serveApi = (answer: (response: Http.ServerResponse, request: Received) => void, refusal = "Expired.") =>
  serve((response, request) => {
    if (request.headers.authorization === "Bearer token-1") {
      response.writeHead(401, { "www-authenticate": 'Bearer error="invalid_token"' }).end(refusal)
    } else {
      answer(response, request)
    }
  })

const writeForever = (response: Http.ServerResponse): void => {
  const writeMore = () => {
    while (response.writable && response.write(" ".repeat(1024))) {}
  }
  response.on("drain", writeMore)
  writeMore()
}

const badBodies: ReadonlyArray<readonly [string, (response: Http.ServerResponse) => void]> = [
  ["endless", writeForever],
  ["stuck", (response) => response.write("The token")],
  ["broken off", (response) => response.write("The token", () => response.destroy())]
]

const breaks: ReadonlyArray<readonly [string, (socket: Net.Socket) => void]> = [
  ["is reset", (socket) => socket.resetAndDestroy()],
  ["is closed without an answer", (socket) => socket.end()],
  ["breaks off in the headers", (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-type: appl")],
  [
    "breaks off in the body",
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"access_token":"token-1"}')
  ],
  [
    "breaks off in a chunked body",
    (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1a\r\n{"access_token":"token-1"}\r\n')
  ]
]

const tokensOf = ({ requests }: Server) => requests.map(({ headers }) => headers.authorization)

const credentials = Credentials.clientSecret({ clientId: "reporting-job", clientSecret: Redacted.make("s3cr3t") })

const exchangeAt = Effect.fnUntraced(function* ({ origin }: { readonly origin: string }) {
  const metrics = Metrics.make(undefined)
  const failed = yield* FailedExchanges.make(TokenPolicy.defaults, metrics)
  const exchange = RetriedExchange.make(TokenPolicy.defaults, metrics, failed)
  return yield* exchange({ tokenEndpoint: new URL("/token", origin), environment: "custom", credentials, scopes: [] })
})

const authLayer = (tokens: Server, api: Server) =>
  CxoneAuth.layer({
    credentials,
    environment: CxoneEnvironment.custom({ tokenEndpoint: `${tokens.origin}/token`, apiBaseUrl: api.origin })
  })

const connect = (tokens: Server, api: Server) =>
  Effect.map(
    Layer.build(Layer.provide(CxoneHttpClient.layer(withArrivedTokens()), authLayer(tokens, api))),
    Context.get(CxoneHttpClient)
  )

describe.each(transports)("sockets, %s", { timeout }, (_transport, http) => {
  describe("token endpoint", () => {
    it.scopedLive.each([301, 302, 303, 307, 308])("S3: a %i to another server is not followed", (status) =>
      Effect.gen(function* () {
        const other = yield* serveTokens
        const redirecting = yield* serve((response) => {
          response.writeHead(status, { location: `${other.origin}/token` }).end()
        })
        expect(yield* Effect.flip(exchangeAt(redirecting))).toMatchObject({
          _tag: "InvalidTokenResponse",
          reason: "redirect",
          status
        })
        expect(redirecting.requests).toHaveLength(1)
        expect(other.requests).toHaveLength(0)
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("L7: a port without a listener costs four attempts, and the error has the code", () =>
      Effect.gen(function* () {
        const gone = yield* Effect.scoped(serveTokens)
        const error = yield* Effect.flip(withoutWaiting(exchangeAt(gone)))
        expect(error).toMatchObject({
          _tag: "TokenEndpointUnavailable",
          reason: "transport",
          detail: "ECONNREFUSED",
          attempts: 4
        })
      }).pipe(Effect.provide(http))
    )

    it.scopedLive.each(breaks)(
      "L7: a connection that %s costs four attempts, and the error has the code",
      ([, breakOff]) =>
        Effect.gen(function* () {
          const breaking = yield* listen(Net.createServer((socket) => socket.once("data", () => breakOff(socket))))
          const error = yield* Effect.flip(withoutWaiting(exchangeAt(breaking)))
          expect(error).toMatchObject({
            _tag: "TokenEndpointUnavailable",
            reason: "transport",
            detail: expect.stringMatching(/^(?:ECONNRESET|UND_ERR_SOCKET)$/),
            attempts: 4
          })
          expect(breaking.connections()).toBe(4)
        }).pipe(Effect.provide(http))
    )

    it.scopedLive("L7: an answer that is not HTTP costs four attempts", () =>
      Effect.gen(function* () {
        const greeting = yield* listen(Net.createServer((socket) => socket.end("220 mail.example.com ESMTP\r\n")))
        const error = yield* Effect.flip(withoutWaiting(exchangeAt(greeting)))
        expect(error).toMatchObject({ _tag: "TokenEndpointUnavailable", reason: "transport", attempts: 4 })
        expect(greeting.connections()).toBe(4)
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("L7: a connection that breaks twice costs two attempts, not the token", () =>
      Effect.gen(function* () {
        const breaking = yield* serve((response) => {
          if (breaking.requests.length < 3) {
            response.destroy()
          } else {
            response.end(JSON.stringify({ access_token: "token-1", expires_in: 3600 }))
          }
        })
        const token = yield* withoutWaiting(exchangeAt(breaking))
        expect(Redacted.value(token.value)).toBe("token-1")
        expect(breaking.requests).toHaveLength(3)
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("S3: an endless answer is given up and its connection closed", () =>
      Effect.gen(function* () {
        const endless = yield* serve(writeForever)
        const error = yield* Effect.flip(exchangeAt(endless))
        expect(error).toMatchObject({ _tag: "InvalidTokenResponse", reason: "too_large" })
        yield* endless.closed
        expect(endless.requests).toHaveLength(1)
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("L3: closing the layer ends the exchange, its connection and its waiters", () =>
      Effect.gen(function* () {
        const arrived = yield* Deferred.make<void>()
        const silent = yield* serve(() => Deferred.unsafeDone(arrived, Exit.void))
        const app = yield* Scope.make()
        const { accessToken } = Context.get(yield* Layer.buildWithScope(authLayer(silent, silent), app), CxoneAuth)
        const waiters = yield* Effect.all([Effect.fork(accessToken), Effect.fork(accessToken)])
        yield* Deferred.await(arrived)
        yield* Scope.close(app, Exit.void)
        yield* silent.closed
        const exits = yield* Effect.forEach(waiters, Fiber.await)
        expect(exits.map(Exit.isInterrupted)).toEqual([true, true])
        expect(silent.requests).toHaveLength(1)
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("L3: a caller that is interrupted does not end the exchange that others wait for", () =>
      Effect.gen(function* () {
        const arrived = yield* Deferred.make<Http.ServerResponse>()
        const slow = yield* serve((response) => Deferred.unsafeDone(arrived, Exit.succeed(response)))
        const { accessToken } = Context.get(yield* Layer.build(authLayer(slow, slow)), CxoneAuth)
        const first = yield* Effect.fork(accessToken)
        const response = yield* Deferred.await(arrived)
        const second = yield* Effect.fork(accessToken)
        yield* Fiber.interrupt(first)
        response.end(JSON.stringify({ access_token: "token-1", expires_in: 3600 }))
        expect(Redacted.value((yield* Fiber.join(second)).value)).toBe("token-1")
        expect(slow.requests).toHaveLength(1)
      }).pipe(Effect.provide(http))
    )
  })

  describe("API", () => {
    it.scopedLive.each([302, 307])("C1: a %i takes no token to another origin", (status) =>
      Effect.gen(function* () {
        const tokens = yield* serveTokens
        const other = yield* serve((response) => void response.end("elsewhere"))
        const api = yield* serve((response) => {
          response.writeHead(status, { location: `${other.origin}/elsewhere` }).end()
        })
        const cxone = yield* connect(tokens, api)
        const response = yield* cxone.get("/moved")
        yield* response.text
        expect(tokensOf(api)).toEqual(["Bearer token-1"])
        expect(response.status).toBe(status)
        expect(other.requests).toHaveLength(0)
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("C1: a redirect that the app follows goes through the guard", () =>
      Effect.gen(function* () {
        const tokens = yield* serveTokens
        const other = yield* serve((response) => void response.end("elsewhere"))
        const api = yield* serve((response, { path }) => {
          if (path === "/here") {
            response.end("here")
          } else {
            response.writeHead(302, { location: path === "/near" ? "/here" : `${other.origin}/elsewhere` }).end()
          }
        })
        const cxone = HttpClient.followRedirects(yield* connect(tokens, api))
        const near = yield* cxone.get("/near")
        expect(yield* near.text).toBe("here")
        const far = yield* Effect.flip(cxone.get("/far"))
        expect(far).toMatchObject({ _tag: "ForeignOrigin", reason: "not_allowed", origin: other.origin })
        expect(api.requests.map(({ path }) => path)).toEqual(["/near", "/here", "/far"])
        expect(new Set(tokensOf(api))).toEqual(new Set(["Bearer token-1"]))
        expect(other.requests).toHaveLength(0)
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("C2: a 401 costs one renewal, and the call succeeds with the new token", () =>
      Effect.gen(function* () {
        const tokens = yield* serveTokens
        const api = yield* serveApi((response) => void response.end("welcome"))
        const cxone = yield* connect(tokens, api)
        for (const _ of [1, 2]) {
          const response = yield* cxone.get("/users/me")
          expect([response.status, yield* response.text]).toEqual([200, "welcome"])
        }
        expect(tokensOf(api)).toEqual(["Bearer token-1", "Bearer token-2", "Bearer token-2"])
        expect(tokens.requests).toHaveLength(2)
      }).pipe(Effect.provide(http))
    )

    it.scopedLive.each(badBodies)(
      "C8: a 401 with a body that is %s is given up and its connection closed",
      ([, writeBody]) =>
        Effect.gen(function* () {
          const tokens = yield* serveTokens
          const api = yield* serve((response, { headers }) => {
            if (headers.authorization === "Bearer token-1") {
              writeBody(response.writeHead(401))
            } else {
              response.end("welcome")
            }
          })
          const cxone = yield* connect(tokens, api)
          const response = yield* withoutWaiting(cxone.get("/users/me"))
          expect(yield* response.text).toBe("welcome")
          yield* api.closed
          expect(tokensOf(api)).toEqual(["Bearer token-1", "Bearer token-2"])
        }).pipe(Effect.provide(http))
    )

    it.scopedLive("C2: a POST is sent again with the same body", () =>
      Effect.gen(function* () {
        const tokens = yield* serveTokens
        const api = yield* serveApi((response, { body }) => void response.end(body))
        const cxone = yield* connect(tokens, api)
        const note = { name: "Zoë & Ægir", note: "1 + 1 = 2\n€", tags: ["a", "b"] }
        const request = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post("/notes"), note)
        const response = yield* cxone.execute(request)
        expect(yield* response.json).toEqual(note)
        expect(api.requests.map(({ body, headers }) => [headers["content-type"], body])).toEqual([
          ["application/json", JSON.stringify(note)],
          ["application/json", JSON.stringify(note)]
        ])
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("C2: a HEAD is sent again", () =>
      Effect.gen(function* () {
        const tokens = yield* serveTokens
        const api = yield* serveApi((response) => void response.setHeader("content-length", 1234).end())
        const cxone = yield* connect(tokens, api)
        const response = yield* cxone.head("/recordings/1")
        expect([response.status, response.headers["content-length"]]).toEqual([200, "1234"])
        expect(api.requests.map(({ method }) => method)).toEqual(["HEAD", "HEAD"])
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("C2: a stream is not sent again; the next call has a new token", () =>
      Effect.gen(function* () {
        const tokens = yield* serveTokens
        const api = yield* serveApi((response, { body }) => void response.end(body))
        const cxone = yield* connect(tokens, api)
        const upload = HttpClientRequest.post("/recordings").pipe(
          HttpClientRequest.bodyStream(Stream.make("a", "b", "c").pipe(Stream.encodeText))
        )
        const error = yield* Effect.flip(cxone.execute(upload))
        expect(error).toMatchObject({ _tag: "InvalidToken", reason: "body_not_replayable", origin: api.origin })
        expect(api.requests).toHaveLength(1)
        const response = yield* cxone.execute(upload)
        expect(yield* response.text).toBe("abc")
        expect(tokensOf(api)).toEqual(["Bearer token-1", "Bearer token-2"])
      }).pipe(Effect.provide(http))
    )

    const scopedClients: ReadonlyArray<
      readonly [
        string,
        (cxone: AuthenticatedHttpClient, app: HttpClient.HttpClient) => HttpClient.HttpClient.With<unknown>
      ]
    > = [
      ["the platform's own client", (_, app) => app],
      ["the client", (cxone) => cxone],
      ["the plain client", CxoneHttpClient.toHttpClient],
      [
        "the plain form of a client that changes requests",
        (cxone) =>
          CxoneHttpClient.toHttpClient(HttpClient.mapRequest(cxone, HttpClientRequest.setHeader("x-app", "reports")))
      ]
    ]

    it.scopedLive.each(
      scopedClients.flatMap(([name, clientOf]) => ["silent", "stuck"].map((path) => [name, path, clientOf] as const))
    )("C8: withScope: closing the scope ends the request of %s, whose answer is %s", ([, path, clientOf]) =>
      Effect.gen(function* () {
        const tokens = yield* serveTokens
        const arrived = yield* Deferred.make<void>()
        const ended = yield* Deferred.make<void>()
        const api = yield* serveApi((response) => {
          response.on("close", () => Deferred.unsafeDone(ended, Exit.void))
          if (path === "stuck") {
            response.write("The ")
          }
          Deferred.unsafeDone(arrived, Exit.void)
        })
        const app = HttpClient.mapRequest(yield* HttpClient.HttpClient, HttpClientRequest.setHeader("x-own", "1"))
        const cxone = yield* Effect.provideService(connect(tokens, api), HttpClient.HttpClient, app)
        const scoped = HttpClient.withScope(clientOf(cxone, app))
        const scope = yield* Scope.make()
        const call = yield* Effect.fork(Effect.exit(Scope.extend(scoped.get(`${api.origin}/${path}`), scope)))
        yield* Deferred.await(arrived)
        // With "stuck", the caller has the response, and does not read it.
        const response = path === "stuck" ? yield* Fiber.join(call) : undefined
        yield* Scope.close(scope, Exit.void)
        yield* Deferred.await(ended)
        const exit = response ?? (yield* Fiber.join(call))
        expect(Exit.isSuccess(exit)).toBe(path === "stuck")
        expect(tokens.requests.length).toBeLessThanOrEqual(2)
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("L3: withScope: closing the scope of a call does not end the exchange that others wait for", () =>
      Effect.gen(function* () {
        const arrived = yield* Deferred.make<Http.ServerResponse>()
        const slow = yield* serve((response, { path }) =>
          path === "/token" ? Deferred.unsafeDone(arrived, Exit.succeed(response)) : void response.end("welcome")
        )
        const cxone = yield* connect(slow, slow)
        const scope = yield* Scope.make()
        const scoped = yield* Effect.fork(Effect.exit(Scope.extend(HttpClient.withScope(cxone).get("/x"), scope)))
        const response = yield* Deferred.await(arrived)
        const other = yield* Effect.fork(cxone.get("/y"))
        yield* Scope.close(scope, Exit.void)
        response.end(JSON.stringify({ access_token: "token-1", expires_in: 3600 }))
        expect((yield* Fiber.join(other)).status).toBe(200)
        expect(Exit.isFailure(yield* Fiber.join(scoped))).toBe(true)
        expect(slow.requests.map(({ path }) => path)).toEqual(["/token", "/y"])
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("C3: a download of 10 MB passes as a stream, unchanged", () =>
      Effect.gen(function* () {
        const tokens = yield* serveTokens
        const content = randomBytes(10_000_000)
        const api = yield* serve((response) => void response.end(content))
        const cxone = yield* connect(tokens, api)
        const response = yield* cxone.get("/recordings/1")
        const hash = yield* Stream.runFold(response.stream, createHash("sha256"), (hash, bytes) => hash.update(bytes))
        expect(hash.digest("hex")).toBe(createHash("sha256").update(content).digest("hex"))
      }).pipe(Effect.provide(http))
    )
  })
})

// A call that kept the one connection would make the next call wait for ever.
const onOneConnection = [
  [
    "undici",
    Layer.provide(
      NodeHttpClient.layerUndiciWithoutDispatcher,
      Layer.scoped(
        NodeHttpClient.Dispatcher,
        Effect.acquireRelease(
          Effect.sync(() => new Undici.Agent({ connections: 1 })),
          (agent) => Effect.promise(() => agent.destroy())
        )
      )
    )
  ],
  [
    "node:http",
    Layer.provide(NodeHttpClient.layerWithoutAgent, NodeHttpClient.makeAgentLayer({ keepAlive: true, maxSockets: 1 }))
  ]
] as const

describe.each(onOneConnection)("sockets, %s, one connection at a time", { timeout }, (_, http) => {
  it.scopedLive.each([
    ["short", 20],
    ["long", 20_000]
  ] as const)(
    "C8: the connection is free again after an answer with a %s body that the caller does not get",
    ([, length]) =>
      Effect.gen(function* () {
        const tokens = yield* serveTokens
        const body = "x".repeat(length)
        const api = yield* serveApi((response, { path }) => {
          switch (path) {
            case "/busy":
              return void response.writeHead(429).end(body)
            case "/admin":
              return void response.writeHead(403, { "www-authenticate": 'Bearer error="insufficient_scope"' }).end(body)
            default:
              return void response.end("welcome")
          }
        }, body)
        const cxone = yield* connect(tokens, api)
        expect((yield* Effect.flip(cxone.get("/busy")))._tag).toBe("RateLimited")
        expect((yield* Effect.flip(cxone.get("/admin")))._tag).toBe("InsufficientScope")
        const response = yield* cxone.get("/users/me")
        expect(yield* response.text).toBe("welcome")
        expect(tokensOf(api)).toEqual(["Bearer token-1", "Bearer token-2", "Bearer token-2", "Bearer token-2"])
        expect(api.connections()).toBe(1)
      }).pipe(Effect.provide(http))
  )

  it.scopedLive("C8: the connection is free again after a 401 if the renewal fails", () =>
    Effect.gen(function* () {
      const tokens = yield* serve((response) => {
        if (tokens.requests.length === 2) {
          response.writeHead(400).end(JSON.stringify({ error: "invalid_scope" }))
        } else {
          response.end(JSON.stringify({ access_token: `token-${tokens.requests.length}`, expires_in: 3600 }))
        }
      })
      const api = yield* serveApi((response) => void response.end("welcome"), "x".repeat(200_000))
      const cxone = yield* connect(tokens, api)
      expect((yield* Effect.flip(cxone.get("/users/me")))._tag).toBe("InsufficientScope")
      const response = yield* cxone.get("/users/me")
      expect(yield* response.text).toBe("welcome")
    }).pipe(Effect.provide(http))
  )
})

describe("sockets, fetch with the app's own settings", { timeout }, () => {
  // An app may set its proxy or its certificates here, without which it would get no token.
  const settings = Layer.succeed(FetchHttpClient.RequestInit, { headers: { "x-app": "reports" }, redirect: "follow" })

  it.scopedLive.each([
    ["that is provided to CxoneAuth's layer", Layer.merge(FetchHttpClient.layer, settings)],
    ["that is provided to fetch's layer", Layer.provide(FetchHttpClient.layer, settings)]
  ] as const)("S3: a RequestInit %s applies to token requests, except that no redirect is followed", ([, http]) =>
    Effect.gen(function* () {
      const other = yield* serveTokens
      const redirecting = yield* serve((response) => {
        response.writeHead(307, { location: `${other.origin}/token` }).end()
      })
      const auth = Context.get(yield* Layer.build(authLayer(redirecting, redirecting)), CxoneAuth)
      expect(yield* Effect.flip(auth.accessToken)).toMatchObject({ _tag: "InvalidTokenResponse", reason: "redirect" })
      expect(redirecting.requests.map(({ headers }) => headers["x-app"])).toEqual(["reports"])
      expect(other.requests).toHaveLength(0)
    }).pipe(Effect.provide(http))
  )
})
