import * as Http from "node:http"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { fileURLToPath } from "node:url"
import { inspect } from "node:util"
import { HttpClient, type HttpClientError } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Cause, ConfigError, ConfigProvider, Effect, Layer, Logger, LogLevel, Redacted } from "effect"
import { certificates } from "../../cxone-auth/test/support/Certificates.js"
import { get, listen, nobody, type Server, serve, serveBytes, serveTls, temporaryFile } from "./support/Servers.js"

interface Seen {
  readonly line: string
  readonly authorization: string | undefined
}

/** A proxy that forwards and opens tunnels, to this host whatever is asked for. It notes what it was asked. */
const serveProxy = (target: Server, refusal?: number) => {
  const seen: Array<Seen> = []
  const note = ({ headers, method, url }: Http.IncomingMessage) =>
    seen.push({ line: `${method} ${url}`, authorization: headers["proxy-authorization"] })
  const server = Http.createServer((request, response) => {
    note(request)
    if (refusal !== undefined) {
      response.writeHead(refusal).end("the proxy's own words")
      return
    }
    const { host, "proxy-authorization": _, ...headers } = request.headers
    const { pathname, search } = new URL(request.url ?? "")
    const forwarded = {
      port: target.port,
      path: pathname + search,
      method: request.method,
      headers: { ...headers, host }
    }
    request.pipe(
      Http.request(forwarded, (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 0, answer.headers)))
    )
  })
  server.on("connect", (request: Http.IncomingMessage, socket: Net.Socket) => {
    note(request)
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`)
      return
    }
    const through = Net.connect(target.port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n")
      through.pipe(socket)
      socket.pipe(through)
    })
    through.on("error", () => socket.destroy())
    socket.on("error", () => through.destroy())
  })
  return Effect.map(
    listen(() => server),
    (listening) => ({ ...listening, seen })
  )
}

const hello = serve((request, response) => response.end(`${request.headers.host} ${request.url}`))
const silent = listen(() => Net.createServer(() => {}))

const text = (url: string) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => Effect.flatMap(client.get(url), (response) => response.text))

/** Sets variables of the process while it runs. */
const withEnv = <A, E, R>(variables: Record<string, string>, effect: Effect.Effect<A, E, R>) => {
  const names = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
  const set = (values: NodeJS.Dict<string>) =>
    Effect.sync(() => {
      for (const name of names) {
        delete process.env[name]
      }
      Object.assign(process.env, values)
    })
  return Effect.acquireUseRelease(
    Effect.tap(
      Effect.sync(() =>
        Object.fromEntries(
          names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
        )
      ),
      set(variables)
    ),
    () => effect,
    set
  )
}

const password = "p:w c4n4ry/é"
const credentials = `us%40er:${encodeURIComponent(password)}`
const basic = `Basic ${Buffer.from(`us@er:${password}`).toString("base64")}`

/** Nothing of a proxy's credentials is in what is printed. */
const expectNoCredentials = (failure: unknown) => {
  const shown = [
    inspect(failure, { depth: null, showHidden: true }),
    JSON.stringify(failure),
    String(failure),
    Cause.pretty(Cause.fail(failure))
  ]
  for (const one of shown) {
    expect(one).not.toContain("c4n4ry")
    expect(one).not.toContain(basic.slice(6))
    expect(one).not.toContain("us%40er")
  }
}

const failure = (url: string): Effect.Effect<HttpClientError.HttpClientError, string, HttpClient.HttpClient> =>
  Effect.flip(text(url))

describe("a proxy", () => {
  it.scopedLive("gets requests to http URLs in whole, with its credentials", () =>
    Effect.gen(function* () {
      const target = yield* hello
      const proxy = yield* serveProxy(target)
      const layer = UndiciHttpClient.layer({ proxy: { http: Redacted.make(`http://${credentials}@${proxy.host}`) } })
      expect(yield* text("http://api.example/a?b=1").pipe(Effect.provide(layer))).toBe("api.example /a?b=1")
      expect(proxy.seen).toEqual([{ line: "GET http://api.example/a?b=1", authorization: basic }])
    })
  )

  it.scopedLive.each([
    ["https", "credentials", `http://${credentials}@`, basic],
    ["https", "no credentials", "http://", undefined],
    ["https", "a user alone", "http://user@", `Basic ${Buffer.from("user:").toString("base64")}`],
    ["http", "that of http alone", "http://", undefined]
  ] as const)("opens tunnels to https URLs (%s): with %s", ([option, , prefix, authorization]) =>
    Effect.gen(function* () {
      const { authority, good } = yield* certificates
      const target = yield* serveTls(good)
      const proxy = yield* serveProxy(target)
      const layer = UndiciHttpClient.layer({
        proxy: { [option]: `${prefix}${proxy.host}` },
        tls: { ca: authority.cert }
      })
      expect(yield* text(`https://api.example:${target.port}/`).pipe(Effect.provide(layer))).toBe("secure")
      expect(proxy.seen).toEqual([{ line: `CONNECT api.example:${target.port}`, authorization }])
    })
  )

  it.scopedLive("with TLS of its own is trusted by the same authorities, and gets no certificate of the client", () =>
    Effect.gen(function* () {
      const { authority, good } = yield* certificates
      const target = yield* serveTls(good)
      const inner = yield* serveProxy(target)
      let certificate: object | undefined
      const outer = yield* listen(() =>
        Tls.createServer({ ...good, requestCert: true, rejectUnauthorized: false }, (socket) => {
          certificate = socket.getPeerCertificate()
          const through = Net.connect(inner.port, "127.0.0.1")
          through.pipe(socket)
          socket.pipe(through)
          through.on("error", () => {})
          socket.on("error", () => {})
        })
      )
      const url = `https://api.example:${target.port}/`
      const proxy = { https: `https://${outer.host}`, http: `https://${outer.host}` }
      const tls = { ca: authority.cert, cert: good.cert, key: Redacted.make(good.key) }
      expect(yield* text(url).pipe(Effect.provide(UndiciHttpClient.layer({ proxy, tls })))).toBe("secure")
      expect(certificate).toEqual({})
      const error = yield* failure(url).pipe(Effect.provide(UndiciHttpClient.layer({ proxy })))
      expect(error).toMatchObject({ _tag: "RequestError", cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" } })
    })
  )

  it.scopedLive("with TLS of its own is checked by its own name, and not by that of the host that is asked for", () =>
    Effect.gen(function* () {
      const { authority, good } = yield* certificates
      const inner = yield* serveProxy(yield* hello)
      const outer = yield* listen(() =>
        Tls.createServer(good, (socket) => {
          const through = Net.connect(inner.port, "127.0.0.1")
          through.pipe(socket)
          socket.pipe(through)
          through.on("error", () => {})
          socket.on("error", () => {})
        })
      )
      const layer = UndiciHttpClient.layer({
        proxy: { http: `https://localhost:${outer.port}` },
        tls: { ca: authority.cert }
      })
      for (const host of ["api.example", "other.example"]) {
        expect(yield* Effect.either(text(`http://${host}/`)).pipe(Effect.provide(layer))).toMatchObject({
          _tag: "Right"
        })
      }
    })
  )

  it.scopedLive("gets the host and port of each URL, whatever came before it", () =>
    Effect.gen(function* () {
      const { host } = yield* serveProxy(yield* hello)
      const hosts = ["api.example", "other.example", "other.example:8080", "api.example"]
      const heard = yield* Effect.forEach(hosts, (host) => text(`http://${host}/`)).pipe(
        Effect.provide(UndiciHttpClient.layer({ proxy: { http: `http://${host}` } }))
      )
      expect(heard).toEqual(hosts.map((host) => `${host} /`))
    })
  )

  it.scopedLive("gets the Host of the request, and no credentials but those of its URL", () =>
    Effect.gen(function* () {
      const seen: Array<NodeJS.Dict<string | Array<string>>> = []
      const proxy = yield* serve((request, response) => {
        seen.push(request.headersDistinct)
        response.end("")
      })
      const headers = { host: "virtual.example", "proxy-authorization": "Basic own" }
      const sending = Effect.flatMap(HttpClient.HttpClient, (client) => client.get("http://api.example/", { headers }))
      yield* sending.pipe(Effect.provide(UndiciHttpClient.layer({ proxy: { http: `http://u:p@${proxy.host}` } })))
      expect(seen[0]).toMatchObject({ host: ["virtual.example"], "proxy-authorization": ["Basic dTpw"] })
      const directly = Effect.flatMap(HttpClient.HttpClient, (client) =>
        client.get(`http://${proxy.host}/`, { headers })
      )
      yield* directly.pipe(Effect.provide(UndiciHttpClient.layer({ proxy: "none" })))
      expect(seen[1]).not.toHaveProperty("proxy-authorization")
    })
  )

  it.scopedLive.each([
    ["http://api.example/", 407, { cause: { message: "Proxy Authentication Required (407)" } }],
    ["https://api.example/", 407, { cause: { message: expect.stringContaining("Proxy response (407)") } }],
    ["https://api.example/", 403, { cause: { message: expect.stringContaining("Proxy response (403)") } }]
  ] as const)("that answers %s with %i fails the request, and shows no credentials", ([url, status, expected]) =>
    Effect.gen(function* () {
      const proxy = yield* serveProxy(yield* hello, status)
      const layer = UndiciHttpClient.layer({ proxy: { http: `http://${credentials}@${proxy.host}` } })
      const error = yield* failure(url).pipe(Effect.provide(layer))
      expect(error).toMatchObject({ _tag: "RequestError", reason: "Transport", ...expected })
      expectNoCredentials(error)
    })
  )

  it.scopedLive("that answers an http URL with 403 can't be told from the host", () =>
    Effect.gen(function* () {
      const proxy = yield* serveProxy(yield* hello, 403)
      const layer = UndiciHttpClient.layer({ proxy: { http: `http://${proxy.host}` } })
      const response = yield* Effect.flatMap(HttpClient.HttpClient, (client) => client.get("http://api.example/")).pipe(
        Effect.provide(layer)
      )
      expect(response.status).toBe(403)
    })
  )

  it.scopedLive.each(["http", "https"])(
    "that is dead, or silent, fails %s requests and shows no credentials",
    (scheme) =>
      Effect.gen(function* () {
        const cases = [
          [yield* nobody, "ECONNREFUSED"],
          [yield* silent, scheme === "http" ? "UND_ERR_HEADERS_TIMEOUT" : "ERR_PROXY_TUNNEL"]
        ] as const
        for (const [{ host }, code] of cases) {
          const layer = UndiciHttpClient.layer({
            proxy: { http: `http://${credentials}@${host}` },
            connectTimeout: "1 second",
            headersTimeout: scheme === "http" ? "1 second" : "1 hour"
          })
          const error = yield* failure(`${scheme}://api.example/`).pipe(Effect.provide(layer))
          expect(error).toMatchObject({ _tag: "RequestError", cause: { code } })
          expectNoCredentials(error)
        }
      })
  )
})

