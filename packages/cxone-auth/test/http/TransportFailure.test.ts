import { HttpClientRequest } from "@effect/platform"
import { RequestError } from "@effect/platform/HttpClientError"
import { describe, expect, it } from "@effect/vitest"
import { Redacted } from "effect"
import { codeOf, explain, kindOf, noAnswerOf } from "../../src/http/TransportFailure.js"

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
    [
      "OpenSSL's reason, which node:https hides in a message",
      Object.assign(
        new Error("write EPROTO 80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../x.c:350:"),
        {
          code: "EPROTO"
        }
      ),
      "ERR_SSL_WRONG_VERSION_NUMBER"
    ],
    ["a failure of the protocol without a reason", { code: "EPROTO", message: "write EPROTO" }, "EPROTO"],
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

describe("L7: why there is no answer", () => {
  const url = "https://gateway.cxone.test/oauth/token"
  const fetchFailed = (cause: unknown) => new TypeError("fetch failed", { cause })
  const failed = (fields: object, message = "") => Object.assign(new Error(message), fields)
  const dead = { code: "ECONNREFUSED", syscall: "connect" }

  it.each<readonly [string, failure: unknown, expected: object]>([
    ["a certificate", failed({ code: "CERT_HAS_EXPIRED" }), { reason: "certificate", detail: "CERT_HAS_EXPIRED" }],
    [
      "the certificate of a proxy",
      failed({
        code: "UND_ERR_PRX_TLS",
        cause: failed({ code: "ERR_TLS_CERT_ALTNAME_INVALID", host: "proxy.example" })
      }),
      { reason: "certificate", detail: "UND_ERR_PRX_TLS", peer: "proxy.example" }
    ],
    [
      "a certificate for another name than that of the host",
      failed({ code: "ERR_TLS_CERT_ALTNAME_INVALID", host: "gateway.cxone.test" }),
      { reason: "certificate", detail: "ERR_TLS_CERT_ALTNAME_INVALID" }
    ],
    [
      "a tunnel that undici did not get",
      fetchFailed(failed({ code: "UND_ERR_ABORTED" }, "Proxy response (403) !== 200 when HTTP Tunneling")),
      { reason: "proxy_refused", status: 403 }
    ],
    [
      "undici without a tunnel",
      failed({ code: "UND_ERR_INVALID_ARG" }, "Proxy Authentication Required (407)"),
      { reason: "proxy_authentication", status: 407 }
    ],
    [
      "a tunnel that Node 24 did not get",
      failed(
        { code: "ERR_PROXY_TUNNEL", statusCode: 407 },
        "Failed to establish tunnel to gateway.cxone.test:443 via http://127.0.0.1:3128/: HTTP/1.1 407 No"
      ),
      { reason: "proxy_authentication", status: 407, peer: "127.0.0.1:3128" }
    ],
    [
      "a tunnel that breaks off",
      failed({ code: "ERR_PROXY_TUNNEL" }, "Connection to establish proxy tunnel ended unexpectedly"),
      { reason: "transport", detail: "ERR_PROXY_TUNNEL" }
    ],
    [
      "a tunnel that cxone-auth-undici did not get in time",
      failed({ code: "ERR_PROXY_TUNNEL", hostname: "127.0.0.1", port: 3128 }, "the proxy opened no tunnel within 1s"),
      { reason: "transport", detail: "ERR_PROXY_TUNNEL", peer: "127.0.0.1:3128" }
    ],
    [
      "a variable of cxone-auth-undici that is no URL of a proxy",
      failed({ code: "ERR_INVALID_PROXY", setting: "https_proxy" }),
      { reason: "http_client", detail: "ERR_INVALID_PROXY: https_proxy" }
    ],
    [
      "the same, of which something else is said",
      failed({ code: "ERR_INVALID_PROXY", setting: "s3cr3t" }),
      { reason: "http_client", detail: "ERR_INVALID_PROXY" }
    ],
    [
      "a URL of a proxy that shows more than its host",
      failed({ code: "ERR_PROXY_TUNNEL", statusCode: 502 }, "no tunnel via http://user:pass@127.0.0.1:3128/: 502"),
      { reason: "proxy_refused", status: 502 }
    ],
    [
      "a dead proxy",
      failed({ ...dead, address: "127.0.0.1", port: 3128 }),
      { reason: "transport", detail: "ECONNREFUSED", peer: "127.0.0.1:3128" }
    ],
    [
      "a dead proxy with two addresses",
      Object.assign(
        new AggregateError([
          failed({ ...dead, address: "::1", port: 3128 }),
          failed({ ...dead, address: "127.0.0.1", port: 3128 })
        ]),
        { code: "ECONNREFUSED" }
      ),
      { reason: "transport", detail: "ECONNREFUSED", peer: "[::1]:3128" }
    ],
    [
      "a dead host, or a proxy on the same port: that can't be told",
      failed({ ...dead, address: "10.1.2.3", port: 443 }),
      { reason: "transport", detail: "ECONNREFUSED" }
    ],
    [
      "a proxy whose name is not known",
      fetchFailed(failed({ code: "ENOTFOUND", syscall: "getaddrinfo", hostname: "proxy.invalid" })),
      { reason: "transport", detail: "ENOTFOUND", peer: "proxy.invalid" }
    ],
    [
      "a host whose name is not known",
      failed({ code: "EAI_AGAIN", syscall: "getaddrinfo", hostname: "gateway.cxone.test" }),
      { reason: "transport", detail: "EAI_AGAIN" }
    ],
    [
      "a port that fetch does not take",
      fetchFailed(new Error("bad port")),
      { reason: "http_client", detail: "bad port" }
    ],
    [
      "a key that can't be read",
      failed({ code: "ERR_OSSL_PEM_NO_START_LINE" }),
      { reason: "http_client", detail: "ERR_OSSL_PEM_NO_START_LINE" }
    ],
    [
      "a browser that can't connect",
      new TypeError("Failed to fetch"),
      { reason: "transport", detail: expect.any(String) }
    ],
    ["nothing that is known", undefined, { reason: "transport" }]
  ])("%s", (_, failure, expected) => {
    expect(noAnswerOf(failure, url, [])).toEqual(expected)
  })

  it.each([
    ["https://[::1]:8443/x", { ...dead, address: "::1", port: 8443 }, undefined],
    ["https://[::1]:8443/x", { ...dead, address: "127.0.0.1", port: 8443 }, "127.0.0.1:8443"],
    ["http://localhost/x", { ...dead, address: "127.0.0.1", port: 80 }, undefined],
    ["http://localhost/x", { ...dead, address: "127.0.0.1", port: 3128 }, "127.0.0.1:3128"],
    ["https://api.example/x", { hostname: "::1", port: 3128 }, "[::1]:3128"],
    ["/relative", { ...dead, address: "127.0.0.1", port: 3128 }, undefined]
  ])("at %s: %j is elsewhere: %s", (at, fields, peer) => {
    expect(noAnswerOf(failed(fields), at, []).peer).toBe(peer)
  })

  const described = (description: string) =>
    new RequestError({
      request: HttpClientRequest.get(url),
      reason: "Transport",
      cause: failed({ code: "UND_ERR_CONNECT_TIMEOUT" }),
      description
    })

  it.each([
    ["no connection to h within 1m 500ms (connectTimeout)", ": connectTimeout 1m 500ms"],
    [
      "no connection to h (through the proxy at 10.0.0.9:3128) within 10s (connectTimeout)",
      ": connectTimeout 10s, through the proxy at 10.0.0.9:3128"
    ],
    [
      "no connection to h (through the proxy at [::1]:3128) within 10s (connectTimeout)",
      ": connectTimeout 10s, through the proxy at [::1]:3128"
    ],
    [
      "no connection to h (through the proxy at s3cr3t.example) within 10s (connectTimeout)",
      ": connectTimeout 10s, through a proxy"
    ],
    ["no connection within 867530912s (connectTimeout)", ""],
    ["no connection within s3cr3t (connectTimeout)", ""],
    ["no connection within 1s (s3cr3t)", ""],
    ["no connection within 1s (connectTimeout) s3cr3t", ""],
    ["s3cr3t", ""]
  ])("S1: of a description, only a time-out and a proxy count: %s", (description, more) => {
    expect(
      noAnswerOf(described(description), url, [Redacted.make("s3cr3t.example"), Redacted.make("867530912")]).detail
    ).toBe(`UND_ERR_CONNECT_TIMEOUT${more}`)
  })

  it("S1: nothing that was sent is taken for a host or a code", () => {
    const secret = "s3cr3t.example"
    const sent = [Redacted.make(secret), Redacted.make("S3CR3T_C0DE")]
    for (const fields of [
      { hostname: secret },
      { hostname: `x.${secret}` },
      { hostname: `user:${secret}@proxy` },
      { address: secret, port: 1 },
      { code: "ERR_TLS_CERT_ALTNAME_INVALID", host: secret },
      { code: "ERR_PROXY_TUNNEL", message: `x via http://${secret}:3128/: x` },
      { code: "S3CR3T_C0DE" }
    ]) {
      expect(JSON.stringify(noAnswerOf(failed(fields), url, sent))).not.toMatch(/s3cr3t/i)
    }
  })
})
