import { describe, expect, it } from "@effect/vitest"
import { Redacted } from "effect"
import { codeOf, explain, kindOf } from "../../src/http/TransportFailure.js"

describe("TransportFailure: the code of a failure", () => {
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

describe("C10: Transport: what a failure says", () => {
  const token = "T0K3N_C4N4RY"
  const coded = (message: string, code: string) => Object.assign(new Error(message), { code })

  it.each([
    ["the root's message", new TypeError("fetch failed", { cause: new Error("bad port") }), "bad port"],
    ["a kind that is telling", new TypeError("the body is not a stream"), "TypeError: the body is not a stream"],
    ["a code with a message that repeats it", coded("connect ECONNREFUSED ::1:80", "ECONNREFUSED"), "ECONNREFUSED"],
    ["a code with another message", coded("other side closed", "UND_ERR_SOCKET"), "UND_ERR_SOCKET: other side closed"],
    ["a tag", { _tag: "TooLong" }, "TooLong"],
    ["only what is known of a message", new Error(`sent ${token}`), "sent …"],
    ["no message with a piece of the token", new Error("a canary"), ""],
    ["no kind that is the token", { _tag: token }, ""],
    ["no code that is the token", coded("", token), ""],
    ["nothing of nothing", undefined, ""]
  ])("%s", (_, failure, expected) => {
    expect(explain(failure, [Redacted.make(token), Redacted.make("x-canary-x")])).toBe(expected)
  })

  it("S1: the kind of a failure is its tag or the name of its class, if it looks like one", () => {
    expect(kindOf(new RangeError("x"))).toBe("RangeError")
    expect(kindOf({ _tag: "VaultError" })).toBe("VaultError")
    for (const other of [{ _tag: "two words" }, { _tag: 7 }, { name: "x" }, "text", null]) {
      expect(kindOf(other)).toBeUndefined()
    }
  })
})
