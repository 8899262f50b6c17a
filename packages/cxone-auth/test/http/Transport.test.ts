import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FiberRef, Predicate } from "effect"
import * as Transport from "../../src/http/Transport.js"
import * as SpanRecorder from "../support/SpanRecorder.js"

const answer = (status: number) => (request: HttpClientRequest.HttpClientRequest) =>
  Effect.succeed(HttpClientResponse.fromWeb(request, new Response(null, { status })))

/** A transport that offers the shorter way, and answers 201 there and 200 on the usual one. */
const direct = () => {
  const http = HttpClient.make(answer(200))
  const send = answer(201)
  return Object.assign(http, { [Symbol.for("cxone-auth/DirectTransport")]: { execute: http.execute, send } })
}

const request = HttpClientRequest.get("https://cxone.test/users")

const statusOf = (http: HttpClient.HttpClient) => Effect.map(Transport.make(http)(request), ({ status }) => status)

describe("C5 and S1: which way a request takes through the app's HttpClient", () => {
  it.effect("the shorter one, if the transport offers it", () =>
    Effect.gen(function* () {
      expect(yield* statusOf(direct())).toBe(201)
    })
  )

  it.effect("the general one, if the app made a client of the transport, or replaced its `execute`", () =>
    Effect.gen(function* () {
      const http = direct()
      const replaced = Object.assign(direct(), { execute: HttpClient.make(answer(202)).execute })
      expect(yield* statusOf(HttpClient.mapRequest(http, HttpClientRequest.setHeader("x-app", "1")))).toBe(200)
      // As in the platform's combinators, the transport below it is asked, and not the new `execute`.
      expect(yield* statusOf(replaced)).toBe(200)
    })
  )

  it.effect("the general one, if what the transport offers has another form, or the client was spread", () =>
    Effect.gen(function* () {
      for (const offer of [undefined, null, "send", {}, { execute: undefined, send: 1 }]) {
        const http = HttpClient.make(answer(200))
        const form = Predicate.isRecord(offer) ? { ...offer, execute: http.execute } : offer
        expect(yield* statusOf(Object.assign(http, { [Symbol.for("cxone-auth/DirectTransport")]: form }))).toBe(200)
      }
      expect(yield* statusOf({ ...HttpClient.make(answer(200)) })).toBe(200)
    })
  )

  it.effect("on both, no span of the platform's is opened, and the app's settings are as before", () =>
    Effect.gen(function* () {
      const before = yield* FiberRef.get(HttpClient.currentTracerDisabledWhen)
      for (const http of [direct(), HttpClient.make(answer(200))]) {
        const recorder = SpanRecorder.make()
        yield* Effect.withTracer(statusOf(http), recorder.tracer)
        expect(recorder.spans).toEqual([])
        expect(yield* FiberRef.get(HttpClient.currentTracerDisabledWhen)).toBe(before)
      }
    })
  )
})