/** Ends a connection in one of these ways. */
const endings: ReadonlyArray<readonly [string, (socket: Net.Socket) => void]> = [
  ["ends each connection", (socket) => socket.end()],
  ["resets each connection", (socket) => socket.resetAndDestroy()],
  ["ends the connection in place of an answer", (socket) => socket.once("data", () => socket.end())],
  ["resets the connection in place of an answer", (socket) => socket.once("data", () => socket.resetAndDestroy())],
  ["breaks off in its answer", (socket) => socket.once("data", () => socket.end("HTTP/1.1 200"))]
]

describe("a proxy that opens no tunnel", () => {
  const through = (host: string) =>
    UndiciHttpClient.layer({ proxy: { http: `http://${credentials}@${host}` }, connectTimeout: "1 day" })

  it.scopedLive.each(endings)("and %s is asked once for each request, and is named", ([, end]) =>
    Effect.gen(function* () {
      const { host, port, sockets } = yield* listen(() => Net.createServer(end))
      const requests = ["https://api.example/", "https://api.example/", "https://other.example/"]
      const errors = yield* Effect.forEach(requests, failure, { concurrency: "unbounded" }).pipe(
        Effect.provide(through(host))
      )
      for (const error of errors) {
        expect(error).toMatchObject({
          _tag: "RequestError",
          reason: "Transport",
          description: expect.stringMatching(
            `^the proxy at ${host} broke the connection off, and opened no tunnel \\(E[A-Z]+\\)$`
          ),
          cause: { code: "ERR_PROXY_TUNNEL", hostname: "127.0.0.1", port }
        })
        expectNoCredentials(error)
      }
      expect(sockets).toHaveLength(requests.length)
    })
  )

  it.scopedLive("and speaks no HTTP is named, without its words", () =>
    Effect.gen(function* () {
      const { allClosed, host } = yield* serveBytes("SSH-2.0-c4n4ry\r\n\r\n", false)
      const error = yield* failure("https://api.example/").pipe(Effect.provide(through(host)))
      expect(error).toMatchObject({
        description: `the proxy at ${host} gave an answer to CONNECT that is not HTTP (HPE_INVALID_CONSTANT)`,
        cause: { code: "ERR_PROXY_TUNNEL" }
      })
      expectNoCredentials(error)
      yield* allClosed
      const forwarded = yield* failure("http://api.example/").pipe(Effect.provide(through(host)))
      expect(forwarded.description).toBe(`api.example (through the proxy at ${host}) gave an answer that is not HTTP`)
      expectNoCredentials(forwarded)
    })
  )

  it.scopedLive("in time leaves no connection", () =>
    Effect.gen(function* () {
      const { allClosed, host } = yield* serveBytes("", false)
      const layer = UndiciHttpClient.layer({ proxy: { http: `http://${host}` }, connectTimeout: "1 second" })
      yield* Effect.zipRight(failure("https://api.example/"), allClosed).pipe(Effect.provide(layer))
    })
  )

  it.scopedLive("because it refuses leaves no connection", () =>
    Effect.gen(function* () {
      const { allClosed, host } = yield* serveBytes("HTTP/1.1 502 No\r\n\r\n", false)
      yield* Effect.zipRight(failure("https://api.example/"), allClosed).pipe(Effect.provide(through(host)))
    })
  )
})

