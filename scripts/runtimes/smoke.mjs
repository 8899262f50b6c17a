/**
 * What an app does with this library, in a program that uses nothing of one runtime alone. `scripts/runtimes-check.mjs`
 * reads what it prints.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const mebibyte = 1024 * 1024

const expectEqual = (actual, expected) => {
  const [found, wanted] = [actual, expected].map((value) => JSON.stringify(value))
  return found === wanted ? Effect.void : Effect.dieMessage(`expected ${wanted}, but got ${found}`)
}

const json = (call) => Effect.flatMap(call, (response) => response.json)

const token = Effect.flatMap(CxoneAuth, ({ accessToken }) => accessToken)
const tokenText = Effect.map(token, ({ value }) => Redacted.value(value))

const steps = {
  token: Effect.flatMap(token, ({ tenant }) => expectEqual(tenant?.tenantId, "test-tenant")),

  call: Effect.gen(function* () {
    const cxone = yield* CxoneHttpClient
    yield* expectEqual(yield* json(cxone.get("/greeting")), { text: "Grüß Gott" })
    const note = { text: "Zoë Ångström" }
    const request = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post("/notes"), note)
    yield* expectEqual(yield* json(cxone.execute(request)), note)
  }),

  // The API refuses the token of the first call to this path.
  renewal: Effect.gen(function* () {
    const cxone = yield* CxoneHttpClient
    const before = yield* tokenText
    yield* expectEqual((yield* cxone.get("/refuses-once")).status, 200)
    yield* expectEqual((yield* tokenText) === before, false)
  }),

  // The body has no end. So only a client that streams it can read the beginning.
  download: Effect.gen(function* () {
    const cxone = yield* CxoneHttpClient
    const { stream } = yield* cxone.get("/endless")
    const isShort = (length) => length < mebibyte
    const length = yield* Stream.runFoldWhile(stream, 0, isShort, (length, bytes) => length + bytes.length)
    yield* expectEqual(isShort(length), false)
  }),

  upload: Effect.gen(function* () {
    const cxone = yield* CxoneHttpClient
    const pieces = Stream.map(Stream.range(0, 63), (n) => new Uint8Array(mebibyte / 16).fill(n))
    const request = HttpClientRequest.bodyStream(HttpClientRequest.put("/upload"), pieces)
    yield* expectEqual(yield* json(cxone.execute(request)), { bytes: 4 * mebibyte, isStream: true })
  })
}

const layerOf = (settings) =>
  CxoneHttpClient.layer({ policy: { tokenArrival: 0 } }).pipe(
    Layer.provideMerge(CxoneAuth.layerFromEnv()),
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings)))))
  )

/** As the runtime prints an object, which shows what its fields hold. */
const printError = (call) =>
  Effect.map(Effect.flip(call), (error) => console.log(error, JSON.stringify(error), String(error)))

const callNothing = Effect.flatMap(CxoneHttpClient, (cxone) => HttpClient.filterStatusOk(cxone).get("/missing"))

export const smoke = async (settings) => {
  const program = Effect.gen(function* () {
    for (const [name, step] of Object.entries(steps)) {
      yield* step
      console.log(`done: ${name}`)
    }
    yield* printError(callNothing)
  })
  await Effect.runPromise(Effect.provide(program, layerOf(settings)))

  const refused = layerOf({ ...settings, CXONE_CLIENT_SECRET: `${settings.CXONE_CLIENT_SECRET}x` })
  await Effect.runPromise(printError(Effect.provide(callNothing, refused)))
}
