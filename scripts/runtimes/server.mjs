/**
 * The CXone that `smoke.mjs` calls. It prints the settings of the program. When its input ends, it prints what the program
 * may not show: the secrets of the settings, and all that requests were authorized with.
 */
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Effect, Stream } from "effect"

const upload = Effect.gen(function* () {
  const { headers, stream } = yield* HttpServerRequest.HttpServerRequest
  const bytes = yield* Stream.runFold(stream, 0, (total, { length }) => total + length)
  return HttpServerResponse.unsafeJson({ bytes, isStream: headers["transfer-encoding"] === "chunked" })
})

const note = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  return HttpServerResponse.unsafeJson(yield* request.json)
})

const api = HttpRouter.empty.pipe(
  HttpRouter.get("/greeting", HttpServerResponse.unsafeJson({ text: "Grüß Gott" })),
  HttpRouter.post("/notes", note),
  HttpRouter.get("/refuses-once", HttpServerResponse.empty({ status: 200 })),
  HttpRouter.put("/upload", upload)
)

const authorizedWith = ({ headers }) => headers.authorization?.split(" ")[1] ?? []

const program = Effect.gen(function* () {
  const simulator = yield* CxoneSimulator
  yield* simulator.inject(Fault.revokeToken, { on: "api", path: "/refuses-once" })
  yield* simulator.inject(Fault.endlessBody(), { on: "api", path: "/endless" })
  const settings = simulator.env({ way: "accessKey" })
  console.log(JSON.stringify(settings))

  yield* Effect.promise(() => new Promise((resolve) => process.stdin.once("end", resolve).resume()))
  const { CXONE_ACCESS_KEY_SECRET, CXONE_CLIENT_SECRET } = settings
  const secrets = [CXONE_ACCESS_KEY_SECRET, CXONE_CLIENT_SECRET, ...(yield* simulator.requests).flatMap(authorizedWith)]
  console.log(JSON.stringify([...new Set(secrets)]))
})

await Effect.runPromise(Effect.provide(program, CxoneSimulator.layerServer({ api })))
