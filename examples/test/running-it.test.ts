import { once } from "node:events"
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FetchHttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { CxoneAuth } from "cxone-auth"
import { CxoneSimulator, defaultClient, Fault } from "cxone-auth-testkit"
import { Effect, Fiber, Layer, Logger, Redacted, TestClock } from "effect"
import { vi } from "vitest"
import { AuthLayer as FromFiles } from "../src/secret-files.js"
import { AuthLayer as FromVault } from "../src/secret-from-vault.js"
import * as Collector from "./support/Collector.js"
import { proxy } from "./support/proxy.js"
import { run } from "./support/run.js"
import { settingsOf } from "./support/settings.js"
import { start } from "./support/start.js"

const withSimulator = Effect.provide(CxoneSimulator.layerServer())

/** Settings of this process, until the scope ends. */
const setting = (settings: Record<string, string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      for (const [name, value] of Object.entries(settings)) {
        vi.stubEnv(name, value)
      }
    }),
    () => Effect.sync(() => vi.unstubAllEnvs())
  )

describe("health-and-metrics", () => {
  it.live("/health says whether calls are served, and /metrics what happened", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const app = yield* start("health-and-metrics", yield* settingsOf({ way: "accessKey" }))
      expect(yield* app.get("/health")).toMatchObject({
        status: 200,
        body: '{"tokens":[{"scopes":[],"state":"empty"}]}'
      })

      yield* simulator.inject(Fault.respond({ status: 401 }), { on: "token" })
      expect(yield* app.get("/server-time")).toMatchObject({ status: 502, body: '{"error":"InvalidClient"}' })
      const failing = yield* app.get("/health")
      expect(failing.status).toBe(503)
      expect(JSON.parse(failing.body)).toMatchObject({
        tokens: [{ state: "refused", lastFailure: { tag: "InvalidClient" } }]
      })

      expect(yield* app.get("/ready")).toMatchObject({ status: 503 })

      const { body } = yield* app.get("/metrics")
      for (const line of [
        /^cxone_auth_exchanges_total\{client="my-service",outcome="InvalidClient",.*\} 1$/m,
        /^cxone_auth_refusals\{client="my-service",.*\} 1$/m,
        /^cxone_auth_exchange_seconds_bucket\{unit="s",client="my-service",.*le="\+Inf"\} 1$/m
      ]) {
        expect(body).toMatch(line)
      }
    }).pipe(Effect.scoped, withSimulator)
  )

  it.live("SIGTERM: the request under way gets its answer, and the process ends", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const app = yield* start("health-and-metrics", yield* settingsOf({ way: "accessKey" }))
      yield* simulator.inject(Fault.delay("2 seconds"), { on: "api" })
      const underWay = yield* Effect.fork(app.get("/server-time"))
      yield* simulator.awaitRequests("api", 1)
      const { code } = yield* app.stop
      expect(yield* Fiber.join(underWay)).toMatchObject({ status: 200 })
      expect(code).toBe(0)
    }).pipe(Effect.scoped, withSimulator)
  )
})

describe("express-in-production", () => {
  it.live("health and metrics, and no request to this machine through the proxy", () =>
    Effect.gen(function* () {
      const { hosts, url } = yield* proxy
      const proxied = {
        HTTP_PROXY: url,
        http_proxy: url,
        HTTPS_PROXY: url,
        https_proxy: url,
        NO_PROXY: "",
        no_proxy: ""
      }
      const settings = { ...(yield* settingsOf({ way: "accessKey" })), ...proxied, DRAIN_MS: "1000" }
      const app = yield* start("express-in-production", settings)
      expect(yield* app.get("/health")).toMatchObject({ status: 200 })
      expect(yield* app.get("/ready")).toMatchObject({ status: 200 })
      expect(yield* app.get("/server-time")).toMatchObject({ status: 200 })
      const { body } = yield* app.get("/metrics")
      expect(body).toMatch(/^cxone_auth_exchanges_total\{client="my-service",outcome="token",.*\} 1$/m)
      // An alert on `increase` needs the zero.
      expect(body).toMatch(/^app_failed_calls_total\{error="InvalidToken".*\} 0$/m)
      expect(hosts).toEqual([])
      const stopping = yield* Effect.fork(app.stop)
      const ready = Effect.map(app.get("/ready"), ({ status }) => status)
      yield* Effect.repeat(Effect.delay(ready, "20 millis"), { until: (status) => status === 503 })
      expect((yield* Fiber.join(stopping)).code).toBe(0)
    }).pipe(Effect.scoped, withSimulator)
  )

  it.live("every request to CXone goes through the proxy", () =>
    Effect.gen(function* () {
      const { hosts, url } = yield* proxy
      const far = { CXONE_TOKEN_ENDPOINT: "https://cxone.test/token", CXONE_API_BASE_URL: "https://cxone.test" }
      const proxied = { HTTPS_PROXY: url, https_proxy: url, NO_PROXY: "", no_proxy: "" }
      const settings = { ...(yield* settingsOf({ way: "clientSecret" })), ...far, ...proxied }
      const app = yield* start("express-in-production", settings)
      yield* Effect.fork(app.get("/server-time"))
      yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => hosts.length > 0 })
      expect(new Set(hosts)).toEqual(new Set(["cxone.test:443"]))
    }).pipe(Effect.scoped, withSimulator)
  )

  it.live("an app that gets no token is not healthy and not ready, says why in JSON, and recovers by itself", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const app = yield* start("express-in-production", yield* settingsOf({ way: "accessKey" }))
      const outage = yield* simulator.inject(Fault.respond({ status: 403, body: "no proxy for you" }), {
        on: "discovery"
      })
      expect(yield* app.get("/server-time")).toMatchObject({ status: 502, body: '{"error":"DiscoveryFailed"}' })
      expect(yield* app.get("/health")).toMatchObject({ status: 503 })
      const [, line = ""] = yield* app.printed(/^(\{.*"logLevel":"ERROR".*\})$/m)
      expect(JSON.parse(line)).toMatchObject({ cause: expect.stringContaining("DiscoveryFailed") })

      yield* outage.remove
      const ready = Effect.map(app.get("/ready"), ({ status }) => status)
      yield* Effect.repeat(Effect.delay(ready, "100 millis"), { until: (status) => status === 200 })
      expect(yield* app.get("/health")).toMatchObject({ status: 200 })
    }).pipe(Effect.scoped, withSimulator)
  )
})

