import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Tenants } from "../tenants/Tenants.js"
import type { Registry } from "../tokens/Registry.js"
import * as ClientAuthentication from "./ClientAuthentication.js"
import * as Refusal from "./Refusal.js"
import * as TokenResponse from "./TokenResponse.js"
import * as TokenRoute from "./TokenRoute.js"

/** The token endpoint that NICE documents for back-end apps: a client together with an access key. */
export const authTokenPath = "/auth/token"

/**
 * Answers a token request whose user name and password are an access key: 200 with an access token, a refresh token and
 * an `id_token`; 401 `invalid_client` or `invalid_grant`; or 400. The scopes are always those of the client, because
 * CXone sets them when an app is registered.
 */
export const make = (
  registry: Registry,
  tenants: Tenants,
  options: Pick<SimulatorOptions, "expiresIn" | "quirks">
): TokenRoute.TokenRoute => {
  const { basic, errors } = options.quirks ?? {}
  const refuse = TokenRoute.refuseAs(errors)
  const refused: TokenRoute.Refuse["refused"] = (incoming, refusal) =>
    refusal.description === Refusal.missingParameters && errors === undefined
      ? TokenResponse.json(400, { message: refusal.description })
      : refuse.refused(incoming, refusal)

  return TokenRoute.make({ ...refuse, refused }, (incoming) =>
    Effect.gen(function* () {
      const { client, request } = yield* ClientAuthentication.authenticate(registry, incoming, "password", basic)
      const key = yield* request.accessKey
      const tenant = yield* Effect.flatMap(tenants.ownerOf(key), Refusal.ownerOfKey)
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
    })
  )
}
