import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { SimulatedClient, SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Registry } from "../tokens/Registry.js"
import * as ClientAuthentication from "./ClientAuthentication.js"
import { type Refusal, refuse } from "./Refusal.js"
import * as TokenResponse from "./TokenResponse.js"
import * as TokenRoute from "./TokenRoute.js"

/** The token endpoint of the platform gateway (client credentials). */
export const tokenPath = "/oauth/token"

/**
 * Answers a token request of a client alone (RFC 6749 §4.4): 200 with a token, 401 `invalid_client`, or 400 with
 * another error code.
 */
export const make = (
  registry: Registry,
  options: Pick<SimulatorOptions, "expiresIn" | "quirks">
): TokenRoute.TokenRoute =>
  TokenRoute.make(TokenRoute.refuseAs(options.quirks?.errors), (incoming, host) =>
    Effect.gen(function* () {
      const { client, request } = yield* ClientAuthentication.authenticate(
        registry,
        incoming,
        ["client_credentials"],
        options.quirks?.basic
      )
      const scopes = yield* allowedScopes(client, request.scope)
      const token = yield* registry.issue(client, scopes, host.origin)
      return TokenResponse.success(token, { token_type: "Bearer", scope: scopes.join(" ") }, options)
    })
  )

// RFC 6749 §3.3.
const scopeSyntax = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/

const allowedScopes = (
  client: SimulatedClient,
  requested: Option.Option<string>
): Either.Either<ReadonlyArray<string>, Refusal> => {
  if (Option.isNone(requested)) {
    return Either.right(client.scopes)
  }
  if (!scopeSyntax.test(requested.value)) {
    return refuse("invalid_scope", "The scope is malformed: scopes are separated by one space")
  }
  const scopes = Array.from(new Set(requested.value.split(" ")))
  const excess = scopes.filter((scope) => !client.scopes.includes(scope))
  return excess.length === 0
    ? Either.right(scopes)
    : refuse("invalid_scope", `The client may not have: ${excess.join(" ")}`)
}