describe("express-in-production and health-and-metrics", () => {
  it.live.each(["express-in-production", "health-and-metrics"])(
    "%s: a token that can't be renewed is not healthy",
    (app) =>
      Effect.gen(function* () {
        const simulator = yield* CxoneSimulator
        const { get } = yield* start(app, yield* settingsOf({ way: "accessKey" }))
        expect(yield* get("/server-time")).toMatchObject({ status: 200 })
        yield* simulator.inject(Fault.respond({ status: 401 }), { on: "token" })
        yield* simulator.inject(Fault.revokeToken, { on: "api", times: Number.POSITIVE_INFINITY })
        // A token that came within the last two seconds is not renewed at once.
        const failed = Effect.map(get("/server-time"), ({ status }) => status)
        yield* Effect.repeat(Effect.delay(failed, "500 millis"), { times: 8, until: (status) => status !== 200 })
        const health = yield* get("/health")
        expect(health.body).toContain("failingSince")
        expect(health.status).toBe(503)
      }).pipe(Effect.scoped, withSimulator)
  )

  it.live("express-in-production: a setting that is missing is a line of JSON", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("express-in-production", { PORT: "0", CXONE_ACCESS_KEY_ID: "KEY====" })
      expect(JSON.parse(output)).toMatchObject({ message: expect.stringContaining("CXONE_ACCESS_KEY_SECRET") })
      expect(code).toBe(1)
    })
  )
})

describe("open-telemetry", () => {
  it.live("a collector gets the spans of the job, of the exchange and of the call, the metrics and the log", () =>
    Effect.gen(function* () {
      const collector = yield* Collector.make
      const { inject } = yield* CxoneSimulator
      yield* inject(Fault.respond({ status: 503, headers: { "retry-after": "0" } }), { on: "token" })
      const settings = { ...(yield* settingsOf({ way: "accessKey" })), OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }
      const { code, output } = yield* run("open-telemetry", settings)
      expect(output).toContain("server-time: 200\n")
      expect(code).toBe(0)
      const names = (yield* collector.spans).map(({ name }) => name)
      expect(names).toEqual(expect.arrayContaining(["my-job", "CxoneAuth.exchange", "http.client GET"]))
      expect((yield* collector.metrics).map(({ name }) => name)).toContain("cxone_auth_exchanges")
      expect(yield* collector.everything).toContain("Token request failed")
    }).pipe(Effect.scoped, withSimulator)
  )
})

/** A folder as Kubernetes mounts it: each file leads through `..data` to the current version. */
const mounted = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "cxone-auth-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )
  const names = ["CXONE_CLIENT_ID", "CXONE_CLIENT_SECRET"]
  yield* Effect.promise(() => Promise.all(names.map((name) => symlink(join("..data", name), join(folder, name)))))
  let version = 0
  const write = (contents: ReadonlyArray<string>) =>
    Effect.promise(async () => {
      const next = `..version-${++version}`
      await mkdir(join(folder, next))
      await Promise.all(names.map((name, i) => writeFile(join(folder, next, name), `${contents[i]}\n`)))
      await symlink(next, join(folder, "..data_tmp"))
      await rename(join(folder, "..data_tmp"), join(folder, "..data"))
    })
  return { folder, write }
})

