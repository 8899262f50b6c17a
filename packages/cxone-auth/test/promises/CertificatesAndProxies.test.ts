import * as Https from "node:https"
import * as Net from "node:net"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import { describe, expect, it } from "@effect/vitest"
import { Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient, type TokenPolicyOptions } from "cxone-auth"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Context, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { foundIn, renderings, renderingsOfExit } from "../support/Canary.js"
import { type Certificate, certificates } from "../support/Certificates.js"
import * as Listener from "../support/Listener.js"
import { transports } from "../support/Transports.js"
import { withoutWaiting } from "../support/WithoutWaiting.js"

type Transport = Layer.Layer<HttpClient.HttpClient>

interface Server {
  /** `127.0.0.1` and the port. */
  readonly host: string
  readonly connections: () => number
}

const listen = (server: Net.Server): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.map(Listener.listen(server), ({ port, sockets }) => ({
    host: `127.0.0.1:${port}`,
    connections: () => sockets.length
  }))

const token = JSON.stringify({ access_token: "t0k3n", token_type: "Bearer", expires_in: 3600 })

const serveTls = (certificate: Certificate) =>
  listen(Https.createServer({ ...certificate }, (_, response) => response.end(token)))

/** A proxy that answers each CONNECT so, or not at all. */
const serveProxy = (answer: string | undefined) =>
  listen(
    Net.createServer((socket) =>
      socket.once("data", () => (answer === undefined ? undefined : socket.end(`HTTP/1.1 ${answer}\r\n\r\n`)))
    )
  )

/** A port that nobody listens on. */
const nobody = Effect.scoped(serveProxy(undefined))

const clientSecret = "s3cr3t-c4n4ry"
const credentials = Credentials.clientSecret({ clientId: "reporting-job", clientSecret: Redacted.make(clientSecret) })

/** How a token request, a discovery and a call to the API end at this host. */
const failuresAt = (host: string, http: Transport, policy: TokenPolicyOptions = {}) => {
  const url = `https://${host}`
  const tokenFrom = (environment: CxoneEnvironment) =>
    Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken).pipe(
      Effect.provide(CxoneAuth.layer({ credentials, environment, policy })),
      Effect.flip
    )
  return Effect.all({
    token: tokenFrom(CxoneEnvironment.custom({ tokenEndpoint: `${url}/token`, apiBaseUrl: url })),
    discovery: tokenFrom(CxoneEnvironment.discover({ issuer: url })),
    call: Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/users")).pipe(
      Effect.provide(Layer.provide(CxoneHttpClient.layer(), CxoneAuth.layerTest("t0k3n-c4n4ry", { apiBaseUrl: url }))),
      Effect.flip
    )
  }).pipe(Effect.provide(http), withoutWaiting)
}

/** What the three errors say. */
const messagesAt = (host: string, http: Transport, policy?: TokenPolicyOptions) =>
  Effect.map(failuresAt(host, http, policy), ({ call, discovery, token }) => ({
    token: token.message,
    discovery: discovery.message,
    call: call.message
  }))

/** The three messages, from what they say alike. */
const messages = (host: string, attempts: string, happened: string, cure: (settings: string) => string) => ({
  token:
    `https://${host}/token gave no token in ${attempts}: ${happened} ` +
    cure("the URL of the token endpoint (CXONE_TOKEN_ENDPOINT)"),
  discovery:
    `https://${host}/.well-known/openid-configuration could not be read in ${attempts}: ${happened} ` +
    cure("the issuer (issuer, CXONE_ISSUER)"),
  call:
    `Transport: ${happened} ${cure("the URL (apiBaseUrl, CXONE_API_BASE_URL, or the call's own)")} ` +
    `(GET https://${host}/users)`
})

const over = (dispatcher: Undici.Dispatcher): { readonly fetch: Transport; readonly undici: Transport } => ({
  fetch: Layer.provide(
    FetchHttpClient.layer,
    // Node's fetch takes the dispatchers of other versions of undici, too. Only their types differ.
    Layer.succeed(FetchHttpClient.RequestInit, { dispatcher } as object as RequestInit)
  ),
  undici: Layer.provide(
    NodeHttpClient.layerUndiciWithoutDispatcher,
    Layer.succeed(NodeHttpClient.Dispatcher, dispatcher)
  )
})

