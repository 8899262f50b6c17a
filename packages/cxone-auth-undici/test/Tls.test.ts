import { execFile } from "node:child_process"
import { createPrivateKey } from "node:crypto"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { UndiciHttpClient } from "cxone-auth-undici"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { certificates } from "../../cxone-auth/test/support/Certificates.js"
import { certificatesOf } from "../src/Tls.js"
import { direct, type Server, serveTls, temporaryFile } from "./support/Servers.js"

const fromEnv = (variables: Record<string, string>) =>
  Layer.provide(
    UndiciHttpClient.layerFromEnv(),
    Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
  )

const ask = (host: string) =>
  Effect.flatMap(HttpClient.HttpClient, (client) => Effect.flatMap(client.get(`https://${host}/`), ({ text }) => text))

describe("certificates", () => {
  it.scopedLive.each([
    ["good", undefined],
    ["selfSigned", "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["ofUnknownAuthority", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["ended", "CERT_HAS_EXPIRED"],
    ["early", "CERT_NOT_YET_VALID"],
    ["ofAnotherHost", "ERR_TLS_CERT_ALTNAME_INVALID"]
  ] as const)("%s", ([name, code]) =>
    Effect.gen(function* () {
      const made = yield* certificates
      const { host } = yield* serveTls(made[name])
      const answer = yield* Effect.either(ask(host).pipe(Effect.provide(direct({ tls: { ca: made.authority.cert } }))))
      expect(answer).toMatchObject(
        code === undefined ? { right: "secure" } : { left: { reason: "Transport", cause: { code } } }
      )
      const untrusted = yield* Effect.either(ask(host).pipe(Effect.provide(direct())))
      expect(untrusted).toMatchObject({
        left: { reason: "Transport", cause: { code: expect.stringMatching(/^[A-Z_]+$/) } }
      })
    })
  )

  it.scopedLive.each([
    ["127.0.0.1", []],
    ["localhost", ["localhost"]]
  ] as const)("are those of the host in the URL (%s), whatever a request has as Host", ([hostname, names]) =>
    Effect.gen(function* () {
      const { authority, good, ofAnotherHost } = yield* certificates
      const named = new Set<string>()
      const serveCertificate = (certificate: typeof good) =>
        serveTls(
          {
            ...certificate,
            SNICallback: (name, use) => {
              named.add(name)
              use(null)
            }
          },
          ({ headers }, response) => response.end(headers.host)
        )
      const other = "other.cxone.test"
      const client = yield* HttpClient.HttpClient.pipe(
        Effect.provide(yield* Layer.build(direct({ tls: { ca: authority.cert } })))
      )
      const asking = ({ port }: Server) =>
        Effect.flatMap(client.get(`https://${hostname}:${port}/`, { headers: { host: other } }), ({ text }) => text)
      expect(yield* Effect.flip(asking(yield* serveCertificate(ofAnotherHost)))).toMatchObject({
        reason: "Transport",
        cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" }
      })
      expect(yield* asking(yield* serveCertificate(good))).toBe(other)
      expect([...named]).toEqual(names)
    })
  )

  it.scopedLive.each([
    ["NODE_EXTRA_CA_CERTS", []],
    ["SSL_CERT_FILE", ["--use-openssl-ca"]]
  ] as const)("an authority of the app's own is trusted beside that of %s", ([variable, flags]) =>
    Effect.gen(function* () {
      const { authority, good, selfSigned } = yield* certificates
      const urls = [yield* serveTls(good), yield* serveTls(selfSigned)].map(({ host }) => `https://${host}/`)
      const file = yield* temporaryFile(authority.cert)
      // Node reads it when it starts.
      const env = { ...process.env, [variable]: file, OWN_CA: selfSigned.cert }
      const program = fileURLToPath(new URL("./support/authorities-program.ts", import.meta.url))
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)(process.execPath, [...flags, "--import", "tsx", program, ...urls], { env })
      )
      expect(JSON.parse(stdout)).toEqual(["secure", "secure"])
    })
  )

  it.scopedLive("a bundle of authorities is trusted whole, with the words between its certificates", () =>
    Effect.gen(function* () {
      const { authority, good, selfSigned } = yield* certificates
      const bundle = `# the first\n${authority.cert}\n# -----\n${selfSigned.cert.replaceAll("\n", "\r\n")}\n# the end\n`
      for (const certificate of [good, selfSigned]) {
        const { host } = yield* serveTls(certificate)
        for (const ca of [bundle, [authority.cert, selfSigned.cert], [bundle, authority.cert]]) {
          expect(yield* ask(host).pipe(Effect.provide(direct({ tls: { ca } })))).toBe("secure")
        }
      }
    })
  )

  it.scopedLive(
    "a certificate of a bundle that can't be read is named by its number, in options and in SSL_CERT_FILE",
    () =>
      Effect.gen(function* () {
        const { authority, selfSigned } = yield* certificates
        const [a, b] = [authority.cert.trim(), selfSigned.cert.trim()]
        const damages: ReadonlyArray<(pem: string) => string> = [
          (pem) => pem.replace(/\n[^-].{10}/, "\nc4n4ryc4n4r"),
          (pem) => pem.replace("-----BEGIN CERT", "----BEGIN CERT"),
          (pem) => pem.replace("CERTIFICATE-----\n", "CERTIFICATE----\n"),
          (pem) => pem.replace(/\n-----END.*/, ""),
          (pem) => pem.slice(0, 200),
          (pem) => pem.replace(/-----END CERTIFICATE-----/, "-----END CERTIFICATE----"),
          (pem) => pem.replace(/-----END CERTIFICATE-----/, "-----END CERT-----"),
          (pem) => pem.replace(/(?<=BEGIN CERTIFICATE-----\n)[\s\S]*(?=-----END)/, "")
        ]
        for (const damage of damages) {
          const bundles = [
            [[damage(a)], 1],
            [[damage(a), b], 1],
            [[a, damage(b)], 2],
            [[a, damage(b), a], 2],
            [[a, b, a, damage(b)], 4]
          ] as const
          for (const [parts, number] of bundles) {
            const bundle = parts.join("\n")
            const objection = expect.stringMatching(new RegExp(`certificate ${number} of \\d can't be read`))
            expect(certificatesOf(bundle)).toMatchObject({ left: objection })
            expect(() => direct({ tls: { ca: bundle } })).toThrow(
              `tls.ca must be certificates as PEM: certificate ${number}`
            )
            expect(() => direct({ tls: { ca: [a, bundle] } })).toThrow(
              `tls.ca[1] must be certificates as PEM: certificate ${number}`
            )
            const file = yield* temporaryFile(bundle)
            const error = yield* Effect.flip(Effect.scoped(Layer.build(fromEnv({ SSL_CERT_FILE: file }))))
            expect(error).toMatchObject({ _op: "InvalidData", path: ["SSL_CERT_FILE"], message: objection })
            expect(String(error)).not.toContain("c4n4ry")
          }
        }
      })
  )

  it("a bundle without a certificate is refused", () => {
    for (const ca of ["no PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]) {
      expect(() => direct({ tls: { ca } })).toThrow("tls.ca must be certificates as PEM: it holds none")
    }
  })

  it.scopedLive("a damaged certificate in the chain of the client's own is refused", () =>
    Effect.gen(function* () {
      const { authority, good } = yield* certificates
      const cert = `${good.cert.trim()}\n${authority.cert.trim().slice(0, 200)}\n-----END CERTIFICATE-----\n`
      expect(() => direct({ tls: { cert, key: Redacted.make(good.key) } })).toThrow(
        "tls.cert must be certificates as PEM: certificate 2 of 2 can't be read"
      )
    })
  )

  it.scopedLive.each([false, true])(
    "the client's own is given to a host that asks for one (passphrase: %s)",
    (isEncrypted) =>
      Effect.gen(function* () {
        const { authority, good } = yield* certificates
        const { host } = yield* serveTls(
          { ...good, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
          (_, response) => response.end("known")
        )
        const passphrase = "c4n4ry"
        const key = isEncrypted
          ? createPrivateKey(good.key)
              .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase })
              .toString()
          : good.key
        const own = {
          cert: good.cert,
          key: Redacted.make(key),
          ...(isEncrypted ? { passphrase: Redacted.make(passphrase) } : {})
        }
        expect(yield* ask(host).pipe(Effect.provide(direct({ tls: { ca: authority.cert, ...own } })))).toBe("known")
        const error = yield* Effect.flip(ask(host).pipe(Effect.provide(direct({ tls: { ca: authority.cert } }))))
        expect(error).toMatchObject({ cause: { code: expect.stringMatching(/^ERR_SSL_|^UND_ERR_SOCKET|^ECONNRESET/) } })
        if (isEncrypted) {
          expect(() => direct({ tls: { cert: good.cert, key: Redacted.make(key) } })).toThrow("tls.passphrase")
        }
      })
  )

  it.scopedLive("a key that is not taken is refused with the reason", () =>
    Effect.gen(function* () {
      const { ended: other, good } = yield* certificates
      const encrypted = createPrivateKey(good.key)
        .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "c4n4ry" })
        .toString()
      const own = (cert: string, key: string, passphrase?: string) => () =>
        direct({
          tls: { cert, key: Redacted.make(key), ...(passphrase && { passphrase: Redacted.make(passphrase) }) }
        })
      expect(own("none", good.key)).toThrow("tls.cert must be certificates as PEM: it holds none")
      expect(own(good.cert, "none")).toThrow("tls.key must be a key as PEM")
      expect(own(good.cert, other.key)).toThrow("tls.key must be the key of tls.cert")
      expect(own(good.cert, encrypted)).toThrow("tls.key is encrypted: give tls.passphrase")
      expect(own(good.cert, encrypted, "wrong")).toThrow("tls.passphrase must be that of tls.key")
    })
  )
})
