import { HttpClientError, HttpClientRequest, HttpClientResponse, UrlParams } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, Exit, Option, Redacted, Stream } from "effect"
import * as RedactedResponse from "../../src/client/RedactedResponse.js"

const token = "mF_9.B5f-4.1JqM"
const sent = [Redacted.make(token)]
const asked = HttpClientRequest.post("https://api.test/x")
const carrying = HttpClientRequest.setHeader(asked, "authorization", `Bearer ${token}`)

/** A response as the transport gives it, and as the caller gets it. */
const received = (body: string | URLSearchParams, init?: ResponseInit) => {
  const response = HttpClientResponse.fromWeb(carrying, new Response(body, init))
  return { response, shown: RedactedResponse.make(asked, response, sent) }
}

describe("S1: RedactedResponse", () => {
  it("passes on status, headers, cookies and the remote address", () => {
    const { response, shown } = received("x", { status: 201, headers: { "x-id": "7", "set-cookie": "a=b" } })
    expect(shown.status).toBe(201)
    expect(shown.headers["x-id"]).toBe("7")
    expect(shown.cookies).toEqual(response.cookies)
    const addressed = RedactedResponse.make(asked, Object.create(response, { remoteAddress: { value: "::1" } }), sent)
    expect(addressed.remoteAddress).toBe("::1")
  })

  it.effect("passes on the body in every form", () =>
    Effect.gen(function* () {
      expect(yield* received("text").shown.text).toBe("text")
      expect(yield* received('{"a":1}').shown.json).toEqual({ a: 1 })
      expect(new Uint8Array(yield* received("ab").shown.arrayBuffer)).toEqual(new Uint8Array([97, 98]))
      expect(UrlParams.toRecord(yield* received("a=1&b=2").shown.urlParamsBody)).toEqual({ a: "1", b: "2" })
      expect((yield* received(new URLSearchParams({ a: "1" })).shown.formData).get("a")).toBe("1")
      expect(yield* Stream.runFold(received("ab").shown.stream, 0, (sum, { length }) => sum + length)).toBe(2)
    })
  )

  it.effect("a body that was put back can be read twice", () =>
    Effect.gen(function* () {
      const { response } = received("")
      let reads = 0
      const body = Stream.suspend(() => Stream.make(new TextEncoder().encode(reads++ === 0 ? '{"a":1}' : "")))
      const shown = yield* RedactedResponse.makeWithBody(asked, response, sent, body)
      expect([yield* shown.text, yield* shown.json]).toEqual(['{"a":1}', { a: 1 }])
    })
  )

  it.effect("a body that dies is a failure, and shows no token", () =>
    Effect.gen(function* () {
      const { response } = received("")
      const dying = Object.create(response, {
        text: { value: Effect.die(new Error(`socket broke: Bearer ${token}`)) },
        stream: { value: Stream.die(new Error(`socket broke: Bearer ${token}`)) }
      })
      const shown = RedactedResponse.make(asked, dying, sent)
      const errors = [yield* Effect.flip(shown.text), yield* Effect.flip(Stream.runDrain(shown.stream))]
      expect(errors).toMatchObject(errors.map(() => ({ _tag: "ResponseError", reason: "Decode" })))
      expect(`${errors} ${JSON.stringify(errors)}`).not.toContain(token)
    })
  )

  it.effect("the interruption of a read stays one", () =>
    Effect.gen(function* () {
      const { response } = received("")
      const shown = RedactedResponse.make(asked, Object.create(response, { text: { value: Effect.interrupt } }), sent)
      expect(Exit.isInterrupted(yield* Effect.exit(shown.text))).toBe(true)
    })
  )

  it("prints the request as the caller made it, and the status; neither headers nor body", () => {
    const { shown } = received(token, { status: 202, headers: { "x-echo": token } })
    expect(JSON.parse(JSON.stringify(shown))).toMatchObject({
      _id: "@effect/platform/HttpClientResponse",
      request: { method: "POST", url: "https://api.test/x" },
      status: 202
    })
    expect(JSON.stringify(shown)).not.toContain(token)
  })

  it.effect("says of a body that is not JSON so, and quotes nothing of it", () =>
    Effect.gen(function* () {
      const { shown } = received(`{${token}`)
      const error = Either.getOrThrow(Either.flip(yield* Effect.either(shown.json)))
      expect(error).toMatchObject({ _tag: "ResponseError", reason: "Decode", description: "the body is not JSON" })
      expect(error.request).toBe(asked)
      expect(error.response).toBe(shown)
      expect(String(error.cause)).not.toContain(token)
    })
  )

  it("keeps of a transport's failure the code alone, else what it said without the token", () => {
    const failed = (fields: { readonly cause?: unknown; readonly description?: string }) =>
      RedactedResponse.makeError(
        new HttpClientError.RequestError({ request: carrying, reason: "Transport", ...fields }),
        asked,
        sent
      )
    const coded = Object.assign(new Error(token), { code: "ECONNRESET" })
    expect(failed({ cause: coded })).toMatchObject({
      request: asked,
      description: expect.stringMatching(
        /^the connection to https:\/\/api\.test broke off \(ECONNRESET\)\. Check the URL /
      )
    })
    expect(failed({ cause: new Error(token) }).description).toMatch(
      /^the request to https:..api.test failed\. Check the URL /
    )
    expect(failed({ description: `sent ${token}` }).description).toMatch(
      /^the request to https:\/\/api\.test failed \(sent …\)\. Check the URL /
    )
    const ofResponse = RedactedResponse.makeError(
      new HttpClientError.ResponseError({ request: carrying, response: received("x").response, reason: "Decode" }),
      asked,
      sent
    )
    expect(ofResponse).toMatchObject({ _tag: "ResponseError", reason: "Decode", request: asked })
    expect(Option.fromNullable(ofResponse.cause)).toEqual(Option.none())
  })
})
