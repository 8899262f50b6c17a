import {
  type Cookies,
  FetchHttpClient,
  type Headers,
  HttpClient,
  type HttpClientError,
  HttpClientRequest
} from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import {
  CxoneSimulator,
  defaultClient,
  defaultTenant,
  type SimulatedTenant,
  type SimulatorOptions
} from "cxone-auth-testkit"
import { UndiciHttpClient } from "cxone-auth-undici"
import { Effect, Layer, Redacted } from "effect"

export type Wired = CxoneSimulator | HttpClient.HttpClient

/** Every way to reach the simulator. Most tests run in each of them. */
export const modes: ReadonlyArray<{
  readonly name: string
  readonly layer: (options?: SimulatorOptions) => Layer.Layer<Wired>
}> = [
  {
    name: "on a socket, asked by fetch",
    layer: (options) => Layer.merge(CxoneSimulator.layerServer(options), FetchHttpClient.layer)
  },
  {
    name: "on a socket, asked by undici",
    layer: (options) => Layer.merge(CxoneSimulator.layerServer(options), NodeHttpClient.layerUndici)
  },
  {
    name: "on a socket, asked by cxone-auth-undici",
    layer: (options) => Layer.merge(CxoneSimulator.layerServer(options), UndiciHttpClient.layer())
  },
  { name: "in memory", layer: (options) => CxoneSimulator.layerMemory(options) }
]

export const secret = Redacted.value(defaultClient.clientSecret)

export const goodForm: Record<string, string> = {
  grant_type: "client_credentials",
  client_id: defaultClient.clientId,
  client_secret: secret
}

export const without = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(goodForm).filter(([key]) => key !== name))

/** An answer with its whole body. */
export interface Answer {
  readonly status: number
  readonly headers: Headers.Headers
  readonly cookies: Cookies.Cookies
  readonly text: string
  readonly json: Record<string, unknown>
}

export const read = (
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<Answer, HttpClientError.HttpClientError, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const response = yield* HttpClient.execute(request)
    const text = yield* response.text
    const isJson = response.headers["content-type"]?.startsWith("application/json") && text !== ""
    const json: Record<string, unknown> = isJson ? JSON.parse(text) : {}
    const { cookies, headers, status } = response
    return { status, headers, cookies, text, json }
  })

export const tokenRequest = Effect.map(CxoneSimulator, ({ environment }) =>
  HttpClientRequest.post(environment.tokenEndpoint)
)

type Form = Record<string, string> | string

const sendForm = (form: Form, headers: Record<string, string>) => (request: HttpClientRequest.HttpClientRequest) =>
  request.pipe(
    HttpClientRequest.bodyText(
      typeof form === "string" ? form : new URLSearchParams(form).toString(),
      "application/x-www-form-urlencoded"
    ),
    HttpClientRequest.setHeaders(headers),
    read
  )

type Exchange = Effect.Effect<Answer, HttpClientError.HttpClientError, Wired>

/** Sends a form, or this text as a form, to `/oauth/token`. */
export const exchange = (form: Form = goodForm, headers: Record<string, string> = {}): Exchange =>
  Effect.flatMap(tokenRequest, sendForm(form, headers))

export const mint = (form: Record<string, string> = goodForm) =>
  Effect.map(exchange(form), ({ json }) => Redacted.make(String(json.access_token)))

export const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` })

export const apiRequest = (path = "/api/v2/users/me") =>
  Effect.map(CxoneSimulator, ({ origin }) => HttpClientRequest.get(new URL(path, origin)))

/** Requests the user with a token. */
export const users = (token: Redacted.Redacted<string>, path?: string) =>
  Effect.flatMap(apiRequest(path), (request) =>
    request.pipe(HttpClientRequest.bearerToken(token), HttpClientRequest.acceptJson, read)
  )

export const [defaultKey] = defaultTenant.accessKeys
export const keySecret = Redacted.value(defaultKey.accessKeySecret)

export const keyForm: Record<string, string> = {
  ...goodForm,
  grant_type: "password",
  username: defaultKey.accessKeyId,
  password: keySecret
}

/** Another tenant, in another area. */
export const otherTenant = {
  tenantId: "other-tenant",
  area: "eu1",
  accessKeys: [{ accessKeyId: "OTHERKEY====", accessKeySecret: Redacted.make("OTHER+SECRET====") }]
} as const satisfies SimulatedTenant

export const twoAreas: Pick<SimulatorOptions, "tenants"> = { tenants: [defaultTenant, otherTenant] }

const authTokenRequest = Effect.map(CxoneSimulator, ({ origin }) =>
  HttpClientRequest.post(new URL("/auth/token", origin))
)

/** Sends a form, or this text as a form, to `/auth/token`. */
export const keyExchange = (form: Form = keyForm, headers: Record<string, string> = {}): Exchange =>
  Effect.flatMap(authTokenRequest, sendForm(form, headers))

/** A tenant of the options, with its hosts. */
export const placed = (tenantId: string = defaultTenant.tenantId) =>
  Effect.map(CxoneSimulator, ({ tenants }) => tenants.find((tenant) => tenant.tenantId === tenantId) ?? tenants[0])

export const goodKey = { accessKeyId: defaultKey.accessKeyId, accessKeySecret: keySecret }

/** Sends JSON to the UserHub of a tenant's area. */
export const keyAlone = (body: unknown = goodKey, host: string = defaultTenant.tenantId): Exchange =>
  Effect.flatMap(placed(host), ({ areaOrigin }) =>
    HttpClientRequest.post(new URL("/authentication/v1/token/access-key", areaOrigin)).pipe(
      HttpClientRequest.bodyUnsafeJson(body),
      read
    )
  )

/** The form of a refresh at `/auth/token`. */
export const refreshForm = (token: unknown): Record<string, string> => ({
  ...goodForm,
  grant_type: "refresh_token",
  refresh_token: String(token)
})

/** Sends JSON to the refresh of a tenant's UserHub. */
export const refreshAlone = (body: unknown, host: string = defaultTenant.tenantId): Exchange =>
  Effect.flatMap(placed(host), ({ areaOrigin }) =>
    HttpClientRequest.post(new URL("/public/user/refresh", areaOrigin)).pipe(
      HttpClientRequest.bodyUnsafeJson(body),
      read
    )
  )

export const mintByKey = (form: Record<string, string> = keyForm) =>
  Effect.map(keyExchange(form), ({ json }) => Redacted.make(String(json.access_token)))

/** The claims of a JWT. */
export const claimsOf = (token: unknown) =>
  JSON.parse(Buffer.from(String(token).split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>

export const get = (path: string, origin: string, headers: Record<string, string> = {}) =>
  HttpClientRequest.get(new URL(path, origin)).pipe(HttpClientRequest.setHeaders(headers), read)

/** Requests the user from one host. */
export const usersAt = (origin: string, token: Redacted.Redacted<string>) =>
  HttpClientRequest.get(new URL("/api/v2/users/me", origin)).pipe(
    HttpClientRequest.bearerToken(token),
    HttpClientRequest.acceptJson,
    read
  )
