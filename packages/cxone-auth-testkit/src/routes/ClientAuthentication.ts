import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type { IncomingRequest } from "../http/IncomingRequest.js"
import { defaultGrantTypes, type SimulatedClient } from "../options/SimulatorOptions.js"
import type { SimulatorQuirks } from "../options/SimulatorQuirks.js"
import type { Registry } from "../tokens/Registry.js"
import { type Refusal, refuse } from "./Refusal.js"
import * as TokenRequest from "./TokenRequest.js"

/**
 * Reads a token request and authenticates its client. The client's secret and the way it was sent are checked first.
 * Then the grant must be one of the endpoint's, and the client must be allowed to use it.
 */
export const authenticate = <GrantType extends string>(
  registry: Registry,
  incoming: IncomingRequest,
  grantTypes: ReadonlyArray<GrantType>,
  basic: SimulatorQuirks["basic"]
): Effect.Effect<Authenticated<GrantType>, Refusal> =>
  Effect.gen(function* () {
    const request = yield* TokenRequest.parse(incoming)
    const matches = yield* Effect.forEach(request.credentials, (credentials) =>
      Effect.map(
        registry.clientOf(credentials.clientId),
        Option.filterMap((client) =>
          isAuthentic(client, credentials) ? Option.some({ client, method: credentials.method }) : Option.none()
        )
      )
    )
    const match = Option.getOrUndefined(Option.firstSomeOf(matches))
    if (match === undefined || (match.method === "raw" && basic !== "raw")) {
      return yield* refuse(
        "invalid_client",
        "The client is unknown, its secret is wrong, or it is registered for the other authentication method",
        match === undefined ? {} : notEncoded
      )
    }
    const { client } = match
    const grantType = grantTypes.find((known) => known === request.grantType)
    if (grantType === undefined) {
      return yield* refuse("unsupported_grant_type", `Only ${grantTypes.join(" and ")} can be used here`)
    }
    if (!(client.grantTypes ?? defaultGrantTypes).includes(grantType)) {
      return yield* refuse("unauthorized_client", "The client may not use this grant")
    }
    return { client, grantType, request }
  })

interface Authenticated<GrantType> {
  readonly client: SimulatedClient
  readonly grantType: GrantType
  readonly request: TokenRequest.TokenRequest
}

const notEncoded = {
  hint: "The Basic credentials are not form-encoded (RFC 6749 §2.3.1): encode the id and the secret before base64"
}

const isAuthentic = (
  { authMethod, clientSecret, otherSecrets = [] }: SimulatedClient,
  credentials: TokenRequest.ClientCredentials
): boolean =>
  [clientSecret, ...otherSecrets].some((secret) => Equal.equals(secret, credentials.clientSecret)) &&
  (authMethod === undefined || (authMethod === "post") === (credentials.method === "post"))
