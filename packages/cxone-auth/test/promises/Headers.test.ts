import { once } from "node:events"
import * as Http from "node:http"
import { FetchHttpClient, Headers, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Effect, Layer } from "effect"
import { transports } from "../support/Transports.js"

/** The headers of a request as they came, each name in lower case with its value. */
type Lines = ReadonlyArray<readonly [name: string, value: string]>

/** An API on a port of this machine, and what it received. */
const serve = Effect.acquireRelease(
  Effect.promise(async () => {
    const received: Array<Lines> = []
    const server = Http.createServer(({ rawHeaders }, response) => {
      received.push(
        rawHeaders.flatMap((name, index) =>
          index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? ""] as const] : []
        )
      )
      response.end("ok")
    })
    let connections = 0
    server.on("connection", () => {
      connections += 1
    })
    await once(server.listen(0, "127.0.0.1"), "listening")
    const address = server.address()
    const host = typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : ""
    return { server, received, host, connections: () => connections }
  }),
  ({ server }) =>
    Effect.promise(() => {
      const closed = once(server.close(), "close")
      server.closeAllConnections()
      return closed
    })
)

/** Sends a request with these headers, and gives how it ended, and what came. */
const sent = (headers: (host: string) => Headers.Input, method: "GET" | "POST" = "GET") =>
  Effect.gen(function* () {
    const api = yield* serve
    const layer = CxoneHttpClient.layer().pipe(
      Layer.provide(CxoneAuth.layerTest("t0k3n", { apiBaseUrl: `http://${api.host}` }))
    )
    const request = HttpClientRequest.make(method)("/x", { headers: headers(api.host) })
    const ended = yield* Effect.flatMap(CxoneHttpClient, (cxone) => cxone.execute(request)).pipe(
      Effect.map(({ status }) => status),
      Effect.either,
      Effect.provide(layer)
    )
    return { ended, host: api.host, lines: api.received.flat(), connections: api.connections() }
  })

const mine = "c4ller"

const connectionHeaders = [
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding"
]

describe.each(transports)("C1: headers of the caller that may not travel with the token, %s", (_, http) => {
  const valuesOf = (lines: Lines, name: string) => lines.filter(([each]) => each === name).map(([, value]) => value)

  it.scopedLive.each([
    ...connectionHeaders.map((name) => [name, { [name]: mine }] as const),
    ["authorization", { authorization: `Basic ${mine}` }],
    ["Authorization, with a capital", Headers.unsafeFromRecord({ Authorization: `Basic ${mine}` })],
    ["Connection, with a capital", Headers.unsafeFromRecord({ Connection: mine })],
    ["all of them", Object.fromEntries(connectionHeaders.map((name) => [name, mine]))]
  ] as const)("%s is dropped", ([, headers]) =>
    Effect.gen(function* () {
      const { ended, host, lines } = yield* sent(() =>
        Headers.merge(Headers.fromInput(headers), Headers.fromInput({ "x-mine": "kept" }))
      )
      expect(ended).toMatchObject({ right: 200 })
      expect(JSON.stringify(lines)).not.toContain(mine)
      expect(valuesOf(lines, "authorization")).toEqual(["Bearer t0k3n"])
      expect(valuesOf(lines, "host")).toEqual([host])
      expect(valuesOf(lines, "x-mine")).toEqual(["kept"])
    }).pipe(Effect.provide(http))
  )

  it.scopedLive.each([
    ["host", "host_header", { host: "evil.test" }],
    ["Host, with a capital", "host_header", Headers.unsafeFromRecord({ Host: "evil.test" })],
    ["host with another port", "host_header", { host: "127.0.0.1:1" }],
    ["host that is no host", "host_header", { host: "a b" }],
    ["an empty host", "host_header", { host: "" }],
    ["upgrade", "not_http", { upgrade: "websocket", connection: "Upgrade" }],
    ["Upgrade, with a capital", "not_http", Headers.unsafeFromRecord({ Upgrade: "h2c" })]
  ] as const)("%s is refused, and nothing is sent", ([, reason, headers]) =>
    Effect.gen(function* () {
      const { connections, ended } = yield* sent(() => headers)
      expect(ended).toMatchObject({ left: { _tag: "ForeignOrigin", reason } })
      expect(connections).toBe(0)
    }).pipe(Effect.provide(http))
  )

  it.scopedLive("a host that is the URL's is sent once", () =>
    Effect.gen(function* () {
      const { ended, host, lines } = yield* sent((host) => ({ host }), "POST")
      expect(ended).toMatchObject({ right: 200 })
      expect(valuesOf(lines, "host")).toEqual([host])
    }).pipe(Effect.provide(http))
  )
})

describe("C1: headers of fetch's own settings", () => {
  it.scopedLive("those of the connection are dropped, and others stay", () =>
    Effect.gen(function* () {
      const headers = { host: "evil.test", "proxy-authorization": mine, "x-mine": "kept" }
      const { ended, host, lines } = yield* sent(() => ({})).pipe(
        Effect.provide(FetchHttpClient.layer),
        Effect.provideService(FetchHttpClient.RequestInit, { headers })
      )
      expect(ended).toMatchObject({ right: 200 })
      expect(lines).toEqual(
        expect.arrayContaining([
          ["host", host],
          ["x-mine", "kept"]
        ])
      )
      expect(JSON.stringify(lines)).not.toMatch(/evil|c4ller/)
    })
  )
})
