import { once } from "node:events"
import * as Http from "node:http"
import { HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient, TokenPolicy } from "cxone-auth"
import { Duration, Effect, Layer } from "effect"
import * as LimitedRequest from "../../src/http/LimitedRequest.js"
import { transports } from "../support/Transports.js"

/** The URL of a server that answers 429 with these lines of `Retry-After`. */
const serve = (lines: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = Http.createServer((_, response) => {
        response.statusCode = 429
        response.setHeader("retry-after", lines).end()
      })
      await once(server.listen(0, "127.0.0.1"), "listening")
      return server
    }),
    (server) =>
      Effect.promise(() => {
        const closed = once(server.close(), "close")
        server.closeAllConnections()
        return closed
      })
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      return typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : ""
    })
  )

describe.each(transports)("L6 and C4: of several lines of Retry-After the longest counts, %s", (_, http) => {
  it.scopedLive.each([
    ["the longest first", ["30", "1"], "30, 1"],
    ["the longest last", ["1", "30"], "1, 30"],
    ["one line", ["30"], "30"]
  ] as const)("%s", ([, lines, joined]) =>
    Effect.gen(function* () {
      const url = yield* serve(lines)
      const answer = yield* LimitedRequest.send(HttpClientRequest.post(url), TokenPolicy.defaults)
      expect(answer.retryAfter).toEqual(Duration.seconds(30))
      const call = (asResponse: ReadonlyArray<429>) =>
        Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/users")).pipe(
          Effect.provide(
            Layer.provide(
              CxoneHttpClient.layer({ asResponse }),
              Layer.fresh(CxoneAuth.layerTest("t0k3n", { apiBaseUrl: url }))
            )
          )
        )
      expect(yield* Effect.flip(call([]))).toMatchObject({ _tag: "RateLimited", retryAfter: Duration.seconds(30) })
      expect((yield* call([429])).headers["retry-after"]).toBe(joined)
    }).pipe(Effect.provide(http))
  )
})