describe("a certificate that is not trusted", () => {
  const says = (url: string, proxy: string, ca: string) =>
    Effect.map(
      failure(url).pipe(Effect.provide(UndiciHttpClient.layer({ proxy: { http: proxy }, tls: { ca } }))),
      ({ description }) => description
    )

  it.scopedLive("is the host's behind a proxy that has none, and the proxy's if it forwards", () =>
    Effect.gen(function* () {
      const { authority, ofAnotherHost } = yield* certificates
      const target = yield* serveTls(ofAnotherHost)
      const proxy = yield* serveProxy(target)
      const code = "(ERR_TLS_CERT_ALTNAME_INVALID)"
      expect(yield* says("https://api.example/", `http://${proxy.host}`, authority.cert)).toBe(
        `the certificate of api.example (through the proxy at ${proxy.host}) is not trusted ${code}`
      )
      expect(yield* says("http://api.example/", `https://${target.host}`, authority.cert)).toBe(
        `the certificate of the proxy at ${target.host} is not trusted ${code}`
      )
      expect(yield* says("https://api.example/", `https://${target.host}`, authority.cert)).toBe(
        `the certificate of api.example or of the proxy at ${target.host} is not trusted ${code}`
      )
    })
  )
})

const ofThisMachine = [
  "localhost",
  "LOCALHOST.",
  "a.b.localhost",
  "127.0.0.1",
  "127.8.9.1",
  "127.1",
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
  "[::ffff:127.0.0.1]"
]