/** Each transport with an authority of its own. */
const trusting = {
  fetch: (ca: string) => over(new Undici.Agent({ connect: { ca } })).fetch,
  undici: (ca: string) => over(new Undici.Agent({ connect: { ca } })).undici,
  "node:http": (ca: string) => Layer.provide(NodeHttpClient.layerWithoutAgent, NodeHttpClient.makeAgentLayer({ ca })),
  "cxone-auth-undici": (ca: string) => UndiciHttpClient.layer({ proxy: "none", tls: { ca } })
}

const unknownAuthority = () =>
  "Nothing was sent. If a proxy in between signs connections anew, or the host has an authority of its own, make that " +
  "authority known to Node (NODE_EXTRA_CA_CERTS) or to the HttpClient (ca). Otherwise something else answers in the " +
  "place of the host."

const outOfTime = (how: string) => () =>
  `Nothing was sent. The certificate ${how}. If this machine's clock is right, whoever runs the host, or a proxy in between that ` +
  "signs connections anew, must replace it. NODE_EXTRA_CA_CERTS does not help."

const forAnotherHost = (settings: string) =>
  `Nothing was sent. The certificate is for another host. Check ${settings}, DNS, and what answers in the place of the host. ` +
  "NODE_EXTRA_CA_CERTS does not help."

