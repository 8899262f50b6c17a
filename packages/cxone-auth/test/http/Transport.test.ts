import { describe, expect, it } from "@effect/vitest"
import { codeOf } from "../../src/http/Transport.js"

describe("Transport.codeOf", () => {
  it.each([
    ["the error's own code", { code: "ECONNREFUSED" }, "ECONNREFUSED"],
    ["fetch's, which is in the cause", new TypeError("fetch failed", { cause: { code: "ENOTFOUND" } }), "ENOTFOUND"],
    ["deep in the chain", { cause: { cause: { cause: { code: "CERT_HAS_EXPIRED" } } } }, "CERT_HAS_EXPIRED"],
    ["an HTTP parser's", { code: "HPE_INVALID_CONSTANT" }, "HPE_INVALID_CONSTANT"],
    ["none", new Error("Authorization: Bearer t0k3n"), undefined],
    ["a number", { code: 401 }, undefined],
    ["a text that is no code", { code: "Bearer t0k3n" }, undefined],
    ["an absurdly long one", { code: "E".repeat(65) }, undefined],
    ["no object", "ECONNRESET", undefined],
    ["nothing", undefined, undefined]
  ])("%s", (_, failure, expected) => {
    expect(codeOf(failure)).toBe(expected)
  })

  it("S1: does not get lost in a chain of causes that is a circle", () => {
    const circle: { cause?: unknown } = {}
    circle.cause = circle
    expect(codeOf(circle)).toBeUndefined()
  })
})
