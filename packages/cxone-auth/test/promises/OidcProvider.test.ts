import { FetchHttpClient } from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, expect, it, vi } from "@effect/vitest"
import { ClientAuth, Credentials, CxoneAuth, CxoneEnvironment, CxoneHttpClient } from "cxone-auth"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Context, Effect, FastCheck as fc, Layer, Redacted } from "effect"
import * as OidcProvider from "../support/OidcProvider.js"
import { valueOf } from "../support/Tokens.js"

/** Long enough for a busy machine. */
const timeout = 20_000

const transports = [
  ["fetch", FetchHttpClient.layer],
  ["undici", NodeHttpClient.layerUndici],
  ["cxone-auth-undici", UndiciHttpClient.layer()]
] as const

const authMethods = [
  ["client_secret_post", ClientAuth.post],
  ["client_secret_basic", ClientAuth.basic]
] as const

const client: OidcProvider.Registration = { clientId: "reporting-job", clientSecret: "s3cr3t" }

/** The layer of an app that is registered with this provider. */
const layerFor = (
  { issuer, tokenEndpoint }: OidcProvider.OidcProvider,
  { clientId, clientSecret }: OidcProvider.Registration,
  options: { readonly clientAuth?: ClientAuth; readonly scopes?: string } = {}
) =>
  CxoneAuth.layer({
    credentials: Credentials.clientSecret({
      clientId,
      clientSecret: Redacted.make(clientSecret),
      clientAuth: options.clientAuth ?? ClientAuth.post
    }),
    environment: CxoneEnvironment.custom({ tokenEndpoint, apiBaseUrl: issuer }),
    scopes: options.scopes ?? "read:users"
  })

const authFor = (...args: Parameters<typeof layerFor>) =>
  Effect.map(Layer.build(layerFor(...args)), Context.get(CxoneAuth))

// Without white space at the ends, which `Credentials` refuses.
const trimmed = (texts: fc.Arbitrary<string>) => texts.map((text) => text.trim()).filter((text) => text !== "")
const vschars = trimmed(fc.stringMatching(/^[\x20-\x7e]{1,40}$/))
const unicode = trimmed(fc.fullUnicodeString({ minLength: 1, maxLength: 40 }))

/** Stops the clock of the library and of the provider; the test moves it. Timers go on. */
const stopClock = (now: number) =>
  Effect.acquireRelease(
    Effect.sync(() => vi.useFakeTimers({ toFake: ["Date"], now })),
    () => Effect.sync(() => vi.useRealTimers())
  )

const setClock = (now: number) => Effect.sync(() => vi.setSystemTime(now))

/** The library refuses a secret that is the id. */
const registration = fc
  .record({ clientId: fc.oneof(vschars, unicode), clientSecret: fc.oneof(vschars, unicode) })
  .filter(({ clientId, clientSecret }) => clientId !== clientSecret)

