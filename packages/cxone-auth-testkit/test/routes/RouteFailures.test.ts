import { HttpRouter, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneSimulator } from "cxone-auth-testkit"
import { Cause, Data, Effect, Exit, Layer, Redacted, Schema, Stream } from "effect"
import { get, mint, modes } from "../support/Harness.js"

const Page = Schema.Struct({ page: Schema.NumberFromString })

class RouteFailed extends Data.TaggedError("RouteFailed")<{ readonly message: string }> {}

const api = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/throws",
    Effect.suspend((): Effect.Effect<never> => {
      throw new Error("my route is broken")
    })
  ),
  HttpRouter.get("/fails", Effect.fail(new RouteFailed({ message: "my route has failed" }))),
  HttpRouter.get("/text", Effect.fail("only a text")),
  HttpRouter.get("/unsendable", HttpServerResponse.text("abc", { status: 204 })),
  HttpRouter.get("/breaks", HttpServerResponse.stream(Stream.fail(new RouteFailed({ message: "my body is broken" })))),
  HttpRouter.get("/meant", Effect.fail(HttpServerResponse.empty({ status: 500 }))),
  HttpRouter.get("/answered", HttpServerResponse.empty({ status: 500 })),
  HttpRouter.get("/page", Effect.as(HttpServerRequest.schemaSearchParams(Page), HttpServerResponse.empty())),
  HttpRouter.get(
    "/json",
    Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ json }) => Effect.as(json, HttpServerResponse.empty()))
  )
)

/** What a test and the end of its layer tell. */
const textOf = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.match(exit, { onSuccess: () => "nothing", onFailure: Cause.pretty })

const call = (path: string) =>
  Effect.gen(function* () {
    const { origin } = yield* CxoneSimulator
    return yield* get(path, origin, { authorization: `Bearer ${Redacted.value(yield* mint())}` })
  })

describe.each(modes)("A route of the option api that fails $name", ({ layer }) => {
  const simulated = Layer.provideMerge(CxoneSimulator.layerExpectNoPendingFaults, layer({ api }))

  it.effect.each([
    ["/throws", "A route of it failed, and the answer was 500 (GET /throws): Error: my route is broken"],
    ["/fails", "A route of it failed, and the answer was 500 (GET /fails): RouteFailed: my route has failed"],
    ["/text", "A route of it failed, and the answer was 500 (GET /text): Error: only a text"],
    ["/unsendable", "Its response can't be sent: an answer with status 204 has no body"],
    [
      "/breaks",
      "The body of its response failed, and the answer broke off (GET /breaks): RouteFailed: my body is broken"
    ]
  ] as const)("is told at the end of the layer, whether the test passes or not: %s", ([path, text]) =>
    Effect.gen(function* () {
      const survived = Effect.exit(call(path))
      expect(textOf(yield* Effect.exit(Effect.provide(survived, simulated)))).toContain(text)
      const failing = Effect.zipRight(survived, Effect.fail("of the test"))
      const failed = textOf(yield* Effect.exit(Effect.provide(failing, simulated)))
      expect(failed).toContain("of the test")
      expect(failed).toContain(text)
    })
  )

  it.effect("is no news to a test that takes it", () =>
    Effect.gen(function* () {
      yield* call("/throws")
      const { takeRouteFailures } = yield* CxoneSimulator
      const [failure, ...rest] = yield* takeRouteFailures
      expect(failure?.cause).toEqual(new Error("my route is broken"))
      expect([...rest, ...(yield* takeRouteFailures)]).toEqual([])
      // `reset` forgets, too.
      yield* call("/throws")
      yield* (yield* CxoneSimulator).reset
    }).pipe(Effect.provide(simulated))
  )

  it.effect("but one that answers a 500 has not failed, nor one that fails with it", () =>
    Effect.gen(function* () {
      for (const path of ["/meant", "/answered"]) {
        const { status, text } = yield* call(path)
        expect([status, text]).toEqual([500, ""])
      }
    }).pipe(Effect.provide(simulated))
  )

  it.effect("names its error in the body of the 500, and why it can't read a request in that of the 400", () =>
    Effect.gen(function* () {
      expect((yield* call("/throws")).json).toEqual({
        message: "Internal Server Error",
        hint: "CxoneSimulator: correct the option `api`. A route of it failed: Error: my route is broken"
      })
      yield* (yield* CxoneSimulator).takeRouteFailures
      const { json, status } = yield* call("/page")
      expect([status, json.message]).toEqual([400, "Bad Request"])
      expect(json.hint).toMatch(/can't read the request: ParseError: .*page.*is missing/s)
      expect((yield* call("/json")).json.hint).toMatch(/can't read the request: RequestError: Decode/)
    }).pipe(Effect.provide(simulated))
  )
})
