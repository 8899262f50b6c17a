import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Tenants } from "../tenants/Tenants.js"
import { type KeyTokens, type Registry, refreshTokenLifetime, userHub } from "../tokens/Registry.js"
import type { TokenGenerator } from "../tokens/TokenGenerator.js"
import { redeem } from "./RedeemRefreshToken.js"
import * as TokenResponse from "./TokenResponse.js"
import * as TokenRoute from "./TokenRoute.js"
import * as UserHub from "./UserHub.js"

/** Where UserHub takes the refresh tokens that it issued to an access key. Every area host has it. */
export const userHubRefreshPath = "/public/user/refresh"

/**
 * Answers a refresh token in JSON: 200 with an access token as `token` and with a new refresh token, but with no
 * `id_token`; 401 if the refresh token is bad; 400 if the body isn't such JSON. A refresh token can be used once, on any
 * area host, as at `/auth/token`.
 */
export const make = (
  registry: Registry,
  tenants: Tenants,
  generator: TokenGenerator,
  options: Pick<SimulatorOptions, "clients" | "expiresIn" | "quirks">
): TokenRoute.TokenRoute =>
  TokenRoute.make(UserHub.refuseAs(generator, options.quirks?.errors), (incoming) =>
    Effect.gen(function* () {
      const { token } = yield* UserHub.parse(incoming, Body, "The body must be JSON with the refresh token as token")
      const client = yield* UserHub.clientOf(registry, options)
      const owner = yield* redeem(registry, tenants, token, client, userHub)
      const tokens = yield* registry.issueToKey(client, owner, userHub)
      return options.quirks?.answer === undefined
        ? TokenResponse.json(200, answer(tokens, options))
        : TokenResponse.success(tokens.access, { refresh_token: Redacted.value(tokens.refresh) }, options)
    })
  )

const Body = Schema.Struct({ token: Schema.Redacted(Schema.NonEmptyString) })

// The field names of docs/cxone-facts.md.
const answer = (
  { access, refresh }: KeyTokens,
  { expiresIn, quirks }: Pick<SimulatorOptions, "expiresIn" | "quirks">
) => ({
  token: Redacted.value(access.value),
  tokenExpirationTimeSec: TokenResponse.lifetimeOf(access, expiresIn),
  ...(quirks?.refreshToken === "omitted"
    ? {}
    : {
        refreshToken: Redacted.value(refresh),
        refreshTokenExpirationTimeSec: Duration.toSeconds(refreshTokenLifetime)
      })
})