const faults = [
  ["selfSigned", "DEPTH_ZERO_SELF_SIGNED_CERT", unknownAuthority],
  ["ofUnknownAuthority", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", unknownAuthority],
  ["ended", "CERT_HAS_EXPIRED", outOfTime("has expired")],
  ["early", "CERT_NOT_YET_VALID", outOfTime("is not valid yet")],
  ["ofAnotherHost", "ERR_TLS_CERT_ALTNAME_INVALID", forAnotherHost]
] as const

describe.each(transports)("certificates, %s", (transport, http) => {
  it.scopedLive.each(faults)(
    "L7: %s is told apart from a host that is not reached, and costs one attempt",
    ([fault, code, cure]) =>
      Effect.gen(function* () {
        const made = yield* certificates
        const server = yield* serveTls(made[fault])
        const said = yield* messagesAt(server.host, trusting[transport](made.authority.cert))
        const happened = `the certificate of ${server.host} is not trusted (${code}).`
        expect(said).toEqual(messages(server.host, "1 attempt", happened, cure))
        expect(server.connections()).toBe(3)
      })
  )

  it.scopedLive("an authority of the app's own is trusted where the HttpClient was told so, and nowhere else", () =>
    Effect.gen(function* () {
      const { authority, good } = yield* certificates
      const { host } = yield* serveTls(good)
      const url = `https://${host}`
      const environment = CxoneEnvironment.custom({ tokenEndpoint: `${url}/token`, apiBaseUrl: url })
      const { value } = yield* Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken).pipe(
        Effect.provide(
          Layer.provide(CxoneAuth.layer({ credentials, environment }), trusting[transport](authority.cert))
        )
      )
      expect(Redacted.value(value)).toBe("t0k3n")
      const { token } = yield* failuresAt(host, http)
      expect(token).toMatchObject({ reason: "certificate", detail: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", attempts: 1 })
    })
  )

  it.scopedLive("L7: a port without TLS", () =>
    Effect.gen(function* () {
      const { host } = yield* listen(Net.createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")))
      const happened = `what answers for ${host} does not speak TLS (ERR_SSL_WRONG_VERSION_NUMBER)`
      expect(yield* messagesAt(host, http)).toEqual(
        messages(
          host,
          "4 attempts",
          `${happened}.`,
          (settings) =>
            "If it is a proxy, its own URL begins with http://, not with https:// (HTTPS_PROXY, or the dispatcher or " +
            `agent of the HttpClient). If not, check ${settings}.`
        )
      )
    })
  )

  it.scopedLive(
    "L7: a host that is not reached costs four attempts, and the failure of a call names host and code",
    () =>
      Effect.gen(function* () {
        const { host } = yield* nobody
        expect(yield* messagesAt(host, http)).toEqual(
          messages(
            host,
            "4 attempts",
            `https://${host} could not be reached (ECONNREFUSED).`,
            (settings) =>
              `Nothing listens there now, or a firewall refuses it: check ${settings}, or try again later. ` +
              "If a proxy must be used, tell the HttpClient: it may ignore HTTPS_PROXY."
          )
        )
      })
  )
})

const target = "gateway.cxone.test:8443"
const proxySettings = "HTTPS_PROXY, or the dispatcher or agent of the HttpClient"

/** With a user and a password, of which nothing may be shown. */
const proxyUrl = (host: string) => `http://proxy-user:pr0xy-c4n4ry@${host}`

/** The transports that can go through a proxy. node:http can from Node 24 on. */
const throughProxy: ReadonlyArray<readonly [string, (proxy: string) => Transport, namesProxy: boolean]> = [
  ["fetch", (proxy) => over(new Undici.EnvHttpProxyAgent({ httpsProxy: proxy })).fetch, false],
  ["undici", (proxy) => over(new Undici.EnvHttpProxyAgent({ httpsProxy: proxy })).undici, false],
  ["cxone-auth-undici", (proxy) => UndiciHttpClient.layer({ proxy: { https: proxy } }), true],
  ["undici's ProxyAgent", (proxy) => over(new Undici.ProxyAgent(proxy)).undici, false],
  ...(Number.parseInt(process.versions.node, 10) < 24
    ? []
    : [
        [
          "node:http",
          (proxy: string) =>
            Layer.provide(
              NodeHttpClient.layerWithoutAgent,
              // The types are those of Node 20.
              NodeHttpClient.makeAgentLayer({ proxyEnv: { HTTPS_PROXY: proxy } } as Https.AgentOptions)
            ),
          true
        ] as const
      ])
]

describe.each(throughProxy)("proxies, %s", (_, http, namesProxy) => {
  const inBetween = (host: string) => `the proxy in between${namesProxy ? ` (${host})` : ""}`

  it.scopedLive("L7: a proxy that answers 407 costs one attempt", () =>
    Effect.gen(function* () {
      const proxy = yield* serveProxy("407 Proxy Authentication Required")
      const cure = () => `Set them where the HttpClient has the proxy's address (${proxySettings}).`
      expect(yield* messagesAt(target, http(proxyUrl(proxy.host)))).toEqual(
        messages(
          target,
          "1 attempt",
          `${inBetween(proxy.host)} wants credentials, or refuses those that it got (407).`,
          cure
        )
      )
      expect(proxy.connections()).toBe(3)
    })
  )

  it.scopedLive("L7: a proxy that refuses the host costs one attempt", () =>
    Effect.gen(function* () {
      const proxy = yield* serveProxy("403 Forbidden")
      const happened = `${inBetween(proxy.host)} did not connect to ${target} (it answered 403).`
      const cure = () =>
        `Nothing was sent. Ask whoever runs the proxy to allow the host, or let the HttpClient go without it (${proxySettings}).`
      expect(yield* messagesAt(target, http(proxyUrl(proxy.host)))).toEqual(
        messages(target, "1 attempt", happened, cure)
      )
      expect(proxy.connections()).toBe(3)
    })
  )

  it.scopedLive("L7: a proxy that can't reach the host costs four attempts", () =>
    Effect.gen(function* () {
      const proxy = yield* serveProxy("502 Bad Gateway")
      const happened = `${inBetween(proxy.host)} did not connect to ${target} (it answered 502).`
      const cure = () => "Nothing was sent. Ask whoever runs the proxy, or try again later."
      expect(yield* messagesAt(target, http(proxyUrl(proxy.host)))).toEqual(
        messages(target, "4 attempts", happened, cure)
      )
      expect(proxy.connections()).toBe(9)
    })
  )

  it.scopedLive("L7: a dead proxy is named", () =>
    Effect.gen(function* () {
      const { host } = yield* nobody
      const happened = `${host}, which is not ${target}, refused the connection (ECONNREFUSED): is that a proxy?`
      const cure = () =>
        `If so, check that it runs, and where its address is set (${proxySettings}). If not, check whether the HttpClient changes URLs.`
      expect(yield* messagesAt(target, http(proxyUrl(host)))).toEqual(messages(target, "4 attempts", happened, cure))
    })
  )

  it.scopedLive("C7: a proxy that never answers costs the time of an attempt", () =>
    Effect.gen(function* () {
      const proxy = yield* serveProxy(undefined)
      const environment = CxoneEnvironment.custom({
        tokenEndpoint: `https://${target}/token`,
        apiBaseUrl: `https://${target}`
      })
      const error = yield* Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken).pipe(
        Effect.provide(
          CxoneAuth.layer({ credentials, environment, policy: { attemptTimeout: "100 millis", maxRetries: 0 } }).pipe(
            Layer.provide(http(proxyUrl(proxy.host)))
          )
        ),
        Effect.flip
      )
      expect(error.message).toBe(
        `https://${target}/token gave no token in 1 attempt: no complete answer in 100ms (attemptTimeout). ` +
          "Check the URL of the token endpoint (CXONE_TOKEN_ENDPOINT), and the proxy or firewall " +
          "in between, or try again later. " +
          "If a proxy must be used, tell the HttpClient: it may ignore HTTPS_PROXY."
      )
    })
  )

  it.scopedLive("S1: nothing shows the user name or the password of a proxy", () =>
    Effect.gen(function* () {
      const proxies = [yield* serveProxy("407 Proxy Authentication Required"), yield* nobody]
      for (const { host } of proxies) {
        const failures = yield* failuresAt(target, http(proxyUrl(host)))
        const basic = Buffer.from("proxy-user:pr0xy-c4n4ry").toString("base64")
        for (const failure of Object.values(failures)) {
          for (const [how, text] of [...renderings(failure), ...renderingsOfExit(Exit.fail(failure))]) {
            expect([how, foundIn(text)]).toEqual([how, []])
            expect(text).not.toContain("proxy-user")
            expect(text).not.toContain(basic)
          }
        }
      }
    })
  )
})

describe("cxone-auth-undici says more", () => {
  it.scopedLive("L7: which proxy opened no tunnel", () =>
    Effect.gen(function* () {
      const proxy = yield* serveProxy(undefined)
      const http = UndiciHttpClient.layer({ proxy: { https: proxyUrl(proxy.host) }, connectTimeout: "1 second" })
      const cure = () =>
        `Nothing was sent. Ask whoever runs the proxy, check where its address is set (${proxySettings}), or try again later.`
      expect(yield* messagesAt(target, http, { maxRetries: 0 })).toEqual(
        messages(
          target,
          "1 attempt",
          `the proxy in between (${proxy.host}) opened no tunnel to ${target} (ERR_PROXY_TUNNEL: connectTimeout 1s).`,
          cure
        )
      )
    })
  )

  it.scopedLive("L7: how long it waited for the headers of an answer", () =>
    Effect.gen(function* () {
      const { authority, good } = yield* certificates
      const { host } = yield* listen(Https.createServer({ ...good }))
      const http = UndiciHttpClient.layer({
        proxy: "none",
        headersTimeout: "1 second",
        tls: { ca: authority.cert }
      })
      const said = yield* messagesAt(host, http, { maxRetries: 0 })
      const cure =
        "Check the proxy or firewall in between, or try again later. If the host needs longer, let the HttpClient wait longer (headersTimeout, bodyTimeout)."
      expect(said.token).toBe(
        `https://${host}/token gave no token in 1 attempt: ` +
          `no headers came from https://${host} in time (UND_ERR_HEADERS_TIMEOUT: headersTimeout 1s). ${cure}`
      )
      expect(said.call).toBe(
        `Transport: no headers came from https://${host} in time ` +
          `(HeadersTimeoutError UND_ERR_HEADERS_TIMEOUT: headersTimeout 1s). ${cure} (GET https://${host}/users)`
      )
    })
  )

  it.scopedLive("L7: how long it waited for a connection, and through which proxy", () =>
    Effect.gen(function* () {
      // It opens the tunnel, and then nobody speaks TLS at its end.
      const proxy = yield* listen(
        Net.createServer((socket) => socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\n\r\n")))
      )
      const http = UndiciHttpClient.layer({ proxy: { https: proxyUrl(proxy.host) }, connectTimeout: "3 seconds" })
      const { token } = yield* messagesAt(target, http, { maxRetries: 0 })
      expect(token).toContain(
        `https://${target} could not be reached ` +
          `(UND_ERR_CONNECT_TIMEOUT: connectTimeout 3s, through the proxy at ${proxy.host}). `
      )
      expect(token).not.toContain("HTTPS_PROXY")
    })
  )

  it.scopedLive("L7: that its layer was closed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(UndiciHttpClient.layer({ proxy: "none" }), scope)
      yield* Scope.close(scope, Exit.void)
      const { token } = yield* messagesAt(target, Layer.succeedContext(context))
      expect(token).toContain(
        "the HttpClient was closed before there was an answer (UND_ERR_DESTROYED). Its layer or its"
      )
    })
  )

  it.scopedLive("L7: which variable is no URL of a proxy", () =>
    Effect.gen(function* () {
      const { https_proxy: before } = process.env
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          delete process.env.https_proxy
          Object.assign(process.env, before === undefined ? {} : { https_proxy: before })
        })
      )
      process.env.https_proxy = "proxy-user:pr0xy-c4n4ry@proxy.example:8080"
      const cure = () =>
        "Set https_proxy to a URL such as http://proxy.example:3128, with credentials percent-encoded, or to nothing."
      expect(yield* messagesAt(target, UndiciHttpClient.layer())).toEqual(
        messages(
          target,
          "1 attempt",
          "the HttpClient did not send the request: https_proxy is not the URL of a proxy (ERR_INVALID_PROXY).",
          cure
        )
      )
    })
  )
})

