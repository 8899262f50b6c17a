import * as Net from "node:net"
import { HttpBody, HttpClient, type HttpClientError } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import type { UndiciHttpClient } from "cxone-auth-undici"
import { Effect, Exit, Layer, Scope, Stream } from "effect"
import { certificates } from "../../cxone-auth/test/support/Certificates.js"
import { direct, get, listen, nobody, type Server, serveBytes, serveTls } from "./support/Servers.js"

type Options = UndiciHttpClient.Options

/** The user and the password of a URL, of which nothing may be shown. */
const credentials = "us%40er:c4n4ry@"

const failure = (url: string, options: Options): Effect.Effect<HttpClientError.HttpClientError, string> =>
  Effect.flatMap(HttpClient.HttpClient, (client) => Effect.flatMap(client.get(url), ({ text }) => text)).pipe(
    Effect.flip,
    Effect.provide(direct(options))
  )

const silent = listen(() => Net.createServer(() => {}))
const second = "1 second"
const broken = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"
const ofProxy = ({ host }: Server): Options => ({ proxy: { http: `http://${credentials}${host}` } })
const secure = Effect.flatMap(certificates, ({ selfSigned }) => serveTls(selfSigned))

const cases: ReadonlyArray<
  readonly [string, typeof silent, (server: Server) => readonly [url: string, options: Options, says: string]]
> = [
  [
    "a connection that does not open",
    silent,
    ({ host }) => [
      `https://${credentials}${host}/`,
      { connectTimeout: second },
      `no connection to ${host} within 1s (connectTimeout)`
    ]
  ],
  [
    "a host that says nothing",
    silent,
    ({ host }) => [
      `http://${credentials}${host}/`,
      { headersTimeout: second },
      `${host} sent no headers within 1s (headersTimeout)`
    ]
  ],
  [
    "a body that stops",
    serveBytes(broken, false),
    ({ host }) => [
      `http://${credentials}${host}/`,
      { bodyTimeout: second },
      `${host} sent nothing more of the body within 1s (bodyTimeout)`
    ]
  ],
  [
    "a body that breaks off",
    serveBytes(broken),
    ({ host }) => [`http://${credentials}${host}/`, {}, `the connection to ${host} broke off (UND_ERR_SOCKET)`]
  ],
  [
    "a body that is not encoded as it says",
    serveBytes("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc"),
    ({ host }) => [`http://${host}/`, {}, `${host} sent a body that is not encoded as it says (Z_DATA_ERROR)`]
  ],
  [
    "a host that refuses",
    nobody,
    ({ host }) => [`http://${credentials}${host}/`, {}, `${host} refused the connection (ECONNREFUSED)`]
  ],
  [
    "a host of another authority",
    secure,
    ({ host }) => [
      `https://${credentials}${host}/`,
      {},
      `the certificate of ${host} is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)`
    ]
  ],
  ...["http", "https"].map(
    (scheme) =>
      [
        `a proxy that refuses, for ${scheme}`,
        nobody,
        (server: Server) =>
          [
            `${scheme}://api.example/`,
            ofProxy(server),
            `the proxy at ${server.host} refused the connection (ECONNREFUSED)`
          ] as const
      ] as const
  ),
  [
    "a proxy that says nothing, for http",
    silent,
    (server) => [
      "http://api.example/",
      { ...ofProxy(server), headersTimeout: second },
      `api.example (through the proxy at ${server.host}) sent no headers within 1s (headersTimeout)`
    ]
  ],
  [
    "a proxy that opens no tunnel",
    silent,
    (server) => [
      "https://api.example/",
      { ...ofProxy(server), connectTimeout: second },
      `the proxy at ${server.host} opened no tunnel within 1s (connectTimeout)`
    ]
  ],
  ...["http", "https"].map(
    (scheme) =>
      [
        `a proxy that wants other credentials, for ${scheme}`,
        serveBytes("HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n"),
        (server: Server) =>
          [
            `${scheme}://api.example/`,
            ofProxy(server),
            `the proxy at ${server.host} wants credentials, or refuses those that it got (407)`
          ] as const
      ] as const
  ),
  [
    "a proxy that refuses the host",
    serveBytes("HTTP/1.1 403 No\r\n\r\n"),
    (server) => [
      "https://api.example/",
      ofProxy(server),
      `the proxy at ${server.host} did not connect to api.example (it answered 403)`
    ]
  ]
]

describe("an error describes", () => {
  it.scopedLive.each(cases)("%s", ([, listening, expected]) =>
    Effect.gen(function* () {
      const [url, options, says] = expected(yield* listening)
      const error = yield* failure(url, options)
      expect(error.description).toBe(says)
      expect(error.message).toContain(says)
      expect(error.description).not.toContain("c4n4ry")
    })
  )

  it.scopedLive("a client whose layer is closed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(direct(), scope)
      yield* Scope.close(scope, Exit.void)
      const error = yield* Effect.flip(Effect.provide(get("127.0.0.1:1"), context))
      expect(error.description).toBe("the client's layer is closed (UND_ERR_DESTROYED)")
    })
  )

  it.scopedLive("nothing of a failure of the app's own stream", () =>
    Effect.gen(function* () {
      const { host } = yield* silent
      const client = yield* HttpClient.HttpClient
      const error = yield* Effect.flip(
        client.post(`http://${host}/`, { body: HttpBody.stream(Stream.fail({ code: "ECONNREFUSED" })) })
      )
      expect(error).toMatchObject({ cause: { code: "ECONNREFUSED" } })
      expect(error.description).toBeUndefined()
    }).pipe(Effect.provide(direct()))
  )
})
