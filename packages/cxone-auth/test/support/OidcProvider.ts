import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import * as Http from "node:http"
import type { AccessToken } from "cxone-auth"
import { Effect, Redacted, Schema, type Scope } from "effect"
import type { Adapter, AdapterPayload, ClientMetadata, default as Provider } from "oidc-provider"

/**
 * `oidc-provider`, an authorization server that the OpenID Foundation has certified, on a port of this machine. Take it to
 * check the library against code that does not know it; take the simulator of cxone-auth-testkit for CXone's own ways.
 */
export interface OidcProvider {
  /** Its origin. The token endpoint is `/token`, and `/api/me` answers every request with an active token. */
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly register: (client: Registration) => Effect.Effect<void>
  /** Registers an access key: a user name and password for the grant `password`. */
  readonly registerKey: (id: string, secret: string) => Effect.Effect<void>
  /** How each token request so far authenticated the client. */
  readonly tokenRequests: Effect.Effect<ReadonlyArray<"client_secret_basic" | "client_secret_post">>
  /** The provider's introspection of a token (RFC 7662). */
  readonly introspect: (token: AccessToken) => Effect.Effect<Introspection>
  /** Revokes a token (RFC 7009). */
  readonly revoke: (token: AccessToken) => Effect.Effect<void>
}

export interface Registration {
  readonly clientId: string
  readonly clientSecret: string
  /** The scopes that it may have, separated by spaces; default all of `scopes`. */
  readonly scope?: string
  readonly grantTypes?: ReadonlyArray<string>
  /** How it must authenticate, which the provider insists on. */
  readonly authMethod?: "client_secret_basic" | "client_secret_post"
}

export type Introspection = typeof Introspection.Type

const Introspection = Schema.Struct({
  active: Schema.Boolean,
  client_id: Schema.optional(Schema.String),
  scope: Schema.optional(Schema.String)
})

/** The scopes that the provider knows. */
export const scopes = ["read:contacts", "read:users", "write:users"]

const observer: Registration = { clientId: "observer", clientSecret: "observer-secret" }

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
const signingKey = { ...privateKey.export({ format: "jwk" }), kid: "test", use: "sig", alg: "ES256" }

// The path is not a literal, so that TypeScript does not look for the types of these files, which have none.
const load = (path: string) => import(path)

/**
 * RFC 6749 appendix A limits ids and secrets to printable ASCII, and the provider holds clients to it, when they are
 * registered and when they authenticate with Basic. The library promises any Unicode (S4). This makes the provider's
 * pattern for what is not allowed match nothing; how it decodes and compares stays its own.
 */
const allowUnicode = async () => {
  const { noVSCHAR }: { readonly noVSCHAR: RegExp } = await load("oidc-provider/lib/consts/client_attributes.js")
  noVSCHAR.exec = () => null
}

/**
 * Loads the provider past its `index.js`, which adds only a warning on the console that Node.js 20 is too old for it.
 * The one thing that is missing there is `URL.parse`.
 */
const loadProvider = async () => {
  if (!("parse" in URL)) {
    const parse = (url: string, base?: string) => (URL.canParse(url, base) ? new URL(url, base) : null)
    Object.defineProperty(URL, "parse", { value: parse })
  }
  const provider: { readonly Provider: new (...args: ConstructorParameters<typeof Provider>) => Provider } = await load(
    "oidc-provider/lib/provider.js"
  )
  return provider.Provider
}

await allowUnicode()
const CertifiedProvider = await loadProvider()

const adapterOver = (stored: Map<string, AdapterPayload>): Adapter => {
  const unused = () => Promise.reject(new Error("the client_credentials grant does not need this"))
  return {
    // Nothing is dropped here when its time is over, because the provider checks that itself.
    find: async (id) => stored.get(id),
    upsert: async (id, payload) => void stored.set(id, payload),
    destroy: async (id) => void stored.delete(id),
    findByUserCode: unused,
    findByUid: unused,
    consume: unused,
    revokeByGrantId: unused
  }
}

/**
 * Starts a provider; the scope stops it. Tokens live `lifetime` seconds (default one hour) on a clock that counts
 * whole seconds, so that one may be gone up to a second early; `tolerance` is added to their life, not to what is
 * said of it.
 */