const astray = (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.setUrl(request, "/relative")

const twice = (words: string) => [words, words] as const

/** Clients that send nothing, and why. */
const wrong: ReadonlyArray<readonly [string, Transport, words: string, code: string]> = [
  ...transports.map(
    ([name, http]) =>
      [
        `${name} with a URL that leads nowhere`,
        Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(astray))).pipe(
          Layer.provide(http)
        ),
        "TypeError ERR_INVALID_URL: Invalid URL",
        "ERR_INVALID_URL"
      ] as const
  ),
  // A program in JavaScript may give anything for a dispatcher.
  [
    "fetch without a dispatcher",
    over({} as Undici.Dispatcher).fetch,
    ...twice("TypeError: agent.dispatch is not a function")
  ],
  [
    "undici without a dispatcher",
    over({} as Undici.Dispatcher).undici,
    ...twice("TypeError: dispatcher.request is not a function")
  ],
  [
    "undici with a key that is none",
    over(new Undici.Agent({ connect: { cert: "none", key: "none" } })).undici,
    "ERR_OSSL_PEM_NO_START_LINE: … start line",
    "ERR_OSSL_PEM_NO_START_LINE"
  ],
  [
    "node:http with the agent for http alone",
    Layer.provide(
      NodeHttpClient.layerWithoutAgent,
      Layer.map(NodeHttpClient.agentLayer, (context) => {
        const agent = Context.get(context, NodeHttpClient.HttpAgent)
        // As in a program in JavaScript.
        return Context.make(NodeHttpClient.HttpAgent, { ...agent, https: agent.http as Https.Agent })
      })
    ),
    'TypeError ERR_INVALID_PROTOCOL: Protocol "https:" not supported. Expected "http:"',
    "ERR_INVALID_PROTOCOL"
  ]
]

describe("an HttpClient that is set up wrongly", () => {
  it.scopedLive.each(wrong)("L7: %s costs one attempt, and is no failure of the network", ([, http, words, code]) =>
    Effect.gen(function* () {
      const isCoded = /\bERR_|\bUND_ERR_/.test(code)
      const happened = isCoded ? "the HttpClient did not send the request" : "the HttpClient itself failed"
      const unknown = isCoded ? "" : "Whether the request was sent is not known. "
      const cure = (settings: string) =>
        `That is no failure of the network. ${unknown}Check how the HttpClient is set up (dispatcher or agent, headers), and ${settings}.`
      const said = yield* messagesAt(target, http)
      expect(said).toEqual({
        ...messages(target, "1 attempt", `${happened} (${code}).`, cure),
        call: expect.stringMatching(new RegExp(`^(Transport|InvalidUrl): ${happened} \\(`))
      })
      const ofCall = cure("the URL (apiBaseUrl, CXONE_API_BASE_URL, or the call's own)")
      expect(said.call).toContain(`${happened} (${words}). ${ofCall} (GET https://${target}/users)`)
    })
  )
})
