import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { IncomingRequest } from "../http/IncomingRequest.js"
import { defaultGrantTypes, type SimulatedClient } from "../options/SimulatorOptions.js"
import type { SimulatorQuirks } from "../options/SimulatorQuirks.js"
import type { Registry } from "../tokens/Registry.js"
import { type Refusal, refuse } from "./Refusal.js"
import * as TokenRequest from "./TokenRequest.js"

/**
 * Reads a token request and authenticates its client. The client's secret and the way it was sent are checked first.
 * Then the grant must be the one of the endpoint, and the client must be allowed to use it.
 */
export const authenticate = (
  registry: Registry,
  incoming: IncomingRequest,
  grantType: "client_credentials" | "password",
  basic: SimulatorQuirks["basic"]
): Effect.Effect<{ readonly client: SimulatedClient; readonly request: TokenRequest.TokenRequest }, Refusal> =>
  Effect.gen(function* () {
    const request = yield* TokenRequest.parse(incoming, basic)
    const matches = yield* Effect.forEach(request.credentials, (credentials) =>
      Effect.map(
        registry.clientOf(credentials.clientId),
        Option.filter((client) => isAuthentic(client, credentials))
      )
    )
    const client = Option.getOrUndefined(Option.firstSomeOf(matches))
    if (client === undefined) {
      return yield* refuse(
        "invalid_client",
        "The client is unknown, its secret is wrong, or it is registered for the other authentication method"
      )
    }
    if (request.grantType !== grantType) {
      return yield* refuse("unsupported_grant_type", `Only ${grantType} is supported`)
    }
    if (!(client.grantTypes ?? defaultGrantTypes).includes(grantType)) {
      return yield* refuse("unauthorized_client", "The client may not use this grant")
    }
    return { client, request }
  })

const isAuthentic = (
  { authMethod, clientSecret }: SimulatedClient,
  credentials: TokenRequest.ClientCredentials
): boolean =>
  Redacted.value(clientSecret) === Redacted.value(credentials.clientSecret) &&
  (authMethod === undefined || authMethod === credentials.method)
