import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Tenants } from "../tenants/Tenants.js"
import type { Registry } from "../tokens/Registry.js"
import * as ClientAuthentication from "./ClientAuthentication.js"
import { redeem } from "./RedeemRefreshToken.js"
import * as Refusal from "./Refusal.js"
import * as TokenResponse from "./TokenResponse.js"
import * as TokenRoute from "./TokenRoute.js"

/** The token endpoint that NICE documents for back-end apps: a client together with an access key. */
export const authTokenPath = "/auth/token"

/**
 * Answers a token request with an access key (its user name and password), or with a refresh token: 200 with an access
 * token, a refresh token and an `id_token`; 401 `invalid_client` or `invalid_grant`; or 400. The scopes are always those
 * of the client, because CXone sets them when an app is registered.
 *
 * A refresh token can be used once, by the client that got it. Whether CXone ends the old one is not known, but its own
 * SDK always takes the new one (docs/cxone-facts.md): an app that does so works either way.
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
      ? TokenResponse.json(400, { message: refusal.description, hint: refusal.hint })
      : refuse.refused(incoming, refusal)

  return TokenRoute.make({ ...refuse, refused }, (incoming, host) =>
    Effect.gen(function* () {
      const { client, grantType, request } = yield* ClientAuthentication.authenticate(
        registry,
        incoming,
        ["password", "refresh_token"],
        basic
      )
      const owner =
        grantType === "password"
          ? yield* Effect.flatMap(tenants.ownerOf(yield* request.accessKey), Refusal.ownerOfKey)
          : yield* redeem(registry, tenants, yield* request.refreshToken, client, host.origin)
      // Another issuer doesn't know the tenant.
      if (owner.tenant.issuer !== host.origin) {
        return yield* Refusal.ownerOfKey(Option.none())
      }
      const { access, identity, refresh } = yield* registry.issueToKey(client, owner, host.origin)
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
