import { describe, expect, it } from "@effect/vitest"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Duration, Redacted } from "effect"

const secret = "c4n4ry"

const wrong: ReadonlyArray<readonly [options: unknown, message: string]> = [
  [null, "the options must be an object with some of proxy, tls, connectTimeout"],
  [{ timeout: 1 }, "there is no timeout: the options must be an object with some of proxy, tls"],
  [{ proxy: "http://p" }, 'proxy, unless "env" or "none", must be an object with some of http, https, noProxy'],
  [{ proxy: { all: "http://p" } }, "there is no proxy.all: proxy"],
  [{ tls: { rejectUnauthorized: false } }, "there is no tls.rejectUnauthorized: tls must be an object"],
  [{ proxy: { http: 1 } }, "proxy.http must be a URL, which may be Redacted"],
  [{ proxy: { https: `proxy:${secret}` } }, 'proxy.https must be a URL such as "http://proxy.example:3128"'],
  [{ proxy: { http: Redacted.make(`socks5://u:${secret}@p`) } }, "proxy.http must be a URL such as"],
  [{ proxy: { http: `http://u:%zz${secret}@p` } }, "proxy.http must be a URL such as"],
  [{ proxy: { http: `http://p/${secret}` } }, "proxy.http must be a URL such as"],
  [{ proxy: { noProxy: ["a"] } }, "proxy.noProxy must be a list of hosts"],
  [{ tls: "pem" }, "tls must be an object with some of ca, cert, key, passphrase"],
  [{ tls: { ca: secret } }, "tls.ca must be certificates as PEM"],
  [{ tls: { ca: [1] } }, "tls.ca must be PEM as text, or a list of it"],
  [{ tls: { ca: [] } }, "tls.ca must be PEM as text, or a list of it"],
  [{ tls: { ca: null } }, "tls.ca must be PEM as text, or a list of it"],
  [{ tls: { ca: [undefined] } }, "tls.ca must be PEM as text, or a list of it"],
  [{ tls: { ca: Buffer.from(secret) } }, "tls.ca must be PEM as text"],
  [{ tls: { cert: Buffer.from(secret) } }, "tls.cert must be PEM as text"],
  [{ tls: { key: secret } }, "tls.key must be PEM as text, Redacted"],
  [{ tls: { cert: "pem" } }, "tls.cert and tls.key must be given together"],
  [{ tls: { cert: secret, key: Redacted.make(secret) } }, "tls.cert must be certificates as PEM: it holds none"],
  [{ tls: { passphrase: secret } }, "tls.passphrase must be Redacted"],
  [{ connectTimeout: -1 }, 'connectTimeout must be a duration from 1s to 20d, such as "5 seconds"'],
  [{ connectTimeout: Number.POSITIVE_INFINITY }, "connectTimeout must be a duration"],
  [{ connectTimeout: "999 millis" }, "connectTimeout must be a duration from 1s"],
  [{ headersTimeout: "20 millis" }, "headersTimeout must be a duration from 1s"],
  [{ bodyTimeout: "1 milli" }, "bodyTimeout must be a duration from 1s"],
  [{ headersTimeout: 0 }, "headersTimeout must be a duration"],
  [{ headersTimeout: "soon" }, "headersTimeout must be a duration"],
  [{ bodyTimeout: "21 days" }, 'bodyTimeout must be a duration from 1s to 20d, such as "5 seconds", or Infinity'],
  [{ keepAliveTimeout: {} }, "keepAliveTimeout must be a duration from 0 to 20d"],
  [{ keepAliveTimeout: -1 }, "keepAliveTimeout must be a duration from 0 to 20d"],
  [{ keepAliveTimeout: Number.NaN }, "keepAliveTimeout must be a duration"],
  [{ connectTimeout: null }, "connectTimeout must be a duration from 1s to 20d"],
  [{ headersTimeout: null }, "headersTimeout must be a duration from 1s to 20d"],
  [{ bodyTimeout: null }, "bodyTimeout must be a duration from 1s to 20d"],
  [{ keepAliveTimeout: null }, "keepAliveTimeout must be a duration from 0 to 20d"],
  [{ connections: null }, "connections must be a whole number from 1 on, or Infinity"],
  [{ connections: 0 }, "connections must be a whole number from 1 on, or Infinity"],
  [{ connections: 1.5 }, "connections must be a whole number from 1 on"],
  [{ userAgent: "" }, "userAgent must be printable ASCII"],
  [{ userAgent: "a\nb" }, "userAgent must be printable ASCII"]
]

const thrownBy = (make: () => unknown): unknown => {
  try {
    return make()
  } catch (error) {
    return error
  }
}

describe("options", () => {
  it.each(wrong)("%j is refused", (options, message) => {
    // As a program in JavaScript may.
    const thrown = thrownBy(() => UndiciHttpClient.layer(options as UndiciHttpClient.Options))
    expect(thrown).toBeInstanceOf(TypeError)
    expect(thrown).toMatchObject({ message: expect.stringContaining(`UndiciHttpClient: ${message}`) })
    expect(String(thrown)).not.toContain(secret)
  })

  it("of layerFromEnv have no proxy, because the environment has", () => {
    const options = { proxy: "none" } as UndiciHttpClient.ConnectionOptions
    expect(() => UndiciHttpClient.layerFromEnv(options)).toThrow("there is no proxy")
  })

  it("may be left out, and may be undefined", () => {
    const options: UndiciHttpClient.Options = {
      proxy: undefined,
      tls: undefined,
      connectTimeout: undefined,
      headersTimeout: Duration.infinity,
      bodyTimeout: Number.POSITIVE_INFINITY,
      keepAliveTimeout: "1 second",
      connections: undefined,
      userAgent: undefined
    }
    expect(thrownBy(() => UndiciHttpClient.layer(options))).not.toBeInstanceOf(Error)
    const inner = {
      proxy: { http: undefined, https: undefined, noProxy: undefined },
      tls: { ca: undefined, cert: undefined, key: undefined, passphrase: undefined }
    }
    expect(thrownBy(() => UndiciHttpClient.layer(inner))).not.toBeInstanceOf(Error)
  })
})
