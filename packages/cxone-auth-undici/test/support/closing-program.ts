/** Closes its layer while TLS connections to a host that says nothing are being opened: `closing-program.ts host way`. */
import { HttpClient } from "@effect/platform"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Effect } from "effect"

const [, , host, way] = process.argv
const proxy = way === "proxy" ? { http: `https://${host}` } : "none"

const program = Effect.gen(function* () {
  const http = yield* HttpClient.HttpClient
  yield* Effect.fork(http.get(`https://${host}`))
  if (way === "proxy") {
    yield* Effect.fork(http.get("http://api.example"))
  }
  yield* Effect.sleep("50 millis")
})

await Effect.runPromise(Effect.provide(program, UndiciHttpClient.layer({ proxy, connectTimeout: "1 hour" })))
