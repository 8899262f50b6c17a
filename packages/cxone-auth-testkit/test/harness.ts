import {
  type Cookies,
  FetchHttpClient,
  type Headers,
  HttpClient,
  type HttpClientError,
  HttpClientRequest
} from "@effect/platform"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { CxoneSimulator, defaultClient, type SimulatorOptions } from "cxone-auth-testkit"
import { Effect, Layer, Redacted } from "effect"

export type Wired = CxoneSimulator | HttpClient.HttpClient

/** Every way to reach the simulator. What a test promises holds in each. */
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
  { name: "in memory", layer: (options) => CxoneSimulator.layerHttpClient(options) }
]

export const secret = Redacted.value(defaultClient.clientSecret)

export const goodForm: Record<string, string> = {
  grant_type: "client_credentials",
  client_id: defaultClient.clientId,
  client_secret: secret
}

export const without = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(goodForm).filter(([key]) => key !== name))

/** What an answer is, once it has been read. */
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

/** Sends this form, or text, to the token endpoint. */
export const exchange = (
  form: Record<string, string> | string = goodForm,
  headers: Record<string, string> = {}
): Effect.Effect<Answer, HttpClientError.HttpClientError, Wired> =>
  Effect.flatMap(tokenRequest, (request) =>
    request.pipe(
      HttpClientRequest.bodyText(
        typeof form === "string" ? form : new URLSearchParams(form).toString(),
        "application/x-www-form-urlencoded"
      ),
      HttpClientRequest.setHeaders(headers),
      read
    )
  )

export const mint = (form: Record<string, string> = goodForm) =>
  Effect.map(exchange(form), ({ json }) => Redacted.make(String(json.access_token)))

export const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` })

export const apiRequest = (path = "/api/v2/users/me") =>
  Effect.map(CxoneSimulator, ({ origin }) => HttpClientRequest.get(new URL(path, origin)))

/** Asks for the user, as a client that does everything right. */
export const users = (token: Redacted.Redacted<string>, path?: string) =>
  Effect.flatMap(apiRequest(path), (request) =>
    request.pipe(HttpClientRequest.bearerToken(token), HttpClientRequest.acceptJson, read)
  )
