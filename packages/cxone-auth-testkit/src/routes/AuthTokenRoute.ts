/**
 * Tokens for access keys that come with a client: the endpoint that NICE documents, `POST /auth/token`.
 *
 * @since 0.1.0
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { IncomingRequest } from "../http/IncomingRequest.js"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Tenants } from "../tenants/Tenants.js"
import type { Registry } from "../tokens/Registry.js"
import * as ClientAuthentication from "./ClientAuthentication.js"
import * as TokenRequest from "./TokenRequest.js"
import * as TokenResponse from "./TokenResponse.js"

/**
 * Where a client requests tokens for an access key (facts §1a).
 *
 * @since 0.1.0
 * @category constants
 */
export const authTokenPath = "/auth/token"

/**
 * Answers a token request with an access key as its user name and password: 200 with an access token, a refresh token
 * and an `id_token`; 401 `invalid_client` or `invalid_grant`; 400 for anything else, and in the words of CXone if a
 * parameter is missing, as all are in a JSON body (facts §4a). The scopes are those of the client, whatever it asks for
 * (facts §1b).
 *
 * @since 0.1.0
 * @category constructors
 */
export const make =
  (registry: Registry, tenants: Tenants, options: Pick<SimulatorOptions, "expiresIn" | "quirks">) =>
  (incoming: IncomingRequest): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
    const { basic, errors } = options.quirks ?? {}
    if (incoming.method !== "POST") {
      return Effect.succeed(TokenResponse.notPost(errors))
    }
    return Effect.gen(function* () {
      const request = yield* TokenRequest.parse(incoming, basic)
      const client = yield* ClientAuthentication.admit(registry, request, "password")
      const key = yield* request.accessKey
      const tenant = yield* tenants.ownerOf(key).pipe(Effect.flatMap(TokenRequest.orBadAccessKey))
      const { access, identity, refresh } = yield* registry.issueToKey(client, tenant, "jwt")
      return TokenResponse.success(
        access,
        {
          token_type: "Bearer",
          refresh_token: Redacted.value(refresh),
          id_token: Redacted.value(identity),
          issued_token_type: "urn:ietf:params:oauth:token-type:access_token"
        },
        options
      )
    }).pipe(
      Effect.catchAll((refusal) =>
        Effect.succeed(
          refusal.description === TokenRequest.missingParameters && errors === undefined
            ? TokenResponse.json(400, { message: refusal.description })
            : TokenResponse.refused(incoming, refusal, errors)
        )
      )
    )
  }
