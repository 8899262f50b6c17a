import { describe, expect, it } from "@effect/vitest"
import { codeOf } from "../../src/http/Transport.js"

describe("Transport: the code of a failure", () => {
  it.each([
    ["the error's own code", { code: "ECONNREFUSED" }, "ECONNREFUSED"],
    [
      "fetch's code, which is in the cause",
      new TypeError("fetch failed", { cause: { code: "ENOTFOUND" } }),
      "ENOTFOUND"
    ],
    [
      "a code deep in the chain of causes",
      { cause: { cause: { cause: { code: "CERT_HAS_EXPIRED" } } } },
      "CERT_HAS_EXPIRED"
    ],
    ["an HTTP parser's code", { code: "HPE_INVALID_CONSTANT" }, "HPE_INVALID_CONSTANT"],
    ["no code", new Error("Authorization: Bearer t0k3n"), undefined],
    ["a number", { code: 401 }, undefined],
    ["a text that does not look like a code", { code: "Bearer t0k3n" }, undefined],
    ["an absurdly long one", { code: "E".repeat(65) }, undefined],
    ["not an object", "ECONNRESET", undefined],
    ["undefined", undefined, undefined]
  ])("%s", (_, failure, expected) => {
    expect(codeOf(failure)).toBe(expected)
  })

  it("a chain of causes that is a circle ends", () => {
    const circle: { cause?: unknown } = {}
    circle.cause = circle
    expect(codeOf(circle)).toBeUndefined()
  })
})
