/**
 * Calls to an API that fail with an error of the platform, for `docs/errors.md`. The texts in it are the library's, because
 * the transport's own could hold the token.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { CxoneAuth, CxoneHttpClient } from "../../dist/index.js"
import { answering, failure, json, readingBody, unreadable } from "./answers.mjs"

const apiBaseUrl = "https://gateway.example.com/cxone"
const text = (body, init) => () => new Response(body, init)

const call = (run, ...answers) =>
  Effect.flatMap(CxoneHttpClient, run).pipe(
    Effect.provide(
      CxoneHttpClient.layer({ policy: { maxErrorBytes: 8 } }).pipe(
        Layer.provide(CxoneAuth.layerTest("a-token", { apiBaseUrl })),
        Layer.provide(answering(...answers))
      )
    )
  )

const broken = Stream.concat(Stream.make(new Uint8Array(1)), Stream.fail(new Error("the disk is full")))

export const calls = {
  "the URL can't be read": call((cxone) => cxone.get("https://"), json({})),
  "the URL leaves the folder of the API base URL": call((cxone) => cxone.get("../admin"), json({})),
  "the connection fails": call((cxone) => cxone.get("/users"), failure("ECONNREFUSED")),
  "the certificate is not trusted": call((cxone) => cxone.get("/users"), failure("ERR_TLS_CERT_ALTNAME_INVALID")),
  "the app's HttpClient dies": call(
    (cxone) => cxone.get("/users"),
    () => Effect.die(new Error("internal error"))
  ),
  "the stream of an upload fails": call(
    (cxone) => cxone.execute(HttpClientRequest.bodyStream(HttpClientRequest.put("/files"), broken)),
    readingBody
  ),
  "the answer is not JSON": call((cxone) => Effect.flatMap(cxone.get("/users"), ({ json }) => json), text("a page")),
  "the body can't be read": call((cxone) => Effect.flatMap(cxone.get("/users"), ({ text }) => text), unreadable),
  "the body of a long 403 is read twice": call(
    (cxone) => Effect.flatMap(cxone.get("/users"), ({ stream }) => Effect.repeatN(Stream.runDrain(stream), 1)),
    json("a long reason", { status: 403, headers: { "content-type": "application/json" } })
  )
}