export const start = (
  options: { readonly lifetime?: number; readonly tolerance?: number; readonly clientCredentials?: boolean } = {}
): Effect.Effect<OidcProvider, never, Scope.Scope> =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const server = Http.createServer().listen(0, "127.0.0.1")
        await once(server, "listening")
        return server
      }),
      (server) =>
        Effect.promise(async () => {
          server.close().closeAllConnections()
          await once(server, "close")
        })
    )
    const address = server.address()
    const port = address === null || typeof address === "string" ? yield* Effect.dieMessage("no port") : address.port
    const issuer = `http://127.0.0.1:${port}`

    const clients = new Map<string, AdapterPayload>()
    const register = (client: Registration) => Effect.sync(() => void clients.set(client.clientId, metadataOf(client)))
    yield* register(observer)

    const provider = new CertifiedProvider(issuer, {
      adapter: (model) => adapterOver(model === "Client" ? clients : new Map()),
      clientDefaults: { id_token_signed_response_alg: "ES256" },
      clockTolerance: options.tolerance ?? 0,
      cookies: { keys: ["unused"] },
      features: {
        clientCredentials: { enabled: options.clientCredentials ?? true },
        devInteractions: { enabled: false },
        introspection: { enabled: true, allowedPolicy: () => true },
        revocation: { enabled: true, allowedPolicy: () => true }
      },
      jwks: { keys: [signingKey] },
      // For a browser. The provider's own page comes with a warning on the console.
      renderError: (context, { error }) => {
        context.type = "html"
        context.body = error
      },
      scopes,
      ttl: { ClientCredentials: options.lifetime ?? 3600 }
    })

    const keys = new Map<string, string>()
    const { InvalidGrant }: { readonly InvalidGrant: new (description: string) => Error } = yield* Effect.promise(() =>
      load("oidc-provider/lib/helpers/errors.js")
    )
    provider.registerGrantType(
      "password",
      async (context) => {
        const { oidc } = context
        const { username, password } = oidc.params ?? {}
        if (oidc.client === undefined || typeof username !== "string" || keys.get(username) !== password) {
          throw new InvalidGrant("the access key is unknown")
        }
        const token = new provider.ClientCredentials({ client: oidc.client })
        const access_token = await token.save()
        context.body = { access_token, expires_in: token.expiration, token_type: token.tokenType }
      },
      ["username", "password"]
    )

    const tokenRequests: Array<"client_secret_basic" | "client_secret_post"> = []
    provider.use(async (context, next) => {
      if (context.path === "/token") {
        tokenRequests.push(context.get("authorization") === "" ? "client_secret_post" : "client_secret_basic")
      }
      if (context.path !== "/api/me") {
        return next()
      }
      const token = await provider.ClientCredentials.find(context.get("authorization").replace(/^Bearer /, ""))
      if (token === undefined) {
        context.status = 401
        context.set("www-authenticate", 'Bearer error="invalid_token"')
      }
      context.body = { client_id: token?.clientId }
    })
    server.on("request", provider.callback())

    const ask = (path: string, token: AccessToken) =>
      Effect.promise(() =>
        fetch(new URL(path, issuer), {
          method: "POST",
          body: new URLSearchParams({
            client_id: observer.clientId,
            client_secret: observer.clientSecret,
            token: Redacted.value(token.value)
          })
        })
      )

    return {
      issuer,
      tokenEndpoint: `${issuer}/token`,
      register,
      registerKey: (id, secret) => Effect.sync(() => void keys.set(id, secret)),
      tokenRequests: Effect.sync(() => [...tokenRequests]),
      introspect: (token) =>
        ask("/token/introspection", token).pipe(
          Effect.flatMap((response) => Effect.promise(() => response.json())),
          Effect.flatMap(Schema.decodeUnknown(Introspection)),
          Effect.orDie
        ),
      revoke: (token) => Effect.asVoid(ask("/token/revocation", token))
    }
  })

const metadataOf = ({ authMethod, clientId, clientSecret, grantTypes, scope }: Registration): ClientMetadata => ({
  client_id: clientId,
  client_secret: clientSecret,
  ...(authMethod === undefined ? {} : { token_endpoint_auth_method: authMethod }),
  grant_types: grantTypes ?? ["client_credentials"],
  redirect_uris: [],
  response_types: [],
  ...(scope === undefined ? {} : { scope })
})
