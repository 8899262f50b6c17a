import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { generate } from "selfsigned"
import { run } from "./support/run.js"

/** A listener on a port of this machine; the scope ends it with all its connections. */
const listen = (server: Net.Server): Effect.Effect<string, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sockets = new Set<Net.Socket>()
    server.on("connection", (socket) => sockets.add(socket))
    yield* Effect.acquireRelease(
      Effect.promise(() => once(server.listen(0, "127.0.0.1"), "listening")),
      () =>
        Effect.promise(() => {
          const stopped = once(server.close(), "close")
          for (const socket of sockets) {
            socket.destroy()
          }
          return stopped
        })
    )
    const address = server.address()
    return address === null || typeof address === "string" ? yield* Effect.dieMessage("no port") : `${address.port}`
  })

/** What only the proxy finds. cxone-auth-undici never asks one for localhost. */
const behindProxy = "cxone.example"

/** A company's network: a CXone with a certificate of the company's authority, and a proxy. */
const network = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "cxone-auth-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )
  const { authority, server } = yield* Effect.promise(async () => {
    const options = { keyType: "ec", algorithm: "sha256" } as const
    const authority = await generate([{ name: "commonName", value: "the company" }], {
      ...options,
      extensions: [{ name: "basicConstraints", cA: true, critical: true }]
    })
    const server = await generate([{ name: "commonName", value: "cxone" }], {
      ...options,
      ca: { key: authority.private, cert: authority.cert },
      extensions: [
        { name: "subjectAltName", altNames: ["localhost", behindProxy].map((value) => ({ type: 2, value })) }
      ]
    })
    return { authority, server }
  })
  const authorityFile = join(folder, "company-ca.pem")
  yield* Effect.promise(() => writeFile(authorityFile, authority.cert))

  const answer = JSON.stringify({ access_token: "t0k3n", token_type: "Bearer", expires_in: 3600 })
  const cxone = yield* listen(
    Https.createServer({ key: server.private, cert: server.cert }, (_, res) => res.end(answer))
  )

  const tunnels: Array<string | undefined> = []
  const proxy = Http.createServer()
  proxy.on("connect", ({ url }: Http.IncomingMessage, socket: Net.Socket) => {
    tunnels.push(url)
    const host = Net.connect(Number(cxone), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
      socket.pipe(host).pipe(socket)
    })
    for (const end of [host, socket]) {
      end.on("error", () => {})
    }
  })
  const proxyUrl = `http://user:pass@127.0.0.1:${yield* listen(proxy)}`
  return {
    tunnels,
    tunnel: `localhost:${cxone}`,
    tunnelBehind: `${behindProxy}:${cxone}`,
    behind: {
      CXONE_TOKEN_ENDPOINT: `https://${behindProxy}:${cxone}/token`,
      CXONE_API_BASE_URL: `https://${behindProxy}:${cxone}`
    },
    proxied: { HTTPS_PROXY: proxyUrl, https_proxy: proxyUrl, NO_PROXY: "", no_proxy: "" },
    direct: { HTTPS_PROXY: "", https_proxy: "", HTTP_PROXY: "", http_proxy: "" },
    trusted: { NODE_EXTRA_CA_CERTS: authorityFile },
    settings: {
      COMPANY_CA: authorityFile,
      CXONE_CLIENT_ID: "a-client",
      CXONE_CLIENT_SECRET: "s3cr3t",
      CXONE_TOKEN_ENDPOINT: `https://localhost:${cxone}/token`,
      CXONE_API_BASE_URL: `https://localhost:${cxone}`,
      NODE_EXTRA_CA_CERTS: "",
      NODE_USE_ENV_PROXY: ""
    }
  }
})

describe("examples, in a company's network", () => {
  it.scopedLive.each(["proxy", "proxy-undici", "proxy-fetch"])(
    "%s: HTTPS_PROXY, NO_PROXY and NODE_EXTRA_CA_CERTS",
    (example) =>
      Effect.gen(function* () {
        const { behind, proxied, settings, trusted, tunnelBehind, tunnels } = yield* network
        const through = yield* run(example, { ...settings, ...behind, ...proxied, ...trusted })
        expect(through.output).toContain("a token for offline_access")
        expect(through.code).toBe(0)
        expect(tunnels).toEqual([tunnelBehind])
        const past = yield* run(example, {
          ...settings,
          ...proxied,
          ...trusted,
          NO_PROXY: "localhost",
          no_proxy: "localhost"
        })
        expect(past.code).toBe(0)
        expect(tunnels).toEqual([tunnelBehind])
        const untrusted = yield* run(example, { ...settings, ...behind, ...proxied })
        expect(untrusted.output).toContain(
          `the certificate of ${tunnelBehind} is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`
        )
        expect(untrusted.code).toBe(1)
      })
  )

  it.scopedLive("proxy: SSL_CERT_FILE, with a proxy and without", () =>
    Effect.gen(function* () {
      const { behind, direct, proxied, settings, tunnelBehind, tunnels } = yield* network
      for (const way of [direct, { ...proxied, ...behind }]) {
        const { code, output } = yield* run("proxy", { ...settings, ...way, SSL_CERT_FILE: settings.COMPANY_CA })
        expect(output).toContain("a token for offline_access")
        expect(code).toBe(0)
      }
      expect(tunnels).toEqual([tunnelBehind])
    })
  )

  it.scopedLive("own-authority: with a proxy, and without", () =>
    Effect.gen(function* () {
      const { direct, proxied, settings, tunnel, tunnels } = yield* network
      for (const way of [direct, proxied]) {
        const { code, output } = yield* run("own-authority", { ...settings, ...way })
        expect(output).toBe("undici: a token for offline_access\nnode:http: a token for offline_access\n")
        expect(code).toBe(0)
      }
      // node:http takes no notice of HTTPS_PROXY.
      expect(tunnels).toEqual([tunnel])
    })
  )

  it.scopedLive("server-time: fetch takes no notice of HTTPS_PROXY, unless Node 24 is told to", () =>
    Effect.gen(function* () {
      const { proxied, settings, trusted, tunnel, tunnels } = yield* network
      const told = { ...settings, ...proxied, ...trusted, NODE_USE_ENV_PROXY: "1" }
      yield* run("server-time", { ...told, NODE_USE_ENV_PROXY: "" })
      expect(tunnels).toEqual([])
      yield* run("server-time", told)
      const isHeeded = Number.parseInt(process.versions.node, 10) >= 24
      expect(new Set(tunnels)).toEqual(new Set(isHeeded ? [tunnel] : []))
    })
  )
})
