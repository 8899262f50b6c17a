import { once } from "node:events"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { Cookies, HttpClient } from "@effect/platform"
import * as BrowserHttpClient from "@effect/platform-browser/BrowserHttpClient"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { Context, Effect, Layer, Ref } from "effect"
import * as RedactedResponse from "../../src/client/RedactedResponse.js"
import { FetchedXmlHttpRequest } from "../support/FetchedXmlHttpRequest.js"
import { transports } from "../support/Transports.js"

const xmlHttpRequest = Layer.provide(
  BrowserHttpClient.layerXMLHttpRequest,
  Layer.succeed(BrowserHttpClient.XMLHttpRequest, () => new FetchedXmlHttpRequest())
)

const serve = (status: number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const requests: Array<Http.IncomingHttpHeaders> = []
      const server = Http.createServer((request, response) => {
        requests.push(request.headers)
        response
          .writeHead(status, { "content-type": "application/json", "set-cookie": ["a=1; Path=/", "b=2; HttpOnly"] })
          .end('{"error":"no_role"}')
      })
      await once(server.listen(0, "127.0.0.1"), "listening")
      // A server that listens on a port has such an address.
      const { port } = server.address() as AddressInfo
      return { server, requests, origin: `http://127.0.0.1:${port}` }
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

describe.each([...transports, ["XMLHttpRequest", xmlHttpRequest] as const])("cookies, %s", (_, http) => {
  /** The client, and the platform's own over the same transport, and a server that sets two cookies. */
  const world = (status: number) =>
    Effect.gen(function* () {
      const { origin, requests } = yield* serve(status)
      const auth = CxoneAuth.layerTest("t1", { apiBaseUrl: origin })
      const context = yield* Layer.build(Layer.provideMerge(Layer.provide(CxoneHttpClient.layer(), auth), http))
      return {
        plain: Context.get(context, HttpClient.HttpClient),
        cxone: Context.get(context, CxoneHttpClient),
        requests,
        origin
      }
    })

  it.scopedLive.each([200, 403])("of a %i are those that the platform's own client has", (status) =>
    Effect.gen(function* () {
      const { cxone, origin, plain } = yield* world(status)
      const theirs = yield* plain.get(origin)
      const ours = yield* cxone.get(origin)
      expect(Cookies.toRecord(theirs.cookies)).toEqual({ a: "1", b: "2" })
      expect(ours.cookies).toEqual(theirs.cookies)
      expect(ours.headers["content-type"]).toBe(theirs.headers["content-type"])
      expect(yield* ours.text).toBe(yield* theirs.text)
    })
  )

  it.scopedLive("are there even if nobody has read the headers", () =>
    Effect.gen(function* () {
      const { origin, plain } = yield* world(200)
      // The platform's span of a request would read the headers.
      const received = yield* HttpClient.withTracerDisabledWhen(plain, () => true).get(origin)
      const { cookies } = RedactedResponse.make(received.request, received, [])
      expect(Cookies.toRecord(cookies)).toEqual({ a: "1", b: "2" })
    })
  )

  it.scopedLive("withCookiesRef keeps them, and sends them with the next call", () =>
    Effect.gen(function* () {
      const { cxone, requests } = yield* world(200)
      const client = HttpClient.withCookiesRef(cxone, yield* Ref.make(Cookies.empty))
      yield* Effect.flatMap(client.get("/x"), ({ text }) => text)
      yield* Effect.flatMap(client.get("/x"), ({ text }) => text)
      expect(requests.map(({ cookie }) => cookie)).toEqual([undefined, "a=1; b=2"])
    })
  )
})