describe("secret-files", () => {
  it.scoped("a file that is replaced is read at the next exchange, and the token before serves until then", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const { folder, write } = yield* mounted
      const { CXONE_CLIENT_ID: id, CXONE_CLIENT_SECRET: _, ...others } = simulator.env()
      yield* setting({ ...others, SECRETS_FOLDER: folder })
      yield* write([`${id}`, Redacted.value(defaultClient.clientSecret)])
      yield* Effect.gen(function* () {
        const { accessToken } = yield* CxoneAuth
        const first = yield* accessToken

        yield* simulator.registerClient({ ...defaultClient, clientSecret: Redacted.make("new-s3cr3t") })
        yield* write([`${id}`, "new-s3cr3t"])
        expect(yield* accessToken).toBe(first)
        expect(yield* simulator.answersOf("token")).toEqual([200])

        yield* TestClock.adjust("1 hour")
        expect(yield* accessToken).not.toBe(first)
        expect(yield* simulator.answersOf("token")).toEqual([200, 200])
      }).pipe(Effect.provide(FromFiles))
    }).pipe(Effect.provide(CxoneSimulator.layerTest()))
  )
})

describe("secret-files, with a file that is gone", () => {
  it.scoped("the log says which", () =>
    Effect.gen(function* () {
      const { env } = yield* CxoneSimulator
      const { folder, write } = yield* mounted
      const { CXONE_CLIENT_ID: id, CXONE_CLIENT_SECRET: secret, ...others } = env()
      yield* setting({ ...others, SECRETS_FOLDER: folder })
      yield* write([`${id}`, `${secret}`])
      const lines: Array<string> = []
      const log = Logger.replace(
        Logger.defaultLogger,
        Logger.map(Logger.logfmtLogger, (line) => void lines.push(line))
      )
      yield* Effect.gen(function* () {
        const { accessToken } = yield* CxoneAuth
        yield* accessToken
        yield* Effect.promise(() => rm(join(folder, "CXONE_CLIENT_SECRET")))
        yield* TestClock.adjust("1 hour")
        expect(yield* Effect.flip(accessToken)).toMatchObject({ _tag: "CredentialsUnavailable" })
        expect(lines.join("\n")).toMatch(/Secrets in files.*Missing data at CXONE_CLIENT_SECRET/)
      }).pipe(Effect.provide(Layer.provideMerge(FromFiles, log)))
    }).pipe(Effect.provide(CxoneSimulator.layerTest()))
  )
})

/** A Vault that gives the secrets of the simulator to whoever has its token, if it is not sealed. */
const vault = Effect.gen(function* () {
  const { tenants } = yield* CxoneSimulator
  const [{ credentials }] = tenants
  const state = { isSealed: true }
  const answer = JSON.stringify({
    data: {
      data: {
        clientSecret: Redacted.value(credentials.clientSecret),
        accessKeySecret: Redacted.value(credentials.accessKeySecret)
      }
    }
  })
  const server = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer(({ headers, url }, response) => {
        const isAllowed = headers.authorization === "Bearer vault-t0k3n" && url === "/v1/secret/data/cxone"
        response.writeHead(state.isSealed ? 503 : isAllowed ? 200 : 403).end(answer)
      })
      await once(server.listen(0, "127.0.0.1"), "listening")
      return server
    }),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
  // The address is a text only if the server listens on a pipe.
  const { port } = server.address() as AddressInfo
  return { state, VAULT_ADDR: `http://127.0.0.1:${port}`, VAULT_TOKEN: "vault-t0k3n" }
})

describe("secret-from-vault", () => {
  it.scopedLive("a sealed vault fails the call, and not the layer", () =>
    Effect.gen(function* () {
      const simulator = yield* CxoneSimulator
      const { state, ...settings } = yield* vault
      const [{ credentials }] = simulator.tenants
      yield* setting({
        ...settings,
        CXONE_CLIENT_ID: credentials.clientId,
        CXONE_ACCESS_KEY_ID: credentials.accessKeyId,
        CXONE_ISSUER: simulator.origin
      })
      yield* Effect.gen(function* () {
        const { accessToken } = yield* CxoneAuth
        expect(yield* Effect.flip(accessToken)).toMatchObject({ _tag: "CredentialsUnavailable", reason: "failed" })
        expect(yield* simulator.answersOf("token")).toEqual([])
        state.isSealed = false
        expect((yield* accessToken).tenant?.tenantId).toBe(simulator.tenants[0].tenantId)
      }).pipe(Effect.provide(FromVault))
    }).pipe(Effect.provide(FetchHttpClient.layer), withSimulator)
  )
})
