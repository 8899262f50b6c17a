/** The identity provider and API of the comparison, as it is set and asked. */
import { type CommandExecutor, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import type { PlatformError } from "@effect/platform/Error"
import { Context, Effect, Layer, type ParseResult, Schema } from "effect"
import * as ServerProcess from "./ServerProcess.js"

export class Provider extends Context.Tag("benchmarks/Provider")<Provider, { readonly origin: URL }>() {
  /** Ends with the layer. */
  static readonly layer: Layer.Layer<
    Provider,
    PlatformError | ParseResult.ParseError,
    CommandExecutor.CommandExecutor
  > = Layer.scoped(Provider, ServerProcess.start("src/provider-server.ts", Schema.Struct({ origin: Schema.URL })))
}

/** What a client finds there. */
export interface ClientSettings {
  /** How long its tokens live, in seconds. */
  readonly lifetime: number
  /** How long the token endpoint takes, in milliseconds. */
  readonly delay: number
  /** For which part of its newest token's life the provider is up; after the token's end it is up again. */
  readonly upFor: number
  /** How long its tokens are, in bytes. */
  readonly tokenBytes: number
  /** The API holds its answers back until so many requests have come. */
  readonly hold: number
}

const usual: ClientSettings = { lifetime: 3_600, delay: 0, upFor: 1, tokenBytes: 1_000, hold: 0 }

const Counts = Schema.Struct({ tokenRequests: Schema.Number, apiRequests: Schema.Number })

/** What a client has asked for since it was set. */
export type Counts = typeof Counts.Type

const request = (method: "GET" | "PUT" | "DELETE", id: string, body?: unknown) =>
  Effect.gen(function* () {
    const { origin } = yield* Provider
    const asked = HttpClientRequest.make(method)(new URL(`/clients/${id}`, origin))
    return yield* HttpClient.execute(
      body === undefined ? asked : HttpClientRequest.bodyText(asked, JSON.stringify(body), "application/json")
    )
  })

/** Makes the client, or sets it anew; its counts begin at 0, and its tokens stay. */
export const set = (id: string, settings: Partial<ClientSettings> = {}) =>
  Effect.asVoid(request("PUT", id, { ...usual, ...settings }))

export const counts = (id: string) => Effect.flatMap(request("GET", id), HttpClientResponse.schemaBodyJson(Counts))

/** From now on the API refuses the tokens that it has. */
export const revoke = (id: string) => Effect.asVoid(request("DELETE", id))