describe.each(transports)("oidc-provider over %s", { timeout }, (_, http) => {
  describe.each(authMethods)("%s", (method, clientAuth) => {
    it.scopedLive.each([
      ["plain", "reporting-job", "s3cr3t"],
      ["the separators of a form and of Basic", "team:a&b=c", "p:q&r=s?#/;"],
      ["text that looks encoded", "100%25", "a%2Bb%zz+c"],
      ["a plus sign and spaces", "a+b c", "d+e f  g"],
      ["quotes and backslashes", 'the "job"', `it's \\n "quoted"`],
      ["Latin-1", "café", "£50 für Ærø"],
      ["characters beyond Latin-1", "naïve–€", "€uro ключ 密码"],
      ["characters beyond the basic plane", "🤖", "🔑👩‍👩‍👧‍👦"]
    ] as const)("S4: authenticates with %s", ([, clientId, clientSecret]) =>
      Effect.gen(function* () {
        const provider = yield* OidcProvider.start()
        yield* provider.register({ clientId, clientSecret })
        const auth = yield* authFor(provider, { clientId, clientSecret }, { clientAuth })
        const token = yield* auth.accessToken
        expect(yield* provider.introspect(token)).toEqual({ active: true, client_id: clientId, scope: "read:users" })
        expect(yield* provider.tokenRequests).toEqual([method])
      }).pipe(Effect.provide(http))
    )

    it.scopedLive.prop(
      "S4: authenticates with any id and secret",
      { registration },
      ({ registration }) =>
        Effect.gen(function* () {
          const provider = yield* OidcProvider.start()
          yield* provider.register(registration)
          const auth = yield* authFor(provider, registration, { clientAuth })
          const { active, client_id } = yield* provider.introspect(yield* auth.accessToken)
          expect({ active, client_id }).toEqual({ active: true, client_id: registration.clientId })
        }).pipe(Effect.provide(http)),
      { fastCheck: { numRuns: 50 } }
    )

    it.scopedLive("L7: a wrong secret is InvalidClient, and is not retried", () =>
      Effect.gen(function* () {
        const provider = yield* OidcProvider.start()
        yield* provider.register(client)
        const auth = yield* authFor(provider, { ...client, clientSecret: "S3cr3t" }, { clientAuth })
        const error = yield* Effect.flip(auth.accessToken)
        expect(error).toMatchObject({ _tag: "InvalidClient", reason: "invalid_client" })
        expect(yield* provider.tokenRequests).toEqual([method])
      }).pipe(Effect.provide(http))
    )

    it.scopedLive("L7: an unknown client is InvalidClient, and is not retried", () =>
      Effect.gen(function* () {
        const provider = yield* OidcProvider.start()
        const auth = yield* authFor(provider, client, { clientAuth })
        const error = yield* Effect.flip(auth.accessToken)
        expect(error).toMatchObject({ _tag: "InvalidClient", reason: "invalid_client" })
        expect(yield* provider.tokenRequests).toEqual([method])
      }).pipe(Effect.provide(http))
    )
  })

  it.scopedLive("L7: a scope that the client may not have is InsufficientScope, and is not retried", () =>
    Effect.gen(function* () {
      const provider = yield* OidcProvider.start()
      const readOnly = { ...client, scope: "read:contacts read:users" }
      yield* provider.register(readOnly)
      const auth = yield* authFor(provider, readOnly, { scopes: "write:users read:users" })
      expect(yield* Effect.flip(auth.accessToken)).toMatchObject({
        _tag: "InsufficientScope",
        reason: "invalid_scope",
        origin: provider.issuer,
        requested: ["read:users", "write:users"]
      })
      expect(yield* provider.tokenRequests).toHaveLength(1)
    }).pipe(Effect.provide(http))
  )

  it.scopedLive("L7: a grant that the provider does not have is InvalidClient, and is not retried", () =>
    Effect.gen(function* () {
      const provider = yield* OidcProvider.start({ clientCredentials: false })
      const interactive = { ...client, grantTypes: [] }
      yield* provider.register(interactive)
      const auth = yield* authFor(provider, interactive)
      expect(yield* Effect.flip(auth.accessToken)).toMatchObject({
        _tag: "InvalidClient",
        reason: "unsupported_grant_type"
      })
      expect(yield* provider.tokenRequests).toHaveLength(1)
    }).pipe(Effect.provide(http))
  )

  // RFC 6749 §5.2 has unauthorized_client for this; this provider says invalid_request.
  it.scopedLive("L7: a grant that the client may not use fails with what the provider said, and is not retried", () =>
    Effect.gen(function* () {
      const provider = yield* OidcProvider.start()
      const interactive = { ...client, grantTypes: [] }
      yield* provider.register(interactive)
      const auth = yield* authFor(provider, interactive)
      expect(yield* Effect.flip(auth.accessToken)).toMatchObject({
        _tag: "InvalidTokenResponse",
        reason: "unexpected_status",
        status: 400,
        error: "invalid_request",
        description: "requested grant type is not allowed for this client"
      })
      expect(yield* provider.tokenRequests).toHaveLength(1)
    }).pipe(Effect.provide(http))
  )

  it.scopedLive("L2: 200 fibers on an empty cache make one exchange", () =>
    Effect.gen(function* () {
      const provider = yield* OidcProvider.start()
      yield* provider.register(client)
      const auth = yield* authFor(provider, client)
      const tokens = yield* Effect.replicateEffect(auth.accessToken, 200, { concurrency: "unbounded" })
      expect(new Set(tokens.map(valueOf)).size).toBe(1)
      expect(yield* provider.tokenRequests).toHaveLength(1)
    }).pipe(Effect.provide(http))
  )

  it.scopedLive("L2: each set of scopes has a token of its own, in whatever order it is asked for", () =>
    Effect.gen(function* () {
      const provider = yield* OidcProvider.start()
      yield* provider.register(client)
      const auth = yield* authFor(provider, client)
      const one = yield* auth.accessToken
      const other = yield* auth.accessTokenFor(["write:users", "read:contacts"])
      expect((yield* provider.introspect(one)).scope).toBe("read:users")
      expect((yield* provider.introspect(other)).scope).toBe("read:contacts write:users")
      expect(yield* auth.accessTokenFor("read:contacts  write:users")).toBe(other)
      expect(yield* auth.accessTokenFor(["read:users"])).toBe(one)
      expect(yield* provider.tokenRequests).toHaveLength(2)
    }).pipe(Effect.provide(http))
  )

  it.scopedLive("L2: 50 clients at once have a token each", () =>
    Effect.gen(function* () {
      const provider = yield* OidcProvider.start()
      const clients = Array.from({ length: 50 }, (_, n) => ({ clientId: `client-${n}`, clientSecret: `secret-${n}` }))
      yield* Effect.forEach(clients, provider.register)
      const auths = yield* Effect.forEach(clients, (client) => authFor(provider, client))
      const twice = yield* Effect.forEach(
        [...auths, ...auths],
        (auth) => Effect.flatMap(auth.accessToken, provider.introspect),
        { concurrency: "unbounded" }
      )
      const ids = clients.map(({ clientId }) => clientId)
      expect(twice.map(({ client_id }) => client_id)).toEqual([...ids, ...ids])
      expect(yield* provider.tokenRequests).toHaveLength(50)
    }).pipe(Effect.provide(http))
  )

  it.scopedLive("L1: a token of one hour is served until 30 s before its end", () =>
    Effect.gen(function* () {
      const start = Date.UTC(2026, 0, 1)
      yield* stopClock(start)
      const provider = yield* OidcProvider.start({ lifetime: 3600 })
      yield* provider.register(client)
      const auth = yield* authFor(provider, client)
      const token = yield* auth.accessToken
      yield* setClock(start + 3_569_999)
      expect(yield* auth.accessToken).toBe(token)
      expect(yield* provider.introspect(token)).toMatchObject({ active: true })
      yield* setClock(start + 3_570_000)
      expect(valueOf(yield* auth.accessToken)).not.toBe(valueOf(token))
      expect(yield* provider.tokenRequests).toHaveLength(2)
    }).pipe(Effect.provide(http))
  )

  it.scopedLive("L1: every token that is served is active, and each costs one exchange", () =>
    Effect.gen(function* () {
      // The provider counts whole seconds: this token of 20 s is gone after 19.001 s.
      const start = Date.UTC(2026, 0, 1, 0, 0, 0, 999)
      yield* stopClock(start)
      const provider = yield* OidcProvider.start({ lifetime: 20 })
      yield* provider.register(client)
      const auth = yield* authFor(provider, client)
      for (let elapsed = 0; elapsed < 70_000; elapsed += 700) {
        yield* setClock(start + elapsed)
        const { active } = yield* provider.introspect(yield* auth.accessToken)
        expect(active, `after ${elapsed} ms`).toBe(true)
      }
      // A life of 20 s, less a margin of 2 s and a window of 4 to 4.8 s: a renewal every 13.2 to 14.7 s.
      const { length } = yield* provider.tokenRequests
      expect(length).toBeGreaterThanOrEqual(5)
      expect(length).toBeLessThanOrEqual(6)
    }).pipe(Effect.provide(http))
  )

  it.scopedLive("L1: a token of 2 s is not served after its end, on a real clock", () =>
    Effect.gen(function* () {
      const provider = yield* OidcProvider.start({ lifetime: 2, tolerance: 1 })
      yield* provider.register(client)
      const auth = yield* authFor(provider, client)
      const first = yield* auth.accessToken
      expect(yield* auth.accessToken).toBe(first)
      expect(yield* provider.introspect(first)).toMatchObject({ active: true })
      yield* Effect.sleep("2 seconds")
      const second = yield* auth.accessToken
      expect(valueOf(second)).not.toBe(valueOf(first))
      expect(yield* provider.introspect(second)).toMatchObject({ active: true })
      expect(yield* provider.tokenRequests).toHaveLength(2)
    }).pipe(Effect.provide(http))
  )

  it.scopedLive("C2: a token that was revoked is replaced, and the call succeeds", () =>
    Effect.gen(function* () {
      const provider = yield* OidcProvider.start()
      yield* provider.register(client)
      const context = yield* Layer.build(Layer.provideMerge(CxoneHttpClient.layer(), layerFor(provider, client)))
      const cxone = Context.get(context, CxoneHttpClient)
      const revoked = yield* Context.get(context, CxoneAuth).accessToken
      expect((yield* cxone.get("/api/me")).status).toBe(200)
      yield* provider.revoke(revoked)
      expect(yield* provider.introspect(revoked)).toMatchObject({ active: false })
      const response = yield* cxone.get("/api/me")
      expect(response.status).toBe(200)
      expect(yield* response.json).toEqual({ client_id: client.clientId })
      expect(yield* provider.tokenRequests).toHaveLength(2)
    }).pipe(Effect.provide(http))
  )
})