describe("what is for this machine", () => {
  it.scopedLive.each(ofThisMachine.flatMap((name) => [`http://${name}`, `https://${name}`]))(
    "never goes to a proxy: %s",
    (origin) =>
      Effect.gen(function* () {
        const { port } = yield* nobody
        const proxy = yield* serveProxy(yield* hello)
        const url = `http://${proxy.host}`
        const variables = { HTTP_PROXY: url, HTTPS_PROXY: url }
        const layers = [
          UndiciHttpClient.layer(),
          UndiciHttpClient.layer({ proxy: { http: url, https: url } }),
          Layer.provide(
            UndiciHttpClient.layerFromEnv(),
            Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
          )
        ]
        for (const layer of layers) {
          const error = yield* withEnv(variables, failure(`${origin}:${port}/`).pipe(Effect.provide(layer)))
          expect(error).toMatchObject({ _tag: "RequestError", reason: "Transport" })
        }
        expect(proxy.seen).toEqual([])
      })
  )

  it.scopedLive("is all of it: other names and addresses do go to the proxy", () =>
    Effect.gen(function* () {
      const proxy = yield* serveProxy(yield* hello)
      const layer = UndiciHttpClient.layer({ proxy: { http: `http://${proxy.host}` } })
      const others = ["http://notlocalhost/", "http://localhost.example/", "http://128.0.0.1/", "http://[::2]/"]
      yield* Effect.forEach(others, text).pipe(Effect.provide(layer))
      expect(proxy.seen.map(({ line }) => line)).toEqual(others.map((url) => `GET ${url}`))
    })
  )
})

