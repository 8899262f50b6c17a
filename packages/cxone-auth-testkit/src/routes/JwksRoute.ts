import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as IncomingRequest from "../http/IncomingRequest.js"
import { jwks } from "../tokens/Registry.js"
import * as JsonResponse from "./JsonResponse.js"

/** The `jwks_uri` of the openid-configuration. */
export const jwksPath = "/auth/jwks"

/** Serves the key that verifies the JWTs of the simulator; the request needs no token. */
export const answer = (
  incoming: IncomingRequest.IncomingRequest
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.sync(() => (IncomingRequest.isRead(incoming) ? HttpServerResponse.unsafeJson(jwks()) : JsonResponse.onlyRead))
