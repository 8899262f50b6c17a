/**
 * Whether a client is who it says, and may use a grant.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { defaultGrantTypes, type SimulatedClient } from "../options/SimulatorOptions.js"
import type { Registry } from "../tokens/Registry.js"
import * as TokenRequest from "./TokenRequest.js"

/**
 * The client behind a token request, at an endpoint that gives tokens for one grant only. First it must prove itself, in
 * the way that it is registered for; then the grant must be that of the endpoint, and one that the client may use.
 *
 * @since 0.1.0
 * @category constructors
 */
export const admit = (
  registry: Registry,
  request: TokenRequest.TokenRequest,
  grantType: "client_credentials" | "password"
): Effect.Effect<SimulatedClient, TokenRequest.Refusal> =>
  Effect.flatMap(
    Effect.forEach(request.proofs, (proof) =>
      Effect.map(
        registry.clientOf(proof.clientId),
        Option.filter((client) => isProven(client, proof))
      )
    ),
    (proven) =>
      Either.gen(function* () {
        const client = Option.getOrUndefined(Option.firstSomeOf(proven))
        if (client === undefined) {
          return yield* TokenRequest.refuse(
            "invalid_client",
            "The client is unknown, its secret is another, or it is registered to send it in the other way"
          )
        }
        if (request.grantType !== grantType) {
          return yield* TokenRequest.refuse("unsupported_grant_type", `Only ${grantType} is supported`)
        }
        if (!(client.grantTypes ?? defaultGrantTypes).includes(grantType)) {
          return yield* TokenRequest.refuse("unauthorized_client", "The client may not use this grant")
        }
        return client
      })
  )

const isProven = ({ authMethod, clientSecret }: SimulatedClient, proof: TokenRequest.Proof): boolean =>
  Redacted.value(clientSecret) === Redacted.value(proof.clientSecret) &&
  (authMethod === undefined || authMethod === proof.method)