describe.each(transports)("discovery, with oidc-provider as the issuer, over %s", { timeout }, (_, http) => {
  const accessKeyId = "K3Y+1/D===="
  const accessKeySecret = "s/e+c=r%e:t £ é 東京===="

  /** An app with a client and an access key, which knows only the issuer of the provider. */
  const appAt = (issuer: string, more: { readonly clientAuth?: ClientAuth; readonly accessKeySecret?: string } = {}) =>
    CxoneHttpClient.layer().pipe(
      Layer.provideMerge(
        CxoneAuth.layer({
          credentials: Credentials.accessKey({
            clientId: client.clientId,
            clientSecret: Redacted.make(client.clientSecret),
            accessKeyId,
            accessKeySecret: Redacted.make(more.accessKeySecret ?? accessKeySecret),
            ...(more.clientAuth === undefined ? {} : { clientAuth: more.clientAuth })
          }),
          // The provider has no tenants; its API is at the issuer.
          environment: CxoneEnvironment.discover({ issuer, apiBaseUrl: issuer }),
          policy: { maxRetries: 0 }
        })
      ),
      Layer.provideMerge(http)
    )

  const started = (authMethod?: "client_secret_basic" | "client_secret_post") =>
    Effect.gen(function* () {
      const provider = yield* OidcProvider.start()
      yield* provider.register({
        ...client,
        grantTypes: ["password"],
        ...(authMethod === undefined ? {} : { authMethod })
      })
      yield* provider.registerKey(accessKeyId, accessKeySecret)
      return provider
    })

  const callMe = Effect.flatMap(CxoneHttpClient, (cxone) => cxone.get("/api/me")).pipe(
    Effect.flatMap((response) => response.json)
  )

  it.scopedLive.each([
    ["client_secret_basic", undefined],
    ["client_secret_post", ClientAuth.post]
  ] as const)("finds the token endpoint, and gets a valid token: %s", ([method, clientAuth]) =>
    Effect.gen(function* () {
      const provider = yield* started(method)
      const answer = yield* callMe.pipe(
        Effect.provide(appAt(provider.issuer, clientAuth === undefined ? {} : { clientAuth }))
      )
      expect(answer).toEqual({ client_id: client.clientId })
      expect(yield* provider.tokenRequests).toEqual([method])
    })
  )

  it.scopedLive("a wrong access key is an InvalidClient that names the access key and its employee", () =>
    Effect.gen(function* () {
      const provider = yield* started()
      const error = yield* Effect.flip(callMe).pipe(
        Effect.provide(appAt(provider.issuer, { accessKeySecret: "wrong" }))
      )
      expect(error).toMatchObject({ _tag: "InvalidClient", reason: "invalid_grant", credentials: "AccessKey" })
      expect(error.message).toContain("employee")
    })
  )

  it.scopedLive("a document that names another issuer is refused, and no secret is sent", () =>
    Effect.gen(function* () {
      const provider = yield* started()
      const elsewhere = provider.issuer.replace("127.0.0.1", "localhost")
      const error = yield* Effect.flip(callMe).pipe(Effect.provide(appAt(elsewhere)))
      expect(error).toMatchObject({ _tag: "DiscoveryFailed", reason: "issuer_mismatch" })
      expect(yield* provider.tokenRequests).toEqual([])
    })
  )

  it.scopedLive("a port without a listener is a DiscoveryFailed with the transport's code", () =>
    Effect.gen(function* () {
      const { issuer } = yield* Effect.scoped(OidcProvider.start())
      const error = yield* Effect.flip(callMe).pipe(Effect.provide(appAt(issuer)))
      expect(error).toMatchObject({ _tag: "DiscoveryFailed", reason: "transport", detail: "ECONNREFUSED", attempts: 1 })
    })
  )
})
