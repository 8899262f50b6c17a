/**
 * Tokens for clients: the gateway's endpoint, `POST /oauth/token`.
 *
 * @since 0.1.0
 */
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { IncomingRequest } from "../http/IncomingRequest.js"
import type { SimulatedClient, SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Registry } from "../tokens/Registry.js"
import * as ClientAuthentication from "./ClientAuthentication.js"
import * as TokenRequest from "./TokenRequest.js"
import * as TokenResponse from "./TokenResponse.js"

/**
 * Where clients request tokens (source: the brief).
 *
 * @since 0.1.0
 * @category constants
 */
export const tokenPath = "/oauth/token"

/**
 * Answers a token request as RFC 6749 says: 200 with a token (§5.1); 401 `invalid_client` for a client that is unknown
 * or has another secret; 400 with the error code for anything else (§5.2); 405 for what is no POST.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make =
  (registry: Registry, options: Pick<SimulatorOptions, "expiresIn" | "quirks">) =>
  (incoming: IncomingRequest): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
    const { basic, errors } = options.quirks ?? {}
    if (incoming.method !== "POST") {
      return Effect.succeed(TokenResponse.notPost(errors))
    }
    return Effect.gen(function* () {
      const request = yield* TokenRequest.parse(incoming, basic)
      const client = yield* ClientAuthentication.admit(registry, request, "client_credentials")
      const scopes = yield* allowedScopes(client, request.scope)
      const token = yield* registry.issue(client, scopes)
      return TokenResponse.success(token, { token_type: "Bearer", scope: scopes.join(" ") }, options)
    }).pipe(Effect.catchAll((refusal) => Effect.succeed(TokenResponse.refused(incoming, refusal, errors))))
  }

const scopeSyntax = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/

const allowedScopes = (
  client: SimulatedClient,
  requested: Option.Option<string>
): Either.Either<ReadonlyArray<string>, TokenRequest.Refusal> => {
  if (Option.isNone(requested)) {
    return Either.right(client.scopes)
  }
  if (!scopeSyntax.test(requested.value)) {
    return TokenRequest.refuse("invalid_scope", "The scope is malformed: scopes are separated by one space")
  }
  const scopes = Array.from(new Set(requested.value.split(" ")))
  const excess = scopes.filter((scope) => !client.scopes.includes(scope))
  return excess.length === 0
    ? Either.right(scopes)
    : TokenRequest.refuse("invalid_scope", `The client may not have: ${excess.join(" ")}`)
}
