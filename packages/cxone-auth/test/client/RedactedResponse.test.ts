import { HttpClientError, HttpClientRequest, HttpClientResponse, UrlParams } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, Option, Redacted, Stream } from "effect"
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
    expect(failed({ cause: coded })).toMatchObject({ request: asked, description: "ECONNRESET" })
    expect(failed({ cause: new Error(token) }).description).toBeUndefined()
    expect(failed({ description: `sent ${token}` }).description).toBe("sent …")
    const ofResponse = RedactedResponse.makeError(
      new HttpClientError.ResponseError({ request: carrying, response: received("x").response, reason: "Decode" }),
      asked,
      sent
    )
    expect(ofResponse).toMatchObject({ _tag: "ResponseError", reason: "Decode", request: asked })
    expect(Option.fromNullable(ofResponse.cause)).toEqual(Option.none())
  })
})
