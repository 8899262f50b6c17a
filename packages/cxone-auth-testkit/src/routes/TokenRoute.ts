import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type { IncomingRequest } from "../http/IncomingRequest.js"
import type { SimulatorQuirks } from "../options/SimulatorQuirks.js"
import type { Host } from "../tenants/Hosts.js"
import type { Refusal } from "./Refusal.js"
import * as TokenResponse from "./TokenResponse.js"

/** How a token route answers a request that gets no token. */
export interface Refuse {
  readonly refused: (incoming: IncomingRequest, refusal: Refusal) => HttpServerResponse.HttpServerResponse
  readonly notPost: () => HttpServerResponse.HttpServerResponse
}

export const refuseAs = (shape: SimulatorQuirks["errors"]): Refuse => ({
  refused: (incoming, refusal) => TokenResponse.refused(incoming, refusal, shape),
  notPost: () => TokenResponse.notPost(shape)
})

/** A route that answers a POST with tokens or a refusal, and any other method with 405. */
export type TokenRoute = (incoming: IncomingRequest, host: Host) => Effect.Effect<HttpServerResponse.HttpServerResponse>

export const make =
  (
    { notPost, refused }: Refuse,
    grant: (incoming: IncomingRequest, host: Host) => Effect.Effect<HttpServerResponse.HttpServerResponse, Refusal>
  ): TokenRoute =>
  (incoming, host) =>
    incoming.method === "POST"
      ? Effect.catchAll(grant(incoming, host), (refusal) => Effect.succeed(refused(incoming, refusal)))
      : Effect.sync(notPost)
