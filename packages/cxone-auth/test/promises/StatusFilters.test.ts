import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth, CxoneHttpClient } from "cxone-auth"
import { CxoneSimulator, Fault } from "cxone-auth-testkit"
import { Effect, Layer } from "effect"

/** The library over a client of the app's that makes failures of statuses. */
const filtered = Effect.provide(
  CxoneHttpClient.layer({ policy: { tokenArrival: 0 } }).pipe(
    Layer.provideMerge(CxoneSimulator.layerAuth({ scopes: "read:users" })),
    Layer.provide(Layer.function(HttpClient.HttpClient, HttpClient.HttpClient, HttpClient.filterStatusOk)),
    Layer.provideMerge(CxoneSimulator.layerMemory())
  )
)

const answered = (status: number, on: "token" | "api", body = "{}") =>
  Effect.flatMap(CxoneSimulator, ({ inject }) => inject(Fault.respond({ status, body }), { on }))

describe("an app's HttpClient that makes failures of statuses (filterStatusOk)", () => {
  it.effect("L6: a refusal is still one, and is not sent again", () =>
    Effect.gen(function* () {
      yield* answered(401, "token", '{"error":"invalid_client"}')
      const { accessToken } = yield* CxoneAuth
      expect(yield* Effect.flip(accessToken)).toMatchObject({ _tag: "InvalidClient", reason: "invalid_client" })
      const { answersOf } = yield* CxoneSimulator
      expect(yield* answersOf("token")).toEqual([401])
    }).pipe(filtered)
  )

  it.effect("C2: a 401 of the API renews the token, and other statuses are responses", () =>
    Effect.gen(function* () {
      const cxone = yield* CxoneHttpClient
      yield* answered(401, "api")
      expect((yield* cxone.get("/api/v2/users/me")).status).toBe(200)
      yield* answered(404, "api")
      expect((yield* cxone.get("/api/v2/users/me")).status).toBe(404)
      const { answersOf } = yield* CxoneSimulator
      expect(yield* answersOf("token")).toEqual([200, 200])
    }).pipe(filtered)
  )
})