describe("the environment", () => {
  const target = hello

  it.scopedLive.each([
    [{}, "direct"],
    [{ HTTP_PROXY: "A" }, "A"],
    [{ http_proxy: "A" }, "A"],
    [{ http_proxy: "A", HTTP_PROXY: "B" }, "A"],
    [{ http_proxy: "", HTTP_PROXY: "B" }, "B"],
    [{ http_proxy: "", HTTP_PROXY: "" }, "direct"],
    [{ HTTPS_PROXY: "B" }, "direct"],
    [{ HTTP_PROXY: "A", NO_PROXY: "*" }, "direct"],
    [{ HTTP_PROXY: "A", NO_PROXY: "0.0.0.0" }, "direct"],
    [{ HTTP_PROXY: "A", NO_PROXY: "other, 0.0.0.0/8" }, "direct"],
    [{ HTTP_PROXY: "A", NO_PROXY: "other 0.0.0.0:PORT" }, "direct"],
    [{ HTTP_PROXY: "A", NO_PROXY: "0.0.0.0:1" }, "A"],
    [{ HTTP_PROXY: "A", no_proxy: "", NO_PROXY: "0.0.0.0" }, "direct"],
    [{ HTTP_PROXY: "A", no_proxy: "", NO_PROXY: "other" }, "A"],
    [{ HTTP_PROXY: "A", no_proxy: "0.0.0.0", NO_PROXY: "" }, "direct"]
  ] as const)("%j leads to %s, by layer and by layerFromEnv", ([variables, way]) =>
    Effect.gen(function* () {
      const host = yield* target
      // It is this machine, and no address of the loopback.
      const asked = get(`0.0.0.0:${host.port}`)
      const proxies = { A: yield* serveProxy(host), B: yield* serveProxy(host) }
      const replaced = Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [
          name,
          value === "A" || value === "B" ? `http://${proxies[value].host}` : value.replace("PORT", String(host.port))
        ])
      )
      const went = () => (proxies.A.seen.length > 0 ? "A" : proxies.B.seen.length > 0 ? "B" : "direct")
      yield* withEnv(replaced, asked.pipe(Effect.provide(UndiciHttpClient.layer())))
      expect(went()).toBe(way)
      proxies.A.seen.length = proxies.B.seen.length = 0
      const config = Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(replaced))))
      yield* withEnv({}, asked.pipe(Effect.provide(Layer.provide(UndiciHttpClient.layerFromEnv(), config))))
      expect(went()).toBe(way)
    })
  )

  it.scopedLive("is read when the layer is built, and not at all with other proxies", () =>
    Effect.gen(function* () {
      const host = yield* target
      const proxy = yield* serveProxy(host)
      const one = get(`0.0.0.0:${host.port}`)
      const asked = Effect.zipRight(withEnv({ HTTP_PROXY: `http://${proxy.host}` }, one), one)
      yield* withEnv({}, asked.pipe(Effect.provide(UndiciHttpClient.layer())))
      yield* withEnv(
        { HTTP_PROXY: `http://${proxy.host}` },
        one.pipe(Effect.provide(UndiciHttpClient.layer({ proxy: "none" })))
      )
      yield* withEnv(
        { HTTP_PROXY: `http://${proxy.host}` },
        one.pipe(Effect.provide(UndiciHttpClient.layer({ proxy: {} })))
      )
      expect(proxy.seen).toEqual([])
    })
  )

  it.scopedLive("that is malformed fails the requests that would use it, and names the variable alone", () =>
    Effect.gen(function* () {
      const host = yield* target
      const layer = UndiciHttpClient.layer()
      const [error, other] = yield* withEnv(
        { https_proxy: `us%40er:c4n4ry@proxy` },
        Effect.all([failure("https://api.example/"), text(`http://${host.host}/`)]).pipe(Effect.provide(layer))
      )
      expect(error).toMatchObject({
        _tag: "RequestError",
        reason: "Transport",
        cause: { code: "ERR_INVALID_PROXY", message: expect.stringContaining("https_proxy must be a URL") }
      })
      expectNoCredentials(error)
      expect(other).toContain(host.host)
    })
  )

  const fromEnv = (variables: Record<string, string>, options?: UndiciHttpClient.ConnectionOptions) =>
    Layer.provide(
      UndiciHttpClient.layerFromEnv(options),
      Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
    )

  const here = fileURLToPath(import.meta.url)

  it.live.each<readonly [Record<string, string>, name: string, message: string]>([
    [{ HTTPS_PROXY: "us%40er:c4n4ry@proxy" }, "HTTPS_PROXY", "must be a URL"],
    [{ http_proxy: "socks5://us%40er:c4n4ry@proxy" }, "http_proxy", "must be a URL"],
    [{ SSL_CERT_FILE: "/nowhere.pem" }, "SSL_CERT_FILE", "/nowhere.pem can't be read (ENOENT)"],
    [{ SSL_CERT_FILE: here }, "SSL_CERT_FILE", `${here} must be certificates as PEM: it holds none`]
  ])("layerFromEnv fails for %j when it is built", ([variables, name, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(fromEnv(variables))))
      expect(ConfigError.isConfigError(error)).toBe(true)
      expect(error).toMatchObject({ _op: "InvalidData", path: [name], message: expect.stringContaining(message) })
      expectNoCredentials(error)
    })
  )

  it.scopedLive("layerFromEnv trusts the authorities of SSL_CERT_FILE beside those of Node and of the options", () =>
    Effect.gen(function* () {
      const { authority, good, selfSigned } = yield* certificates
      const file = yield* temporaryFile(authority.cert)
      const servers = [yield* serveTls(good), yield* serveTls(selfSigned)]
      const layer = fromEnv({ SSL_CERT_FILE: file }, { tls: { ca: selfSigned.cert } })
      for (const { host } of servers) {
        expect(yield* text(`https://${host}/`).pipe(Effect.provide(layer))).toBe("secure")
      }
    })
  )

  const logsOf = (layer: Layer.Layer<HttpClient.HttpClient, ConfigError.ConfigError>) =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.map(Logger.logfmtLogger, (line) => lines.push(line))
      yield* Effect.scoped(Layer.build(layer)).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      return lines
    })

  it.live("warns once of entries of NO_PROXY that match no host, if there is a proxy", () =>
    Effect.gen(function* () {
      const proxy = "http://proxy.example:3128"
      const list = "10.0.0.0/8, 10.*,a.example https://b.example"
      const idle = "has entries that match no host, and keep none from the proxy: 10.*, https://b.example."
      const layers = [
        ["NO_PROXY", UndiciHttpClient.layer()],
        ["no_proxy", fromEnv({ https_proxy: proxy, no_proxy: list })],
        ["proxy.noProxy", UndiciHttpClient.layer({ proxy: { http: proxy, noProxy: list } })]
      ] as const
      for (const [name, layer] of layers) {
        const lines = yield* withEnv({ HTTP_PROXY: proxy, NO_PROXY: list }, logsOf(layer))
        expect(lines).toEqual([expect.stringContaining(`${name} ${idle}`)])
        expect(lines[0]).toContain("level=WARN")
      }
      expect(yield* withEnv({ NO_PROXY: list }, logsOf(UndiciHttpClient.layer()))).toEqual([])
      expect(yield* logsOf(fromEnv({ HTTP_PROXY: proxy, NO_PROXY: "a.example,::1" }))).toEqual([])
      const secret = yield* logsOf(fromEnv({ HTTP_PROXY: proxy, NO_PROXY: "a, http://us%40er:c4n,4ry@b" })).pipe(
        Logger.withMinimumLogLevel(LogLevel.Debug)
      )
      expect(secret).toHaveLength(2)
      expect(secret.join()).toContain("from the proxy: entry 2, entry 3.")
      expectNoCredentials(secret)
      expect(secret.join()).not.toContain("4ry")
    })
  )

  it.live("layerFromEnv logs at DEBUG what it has read, without credentials", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.map(Logger.logfmtLogger, (line) => lines.push(line))
      yield* Effect.scoped(
        Layer.build(fromEnv({ HTTPS_PROXY: `http://${credentials}@proxy.example:3128`, NO_PROXY: "a,b" }))
      ).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)), Logger.withMinimumLogLevel(LogLevel.Debug))
      expect(lines).toEqual([expect.stringContaining("httpsProxy=http://proxy.example:3128")])
      expect(lines[0]).toContain("level=DEBUG")
      expectNoCredentials(lines)
    })
  )
})
