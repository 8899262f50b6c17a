import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { SimulatorOptions } from "../options/SimulatorOptions.js"
import type { Tenants } from "../tenants/Tenants.js"
import { type Registry, userHub } from "../tokens/Registry.js"
import type { TokenGenerator } from "../tokens/TokenGenerator.js"
import * as Refusal from "./Refusal.js"
import * as TokenResponse from "./TokenResponse.js"
import * as TokenRoute from "./TokenRoute.js"
import * as UserHub from "./UserHub.js"

/** The token endpoint of UserHub, for an access key without a client. Every area host has it. */
export const accessKeyPath = "/authentication/v1/token/access-key"

/**
 * Answers an access key in JSON: 200 with an access token, an opaque refresh token and an `id_token`, but without
 * `token_type`; 401 if the key is bad; 400 if the body isn't such JSON. Each area host serves the tenants of all areas.
 */
export const make = (
  registry: Registry,
  tenants: Tenants,
  generator: TokenGenerator,
  options: Pick<SimulatorOptions, "clients" | "expiresIn" | "quirks">
): TokenRoute.TokenRoute =>
  TokenRoute.make(UserHub.refuseAs(generator, options.quirks?.errors), (incoming) =>
    Effect.gen(function* () {
      const key = yield* UserHub.parse(incoming, Body, "The body must be JSON with accessKeyId and accessKeySecret")
      const owner = yield* Effect.flatMap(tenants.ownerOf(key), Refusal.ownerOfKey)
      const client = yield* UserHub.clientOf(registry, options)
      const { access, identity, refresh } = yield* registry.issueToKey(client, owner, userHub)
      const fields = { refresh_token: Redacted.value(refresh), id_token: Redacted.value(identity) }
      return TokenResponse.success(access, fields, options)
    })
  )

const Body = Schema.Struct({
  accessKeyId: Schema.NonEmptyString,
  accessKeySecret: Schema.Redacted(Schema.NonEmptyString)
})
